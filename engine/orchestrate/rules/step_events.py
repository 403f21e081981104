"""The start and the end of a step: they are kept, told, and handed to the rule for what the end means.

The tables at the end of this module say which rule that is. A step has one end; what comes under its key afterwards is
nonsense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from engine.orchestrate.effects import RunStep, StepResult
from engine.orchestrate.limits import RECENT
from engine.orchestrate.replacing import changed
from engine.orchestrate.rules import (
    auditing,
    budgets,
    cancelling,
    delegating,
    integration,
    planning,
    proposing,
    questions,
    rounds,
    skills,
    tasks,
)
from engine.orchestrate.rules.announcements import delegation, run_status, task_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.outputs import BadOutput, mapping, text_or_none
from engine.orchestrate.rules.steps import retry
from engine.orchestrate.rules.turn import Nonsense, Turn
from engine.orchestrate.task import Invocation

__all__ = ["accept", "step_ended", "step_started"]

_RESULTS: Final = frozenset(get_args(StepResult))
_MISSING: Final = {"class": "system", "message": "", "next_action": "see penstock logs RUN --output"}

_FAILED: Final = frozenset({"failed", "timeout", "stalled"})
_CONFLICTING: Final = frozenset({"implement", "record", "rebase", "review", "integrate"})
"""Steps that can meet a conflict; in any other one, such an end is a failure."""

Rule = Callable[[Turn, RunStep, Mapping[str, Any]], None]


def _find(turn: Turn) -> Invocation:
    key = turn.event.payload.get("key")
    run_id, _, rest = key.partition("/") if isinstance(key, str) else ("", "", "")
    task_id = rest.split("/")[0]
    current = turn.work(run_id, None if task_id == "-" else task_id).current
    if current is None or current.effect.key != key:
        raise Nonsense(f"nobody waits for step {key!r}", kind="system")
    return current


def step_started(turn: Turn) -> None:
    """A step runs; a second start under the same key is that of a step which a crash interrupted."""
    current = _find(turn)
    if current.started_at is not None:
        return
    effect = current.effect
    run_id, task_id = effect.run_id, effect.task_id
    turn.change_work(run_id, task_id, current=changed(current, started_at=turn.now))
    delegation(turn, effect, turn.now)
    message = f"{effect.step} runs" + (f", attempt {effect.attempt}" if effect.attempt > 1 else "")
    if task_id is None:
        run_status(turn, run_id, effect.step, "running", message)
    else:
        task = turn.task(run_id, task_id)
        turn.change_task(run_id, task_id, status="running", started_at=task.started_at or turn.now)
        task_status(turn, run_id, task_id, effect.step, message)


def step_ended(turn: Turn, broken: str | None = None) -> None:
    """A step has ended; with `broken` its output made no sense, which counts as a failure.

    Raises BadOutput for an output that lacks something, Nonsense for a step that nobody waits for.
    """
    current, payload = _find(turn), turn.event.payload
    effect, result, output = current.effect, payload.get("result"), mapping(payload, "output")
    error = mapping(payload, "error") or None
    if broken is not None or not isinstance(result, str) or result not in _RESULTS:
        broken = broken or f"a step cannot end {result!r}"
        result, error = "failed", {**_MISSING, "message": broken}
    message = str((error or {}).get("message") or "")
    _keep(turn, current, result, message, output)
    delegation(turn, effect, current.started_at, result)
    if current.cancelling or result == "cancelled":
        cancelling.step_ended(turn, effect, result, output)
    elif result in _FAILED or _is_meaningless(effect.step, result):
        _try_again(turn, effect, message or result, error, output)
    elif result == "refused":
        fail(turn, effect.run_id, effect.task_id, effect.step, message or f"{effect.step} was refused", error=error)
    elif result == "question":
        questions.asked(turn, effect, output)
    elif result == "conflict":
        (integration.conflict if effect.step == "integrate" else rounds.conflict)(turn, effect, output)
    elif result == "rejected":
        _REJECTED[effect.step](turn, effect, output)
    else:
        accept(turn, effect, output)


def _is_meaningless(step: str, result: str) -> bool:
    """Whether a step cannot end like that."""
    return (result == "rejected" and step not in _REJECTED) or (result == "conflict" and step not in _CONFLICTING)


def _keep(turn: Turn, current: Invocation, result: str, message: str, output: Mapping[str, Any]) -> None:
    effect = current.effect
    run_id, task_id = effect.run_id, effect.task_id
    work = turn.work(run_id, task_id)
    entry = {"key": effect.key, "step": effect.step, "attempt": effect.attempt, "result": result, "message": message,
             "ended_at": turn.now}  # fmt: skip
    session = text_or_none(output, "session_id")
    sessions = {**work.sessions, effect.step: session} if session else work.sessions
    turn.change_work(run_id, task_id, current=None, sessions=sessions, history=(*work.history, entry)[-RECENT:])
    budgets.settle(turn, current, output)


def _try_again(
    turn: Turn, effect: RunStep, reason: str, error: Mapping[str, Any] | None, output: Mapping[str, Any]
) -> None:
    feedback = mapping(output, "feedback")
    if not feedback:
        retry(turn, effect, reason, error)
        return
    session = turn.work(effect.run_id, effect.task_id).sessions.get(effect.step)
    retry(turn, effect, reason, error, feedback=feedback, session_id=session)


def accept(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A step has ended well, by itself or because a person accepted what it made. Raises BadOutput."""
    _OK[effect.step](turn, effect, output)


def _review_ended(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    approved = output.get("approved", True)
    if not isinstance(approved, bool):
        raise BadOutput("the review's `approved` is neither true nor false")
    if approved:
        tasks.reviewed(turn, effect.run_id, effect.task_id or "")
    else:
        rounds.rejected(turn, effect, output)


_REJECTED: Final[Mapping[str, Rule]] = {"review": rounds.rejected, "integrate": integration.rejected}
_OK: Final[Mapping[str, Rule]] = {
    "analyze": planning.analyzed,
    "implement": rounds.implemented,
    "rebase": rounds.rebased,
    "review": _review_ended,
    "integrate": integration.integrated,
    "coordinator": delegating.coordinated,
    "developer": delegating.worked,
    "reviewer": delegating.worked,
    "documenter": delegating.documented,
    "reflect": proposing.reflected,
    "propose": proposing.proposed,
    "audit": auditing.audited,
    "report": auditing.reported,
    "observe": skills.observed,
    "abstract": skills.abstracted,
    "record": rounds.implemented,
}
