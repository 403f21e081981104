"""Recordings of real streams for tests, and one way to break them for each metric."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from engine.check import check_stream
from engine.languages import language_for
from engine.parse.metrics import FIELDS, HINTS, OUTCOMES, RUN_SWITCHES, SUMMARIES
from engine.parse.recording import Recorder

SOURCES = Path(__file__).parent / "recorded"
"""Small texts of all languages, right and wrong ones."""

Record = dict[str, Any]


def recorded(chunk: int = 32, sources: Iterable[Path] = ()) -> list[Record]:
    """The lines of a recording of checks, read in parts of so many bytes."""
    lines: list[str] = []
    recorder = Recorder(lines.append)
    sizes = {"chunk_size": chunk, "demand_min_bytes": chunk, "demand_preferred_bytes": chunk}
    for path in sources or sorted(SOURCES.iterdir()):
        language = language_for(path.name)
        assert language is not None

        begin = partial(recorder.begin, path.name, language.name)
        opened = partial(io.BytesIO, path.read_bytes())
        list(check_stream(language, opened, extensions={"stream": sizes}, record=begin).diagnostics)
    return [json.loads(line) for line in lines]


def of_kind(records: list[Record], kind: str) -> list[Record]:
    """The lines of a kind, or of an event's name."""
    return [record for record in records if kind in (record["kind"], record.get("event"))]


def as_bytes(records: Iterable[object]) -> bytes:
    """The lines as they stand in a file."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _differing_outcome(records: list[Record]) -> None:
    of_kind(records, "outcome")[1]["streamed"]["diagnostics"] = "0" * 16


def _unusable_hint(records: list[Record]) -> None:
    of_kind(records, "parser.stream.pending")[0]["resume_hint"]["preferred_bytes"] = 1


def _field_left_out(records: list[Record]) -> None:
    del of_kind(records, "stream")[2]["run_config"]["extensions"]["stream.flow"]["policy"]["backpressure"]["throttle"]


def _nothing_expected(records: list[Record]) -> None:
    of_kind(records, "diagnostic")[0]["expected"]["alternatives"] = []


def _switch_left_out(records: list[Record]) -> None:
    del of_kind(records, "outcome")[0]["run_config"]["switches"]["packrat"]


BREAKS: dict[str, Callable[[list[Record]], None]] = {
    OUTCOMES: _differing_outcome,
    HINTS: _unusable_hint,
    FIELDS: _field_left_out,
    SUMMARIES: _nothing_expected,
    RUN_SWITCHES: _switch_left_out,
}
"""For each metric that must be 1, what makes it fall and leaves the recording well-formed."""
