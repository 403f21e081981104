"""Books on what roles in a simulated world use, kept from its log and apart from the controller's own."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from engine.orchestrate.budget import Amounts
from engine.orchestrate.effects import RunStep
from engine.orchestrate.events import Event
from engine.orchestrate.state import RunState, State


def budget(lot: random.Random, thrift: float) -> dict[str, dict[str, float]]:
    """Limits that are reached now and then; `thrift`: how likely a scope has one."""
    sizes = {"usd": 0.2, "tokens": 400, "minutes": 0.5, "turns": 4}
    return {
        scope: {unit: sizes[unit] * factor * lot.choice([0.5, 1, 2]) for unit in lot.sample([*sizes], 1)}
        for scope, factor in (("run", 1), ("intent", 1), ("day", 2))
        if lot.random() < thrift
    }


class Books:
    """What was used. `roles`: steps in which a role works; `begun`: keys of the steps that have begun."""

    def __init__(self, log: Sequence[Event], roles: Collection[str]) -> None:
        self._log = log
        self._roles = roles
        self.begun: set[str] = set()

    def check_room(self, effect: RunStep, state: State, asked: Collection[str]) -> None:
        """A role begins only where what was settled and what was `asked` for before lie below every limit."""
        run = state.runs.get(effect.run_id)
        if run is None or effect.step not in self._roles:
            return
        assert not any(one.kind == "budget" for one in run.open_questions)
        others = [one for each in state.runs.values() for one in each.invocations if one.effect.key in asked]
        for scope, limits in run.budget.items():
            near = [one for one in others if scope == "day" or one.effect.run_id == run.id]
            mine = {"run": run.id, "intent": run.intent_id or run.id, "day": self._today}[scope]
            held = Amounts.sum(one.reserved for one in near) + self.spent(mine)
            for unit, limit in limits.items():
                assert held.of(unit) < limit + self._raised(run, state, scope).of(unit), f"{effect.key}: {scope} {unit}"

    def check_run(self, run: RunState) -> None:
        """What is reserved is reserved for something, and what waits for room is asked about or will have some."""
        assert run.reserved == Amounts.sum(one.reserved for one in run.invocations)
        roles = [one for one in run.invocations if one.effect.step in self._roles]
        assert sum(run.at_work.values()) == len(roles)
        asked = [one for one in run.open_questions if one.kind == "budget"]
        assert len(asked) <= 1 and (run.parked or not asked)
        assert not run.parked or asked or roles
        assert not {one.effect.key for one in run.invocations} & {effect.key for effect in run.parked}

    def spent(self, by: str) -> Amounts:
        """What the ends of steps in the log say, each key once: those of a run, of an Intent, or of a date."""
        ends: dict[str, Event] = {}
        for event in self._log:
            if event.type == "step.end":
                ends.setdefault(event.payload["key"], event)
        return Amounts.sum(self._used(event) for event in ends.values() if by in _accounts(event))

    def _used(self, end: Event) -> Amounts:
        output, role = end.payload["output"], end.payload["step"] in self._roles
        told = {"usd": output.get("cost_usd", 0), "tokens": output.get("usage", {}).get("output_tokens", 0)}
        told["turns"] = int(role and end.payload["key"] in self.begun)
        return Amounts.read({**told, "minutes": end.payload["duration_ms"] / 60_000 if role else 0})

    def _raised(self, run: RunState, state: State, scope: str) -> Amounts:
        if scope == "day":
            return state.day.raised if state.day.date == self._today else Amounts()
        if scope == "intent" and run.intent_id:
            return state.intents[run.intent_id].raised
        return run.raised.get(scope, Amounts())

    @property
    def _today(self) -> str:
        return self._log[-1].timestamp[:10]


def _accounts(end: Event) -> tuple[str, ...]:
    """Where a step's end is booked."""
    return end.run_id or "", (end.run_id or "")[:-2], end.timestamp[:10]
