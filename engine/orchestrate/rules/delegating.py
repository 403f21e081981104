"""Roles: a coordinator divides a prompt among others who work side by side, a documenter makes the answer of it all.

Text in, text out: nothing of it is a change to the repository. What a coordinator delegates are Tasks of the run, each
for a role. A role that fails for good ends all of it, and so does delegating the same over and over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.orchestrate.effects import RunStep
from engine.orchestrate.flow import DELEGATES
from engine.orchestrate.rules.announcements import result_told, run_status, task_status
from engine.orchestrate.rules.ending import cancel_task, end_run, end_task
from engine.orchestrate.rules.outputs import BadOutput, text, text_or_none
from engine.orchestrate.rules.steps import ask, retry
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import RunState
from engine.orchestrate.task import Tasks, TaskState

__all__ = ["begin", "conclude", "coordinated", "documented", "fail_fast", "worked"]

_MOST: Final = 32
"""Delegations of one run."""


def begin(turn: Turn, run_id: str) -> None:
    """Ask the coordinator."""
    run = turn.run(run_id)
    turn.change_run(run_id, phase="steps")
    ask(turn, run_id, None, "coordinator", {**_asked(run), "roles": _delegates(run)})


def _asked(run: RunState) -> dict[str, Any]:
    """What every role is told: the prompt, or an Intent's title and body."""
    named = ("title", "body") if run.intent_id is not None else ("body",)
    prompt = "\n\n".join(str(run.intent[name]) for name in named if run.intent.get(name))
    return {"intent": run.intent, "prompt": prompt, "feedback": None, "session_id": None}


def _delegates(run: RunState) -> list[str]:
    return [role for role in DELEGATES if role in run.flow]


def coordinated(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """The coordinator has delegated; one that only answered has done all the work itself."""
    run_id = effect.run_id
    run, said = turn.run(run_id), text_or_none(output, "text")
    try:
        planned = _delegated(run, output.get("delegations") or ())
        if not planned and said is None:
            raise BadOutput("nothing is delegated and nothing is said")
    except BadOutput as wrong:
        session = turn.work(run_id, None).sessions.get("coordinator")
        retry(turn, effect, str(wrong), None, feedback={"issues": [str(wrong)]}, session_id=session)
        return
    if said is not None:
        result_told(turn, effect, said)
    turn.change_run(run_id, phase="tasks", tasks=Tasks(planned))
    told = f"delegates to {', '.join(task.id for task in planned)}" if planned else "delegates to nobody"
    run_status(turn, run_id, "coordinator", "running", told, result="ok")
    for task in planned:
        task_status(turn, run_id, task.id, task.role, "delegated")
    for task in planned:
        inputs = {**_asked(run), "prompt": task.spec["prompt"]}
        turn.change_task(run_id, task.id, stage="implement")
        if not ask(turn, run_id, task.id, task.role, inputs):
            return
    if not planned:
        conclude(turn, run_id, [{"task_id": effect.key, "role": "coordinator", "prompt": _asked(run)["prompt"],
                                 "text": said}])  # fmt: skip


def _delegated(run: RunState, delegations: object) -> list[TaskState]:
    """The Tasks of what a coordinator delegates. Raises BadOutput."""
    if not isinstance(delegations, list | tuple) or len(delegations) > _MOST:
        raise BadOutput(f"`delegations` must be a list of at most {_MOST}")
    able, planned, numbers = _delegates(run), list[TaskState](), dict[str, int]()
    for delegation in delegations:
        if not isinstance(delegation, Mapping):
            raise BadOutput("a delegation is no mapping")
        prompt, wanted = text(delegation, "prompt"), delegation.get("role")
        role = next((role for role in DELEGATES if role in able and role == wanted), None)
        if role is None:
            raise BadOutput(f"nothing can be delegated to {wanted!r}, only to {' and '.join(able)}")
        numbers[role] = numbers.get(role, 0) + 1
        planned.append(TaskState(f"{role}-{numbers[role]}", {"prompt": prompt}, role=role))
    return planned


def worked(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A role has done its share. Raises BadOutput if it said nothing."""
    run_id, task_id = effect.run_id, effect.task_id or ""
    said = text(output, "text")
    result_told(turn, effect, said)
    turn.change_task(run_id, task_id, text=said)
    end_task(turn, run_id, task_id, "succeeded", "answered", role=effect.step)


def fail_fast(turn: Turn, run: RunState) -> None:
    """Once a share has failed, no other one is of use."""
    for task in run.tasks.values():
        if task.stage != "ended" and not task.cancelling:
            cancel_task(turn, run.id, task.id, "another share failed")


def conclude(turn: Turn, run_id: str, shares: list[dict[str, Any]] | None = None) -> None:
    """All shares are there: ask the documenter."""
    run = turn.run(run_id)
    if shares is None:
        shares = [
            {"task_id": task.id, "role": task.role, "prompt": task.spec["prompt"], "text": task.text}
            for task in run.tasks.values()
        ]
    turn.change_run(run_id, phase="steps")
    ask(turn, run_id, None, "documenter", {**_asked(run), "shares": shares})


def documented(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """The documenter's text is the answer. Raises BadOutput if there is none."""
    said = text(output, "text")
    result_told(turn, effect, said)
    end_run(turn, effect.run_id, "succeeded", "answered", role="documenter")
