"""Events: what happened in a repository's runs, in one numbered log that is the only truth.

An event is either a *cause* (the controller's state is the fold of these) or an *announcement*: what the controller
decided because of a cause, written in the same transaction for whoever watches. Folding skips announcements.
Knows no store, no clock and no ids; whoever appends an event provides them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

__all__ = ["ANNOUNCEMENTS", "CAUSES", "FOLDED", "SCHEMA_VERSION", "Draft", "Event"]

SCHEMA_VERSION: Final = 1

#: `approval` a person's verdict on an Intent, `cancel` a person's wish, `hold` what an approved Intent waits for a
#: person to do before it can start, `trust` what they trust of a repository's settings, `policy` that runs begin under
#: another one from now on; the others come from runs and their steps
CAUSES: Final = frozenset({
    "approval", "answer", "cancel", "hold", "policy", "run.start", "step.start", "step.end", "trust",
})  # fmt: skip
ANNOUNCEMENTS: Final = frozenset({
    "run.end", "role_delegation", "task_status_update", "tool_call", "question", "retry", "stop", "diff", "commit",
    "land", "result", "error", "prune", "parallelism",
})  # fmt: skip
#: what a state is made of: the causes, and the ends of runs, each of which stands for its run where that was taken out
FOLDED: Final = CAUSES | {"run.end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that has not been appended yet."""

    type: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    intent_id: str | None = None
    task_id: str | None = None
    parent_id: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Draft):
    """One entry of the log. `sequence` rises by one in a repository; `timestamp` is UTC, as RFC 3339 with a `Z`."""

    event_id: str
    sequence: int
    timestamp: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Event:
        """The event of an object as `to_json` writes it. Raises KeyError for one that lacks something."""
        return cls(**{name: message[name] for name in _FIELDS})

    def to_json(self) -> str:
        """One line of JSON Lines, without its line end: ASCII, keys in the order that the interface lists."""
        return json.dumps({
            "schema_version": SCHEMA_VERSION,
            "event_id": self.event_id,
            "sequence": self.sequence,
            "timestamp": self.timestamp,
            "run_id": self.run_id,
            "intent_id": self.intent_id,
            "task_id": self.task_id,
            "parent_id": self.parent_id,
            "role": self.role,
            "type": self.type,
            "payload": dict(self.payload),
        })  # fmt: skip


_FIELDS: Final = tuple(each.name for each in fields(Event))
