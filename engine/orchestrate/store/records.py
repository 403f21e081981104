"""The audit records of a log: a chained row for each event that matters, written in the event's own transaction.

A row has the record as canonical text and its value in the chain (`chain.py`); the record names the event by number and
checksum, so that it vouches for the event too. Secrets are taken out before the value is made. After each transaction
that has reached the disk the head is anchored apart from the log. Rows are never changed and never pruned.
Invariant: where the log does not have the anchored head, the anchor is left alone: it is what shows that something is
missing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from engine.orchestrate.audit import NOTIFICATIONS, Agreement, agreement_of, record_of
from engine.orchestrate.events import Event
from engine.orchestrate.redact import Redactor
from engine.orchestrate.store.chain import BEGINNING, Anchor, Head, canonical, key_name, link
from engine.orchestrate.store.elsewhere import Elsewhere

__all__ = ["Records"]

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, value TEXT NOT NULL) STRICT
"""
#: what people and agents wrote; the other fields are numbers, words of ours, and names that git has
_IN_WORDS: Final = ("actor", "target", "reason", "recent_history")
#: of what happened, what is worth a word elsewhere at once: what people decide, and how runs end
_MATTERS: Final = frozenset({"answer", "approval", "cancel", "policy", "prune", "run.end", "trust"})
_START: Final = "SELECT payload, intent_id, sequence FROM events WHERE run_id = ? AND type = 'run.start' LIMIT 1"
_APPROVED: Final = (
    "SELECT payload, timestamp FROM events WHERE type = 'approval' AND intent_id = ? AND sequence < ?"
    " AND json_extract(payload, '$.action') = 'approve' ORDER BY sequence DESC LIMIT 1"
)


class Records:
    """Writes the records of one log. Belongs to whoever has the log open for writing."""

    def __init__(self, key: bytes, anchor: Anchor, redactor: Redactor, elsewhere: Elsewhere | None = None) -> None:
        self._key = key
        self._key_name = key_name(key)
        self._anchor = anchor
        self.redactor = redactor
        """Takes out what is secret; exchanged when the environments change in which runs are."""
        self._elsewhere = elsewhere
        self._matters = False
        self._agreements: dict[str, Agreement | None] = {}
        self._head = Head(0, BEGINNING)
        self._next = self._head
        self._may_anchor = False

    def begin(self, connection: sqlite3.Connection) -> None:
        """Takes up the chain of a log where it ends. Raises `sqlite3.Error`."""
        connection.execute(_TABLE)
        self._head = self._next = head_of(connection)
        anchored = self._anchor.read()
        self._may_anchor = anchored is None or value_at(connection, anchored.seq) == anchored.value

    def add(self, connection: sqlite3.Connection, events: Sequence[Event], checksums: Sequence[str]) -> None:
        """Adds the records of a cause and its announcements to the transaction that has begun."""
        head, rows = self._head, []
        self._matters |= any(event.type in _MATTERS for event in events)
        for place, event in enumerate(events):
            if event.type in NOTIFICATIONS:
                continue
            told = record_of(event, () if place else events[1:], self._agreement(connection, event))
            told |= {"seq": head.seq + 1, "checksum": checksums[place], "key": self._key_name}
            told |= {name: self.redactor.values(told[name]) for name in _IN_WORDS if name in told}
            body = canonical(told)
            head = Head(head.seq + 1, link(self._key, head.value, body))
            rows.append((head.seq, body, head.value))
        connection.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
        self._next = head

    def added(self, *, on_disk: bool) -> None:
        """The transaction was committed; one that the disk may not have yet is anchored with the next one."""
        self._head = self._next
        if on_disk and self._may_anchor and self._head.seq:
            with suppress(OSError):  # the event is safe; an anchor that lags behind is brought up with the next
                self._anchor.write(self._head)
            if self._matters and self._elsewhere is not None:
                self._elsewhere.keep(self._head)
                self._matters = False

    def close(self) -> None:
        """Lets go of the anchor's file, after the head is elsewhere too."""
        self._anchor.close()
        if self._elsewhere is not None:
            self._elsewhere.close()

    def _agreement(self, connection: sqlite3.Connection, event: Event) -> Agreement | None:
        """The approval that an event's run stands on."""
        run_id = event.run_id
        if run_id is None:
            return None
        if run_id not in self._agreements:
            self._agreements[run_id] = _approval_of(connection, run_id)
        if event.type == "run.end":
            return self._agreements.pop(run_id)
        return self._agreements[run_id]


def _approval_of(connection: sqlite3.Connection, run_id: str) -> Agreement | None:
    """What a person said before a run of their Intent began; only what they approved can begin."""
    start = connection.execute(_START, (run_id,)).fetchone()
    if start is None or start[1] is None:
        return None
    found = connection.execute(_APPROVED, start[1:]).fetchone()
    return agreement_of(json.loads(found[0]), found[1]) if found else None


def head_of(connection: sqlite3.Connection) -> Head:
    """The last record of a log."""
    found: tuple[Any, Any] | None = connection.execute(
        "SELECT seq, value FROM records ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    return Head(*found) if found else Head(0, BEGINNING)


def value_at(connection: sqlite3.Connection, seq: int) -> str | None:
    """The value of a record; None if there is none of that number."""
    found = connection.execute("SELECT value FROM records WHERE seq = ?", (seq,)).fetchone()
    return str(found[0]) if found else None
