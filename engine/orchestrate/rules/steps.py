"""Asking for a step, and asking again: keys, the loop stop, retries with their backoff.

A prompt that a role was given as often as allowed without any progress is not given again: that is a loop. A step that
failed is tried again after a while, as often as allowed over the whole run; each retry counts as a repeat too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import RunStep, StepName
from engine.orchestrate.flow import DELEGATES
from engine.orchestrate.limits import Stop, backoff, signature
from engine.orchestrate.rules import budgets
from engine.orchestrate.rules.announcements import prompt_of, run_status, task_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.turn import Turn

__all__ = ["ask", "made_progress", "retry"]


def ask(
    turn: Turn,
    run_id: str,
    task_id: str | None,
    step: StepName,
    inputs: Mapping[str, Any],
    *,
    attempt: int = 1,
    not_before: float = 0.0,
) -> bool:
    """Ask for a step under a new key, as soon as the budgets allow; False for a loop, which fails the Task or run.

    What is delegated counts for the run as a whole, since equal prompts of a role may be Tasks beside each other.
    """
    work, limits = turn.work(run_id, task_id), turn.run(run_id).limits
    counting = None if step in DELEGATES else task_id
    counted = turn.work(run_id, counting)
    sign = signature(step, prompt_of(step, inputs))
    repeats = counted.repeats.get(sign, 0) + 1
    if repeats > limits.max_cycle_count:
        reason = f"{step} was given the same prompt {repeats} times and nothing changed"
        stop = Stop("max_cycle_count", limits.max_cycle_count, repeats, reason, work.history or counted.history)
        fail(turn, run_id, task_id, step, reason, stop=stop)
        return False
    number = work.invocations.get(step, 0) + 1
    effect = RunStep(f"{run_id}/{task_id or '-'}/{step}/{number}", run_id, task_id, step, attempt, inputs, not_before)
    turn.change_work(
        run_id,
        task_id,
        invocations={**work.invocations, step: number},
    )
    turn.change_work(run_id, counting, repeats={**counted.repeats, sign: repeats})
    budgets.admit(turn, effect)
    return True


def made_progress(turn: Turn, run_id: str, task_id: str | None) -> None:
    """A new commit or a plan: what was repeated before is no loop."""
    turn.change_work(run_id, task_id, repeats={})


def retry(turn: Turn, effect: RunStep, reason: str, error: Mapping[str, Any] | None, **inputs: Any) -> None:
    """Try a step again that failed, with some other `inputs`; past the limit the Task or run fails."""
    run_id, task_id, step = effect.run_id, effect.task_id, effect.step
    work, limits = turn.work(run_id, task_id), turn.run(run_id).limits
    retries, threshold = work.retries.get(step, 0) + 1, limits.max_retries_per_role
    if retries > threshold:
        why = (
            f"{step} failed and was tried again {threshold} times: {reason}"
            if threshold
            else f"{step} failed: {reason}"
        )
        stop = Stop("max_retries_per_role", threshold, retries, why, work.history)
        fail(turn, run_id, task_id, step, why, error=error, stop=stop)
        return
    delay = backoff(limits, retries, turn.event.event_id)
    begin = turn.seconds + delay
    turn.change_work(run_id, task_id, retries={**work.retries, step: retries})
    before = {name: value for name, value in effect.inputs.items() if name != "allowed"}  # a person is asked each time
    if not ask(turn, run_id, task_id, step, {**before, **inputs}, attempt=effect.attempt + 1, not_before=begin):
        return
    told = {
        "key": f"{run_id}/{task_id or '-'}/{step}/{work.invocations.get(step, 0) + 1}",
        "attempt": effect.attempt + 1,
        "retry": retries,
        "threshold": threshold,
        "delay_seconds": delay,
        "not_before": begin,
        "reason": reason,
    }
    turn.announce("retry", told, run_id=run_id, task_id=task_id, role=step)
    message = f"{step} failed ({reason}); retry {retries} of {threshold} in {delay:g} s"
    if task_id is None:
        run_status(turn, run_id, step, "running", message)
    else:
        task_status(turn, run_id, task_id, step, message)
