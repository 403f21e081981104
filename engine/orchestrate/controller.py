"""The controller: what follows from what happened. Rules in code; no model, no clock, no input or output.

`step` is a pure and total function of the state and the next event of the log. Whoever calls it appends the `Announce`
effects in the transaction of the event that caused them, then carries out the others. `outstanding` gives what must be
done again after a crash. Each rule has its own module in `rules/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from engine.orchestrate.effects import CancelStep, Effect
from engine.orchestrate.events import CAUSES, Event
from engine.orchestrate.rules import approvals, cancelling, questions, settling, starting, step_events, steps, trusting
from engine.orchestrate.rules.announcements import announce_error
from engine.orchestrate.rules.ending import remembered
from engine.orchestrate.rules.outputs import BadOutput
from engine.orchestrate.rules.turn import Nonsense, Turn
from engine.orchestrate.state import State

__all__ = ["fold", "outstanding", "step"]

Rule = Callable[[Turn], None]


def step(state: State, event: Event) -> tuple[State, list[Effect]]:
    """The state after `event`, and what is to be done because of it, in order.

    Never raises: an event that makes no sense changes nothing but `sequence` and is announced as `error`.
    Announcements give the state unchanged and no effects.
    """
    return _step(state, event, quiet=False)


def _step(state: State, event: Event, quiet: bool) -> tuple[State, list[Effect]]:
    if event.type not in CAUSES:
        return state, []
    try:
        return _turn(Turn(state, event, quiet=quiet), _RULES[event.type])
    except Nonsense as nonsense:
        wrong = nonsense
    except BadOutput as error:
        wrong = Nonsense(str(error), kind="system")
    except _UNEXPECTED as error:
        wrong = Nonsense(f"`{event.type}` cannot be understood: {error}", kind="system")
    if event.type == "step.end":  # whoever waits for that step must not wait for ever
        try:
            return _turn(Turn(state, event, quiet=quiet), lambda turn: step_events.step_ended(turn, broken=str(wrong)))
        except (Nonsense, *_UNEXPECTED):
            pass
    return _senseless(Turn(state, event, quiet=quiet), wrong)


_UNEXPECTED: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def _turn(turn: Turn, rule: Rule) -> tuple[State, list[Effect]]:
    rule(turn)
    settling.settle(turn)
    return turn.state(), turn.effects


def _senseless(turn: Turn, wrong: Nonsense) -> tuple[State, list[Effect]]:
    event = turn.event
    announce_error(
        turn, str(wrong), kind=wrong.kind, next_action=wrong.next_action, run_id=event.run_id, task_id=event.task_id
    )
    return turn.state(), turn.effects


def _answered(turn: Turn) -> None:
    event = turn.event
    run_id = event.run_id or (turn.intent(event.intent_id).run_id if event.intent_id else None)
    if run_id is None:
        raise Nonsense(f"no run of Intent `{event.intent_id}` waits for an answer", "see penstock inbox")
    accepted = questions.answered(turn, run_id)
    if accepted is None:
        return
    effect, output = accepted
    try:
        step_events.accept(turn, effect, output)
    except BadOutput as wrong:
        steps.retry(turn, effect, str(wrong), None)


_RULES: Final[Mapping[str, Rule]] = {
    "approval": approvals.approval,
    "answer": _answered,
    "cancel": cancelling.cancel_requested,
    "hold": starting.held,
    "policy": trusting.policy_changed,
    "trust": trusting.trusted,
    "run.start": starting.run_started,
    "step.start": step_events.step_started,
    "step.end": step_events.step_ended,
}


def outstanding(state: State) -> list[Effect]:
    """What must be done (again) at a start: `RunStep` under their old keys and the last `UpdateIntent`s.

    A step that was being cancelled comes with its `CancelStep` behind it: it is taken up only to end.
    """
    effects: list[Effect] = list(state.updates)
    for run in state.runs.values():
        for one in run.invocations:
            effects += [one.effect, CancelStep(one.effect.key)] if one.cancelling else [one.effect]
    return effects


def fold(events: Iterable[Event], state: State | None = None) -> State:
    """The state after all these events."""
    state = State() if state is None else state
    for event in events:
        if event.type == "run.end":
            state = remembered(state, event)
        else:
            state, _ = _step(state, event, quiet=True)
    return state
