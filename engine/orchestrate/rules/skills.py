"""Skills: patterns in the history of runs, skills drawn from them, and a Task that records these like any other change.

Where there is nothing to go on with, the run ends early, and has succeeded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import RunStep
from engine.orchestrate.rules import tasks
from engine.orchestrate.rules.announcements import task_status
from engine.orchestrate.rules.ending import end_run
from engine.orchestrate.rules.outputs import BadOutput
from engine.orchestrate.rules.steps import ask
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.task import Tasks, TaskState

__all__ = ["abstracted", "begin", "observed"]


def begin(turn: Turn, run_id: str) -> None:
    """Have the history looked at."""
    turn.change_run(run_id, phase="steps")
    ask(turn, run_id, None, "observe", {"intent": turn.run(run_id).intent, "session_id": None})


def observed(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """Patterns were found, or none. Raises BadOutput."""
    run_id, patterns = effect.run_id, _listed(output, "patterns")
    if not patterns:
        end_run(turn, run_id, "succeeded", "no patterns were found in the history", role="observe")
        return
    ask(turn, run_id, None, "abstract", {"intent": turn.run(run_id).intent, "patterns": patterns, "session_id": None})


def abstracted(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """Skills were drawn from the patterns, or none: they are recorded by a Task. Raises BadOutput."""
    run_id, skills = effect.run_id, _listed(output, "skills")
    if not skills:
        end_run(turn, run_id, "succeeded", "no skills were drawn from the patterns", role="abstract")
        return
    names = ", ".join(str(skill.get("name")) for skill in skills if isinstance(skill, Mapping))
    task = TaskState("record", {"title": f"Record skills: {names}", "skills": skills}, role="record")
    turn.change_run(run_id, phase="tasks", tasks=Tasks([task]))
    task_status(turn, run_id, task.id, "record", "planned")
    tasks.begin_ready(turn, run_id)


def _listed(output: Mapping[str, Any], name: str) -> list[Any]:
    found = output.get(name)
    if not isinstance(found, list | tuple):
        raise BadOutput(f"the step's output has no list of {name}")
    return list(found)
