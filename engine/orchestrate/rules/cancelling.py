"""Cancelling a run or one Task: a cancel is over when everything that ran is known to have ended.

What already landed has succeeded, whatever was wished meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import CancelStep, RunStep
from engine.orchestrate.replacing import changed
from engine.orchestrate.rules import integration
from engine.orchestrate.rules.announcements import run_status
from engine.orchestrate.rules.ending import cancel_task, end_landed, end_run
from engine.orchestrate.rules.turn import Nonsense, Turn

__all__ = ["cancel_requested", "cancel_run", "step_ended"]


def cancel_requested(turn: Turn) -> None:
    """A person wants a run or a Task to end. Raises Nonsense if it has ended; a second wish changes nothing."""
    payload, run_id, task_id = turn.event.payload, turn.event.run_id or "", turn.event.task_id
    reason = f"cancelled by {payload.get('by') or 'a person'}"
    if payload.get("reason"):
        reason += f": {payload['reason']}"
    turn.run(run_id)
    if task_id is None:
        cancel_run(turn, run_id, reason)
    elif turn.task(run_id, task_id).stage == "ended":
        raise Nonsense(f"Task `{task_id}` has ended", "see penstock status")
    elif turn.run(run_id).phase == "integrate" and turn.run(run_id).work.current:
        raise Nonsense(f"Task `{task_id}` is being integrated", f"cancel run `{run_id}` as a whole")
    else:
        cancel_task(turn, run_id, task_id, reason)
        _leave_the_queue(turn, run_id)


def cancel_run(turn: Turn, run_id: str, reason: str) -> None:
    """Cancel a run: what runs is told to end, the rest is cancelled at once."""
    run = turn.run(run_id)
    if run.cancelling is None:
        turn.change_run(run_id, cancelling=reason)
        run_status(turn, run_id, "run", "running", "is being cancelled")
    current = run.work.current
    if current is None and run.landed:
        end_landed(turn, run_id)
        return
    if current is None:
        _cancel_tasks(turn, run_id, reason)
        return
    turn.effects.append(CancelStep(current.effect.key))
    turn.change_work(run_id, None, current=changed(current, cancelling=True))


def _cancel_tasks(turn: Turn, run_id: str, reason: str) -> None:
    for task in turn.run(run_id).tasks.values():
        cancel_task(turn, run_id, task.id, reason)
    _leave_the_queue(turn, run_id)


def _leave_the_queue(turn: Turn, run_id: str) -> None:
    turn.queue = tuple(name for name in turn.queue if name != run_id)
    if turn.run(run_id).phase in {"queue", "integrate", "replay", "steps"}:
        turn.change_run(run_id, phase="tasks")


def step_ended(turn: Turn, effect: RunStep, result: str, output: Mapping[str, Any]) -> None:
    """A step that was to be cancelled has ended, one way or another."""
    run_id, task_id = effect.run_id, effect.task_id
    run = turn.run(run_id)
    if effect.step == "integrate" and result == "ok":
        integration.integrated(turn, effect, output)
        return
    if run.landed:
        end_landed(turn, run_id)
        return
    reason = run.cancelling or "cancelled"
    if task_id is not None:
        cancel_task(turn, run_id, task_id, turn.task(run_id, task_id).reason or reason)
        return
    turn.change_run(run_id, cancelling=reason)
    _cancel_tasks(turn, run_id, reason)
    if not run.tasks:
        end_run(turn, run_id, "cancelled", reason)
