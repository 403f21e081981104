"""The event log: one SQLite file a repository, append-only, the only truth.

Write-ahead log with `synchronous=FULL`: what `append` has returned survives a crash of the machine. One process writes
at a time, held by a lock of the operating system; anyone reads. Each row carries a checksum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from engine.orchestrate.events import Draft, Event
from engine.orchestrate.state import State

__all__ = ["DamagedLog", "EventLog", "EventsFile", "LockedLog"]


class LockedLog(RuntimeError):
    """Another process writes to the log; `pid` and `since` say which, None if that is unknown."""

    pid: int | None
    since: str | None


class DamagedLog(RuntimeError):
    """The log cannot be used; the message says what is wrong and what to do.

    `sequence`: of the first bad row, or None.
    """

    sequence: int | None


class EventLog:
    """A log that is open. `EventLog.open(path, write=True, …)` takes the writer's lock; close it, or use `with`."""

    @classmethod
    def open(
        cls, path: Path, *, write: bool, now: Callable[[], str] | None = None, new_id: Callable[[], str] | None = None
    ) -> EventLog:
        """Open, and with `write` create (mode 0600), the log at `path`.

        `now` gives timestamps (RFC 3339, UTC, `Z`), `new_id` event ids; by default the clock and random ids.
        Raises `LockedLog`, `DamagedLog`, FileNotFoundError (to read what is not there).
        """
        raise NotImplementedError

    def append(self, cause: Draft, announce: Callable[[Event], Sequence[Draft]] = lambda _: ()) -> list[Event]:
        """Append `cause` and what `announce` says to it in one transaction; the events, the cause first.

        `announce` is called within the transaction, and if it raises nothing is appended. Thread-safe.
        """
        raise NotImplementedError

    def read(self, after: int = 0, run_id: str | None = None) -> Iterator[Event]:
        """Events with a higher `sequence` than `after`, in order; those of one run if given. Raises `DamagedLog`."""
        raise NotImplementedError

    def state(self) -> State:
        """The controller's state: the fold of the whole log."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file and the lock."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class EventsFile:
    """A JSON Lines file that events are appended to (`--events FILE`)."""

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    def write(self, events: Sequence[Event]) -> None:
        """Append one line an event, flushed."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""
        raise NotImplementedError
