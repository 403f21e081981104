"""Limits: past one of them nothing continues, and the reason is told.

`Limits` are a run's thresholds. `Stop` is what every stop carries, into the log, the notification and the record.
`backoff` spaces retries out; its jitter comes from an event's id, so that the same log gives the same times.
`signature` tells equal prompts of a role from different ones. Everything here is a pure function.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

__all__ = ["RECENT", "Limits", "Stop", "backoff", "digest", "signature"]

RECENT: Final = 10
"""How many endings of steps a stop tells of."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A run's thresholds. Times are in seconds. `max_parallel_roles` is kept by whoever runs the steps."""

    max_parallel_roles: int = 4
    max_retries_per_role: int = 2
    max_cycle_count: int = 3
    max_review_retries: int = 2
    retry_base_seconds: float = 1.0
    retry_cap_seconds: float = 60.0

    @staticmethod
    def of(values: Mapping[str, Any]) -> Limits:
        """The limits in `values`, defaults for those that are not there; other keys are not looked at.

        Raises ValueError for one that is no number or below its least value.
        """
        given: dict[str, Any] = {}
        for one in fields(Limits):
            if one.name not in values:
                continue
            value, whole = values[one.name], isinstance(one.default, int)
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                raise ValueError(f"`{one.name}` must be a number, not {value!r}")
            if not math.isfinite(value) or value < (1 if one.name in _AT_LEAST_ONE else 0):
                raise ValueError(f"`{one.name}` is too small or no number: {value!r}")
            given[one.name] = value if whole else float(value)
        return Limits(**given)


_AT_LEAST_ONE: Final = {"max_parallel_roles", "max_cycle_count"}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why something does not go on: `value` went past `threshold`, or, of a budget, reached it.

    `trigger`: the key of the setting. `recent_history`: the last endings of its steps.
    """

    trigger: str
    threshold: float
    value: float
    reason: str
    recent_history: tuple[Mapping[str, Any], ...] = ()

    def payload(self) -> dict[str, Any]:
        """As the `stop` event has it."""
        return {
            "trigger": self.trigger,
            "threshold": self.threshold,
            "value": self.value,
            "reason": self.reason,
            "recent_history": [dict(entry) for entry in self.recent_history],
        }


def backoff(limits: Limits, retry: int, event_id: str) -> float:
    """Seconds to wait before the `retry`-th retry (from 1): doubling, then 50 to 100 % of that, at most the cap."""
    whole = min(limits.retry_cap_seconds, limits.retry_base_seconds * 2.0 ** min(retry - 1, 62))
    lot = int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:8]) / 2**64
    return round(whole * (0.5 + 0.5 * lot), 3)


def digest(prompt: object) -> str:
    """A short name of a prompt, equal for prompts that differ in white space or letters' case only."""
    text = json.dumps(prompt, sort_keys=True, ensure_ascii=False, default=str)
    normal = " ".join(text.replace("\\n", " ").replace("\\t", " ").casefold().split())
    return hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def signature(role: str, prompt: object) -> str:
    """What loops are found by: the same role with the same prompt."""
    return f"{role}:{digest(prompt)}"
