"""The file of an event log: its tables, opening it, and what was taken out of it.

Knows rows and not what they mean. Invariant: a file of another version is told and left alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Final

__all__ = ["COUNTED", "PRUNED", "DamagedLog", "UnwrittenEvent", "connect", "pruned_to", "unusable"]

_OF_THE_DISK: Final = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip
#: of the tables; a file of a higher one is not touched
_VERSION: Final = 1
_TABLE: Final = """
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, timestamp TEXT NOT NULL, type TEXT NOT NULL,
    run_id TEXT, intent_id TEXT, task_id TEXT, parent_id TEXT, role TEXT, payload TEXT NOT NULL, checksum TEXT NOT NULL
) STRICT
"""
#: one row: the event up to which the histories of runs are written. A log that was begun without it has none to come.
_HISTORIES: Final = "CREATE TABLE IF NOT EXISTS histories (only_one INTEGER PRIMARY KEY, up_to INTEGER NOT NULL) STRICT"
_UP_TO_NOW: Final = "INSERT INTO histories SELECT 1, coalesce(max(sequence), 0) FROM events"
#: what goes up to an event, if every run had ended there: their events but the last, and approvals that were refused
PRUNED: Final = (
    "sequence <= :up_to AND (run_id IS NOT NULL AND type <> 'run.end' OR type = 'approval' AND event_id IN"
    " (SELECT parent_id FROM events WHERE type = 'error' AND run_id IS NULL AND sequence <= :up_to))"
)
#: how many events there are after those of which some were taken out, the last of all, and the last of those
COUNTED: Final = (
    "SELECT (SELECT count(*) FROM events) - (SELECT count(*) FROM events WHERE sequence <= up_to),"
    " coalesce((SELECT max(sequence) FROM events), 0), up_to FROM (SELECT coalesce((SELECT json_extract(payload,"
    " '$.up_to') FROM events WHERE type = 'prune' ORDER BY sequence DESC LIMIT 1), 0) AS up_to)"
)


class DamagedLog(RuntimeError):
    """The log cannot be used; the message says what is wrong and what to do.

    `sequence`: of the first bad row, or None.
    """

    def __init__(self, path: Path, wrong: str, sequence: int | None = None) -> None:
        place = "" if sequence is None else f" at event {sequence}"
        super().__init__(
            f"{path} is damaged{place}: {wrong}. Put back a copy of it, or move it away to begin anew; "
            f"commits and Intents are not in it and are safe"
        )
        self.sequence = sequence


class UnwrittenEvent(RuntimeError):
    """The disk does not take something, and nothing of it is in the log."""


def unusable(path: Path, error: sqlite3.Error) -> DamagedLog | UnwrittenEvent:
    """What an error of a log says that cannot be opened: that it is damaged, or that the disk is to blame."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
        return UnwrittenEvent(f"{path} cannot be written: {error}; is the disk full?")
    return DamagedLog(path, str(error))


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection to a log, made if it is to be written and is not there.

    Raises `DamagedLog`, `UnwrittenEvent`, FileNotFoundError.
    """
    if write:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    elif not path.exists():
        raise FileNotFoundError(f"there is no log at {path}")
    mode = "rw" if write else "ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=10.0
    )
    try:
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0 and write:
            _create(connection)
        elif version != _VERSION:
            wrong = f"it has version {version} where this program knows {_VERSION}"
            raise DamagedLog(path, wrong if version else "it is no event log")
        if write and not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'histories'").fetchone():
            _begin_histories(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise (unusable(path, error) if write else DamagedLog(path, str(error))) from error
    except BaseException:
        connection.close()
        raise
    return connection


def pruned_to(connection: sqlite3.Connection) -> int:
    """The event up to which some may be missing because they were taken out; 0 if none ever were."""
    query = "SELECT payload FROM events WHERE type = 'prune' ORDER BY sequence DESC LIMIT 1"
    found = connection.execute(query).fetchone()
    return int(json.loads(found[0])["up_to"]) if found else 0


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLE)
    connection.execute("CREATE INDEX events_of_a_run ON events (run_id, sequence)")
    connection.execute("CREATE INDEX events_of_a_type ON events (type, sequence)")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _begin_histories(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_HISTORIES)
    connection.execute(_UP_TO_NOW)
    connection.execute("COMMIT")
