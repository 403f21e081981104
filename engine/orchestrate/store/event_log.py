"""The event log: one SQLite file a repository, append-only, the only truth.

Write-ahead log with `synchronous=FULL`: what `append` has returned survives a crash of the machine, but for what ends
with the machine anyway (`_ENDS_WITH_THE_MACHINE`), which survives a crash of the process only. One process writes
at a time, held by a lock of the operating system; anyone reads. Each row carries a checksum of all it says, so a row
that was changed, and a gap, are found when they are read. Nothing is ever repaired by guessing.

With each event goes its audit record, in the same transaction (`records.py`).
Beside the events lies the state at one moment (`snapshot.py`), so that the state of now is folded from there. It can be
made again whenever it is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from engine.orchestrate.controller import fold
from engine.orchestrate.events import FOLDED, Draft, Event
from engine.orchestrate.redact import Redactor
from engine.orchestrate.state import State
from engine.orchestrate.store.log_file import COUNTED, PRUNED, DamagedLog, UnwrittenEvent, connect, pruned_to, unusable
from engine.orchestrate.store.records import Records
from engine.orchestrate.store.snapshot import state_of, text_of
from engine.orchestrate.store.writer_lock import LockedLog, WriterLock

__all__ = ["DamagedLog", "EventLog", "EventsFile", "LockedLog", "UnwrittenEvent", "checksum_of"]

#: that a step began; none goes on after a crash of the machine, and one that is not known to have begun begins anew
_ENDS_WITH_THE_MACHINE: Final = frozenset({"step.start"})
_PAGE: Final = 500
#: one row at most; a log without this table is as good
_SNAPSHOTS: Final = """
CREATE TABLE IF NOT EXISTS snapshots (only_one INTEGER PRIMARY KEY, state TEXT NOT NULL, checksum TEXT NOT NULL) STRICT
"""
#: after so many events that state is kept again
_EVENTS_FOLDED: Final = 500
_COLUMNS: Final = "sequence, event_id, timestamp, type, run_id, intent_id, task_id, parent_id, role, payload, checksum"
_Row = tuple[int, str, str, str, str | None, str | None, str | None, str | None, str | None, str, str]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _new_id() -> str:
    return uuid.uuid4().hex


class EventLog:
    """A log that is open. `EventLog.open(path, write=True, …)` takes the writer's lock; close it, or use `with`."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: WriterLock | None, now: Callable[[], str],
        new_id: Callable[[], str], records: Records | None = None,
    ) -> None:  # fmt: skip
        self.path = path
        self._connection = connection
        self._lock = lock
        self._records = records
        self._now = now
        self._new_id = new_id
        self._turn = threading.RLock()
        self._waits = True
        self._keep_from = _EVENTS_FOLDED

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        write: bool,
        lock: Path | None = None,
        now: Callable[[], str] | None = None,
        new_id: Callable[[], str] | None = None,
        records: Records | None = None,
    ) -> EventLog:
        """Open, and with `write` create (mode 0600), the log at `path`.

        `lock`: the writer's lock, by default beside the log. `now` gives timestamps (RFC 3339, UTC, `Z`), `new_id`
        event ids; by default the clock and random ids. `records` writes the audit records, if there are to be any.
        Raises `LockedLog`, `DamagedLog`, `UnwrittenEvent` where the disk takes nothing, FileNotFoundError (to read
        what is not there).
        """
        now = now or _now
        held = WriterLock.take(lock or path.with_name(path.name + ".lock"), now()) if write else None
        try:
            connection = connect(path, write=write)
            if records is not None:
                _begin(records, path, connection)
        except BaseException:
            if held:
                held.release()
            raise
        return cls(path, connection, held, now, new_id or _new_id, records)

    def append(
        self,
        cause: Draft,
        announce: Callable[[Event], Sequence[Draft]] = lambda _: (),
        event_id: str | None = None,
    ) -> list[Event]:
        """Append `cause` and what `announce` says to it in one transaction; the events, the cause first.

        `announce` is called within the transaction, and if it raises nothing is appended. `event_id`: the cause's, by
        default a new one. Thread-safe.
        Raises ValueError for a payload that is not JSON, `UnwrittenEvent` if the disk does not take it.
        """
        if self._lock is None:
            raise UnwrittenEvent(f"{self.path} is open for reading only")
        with self._turn:
            try:
                self._wait_for_disk(cause.type not in _ENDS_WITH_THE_MACHINE)
                self._connection.execute("BEGIN IMMEDIATE")
                events = self._insert(cause, announce, event_id or self._new_id())
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise UnwrittenEvent(f"{self.path} took no event: {error}; is the disk full?") from error
            except BaseException:
                self._roll_back()
                raise
            if self._records is not None:
                self._records.added(on_disk=self._waits)
        return events

    def _wait_for_disk(self, wait: bool) -> None:
        if wait != self._waits:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if wait else 'NORMAL'}")
            self._waits = wait

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")

    def _insert(self, cause: Draft, announce: Callable[[Event], Sequence[Draft]], event_id: str) -> list[Event]:
        (last,) = self._connection.execute("SELECT coalesce(max(sequence), 0) FROM events").fetchone()
        timestamp = self._now()
        first, row = _sealed(cause, last + 1, timestamp, event_id)
        events, rows = [first], [row]
        for number, draft in enumerate(announce(first), last + 2):
            event, row = _sealed(draft, number, timestamp, self._new_id())
            events.append(event)
            rows.append(row)
        self._connection.executemany(f"INSERT INTO events ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
        if self._records is not None:
            self._records.add(self._connection, events, [row[-1] for row in rows])
        return events

    def read(self, after: int = 0, run_id: str | None = None) -> Iterator[Event]:
        """Events with a higher `sequence` than `after`, in order; those of one run if given. Raises `DamagedLog`."""
        where = "" if run_id is None else " AND run_id = ?"
        for event in self._pages(where, () if run_id is None else (run_id,), after):
            if run_id is None and event.sequence != after + 1 and event.sequence > self._pruned_to() + 1:
                raise DamagedLog(self.path, f"events {after + 1} to {event.sequence - 1} are missing", after + 1)
            after = event.sequence
            yield event

    def appended(self, event_id: str) -> list[Event]:
        """The cause with this id and what was announced because of it, if it is in the log: for whoever was not told
        that it came there, and would append it again. Raises `DamagedLog`.
        """
        begin = "sequence >= (SELECT sequence FROM events WHERE event_id = ?)"
        query = f"SELECT {_COLUMNS} FROM events WHERE {begin} AND ? IN (event_id, parent_id) ORDER BY sequence"
        return [self._opened(row) for row in self._select(query, (event_id, event_id))]

    @property
    def last(self) -> int:
        """The `sequence` of the newest event, 0 if there is none. Raises `DamagedLog`."""
        return int(self._select("SELECT coalesce(max(sequence), 0) FROM events")[0][0])

    def run_called(self, name: str) -> str | None:
        """The run with this id, or else the newest one of the Intent with this id; None if there is neither."""
        for query in (
            "SELECT run_id FROM events WHERE run_id = ? LIMIT 1",
            "SELECT run_id FROM events WHERE intent_id = ? AND type IN ('run.start', 'run.end') ORDER BY sequence DESC",
        ):
            for (run_id,) in self._select(query, (name,)):
                return str(run_id)
        return None

    def _pages(self, where: str, parameters: tuple[str, ...], after: int) -> Iterator[Event]:
        """Whatever matches, some at a time, so that nobody's writing waits for a slow reader."""
        query = f"SELECT {_COLUMNS} FROM events WHERE sequence > ?{where} ORDER BY sequence LIMIT {_PAGE}"
        rows: Sequence[_Row] = self._select(query, (after, *parameters))
        while rows:
            yield from (self._opened(row) for row in rows)
            rows = self._select(query, (rows[-1][0], *parameters)) if len(rows) == _PAGE else ()

    def _select(self, query: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        with self._turn:
            try:
                return self._connection.execute(query, parameters).fetchall()
            except sqlite3.DatabaseError as error:
                raise DamagedLog(self.path, str(error)) from error

    def _opened(self, row: _Row) -> Event:
        sequence, event_id, timestamp, kind, run_id, intent_id, task_id, parent_id, role, payload, checksum = row
        if checksum != checksum_of(row[:-1]):
            raise DamagedLog(self.path, "its checksum is not that of what it says", sequence)
        return Event(
            type=kind, payload=json.loads(payload), run_id=run_id, intent_id=intent_id, task_id=task_id,
            parent_id=parent_id, role=role, event_id=event_id, sequence=sequence, timestamp=timestamp,
        )  # fmt: skip

    def state(self) -> State:
        """The controller's state: the fold of the whole log. Raises `DamagedLog`."""
        with self._turn:
            ((count, last, begin),) = self._select(COUNTED)
            if count != last - begin:
                raise DamagedLog(self.path, f"of {last} events {last - begin - count} are missing")
            state, causes = self._snapshot(last), sorted(FOLDED)
            where = f" AND type IN ({','.join('?' * len(causes))})"
            return fold(self._pages(where, tuple(causes), state.sequence), state)

    def _snapshot(self, last: int) -> State:
        """The state that is kept, or that of the beginning."""
        for text, checksum in self._select("SELECT state, checksum FROM snapshots") if self._has_snapshots() else ():
            state = state_of(text) if checksum == checksum_of((text,)) else None
            if state is not None and state.sequence <= last:
                return state
        return State()

    def _has_snapshots(self) -> bool:
        """Whether a program that knows of them has written this log."""
        return bool(self._select("SELECT 1 FROM sqlite_schema WHERE name = 'snapshots'"))

    def keep(self, state: State) -> None:
        """Keep what `state` gave, or the controller since, to fold from; if no run is open, and after a while again."""
        if state.runs or self._lock is None or state.sequence < self._keep_from:
            return
        self._keep_from = state.sequence + _EVENTS_FOLDED
        text = text_of(state)
        with self._turn, suppress(sqlite3.Error):        # what is not kept is folded
            self._connection.execute(_SNAPSHOTS)
            row = (text, checksum_of((text,)))
            self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES (1, ?, ?)", row)

    def without_history(self) -> list[Event]:
        """The ends of runs whose histories may not have been written. For whoever writes the log."""
        ((up_to,),) = self._select("SELECT up_to FROM histories")
        return list(self._pages(" AND type = 'run.end'", (), up_to))

    def has_history(self, up_to: int) -> None:
        """Keeps that the histories are written up to an event; what is not kept is done again, which is no harm."""
        with self._turn, suppress(sqlite3.Error):
            self._wait_for_disk(False)
            self._connection.execute("UPDATE histories SET up_to = ?", (up_to,))

    def prune(self, up_to: int, cause: Draft) -> None:
        """Appends `cause`, and takes out what `PRUNED` says, in one transaction. Raises as `append` does.

        `up_to`: an event at which no run was open.
        """

        def take_out(_: Event) -> Sequence[Draft]:
            self._connection.execute(f"DELETE FROM events WHERE {PRUNED}", {"up_to": up_to})
            return ()

        self.append(cause, take_out)

    def redact(self, redactor: Redactor) -> None:
        """Has another redactor take what is secret out of the audit records from now on."""
        if self._records is not None:
            self._records.redactor = redactor

    def compact(self) -> None:
        """Gives room that is free back to the disk, as far as nobody reads just now."""
        with self._turn, suppress(sqlite3.Error):
            self._connection.execute("VACUUM")

    def _pruned_to(self) -> int:
        with self._turn:
            try:
                return pruned_to(self._connection)
            except sqlite3.DatabaseError as error:
                raise DamagedLog(self.path, str(error)) from error

    def close(self) -> None:
        """Let go of the file and the lock."""
        with self._turn:
            self._connection.close()
            if self._records is not None:
                self._records.close()
            if self._lock:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class EventsFile:
    """A JSON Lines file that events are appended to, for `--events FILE`; `written` counts them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._file = path.open("ab+")
        if self._file.tell() and os.pread(self._file.fileno(), 1, self._file.tell() - 1) != b"\n":
            self._file.write(b"\n")  # a crash cut its last line

    def write(self, events: Sequence[Event]) -> None:
        """Append one line an event, flushed."""
        self._file.write("".join(event.to_json() + "\n" for event in events).encode())
        self._file.flush()
        self.written += len(events)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _begin(records: Records, path: Path, connection: sqlite3.Connection) -> None:
    try:
        records.begin(connection)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error


def _sealed(draft: Draft, sequence: int, timestamp: str, event_id: str) -> tuple[Event, _Row]:
    """An event as it will be read back, and its row."""
    payload = json.dumps(dict(draft.payload), allow_nan=False)
    event = Event(
        type=draft.type, payload=json.loads(payload), run_id=draft.run_id, intent_id=draft.intent_id,
        task_id=draft.task_id, parent_id=draft.parent_id, role=draft.role, event_id=event_id, sequence=sequence,
        timestamp=timestamp,
    )  # fmt: skip
    said = (sequence, event_id, timestamp, draft.type, draft.run_id, draft.intent_id, draft.task_id, draft.parent_id,
            draft.role, payload)  # fmt: skip
    return event, (*said, checksum_of(said))


def checksum_of(said: tuple[object, ...]) -> str:
    """The checksum of all that a row says."""
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()
