"""Budgets: what runs, Intents and days may use, in USD, tokens, minutes and turns.

`Amounts` are whole numbers (millionths of a USD, milliseconds), so that sums do not depend on the order in which calls
ended. Minutes are those that roles were at work, added up: waiting for a person, a slot or git costs nothing. A turn is
one call of an agent, or as many as the agent says. Pure values; the rules are in `rules/budgets.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = [
    "NOTHING", "SCOPES", "UNITS", "Amounts", "BadAnswer", "Limits", "Scope", "Unit", "asks_agent", "limits_of",
    "raise_of", "shown", "takes_time",
]  # fmt: skip

Scope = Literal["run", "intent", "day"]
Unit = Literal["usd", "tokens", "minutes", "turns"]
SCOPES: Final[tuple[Scope, ...]] = ("run", "intent", "day")
UNITS: Final[tuple[Unit, ...]] = ("usd", "tokens", "minutes", "turns")

#: how many of what is counted make one of what people write
_SCALE: Final[Mapping[Unit, int]] = {"usd": 1_000_000, "tokens": 1, "minutes": 60_000, "turns": 1}
#: steps that no role works in
_NO_ROLE: Final = frozenset({"rebase", "integrate", "report", "record", "propose"})


@dataclass(frozen=True, slots=True)
class Amounts:
    """So much of each unit: millionths of a USD, tokens, milliseconds, turns."""

    usd: int = 0
    tokens: int = 0
    minutes: int = 0
    turns: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.usd + other.usd, self.tokens + other.tokens, self.minutes + other.minutes, self.turns + other.turns
        )

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.usd - other.usd, self.tokens - other.tokens, self.minutes - other.minutes, self.turns - other.turns
        )

    def of(self, unit: Unit) -> int:
        """So much of one unit."""
        number: int = getattr(self, unit)
        return number

    def largest(self, other: Amounts) -> Amounts:
        """The larger of both, unit by unit."""
        return Amounts(*(max(self.of(unit), other.of(unit)) for unit in UNITS))

    def told(self) -> dict[str, float]:
        """As people and events have it: USD, tokens, minutes, turns."""
        return {unit: self.of(unit) / _SCALE[unit] if _SCALE[unit] > 1 else self.of(unit) for unit in UNITS}

    @classmethod
    def read(cls, told: object) -> Amounts:
        """What `told` gave; what is missing or no number is 0."""
        values = told if isinstance(told, Mapping) else {}
        return cls(*(_counted(unit, values.get(unit)) or 0 for unit in UNITS))

    @classmethod
    def sum(cls, several: Iterable[Amounts]) -> Amounts:
        """All of them together."""
        total = cls()
        for each in several:
            total += each
        return total


NOTHING: Final = Amounts()

#: what a scope may use at most; a unit that is not there is not limited
Limits = Mapping[Unit, int]


def limits_of(told: object) -> dict[Scope, Limits]:
    """The budgets of a run, as its start tells them: by scope and unit. Raises ValueError for one that is no amount."""
    if not isinstance(told, Mapping):
        return {}
    found: dict[Scope, Limits] = {}
    for scope in SCOPES:
        values = told.get(scope)
        if not isinstance(values, Mapping):
            continue
        limits: dict[Unit, int] = {}
        for unit in UNITS:
            if (value := values.get(unit)) is not None:
                counted = _counted(unit, value)
                if counted is None:
                    raise ValueError(f"the budget `{scope}.{unit}` must be a number from 0 on, not {value!r}")
                limits[unit] = counted
        if limits:
            found[scope] = limits
    return found


def _counted(unit: Unit, value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return round(value * _SCALE[unit])


class BadAnswer(ValueError):
    """Neither `raise`, `raise AMOUNT` nor `stop`."""


def raise_of(text: str, unit: Unit) -> int | None:
    """What an answer adds to a budget: 0 for `raise` alone, None for `stop`. Raises `BadAnswer`."""
    word, _, amount = text.strip().casefold().partition(" ")
    if word == "stop" and not amount:
        return None
    try:
        added = _counted(unit, float(amount)) if amount else 0
    except ValueError:
        added = None
    if word != "raise" or added is None or (amount and not added):
        raise BadAnswer(f"answer `raise`, `raise` and an amount ({unit}), or `stop`")
    return added


def shown(unit: Unit, number: int) -> str:
    """An amount in words: `0.25 USD`, `1200 tokens`, `3 minutes`, `4 turns`."""
    value = number / _SCALE[unit]
    places = {"usd": 4, "minutes": 2}.get(unit, 0)
    digits = f"{value:.{places}f}"
    digits = digits.rstrip("0").rstrip(".") if places else digits
    return f"{digits} {'USD' if unit == 'usd' else unit}"


def takes_time(step: str) -> bool:
    """Whether a role works in a step: an agent, or a command in its place."""
    return step not in _NO_ROLE


def asks_agent(step: str, inputs: Mapping[str, Any]) -> bool:
    """Whether an agent is asked in a step: an Intent with its own commands needs none that it does not name."""
    intent = inputs.get("intent") or {}
    own = bool(intent.get("run") or intent.get("tasks"))
    match step:
        case "analyze":
            return not own
        case "implement":
            return not (inputs.get("task") or {}).get("run")
    agent = intent.get("agent")
    named = step in agent if isinstance(agent, Mapping) else agent not in {None, "command"}
    return takes_time(step) and (named or not own)
