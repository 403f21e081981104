"""What is known about runs and their Tasks from the events so far: the rows that a view shows.

It believes events only, so that it shows the same for a run of this process, of another one, and of last week.
Invariant: an event that it does not know, or that lacks something, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from engine.cli.styled import Line
from engine.orchestrate.events import Event

__all__ = ["STYLES", "Board", "Row", "RunRow", "seconds_between"]

#: how a state is shown
STYLES: Final = {
    "pending": "faint",
    "running": "strong",
    "waiting_approval": "warning",
    "succeeded": "good",
    "failed": "error",
    "cancelled": "warning",
}


@dataclass(slots=True)
class Row:
    """A Task, or a run's own step: who works on it, how it stands, and since when."""

    name: str
    role: str = ""
    state: str = "pending"
    message: str = ""
    since: str = ""
    until: str = ""


@dataclass(slots=True)
class RunRow(Row):
    """A run; `rows` are its Tasks in the order in which they were planned, `done` of which are settled.

    `branch`: where it landed.
    """

    intent_id: str = ""
    outcome: str = ""
    branch: str = ""
    done: int = 0
    rows: dict[str, Row] = field(default_factory=dict)


class Board:
    """All runs seen so far, by their ids."""

    def __init__(self) -> None:
        self.runs: dict[str, RunRow] = {}

    def see(self, event: Event) -> Line | None:
        """Takes an event in; a line about it, if it is worth one."""
        if event.run_id is None:
            return None
        run = self.runs.setdefault(event.run_id, RunRow(event.run_id, intent_id=event.intent_id or ""))
        handler = _HANDLERS.get(event.type)
        told = handler(run, event) if handler else None
        return [(_clock_time(event.timestamp), "faint"), ("  ", ""), *told] if told else None


def _run_started(run: RunRow, event: Event) -> Line:
    run.state, run.since = "running", event.timestamp
    title = event.payload.get("intent", {}).get("title", "")
    run.message = title
    from engine.orchestrate.confinement import in_words

    policy = event.payload.get("policy")
    modes = in_words(policy) if isinstance(policy, Mapping) else ""
    return [*_named(event), ("started: ", ""), (title, "strong"), (f" ({modes})" if modes else "", "faint")]


def _run_ended(run: RunRow, event: Event) -> Line:
    payload = event.payload
    run.state, run.until = payload.get("state", "failed"), event.timestamp
    run.outcome = payload.get("outcome", "")
    run.message = payload.get("reason") or run.message
    reason = f": {payload['reason']}" if payload.get("reason") else ""
    return [*_named(event), (run.state, STYLES.get(run.state, "")), (reason, "")]


def _task_told(run: RunRow, event: Event) -> Line | None:
    payload = event.payload
    name = payload.get("taskId") or event.task_id
    if not name:
        return None
    run.done = payload.get("counts", {}).get("done", run.done)
    row: Row = run if name == run.name else run.rows.setdefault(name, Row(name))
    role, state = payload.get("role") or "", payload.get("status", "")
    if (row.role, row.state, row.message) == (role, state, payload.get("message")):
        return None
    row.role, row.state, row.message = role, state, payload.get("message") or ""
    row.since = payload.get("startedAt") or row.since
    row.until = payload.get("endedAt") or row.until
    shown = f" {role}" if role else ""
    return [*_named(event), (state, STYLES.get(state, "")), (shown, ""), (_colon(row.message), "faint")]


def _retried(_run: RunRow, event: Event) -> Line:
    return [*_named(event), ("again", "warning"), (_colon(event.payload.get("reason", "")), "")]


def _stopped(_run: RunRow, event: Event) -> Line:
    payload = event.payload
    limit = f" ({payload.get('trigger')}: {payload.get('value')} of {payload.get('threshold')})"
    return [*_named(event), ("stopped", "error"), (_colon(payload.get("reason", "")) + limit, "")]


def _asked(_run: RunRow, event: Event) -> Line:
    return [*_named(event), ("asks", "warning"), (_colon(event.payload.get("question", "")), "strong")]


def _landed(run: RunRow, event: Event) -> Line:
    payload = event.payload
    run.branch = str(payload.get("branch", ""))
    commit = str(payload.get("after", ""))[:12]
    where = f" on {run.branch} at {commit}"
    request = payload.get("command") or payload.get("url") or ""
    return [*_named(event), ("landed", "good"), (where + _colon(request), "")]


def _said(_run: RunRow, event: Event) -> Line:
    lines = str(event.payload.get("response", "")).strip().splitlines() or [""]
    more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
    return [*_named(event), (f"{event.role} says", "good"), (_colon(lines[0][:_LONGEST]) + more, "")]


#: characters shown of what a role said
_LONGEST: Final = 100


def _went_wrong(_run: RunRow, event: Event) -> Line:
    payload = event.payload
    next_action = f"; {payload['next_action']}" if payload.get("next_action") else ""
    return [*_named(event), ("error", "error"), (_colon(str(payload.get("message", ""))) + next_action, "")]


_HANDLERS: Final = {
    "run.start": _run_started,
    "run.end": _run_ended,
    "task_status_update": _task_told,
    "retry": _retried,
    "stop": _stopped,
    "question": _asked,
    "land": _landed,
    "result": _said,
    "error": _went_wrong,
}


def _named(event: Event) -> Iterator[tuple[str, str]]:
    yield (event.run_id or "", "path")
    if event.task_id:
        yield (f" {event.task_id}", "strong")
    yield ("  ", "")


def _colon(text: str) -> str:
    return f": {text}" if text else ""


def _clock_time(timestamp: str) -> str:
    return timestamp[11:19]


def seconds_between(since: str, until: str, now: float) -> float | None:
    """How long something has taken, until now if it has not ended; None if it has not begun."""
    begin, end = _epoch(since), _epoch(until)
    return None if begin is None else max(0.0, (now if end is None else end) - begin)


def _epoch(timestamp: str) -> float | None:
    try:
        return datetime.fromisoformat(timestamp).astimezone(UTC).timestamp() if timestamp else None
    except ValueError:
        return None
