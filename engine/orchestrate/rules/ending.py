"""How things end: a run with what became of its Intent, a Task with what becomes of those that depend on it.

An end is final. A failed or cancelled Task takes its dependants with it; the others go on, but a run with a Task that
failed lands nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import CancelStep, UpdateIntent
from engine.orchestrate.events import Event
from engine.orchestrate.limits import Stop
from engine.orchestrate.replacing import changed
from engine.orchestrate.rules import budgets
from engine.orchestrate.rules.announcements import announce_error, run_status, task_status
from engine.orchestrate.rules.outputs import mapping
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import Outcome, Question, RunEnd, RunState, State
from engine.orchestrate.task import Status, TaskState

__all__ = ["cancel_task", "end_landed", "end_run", "end_task", "end_tasks", "fail", "remembered"]


def fail(
    turn: Turn,
    run_id: str,
    task_id: str | None,
    role: str,
    reason: str,
    *,
    error: Mapping[str, Any] | None = None,
    escalated: bool = False,
    stop: Stop | None = None,
) -> None:
    """A Task ends without success, and so do those that depend on it; without `task_id` the whole run does.

    A run that has landed has succeeded whatever fails then.
    """
    if stop:
        turn.announce("stop", stop.payload(), run_id=run_id, task_id=task_id, role=role)
    kind, action = (str((error or {}).get(name) or other) for name, other in (("class", "tool"), ("next_action", "")))
    announce_error(
        turn, reason, kind=kind, next_action=action or "see penstock inbox", run_id=run_id, task_id=task_id
    )  # fmt: skip
    if task_id is None and turn.run(run_id).landed:  # what comes after it changes nothing of that
        end_landed(turn, run_id)
        return
    if task_id is None:
        end_run(turn, run_id, "failed", reason, escalated=escalated, stop=stop, role=role, next_action=action)
        return
    end_task(turn, run_id, task_id, "failed", reason, role=role, escalated=escalated, stop=stop)
    _end_dependants(turn, run_id, task_id, "failed")


def cancel_task(turn: Turn, run_id: str, task_id: str, reason: str) -> None:
    """Cancel a Task and those that depend on it: what runs is told to end, what does not is cancelled at once."""
    if _cancel_one(turn, run_id, task_id, reason):
        _end_dependants(turn, run_id, task_id, "cancelled")


def _cancel_one(turn: Turn, run_id: str, task_id: str, reason: str) -> bool:
    task = turn.task(run_id, task_id)
    if task.stage == "ended":
        return False
    current = task.work.current
    if current is None:
        end_task(turn, run_id, task_id, "cancelled", reason)
        return True
    turn.effects.append(CancelStep(current.effect.key))
    if not task.cancelling:
        turn.change_task(run_id, task_id, cancelling=True, reason=reason)
        turn.change_work(run_id, task_id, current=changed(current, cancelling=True))
        task_status(turn, run_id, task_id, current.effect.step, "is being cancelled")
    return True


def _end_dependants(turn: Turn, run_id: str, task_id: str, status: Status) -> None:
    dependents = turn.run(run_id).dependents
    pending = [(name, task_id) for name in dependents.get(task_id, ())]
    while pending:
        name, cause = pending.pop()
        task = turn.task(run_id, name)
        if task.stage == "ended" or task.cancelling:
            continue
        reason = f"dependency {status}: {cause}"
        if status == "cancelled" or task.work.current:
            _cancel_one(turn, run_id, name, reason)
        else:
            end_task(turn, run_id, name, "failed", reason)
        pending += [(dependent, name) for dependent in dependents.get(name, ())]


def end_task(
    turn: Turn, run_id: str, task_id: str, status: Status, reason: str, *, role: str | None = None,
    escalated: bool = False, stop: Stop | None = None,
) -> None:  # fmt: skip
    """End one Task of which nothing runs any more."""
    task = turn.task(run_id, task_id)
    _close_questions(turn, run_id, task_id)
    turn.change_task(
        run_id, task_id, stage="ended", status=status, reason=reason, ended_at=turn.now, escalated=escalated
    )
    task_status(turn, run_id, task_id, role or _role_of(task), reason, result=status, stop=stop)


def _role_of(task: TaskState) -> str:
    return task.stage if task.stage in {"rebase", "review"} else task.role


def _close_questions(turn: Turn, run_id: str, task_id: str) -> None:
    """Nobody needs answers for a Task that has ended, nor more budget where nothing waits for it any more."""
    run = turn.run(run_id)
    if run.parked:
        turn.change_run(run_id, parked=tuple(effect for effect in run.parked if effect.task_id != task_id))
        run = turn.run(run_id)

    def idle(question: Question) -> bool:
        return not run.parked if question.kind == "budget" else question.effect.task_id == task_id

    if any(question.open and idle(question) for question in run.questions):
        closed = tuple(changed(question, open=False) if idle(question) else question for question in run.questions)
        turn.change_run(run_id, questions=closed)


def end_run(
    turn: Turn,
    run_id: str,
    state: Status,
    reason: str,
    *,
    role: str = "run",
    escalated: bool = False,
    stop: Stop | None = None,
    branch: str | None = None,
    commits: tuple[str, ...] = (),
    next_action: str = "",
) -> None:
    """End a run none of whose steps is left, and write what became of it into its Intent's file."""
    end_tasks(turn, run_id, state, reason)
    run = turn.run(run_id)
    escalated = escalated or any(task.escalated for task in run.tasks.values())
    outcome: Outcome = "success" if state == "succeeded" else "escalated" if escalated else "failed"
    commits = commits or tuple(task.commit for task in run.tasks.values() if task.commit)
    end = RunEnd(run.intent_id, state, outcome, reason, _intent_status(run, state), branch, commits, next_action)
    run_status(turn, run_id, role, state, reason, result=outcome, stop=stop, ended=True)
    turn.announce("run.end", _end_payload(run, end), run_id=run_id)
    if run.intent_id is not None:
        turn.change_intent(run.intent_id, status=end.status, run_id=None)
        turn.update_intent(UpdateIntent(run.intent_id, status=end.status))
    turn.end_run(run_id, end)


def end_landed(turn: Turn, run_id: str) -> None:
    """End a run that has landed."""
    landed = turn.run(run_id).landed
    assert landed is not None
    end_run(turn, run_id, "succeeded", landed.reason, role="integrate", branch=landed.branch, commits=landed.commits)


def end_tasks(turn: Turn, run_id: str, state: Status, reason: str) -> None:
    """End the Tasks of a run that have not ended, as it ends itself."""
    other: Status = "cancelled" if state == "cancelled" else "failed"
    reviewed: Status = "cancelled" if state == "cancelled" else "succeeded"
    message = {"succeeded": "landed", "cancelled": reason}.get(state, "reviewed, but its run lands nothing")
    for task in turn.run(run_id).tasks.values():
        if task.stage == "reviewed":
            end_task(turn, run_id, task.id, reviewed, message)
        elif task.stage != "ended":
            end_task(turn, run_id, task.id, other, reason)


def _intent_status(run: RunState, state: Status) -> str:
    if state == "succeeded":
        return "done"
    if state == "cancelled":
        return "cancelled"
    return "blocked" if run.reviewed else "error"


def _end_payload(run: RunState, end: RunEnd) -> dict[str, Any]:
    return {
        "state": end.state,
        "outcome": end.outcome,
        "reason": end.reason,
        "next_action": end.next_action,
        "branch": end.branch,
        "commits": list(end.commits),
        "status": end.status,
        "tasks": {
            "total": len(run.tasks),
            "succeeded": run.reviewed,
            "failed": run.failed,
            "cancelled": run.cancelled,
        },
        "tokens": run.spent.tokens,
        "cost_usd": run.spent.told()["usd"],
        "budget": {
            "spent": {date: amounts.told() for date, amounts in run.spent_on.items()},
            "raised": {name: amounts.told() for name, amounts in run.raised.items()},
        },
        "started_at": run.started_at,
    }


def remembered(state: State, event: Event) -> State:
    """The state after the end of a run, which stands for what is not kept of it; unchanged where that was folded."""
    run_id, intent_id, payload = event.run_id or "", event.intent_id, event.payload
    if run_id in state.ended:
        return state
    end = RunEnd(intent_id, payload["state"], payload["outcome"], payload["reason"], payload["status"],
                 payload.get("branch"), tuple(payload["commits"]), payload.get("next_action", ""))  # fmt: skip
    turn = Turn(state, event, quiet=True)
    budgets.settle_end(turn, intent_id, mapping(payload, "budget"), state.runs.get(run_id))
    if run_id in state.runs:  # the rest of it was taken out while we read
        turn.end_run(run_id, end)
    else:
        turn.remember(run_id, end)
    if intent_id is not None:
        turn.change_intent(intent_id, status=end.status, run_id=None, hold=None)
        turn.update_intent(UpdateIntent(intent_id, status=end.status))
    return turn.state()
