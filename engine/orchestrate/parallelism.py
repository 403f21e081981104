"""How many roles may work at once: fewer while the load is too high, and step by step as many again.

Halved when somebody limits our rate or memory runs out, at most once in a while, since what has begun goes on; one more
after each while without either. Pure: the clock and the load are passed in. Invariant: 1 <= `now` <= `most`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

__all__ = ["CALM", "LEAST_FREE", "SETTLE", "Parallelism", "pressure_of"]

#: seconds between two halvings
SETTLE: Final = 10.0
#: seconds without pressure after which one more may work
CALM: Final = 60.0
#: the share of the memory that must be free
LEAST_FREE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Parallelism:
    """A limit `now`, of at `most` so many, and why it is that. `since`: when it changed, or there last was pressure."""

    most: int
    now: int
    since: float = -math.inf
    reason: str = ""

    def after(self, moment: float, pressure: str | None) -> Parallelism:
        """The limit at a moment in seconds; `pressure`: what is too much there, None if nothing is."""
        if pressure is not None:
            if self.now == 1 or moment - self.since < SETTLE:
                return replace(self, since=max(self.since, moment)) if self.now < self.most else self
            return replace(self, now=self.now // 2, since=moment, reason=pressure)
        if self.now < self.most and moment - self.since >= CALM:
            return replace(self, now=self.now + 1, since=moment, reason=f"nothing was too much for {CALM:g} s")
        return self

    def payload(self, before: Parallelism) -> dict[str, Any]:
        """As the event of the change has it."""
        return {"from": before.now, "to": self.now, "most": self.most, "reason": self.reason}


def pressure_of(error: Mapping[str, str] | None, free_memory: float) -> str | None:
    """What is too much at the end of a step, in words: by its `error`, and by the share of the memory that is free."""
    if error is not None and error.get("class") == "network":
        return f"a service was not available: {error.get('message', '')}"
    if free_memory < LEAST_FREE:
        return f"only {free_memory:.0%} of the memory is free"
    return None
