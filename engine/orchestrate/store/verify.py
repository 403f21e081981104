"""Whether the audit records are as they were written, and the events they vouch for too.

First the chain: each value, from the first record to the last, and whether the head that was anchored is in it. Then
the events: each record's event is as it was or was pruned by a pruning that is recorded, and no event that matters is
without a record. Reads only, one moment of a log that may be written meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.orchestrate.audit import NOTIFICATIONS
from engine.orchestrate.store.chain import BEGINNING, Anchor, Head, key_name, link
from engine.orchestrate.store.event_log import checksum_of
from engine.orchestrate.store.log_file import connect

__all__ = ["Broken", "Intact", "records_in", "verify"]

_EVENT: Final = (
    "SELECT sequence, event_id, timestamp, type, run_id, intent_id, task_id, parent_id, role, payload, checksum"
    " FROM events WHERE sequence = ?"
)
_UNRECORDED: Final = (
    "SELECT min(sequence) FROM events WHERE sequence > ? AND sequence < ?"
    f" AND type NOT IN ({','.join(repr(name) for name in sorted(NOTIFICATIONS))})"
)
_PUT_BACK: Final = "put back a copy of the log; the records before this one are as they were written"


@dataclass(frozen=True, slots=True)
class Intact:
    """All is as it was written: `count` records, the last of them `head`."""

    count: int
    head: Head


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that is not as it was written, what is wrong with it, and what to do."""

    seq: int
    wrong: str
    next_action: str


def verify(
    log: Path, key: bytes | None, anchor: Anchor, elsewhere: Sequence[tuple[Head, str]] = ()
) -> Intact | Broken | None:
    """What is to be said of the records of a log; None where there are none, and never were any.

    `elsewhere`: heads that were kept out of reach, and where. Raises `DamagedLog` for a file that is no log.
    """
    found = _found(log, key, anchor)
    return found if isinstance(found, Broken) else _missing(log, elsewhere) or found


def _missing(log: Path, elsewhere: Sequence[tuple[Head, str]]) -> Broken | None:
    """The first record that a head kept elsewhere knows and the log does not have."""
    if not elsewhere:
        return None
    known = {}
    if log.exists():
        with _moment(log) as connection:
            if _has_records(connection):
                known = dict(connection.execute("SELECT seq, value FROM records"))
    for head, where in sorted(elsewhere, key=lambda each: each[0].seq):
        if known.get(head.seq) != head.value:
            wrong = "it is another than" if head.seq in known else "it is gone:"
            return Broken(head.seq, f"{wrong} the one whose value was kept at {where}", _PUT_BACK)
    return None


def _found(log: Path, key: bytes | None, anchor: Anchor) -> Intact | Broken | None:
    anchored = anchor.read()
    if log.exists():
        with _moment(log) as connection:
            if _has_records(connection):
                if key is None:
                    return Broken(1, "the key that they were made with is gone", "put back the folder of the key")
                return _verify(connection, key, anchored, anchor.path)
    if anchored is None:
        return None
    wrong = f"it and all others up to {anchored.seq} are gone"
    return Broken(1, wrong, f"put back a copy of the log; if you took it away yourself, delete {anchor.path}")


def records_in(log: Path) -> Iterator[dict[str, Any]]:
    """The records of a log, the oldest first; none where there is no log. Raises `DamagedLog`."""
    if not log.exists():
        return
    with _moment(log) as connection:
        if _has_records(connection):
            for (body,) in connection.execute("SELECT body FROM records ORDER BY seq"):
                yield json.loads(body)


@contextmanager
def _moment(log: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(log, write=False)
    try:
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def _has_records(connection: sqlite3.Connection) -> bool:
    table = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'records'").fetchone()
    return bool(table and connection.execute("SELECT 1 FROM records LIMIT 1").fetchone())


def _verify(connection: sqlite3.Connection, key: bytes, anchored: Head | None, anchor: Path) -> Intact | Broken:
    head, pruned_to = Head(0, BEGINNING), 0
    for seq, body, value in connection.execute("SELECT seq, body, value FROM records ORDER BY seq"):
        wrong = _wrong(seq, body, value, head, key)
        if wrong is not None:
            return wrong
        head = Head(seq, value)
        if anchored is not None and seq == anchored.seq and value != anchored.value:
            return Broken(seq, "it is another than the one that was anchored", _PUT_BACK)
        record = json.loads(body)
        if record["action"] == "prune":
            pruned_to = max(pruned_to, int(record["up_to"]))
    if anchored is None:
        return Broken(head.seq, f"there is no anchor for it, so more may be missing after it: {anchor} is gone",
                      "put that file back; the next record makes a new one")  # fmt: skip
    if head.seq < anchored.seq:
        wrong_end = f"it and all others up to {anchored.seq} were cut off"
        return Broken(head.seq + 1, wrong_end, f"{_PUT_BACK}; to go on without what is missing, delete {anchor}")
    return _wrong_event(connection, pruned_to) or Intact(head.seq, head)


def _wrong(seq: int, body: str, value: str, before: Head, key: bytes) -> Broken | None:
    """What is wrong with a record by itself and in its place."""
    if seq != before.seq + 1:
        return Broken(before.seq + 1, "it was taken out", _PUT_BACK)
    try:
        record = json.loads(body)
        own, made_with = record["seq"], record["key"]
    except (ValueError, LookupError, TypeError):
        return Broken(seq, "it was changed: it is no record", _PUT_BACK)
    if made_with != key_name(key):
        what = f"it was made with the key {made_with}, and the key here is {key_name(key)}"
        return Broken(seq, what, "put back the key that belongs to this log")
    if own != seq:
        return Broken(seq, f"another record, {own}, stands in its place", _PUT_BACK)
    if link(key, before.value, body) != value:
        return Broken(seq, "it was changed, or put in by somebody without the key", _PUT_BACK)
    return None


def _wrong_event(connection: sqlite3.Connection, pruned_to: int) -> Broken | None:
    """The first record whose event is not as it was, or before which an event stands that has no record."""
    last, seq = None, 0
    for seq, body in connection.execute("SELECT seq, body FROM records ORDER BY seq"):
        record = json.loads(body)
        number = record["event"]
        if last is not None and (stranger := _unrecorded(connection, last, number)):
            return Broken(seq, f"event {stranger}, before its own, has no record: somebody put it in", _PUT_BACK)
        row = connection.execute(_EVENT, (number,)).fetchone()
        if row is None and number > pruned_to:
            return Broken(seq, f"its event {number} was taken out of the log", _PUT_BACK)
        if row is not None and checksum_of(row[:-1]) != record["checksum"]:
            return Broken(seq, f"its event {number} was changed", _PUT_BACK)
        last = number
    if last is not None and (stranger := _unrecorded(connection, last, 1 << 62)):
        return Broken(seq + 1, f"event {stranger} has no record: somebody put it in", _PUT_BACK)
    return None


def _unrecorded(connection: sqlite3.Connection, after: int, before: int) -> int | None:
    """The first event between two that should have a record and has none."""
    (found,) = connection.execute(_UNRECORDED, (after, before)).fetchone()
    return None if found is None else int(found)
