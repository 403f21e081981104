"""Intents that agents propose: the children that an analysis divides one into, and what reflection wants done next.

They are written as proposed Intents, and a person must approve each. A parent is done when its children are; what
reflection proposes changes nothing of the run, which has landed before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.orchestrate.effects import RunStep
from engine.orchestrate.rules import waiting
from engine.orchestrate.rules.announcements import run_status
from engine.orchestrate.rules.ending import end_landed, end_run, end_tasks
from engine.orchestrate.rules.outputs import BadOutput, count, texts
from engine.orchestrate.rules.steps import ask, made_progress
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import Landing

__all__ = ["children_done", "divide", "landed", "proposed", "reflected"]

_MOST: Final = 20
"""Intents that one step may propose."""


def divide(turn: Turn, effect: RunStep, children: object) -> None:
    """An analysis divides its Intent into others. Raises BadOutput for what are no Intents, or too many."""
    run_id = effect.run_id
    run, proposals = turn.run(run_id), _proposals(children)
    if run.intent_id is None:
        raise BadOutput("a prompt cannot be divided into Intents, only into Tasks")
    made_progress(turn, run_id, None)
    _propose(turn, run_id, proposals, parent=run.intent_id)


def _proposals(told: object) -> list[Mapping[str, Any]]:
    if not isinstance(told, list | tuple) or not all(isinstance(one, Mapping) and one.get("title") for one in told):
        raise BadOutput("proposed Intents must be a list, each with a `title`")
    if len(told) > _MOST:
        raise BadOutput(f"{len(told)} Intents are proposed; {_MOST} are taken at most")
    return list(told)


def _propose(turn: Turn, run_id: str, proposals: Sequence[Mapping[str, Any]], **more: Any) -> None:
    inputs = {"parent": None, "processed": [], **more, "intent": turn.run(run_id).intent, "proposals": list(proposals)}
    turn.change_run(run_id, phase="steps")
    ask(turn, run_id, None, "propose", inputs)


def landed(turn: Turn, run_id: str, landing: Landing, output: Mapping[str, Any]) -> None:
    """A run has landed: it has succeeded, once there has been a reflection where something was noticed."""
    turn.change_run(run_id, landed=landing)
    run = turn.run(run_id)
    if run.intent_id is None or run.children or not count(output, "unprocessed"):
        end_landed(turn, run_id)
        return
    end_tasks(turn, run_id, "succeeded", "")
    turn.queue = tuple(name for name in turn.queue if name != run_id)
    turn.change_run(run_id, phase="steps")
    tasks = [{"id": task.id, "title": task.spec.get("title"), "files": list(task.files)} for task in run.tasks.values()]
    summary = {"tasks": tasks[:_MOST], "branch": landing.branch, "commits": list(landing.commits)}
    base = {**run.base, "commit": landing.commits[-1] if landing.commits else run.base.get("commit")}
    ask(turn, run_id, None, "reflect", {"intent": run.intent, "summary": summary, "base": base, "session_id": None})


def reflected(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A reflection is there; what it looked at counts as processed even where it proposes nothing."""
    proposals, processed = _proposals(output.get("intents") or ()), list(texts(output, "processed"))
    if proposals or processed:
        _propose(turn, effect.run_id, proposals, processed=processed)
    else:
        end_landed(turn, effect.run_id)


def proposed(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """The Intents are written: the run is over after a reflection, and waits for them as a parent."""
    run_id, names = effect.run_id, texts(output, "intents")
    if turn.run(run_id).landed:
        end_landed(turn, run_id)
        return
    if not names:
        raise BadOutput("no Intent was written")
    turn.change_run(run_id, children=names)
    run_status(turn, run_id, "analyze", "running", f"divided into {', '.join(names)}", result="ok")
    if not waiting.wait_for(turn, run_id, names):
        children_done(turn, run_id)


def children_done(turn: Turn, run_id: str) -> None:
    """All children of a parent are done."""
    names = turn.run(run_id).children
    end_run(turn, run_id, "succeeded", f"its parts are done: {', '.join(names)}", role="analyze")
