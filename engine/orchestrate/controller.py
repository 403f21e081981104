"""The controller: what follows from what happened. Rules in code; no model, no clock, no input or output.

`step` is a pure and total function of the state and the next event of the log. Whoever calls it appends the `Announce`
effects in the transaction of the event that caused them, then carries out the others. `outstanding` gives what must be
done again after a crash. Each rule has its own module in `rules/`.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.orchestrate.effects import Effect
from engine.orchestrate.events import Event
from engine.orchestrate.state import State

__all__ = ["fold", "outstanding", "step"]


def step(state: State, event: Event) -> tuple[State, list[Effect]]:
    """The state after `event`, and what is to be done because of it, in order.

    Never raises: an event that makes no sense changes nothing but `sequence` and is announced as `error`.
    Announcements give the state unchanged and no effects.
    """
    raise NotImplementedError


def outstanding(state: State) -> list[Effect]:
    """What must be done (again) at a start: `RunStep` under their old keys, `CancelStep` for those that a cancel waits
    for, and the last `UpdateIntent`s.

    A `CancelStep` may be for a step that nobody runs any more: what it left is ended and its `step.end` appended.
    """
    raise NotImplementedError


def fold(events: Iterable[Event], state: State | None = None) -> State:
    """The state after all these events."""
    state = State() if state is None else state
    for event in events:
        state, _ = step(state, event)
    return state
