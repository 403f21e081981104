"""History: `.penstock/history/<intent>.yaml`, a summary of each run of an Intent, one YAML document a run.

Made of the run's events when it has ended; it tells what was done and what it cost, not how. Writing the same run again
changes nothing. Knows no state and no git: lines and commits are those that the events tell of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.orchestrate.events import Event
from engine.orchestrate.store import atomic

__all__ = ["add_to_history", "read_history", "summary"]

_OF_INTENT: Final = ("title", "type", "source", "risk")
_ADJUSTING: Final = frozenset({"rejected", "conflict", "question"})


def summary(events: Iterable[Event]) -> dict[str, Any]:
    """What became of a run, from its events; ValueError if its start or its end is not among them."""
    own = list(events)
    start = next((event for event in own if event.type == "run.start"), None)
    end = next((event for event in own if event.type == "run.end"), None)
    if start is None or end is None:
        raise ValueError("a summary needs a run from its start to its end")
    intent, ends = start.payload.get("intent") or {}, [event for event in own if event.type == "step.end"]
    return {
        "run_id": start.run_id,
        "intent_id": start.intent_id,
        **{name: intent.get(name) for name in _OF_INTENT},
        "classified": start.payload.get("classified"),
        "flow": list(start.payload.get("flow") or ()),
        "adjustments": list(_adjustments(own)),
        "steps": [_step(event) for event in ends],
        "outcome": end.payload.get("outcome"),
        "state": end.payload.get("state"),
        "reason": end.payload.get("reason"),
        "branch": end.payload.get("branch"),
        "commits": list(end.payload.get("commits") or ()),
        "lines": _lines(own),
        "observations": [name for event in ends for name in (event.payload.get("output") or {}).get("observed") or ()],
        "started_at": start.timestamp,
        "ended_at": end.timestamp,
    }


def _adjustments(events: Sequence[Event]) -> Iterator[str]:
    """Where the Flow was left, in order: retries, other rounds, conflicts, questions, cancels, stops."""
    for event in events:
        payload, where = event.payload, f"{event.task_id}: " if event.task_id else ""
        if event.type == "retry":
            yield f"{where}{event.role} tried again: {payload.get('reason')}"
        elif event.type == "step.end" and payload.get("result") in _ADJUSTING:
            yield f"{where}{payload.get('step')} ended in {payload.get('result')}"
        elif event.type == "stop":
            yield f"{where}stopped: {payload.get('reason')}"
        elif event.type == "cancel":
            yield f"{where}cancelled by {payload.get('by')}"


def _step(event: Event) -> dict[str, Any]:
    payload = event.payload
    output = payload.get("output") or {}
    usage = output.get("usage") or {}
    told = {
        "step": payload.get("step"),
        "task": event.task_id,
        "result": payload.get("result"),
        "duration_ms": payload.get("duration_ms"),
        "session_id": output.get("session_id"),
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "cost_usd": output.get("cost_usd"),
        "ended_at": event.timestamp,
    }
    return {name: value for name, value in told.items() if value is not None}


def _lines(events: Sequence[Event]) -> dict[str, int]:
    """Lines added and removed by what landed, else by the last commits of each Task."""
    landed = [event.payload for event in events if event.type == "land"]
    last = {event.task_id: event.payload for event in events if event.type == "diff"}
    counted = landed or list(last.values())
    return {name: sum(payload.get(name) or 0 for payload in counted) for name in ("added", "removed")}


def add_to_history(folder: Path, events: Iterable[Event]) -> Path | None:
    """Add a run that has ended to its Intent's file in `folder`; None for a run without an Intent.

    Raises ValueError as `summary` does, OSError as files do.
    """
    import yaml

    told = summary(events)
    if told["intent_id"] is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{told['intent_id']}.yaml"
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(told, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120, explicit_start=True)
    document, named = text.encode(), text.splitlines()[1].encode()

    def added(before: bytes) -> bytes:
        if named in before.splitlines():
            return before
        return before + b"\n" * (not before.endswith(b"\n")) + document

    if not atomic.create(path, document):
        atomic.replace(path, added)
    return path


def read_history(path: Path) -> list[Mapping[str, Any]]:
    """The runs in a file, oldest first; none if it is missing. What a person broke in it is passed over whole."""
    import yaml

    if not path.exists():
        return []
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=loader))
    except (yaml.YAMLError, UnicodeDecodeError):
        return []
    return [document for document in documents if isinstance(document, dict)]
