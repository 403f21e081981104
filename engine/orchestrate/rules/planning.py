"""From an Intent to Tasks: asking for the analysis and what follows from it.

An analysis gives Tasks, or questions, or the Intents that this one is divided into, or others that must be done first
(its plan is kept meanwhile). A plan
that cannot be carried out is given back with what is wrong with it, unless a person wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from engine.orchestrate.effects import RunStep, UpdateIntent
from engine.orchestrate.rules import proposing, questions, tasks, waiting
from engine.orchestrate.rules.announcements import run_status, task_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.outputs import text_or_none, texts
from engine.orchestrate.rules.steps import ask, made_progress, retry
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import RunState
from engine.orchestrate.task import BadPlan, Tasks, check_plan

__all__ = ["analyzed", "begin"]

_CONTEXT: Final = 20
"""How many other Intents an analysis is told of."""
_FILES: Final = 50
_PLAN: Final = 200


def begin(turn: Turn, run_id: str) -> None:
    """Begin a run that waits for nothing any more: its Tasks if it has them already, else its analysis."""
    run = turn.run(run_id)
    if run.tasks:
        turn.change_run(run_id, phase="tasks")
        tasks.begin_ready(turn, run_id)
        return
    turn.change_run(run_id, phase="analyze")
    if "analyze" not in run.flow:
        only = {"id": "task", "title": run.intent.get("title"), "plan": run.intent.get("body")}
        _accept(turn, run_id, [only])
        _go_on(turn, run_id)
        return
    inputs = {
        "intent": run.intent,
        "base": run.base,
        "answers": [],
        "active_intents": list(islice(_active(turn, run_id), _CONTEXT)),
        "session_id": None,
        "feedback": None,
    }
    ask(turn, run_id, None, "analyze", inputs)


def _active(turn: Turn, run_id: str) -> Iterator[dict[str, Any]]:
    """What others are at: the runs of other Intents, in the order in which they started."""
    for other in turn.runs.values():
        if other.id != run_id and other.intent_id is not None:
            files = (name for task in other.tasks.values() for name in task.spec.get("relevant_files") or ())
            first = next(iter(other.tasks.values()), None)
            yield {
                "id": other.intent_id,
                "title": other.intent.get("title"),
                "status": _activity(other),
                "relevant_files": list(dict.fromkeys(islice(files, _FILES))),
                "plan": str(first.spec.get("plan") or "")[:_PLAN] if first else "",
            }


def _activity(run: RunState) -> str:
    if not run.tasks:
        return "analyzing"
    stages = {task.stage for task in islice(run.tasks.values(), _FILES)}
    return "reviewing" if stages <= {"review", "reviewed", "ended"} else "implementing"


def analyzed(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """An analysis is there."""
    run_id, run = effect.run_id, turn.run(effect.run_id)
    if texts(output, "clarifications"):
        questions.asked(turn, effect, output)
        return
    if output.get("child_intents"):
        proposing.divide(turn, effect, output["child_intents"])
        return
    needed = texts(output, "depends_on_intents")
    commit = text_or_none(output, "base_commit")  # what landed while the run waited is in it
    if commit:
        turn.change_run(run_id, base={**run.base, "commit": commit})
    try:
        _accept(turn, run_id, output.get("tasks"))
    except BadPlan as wrong:
        if run.intent.get("run") or run.intent.get("tasks"):
            fail(turn, run_id, None, "analyze", str(wrong), error={"class": "user", "next_action": "mend the Intent"})
        else:
            session = turn.work(run_id, None).sessions.get("analyze")
            retry(turn, effect, str(wrong), None, feedback={"issues": [str(wrong)]}, session_id=session)
        return
    if needed and run.intent_id is not None:
        turn.update_intent(UpdateIntent(run.intent_id, depends_on=needed))
    if not waiting.wait_for(turn, run_id, needed):
        _go_on(turn, run_id)


def _accept(turn: Turn, run_id: str, specs: object) -> None:
    planned = check_plan(specs)
    dependents: dict[str, list[str]] = {}
    for task in planned:
        for name in task.depends_on:
            dependents.setdefault(name, []).append(task.id)
    frozen = {name: tuple(names) for name, names in dependents.items()}
    turn.change_run(run_id, tasks=Tasks(planned), dependents=frozen)
    made_progress(turn, run_id, None)
    for task in planned:
        message = f"waits for {', '.join(task.depends_on[:5])}" if task.depends_on else "planned"
        task_status(turn, run_id, task.id, "implement", message)


def _go_on(turn: Turn, run_id: str) -> None:
    count = len(turn.run(run_id).tasks)
    turn.change_run(run_id, phase="tasks")
    run_status(turn, run_id, "analyze", "running", f"{count} Task{'s' * (count != 1)}", result="ok")
    tasks.begin_ready(turn, run_id)
