"""How long things are kept: what of a log and of agents' output may go, and its going.

Only runs that have ended lose anything, and of them stays how they ended, which stands for the rest from then on; so do
approvals. Events go up to a moment at which no run was open, since what runs do beside each other cannot be told apart.
That they went is itself an event with its record, and the records stay: the chain can be verified as before.
Invariant: the state that the log gives is the same before and after.
"""

from __future__ import annotations

import shutil
import sqlite3
from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from engine.orchestrate.events import Draft
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.log_file import PRUNED, connect, pruned_to

__all__ = ["Bounds", "Plan", "plan", "prune"]

_ENDS: Final = (
    "SELECT type, sequence, run_id, timestamp FROM events WHERE type IN ('run.start', 'run.end') ORDER BY sequence"
)
#: bytes of a row besides its payload, with its share of the indexes
_OF_A_ROW: Final = 400
_WEIGHT: Final = f"SELECT count(*), coalesce(sum(length(payload) + {_OF_A_ROW}), 0) FROM events WHERE {PRUNED}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many days ended runs are kept whole, and how many bytes all may take; None for no bound."""

    days: int | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go: the events of ended runs up to the event `up_to`, so many of them, and the folders of output."""

    up_to: int
    events: int
    logs: tuple[Path, ...]
    size: int

    def __bool__(self) -> bool:
        return bool(self.events or self.logs)


@dataclass(frozen=True, slots=True)
class _End:
    """How a run ended: after which event, when, and whether no other was open then."""

    run_id: str
    sequence: int
    at: datetime
    still: bool


def plan(log: Path, open_runs: Container[str], logs: Path, bounds: Bounds, now: datetime) -> Plan:
    """What the bounds let go of, of a log and of the folder of agents' output; nothing is touched.

    `open_runs`: those that have not ended. Raises `DamagedLog`, FileNotFoundError without a log.
    """
    with closing(connect(log, write=False)) as connection:
        ends = list(_ends(connection, open_runs))
        oldest = datetime.min.replace(tzinfo=now.tzinfo) if bounds.days is None else now - timedelta(days=bounds.days)
        sizes = {end.run_id: _size(logs / end.run_id) for end in ends}
        excess = 0 if bounds.size is None else _used(connection) + _size(logs) - bounds.size
        gone = []
        for end in ends:
            if (end.at < oldest or excess > 0) and sizes[end.run_id]:
                gone.append(logs / end.run_id)
                excess -= sizes[end.run_id]
        up_to = _last_to_go(connection, [end for end in ends if end.still], oldest, excess)
        count, weight = _weight(connection, up_to)
    return Plan(up_to, count, tuple(gone), weight + sum(sizes[path.name] for path in gone))


def prune(log: EventLog, planned: Plan, by: str) -> None:
    """Carries a plan out, for a person or `penstock`. Raises as `EventLog.append` does, OSError for a folder."""
    for folder in planned.logs:
        shutil.rmtree(folder)
    if planned:
        reason = f"{planned.events} events and the output of {len(planned.logs)} runs are past what is kept"
        payload = {"up_to": planned.up_to, "events": planned.events, "reason": reason, "by": by}
        log.prune(planned.up_to, Draft(type="prune", payload=payload))


def _ends(connection: sqlite3.Connection, open_runs: Container[str]) -> Iterator[_End]:
    """The ends of runs in order. A start that was refused opens no run: it has no end and is not among the open."""
    rows = connection.execute(_ENDS).fetchall()
    to_end = {run_id for kind, _, run_id, _ in rows if kind == "run.end"}
    going: set[str] = set()
    for kind, sequence, run_id, timestamp in rows:
        if kind == "run.start" and (run_id in to_end or run_id in open_runs):
            going.add(run_id)
        elif kind == "run.end":
            going.discard(run_id)
            to_end.discard(run_id)
            yield _End(run_id, sequence, datetime.fromisoformat(timestamp), not going)


def _last_to_go(connection: sqlite3.Connection, ends: Sequence[_End], oldest: datetime, excess: int) -> int:
    """The last event that may go: of what is too old, or of as much as there is too much."""
    by_age = bisect_left(ends, oldest, key=lambda end: end.at)
    by_size = bisect_left(ends, excess, key=lambda end: _weight(connection, end.sequence)[1]) + 1 if excess > 0 else 0
    count = min(len(ends), max(by_age, by_size))
    return max(ends[count - 1].sequence if count else 0, pruned_to(connection))


def _weight(connection: sqlite3.Connection, up_to: int) -> tuple[int, int]:
    """How many events go up to one, and about how many bytes."""
    count, weight = connection.execute(_WEIGHT, {"up_to": up_to}).fetchone()
    return int(count), int(weight)


def _used(connection: sqlite3.Connection) -> int:
    """Bytes of a log that are in use; what went before leaves room that is used again."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()
    return sum(path.lstat().st_size for path in files)
