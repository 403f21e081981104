"""A Task's way through its steps: implement, rebase, review; then those that depend on it may begin.

Independent Tasks go side by side. A Task begins when all its dependencies are reviewed, and builds on their commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.rules.announcements import task_status
from engine.orchestrate.rules.steps import ask
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import RunState

__all__ = ["begin_ready", "implement", "rebase", "review", "reviewed"]


def begin_ready(turn: Turn, run_id: str) -> None:
    """Begin every Task that waits for nothing."""
    for task in turn.run(run_id).tasks.values():
        if task.stage == "waiting" and not task.open_dependencies:
            implement(turn, run_id, task.id)


def implement(turn: Turn, run_id: str, task_id: str, *, resume: bool = False) -> None:
    """Have a Task implemented; with `resume` by the session that did it before."""
    task = turn.change_task(run_id, task_id, stage="implement")
    run = turn.run(run_id)
    needs = [{"task_id": name, "commit": run.tasks[name].commit} for name in task.depends_on]
    inputs = {
        "intent": run.intent,
        "task": _spec(task.id, task.spec),
        "base_commit": run.base.get("commit"),
        "dependencies": needs,
        "onto": task.onto,
        "feedback": task.feedback,
        "session_id": task.work.sessions.get(task.role) if resume else None,
        "previous": {"start_commit": task.start_commit, "commit": task.commit} if resume and task.commit else None,
        "round": task.rounds + 1,
        "answers": _answers(run),
    }
    ask(turn, run_id, task_id, task.role, inputs)


def rebase(turn: Turn, run_id: str, task_id: str) -> None:
    """Have a Task's commits put on the base as it is now; one that was replayed by the integration is there already."""
    run, task = turn.run(run_id), turn.task(run_id, task_id)
    if task.replayed:
        review(turn, run_id, task_id)
        return
    inputs = {
        "task_id": task_id,
        "branch": task.branch,
        "start_commit": task.start_commit,
        "commit": task.commit,
        "base": run.base,
    }
    turn.change_task(run_id, task_id, stage="rebase")
    ask(turn, run_id, task_id, "rebase", inputs)


def review(turn: Turn, run_id: str, task_id: str) -> None:
    """Have a Task's commits reviewed by a fresh session, if the Flow has reviews."""
    run, task = turn.run(run_id), turn.task(run_id, task_id)
    if "review" not in run.flow:
        reviewed(turn, run_id, task_id)
        return
    inputs = {
        "intent": run.intent,
        "task": _spec(task.id, task.spec),
        "branch": task.branch,
        "start_commit": task.start_commit,
        "commit": task.commit,
        "verify": run.intent.get("verify") or [],
        "session_id": None,
        "round": task.rounds + 1,
        "answers": [],
    }
    turn.change_task(run_id, task_id, stage="review")
    ask(turn, run_id, task_id, "review", inputs)


def reviewed(turn: Turn, run_id: str, task_id: str) -> None:
    """A Task is done until the integration: those that wait for it alone begin."""
    turn.change_task(run_id, task_id, stage="reviewed")
    task_status(turn, run_id, task_id, "review", "reviewed; waits to be integrated", result="ok")
    for name in turn.run(run_id).dependents.get(task_id, ()):
        dependent = turn.task(run_id, name)
        if dependent.stage != "waiting":
            continue
        dependent = turn.change_task(run_id, name, open_dependencies=dependent.open_dependencies - 1)
        if not dependent.open_dependencies:
            implement(turn, run_id, name)


def _answers(run: RunState) -> list[dict[str, Any]]:
    """What a person answered the analysis; a Task's own answers come to its session when they are there."""
    asked = (one for one in run.questions if one.kind == "clarification" and one.effect.task_id is None)
    return [{"question": one.text, "answer": one.answer} for one in asked if one.answer]


def _spec(task_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {**spec, "id": task_id}
