"""Recordings: what streams went through, one JSON object a line.

For each stream a line ``stream`` with its configuration, a line ``event`` for each audit event, a line ``diagnostic``
for each syntax error, and a line ``outcome``: what came of the text as a stream and in one piece, as digests, so that
whoever reads it compares them anew.  The lines are ASCII; places are lines and columns from 0.

Knows no file and no formula; `engine.parse.metrics` has those.  Invariant: what is written here is read by
`read_recording` without a problem.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from engine.parse.audit import StreamEvent, encode_expected, encode_span
from engine.parse.config import RunConfig
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.extensions import encode_run_config
from engine.parse.meta import stream_meta_problems
from engine.parse.recovery import INVALID_UTF8
from engine.parse.result import ParseResult

__all__ = [
    "EVENTS", "KINDS", "SCHEMA_VERSION", "TREE_LIMIT", "Recorded", "Recorder", "StreamRecording", "digest", "digests",
    "read_recording",
]

#: of the lines; keys may be added within one version
SCHEMA_VERSION: Final = 1
#: bytes of a text beyond which its tree is not compared: making it takes a hundred times the memory
TREE_LIMIT: Final = 4_000_000
#: hexadecimal digits of a digest: enough to tell two outcomes apart, few enough to read
_DIGITS: Final = 16


# -------------------------------------------------------------------------------------------------------------- writing
class Recorder:
    """Writes the recordings of any number of streams; `write` takes whole lines and must not raise."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write, self._begun = write, 0

    def begin(self, source: str, language: str, run: RunConfig) -> StreamRecording:
        """The recording of a new stream, named after its source."""
        self._begun += 1
        recording = StreamRecording(self._write, self._begun)
        recording.put("stream", {"source": source, "language": language, "run_config": encode_run_config(run)})
        return recording


class StreamRecording:
    """The recording of one stream; `event` is an observer for `StreamingConfig.on_diagnostic`."""

    __slots__ = ("_number", "_write")

    def __init__(self, write: Callable[[str], object], number: int) -> None:
        self._write, self._number = write, number

    def put(self, kind: str, content: Mapping[str, Any]) -> None:
        """Write a line of any kind."""
        head = {"kind": kind, "schema_version": SCHEMA_VERSION, "stream": self._number}
        self._write(json.dumps({**head, **content}, separators=(",", ":")) + "\n")

    def event(self, event: StreamEvent) -> None:
        """Write what happened."""
        self.put("event", event.encoded())

    def errors(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Write the syntax errors among some diagnostics; of bytes that are no UTF-8 no grammar expects anything."""
        for said in diagnostics:
            if said.severity is Severity.ERROR and said.code != INVALID_UTF8:
                content: dict[str, Any] = {"code": said.code, "span": encode_span(said.span)}
                self.put("diagnostic", {**content, "expected": encode_expected(said.expected)} if said.expected
                         else content)

    def outcome(self, streamed: Mapping[str, str], batch: Mapping[str, str], lineage: Sequence[str], memo_bytes: int,
                run: RunConfig) -> None:
        """Write what came of a text in both ways, and the configuration as the stream left it."""
        self.put("outcome", {"streamed": streamed, "batch": batch, "resume_lineage": list(lineage),
                             "memo_bytes": memo_bytes, "run_config": encode_run_config(run)})


def digest(value: object) -> str:
    """A digest of what a value is, by its `repr`."""
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def digests(result: ParseResult) -> dict[str, str]:
    """The digests of a result's parts, of its tree up to `TREE_LIMIT`.  Takes time and memory linear in the text."""
    parts = {
        "diagnostics": digest(result.diagnostics), "recovery": digest((result.recovered, result.errors)),
        "extent": digest((result.span, result.rest_at)), "trace": digest(result.span_trace),
    }
    return {"value": digest(result.value), **parts} if result.cursor.fed <= TREE_LIMIT else parts


# -------------------------------------------------------------------------------------------------------------- reading
class Recorded(NamedTuple):
    """A line of a recording: its number from 1, its object, and what is wrong with it (then the object is empty)."""

    line: int
    record: Mapping[str, Any]
    problems: tuple[str, ...]


def read_recording(lines: Iterable[bytes]) -> Iterator[Recorded]:
    """The lines of a recording, blank ones left out.  Never raises; what is wrong with a line is said beside it."""
    begun: set[object] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        record, problems = _decoded(line)
        if not problems:
            problems = _problems(record, begun)
        if not problems and record["kind"] == "stream":
            begun.add(record["stream"])
        yield Recorded(number, {} if problems else record, tuple(problems))


def _decoded(line: bytes) -> tuple[Mapping[str, Any], list[str]]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        cut = "" if line.endswith(b"\n") else "; it is cut short, the recording was not finished"
        return {}, [f"is not JSON{cut}"]
    return (value, []) if isinstance(value, dict) else ({}, [f"must hold an object, not {type(value).__name__}"])


def _problems(record: Mapping[str, Any], begun: set[object]) -> list[str]:
    kind, version, stream = record.get("kind"), record.get("schema_version"), record.get("stream")
    if not isinstance(kind, str) or kind not in KINDS:
        return [f"kind must be one of {', '.join(KINDS)}, not {_shown(kind)}"]
    if version != SCHEMA_VERSION:
        return [f"schema_version must be {SCHEMA_VERSION}, not {_shown(version)}"]
    if not _is_count(stream):
        return [f"stream must be {_COUNT}, not {_shown(stream)}"]
    if (kind == "stream") == (stream in begun):
        return [f"stream {stream} has begun before" if kind == "stream" else f"stream {stream} has not begun"]
    fields = KINDS[kind]
    if kind == "event":
        event = record.get("event")
        if not isinstance(event, str) or event not in EVENTS:
            return [f"event must be one of {', '.join(EVENTS)}, not {_shown(event)}"]
        fields = EVENTS[event]
    found = [problem for name, shape in fields.items() if (problem := _problem(record, name, shape))]
    if not found and "stream_meta" in fields:
        found = [f"stream_meta: {problem}" for problem in stream_meta_problems(record["stream_meta"])]
    return found


def _problem(record: Mapping[str, Any], name: str, shape: str) -> str | None:
    if name not in record:
        return f"{name} is missing"
    fits = _SHAPES[shape](record[name])
    return None if fits else f"{name} must be {shape}, not {_shown(record[name])}"


def _shown(value: object) -> str:
    """A value in a message, no longer than a message should be."""
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


_COUNT, _TEXT, _TABLE, _TEXTS, _DIGESTS = "a count", "a text", "an object", "a list of texts", "an object of texts"
_PLACE = "four counts"
_SHAPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    _COUNT: _is_count,
    _TEXT: lambda value: isinstance(value, str),
    _TABLE: lambda value: isinstance(value, dict),
    _TEXTS: lambda value: isinstance(value, list) and _are_texts(value),
    _DIGESTS: lambda value: isinstance(value, dict) and _are_texts(value.values()),
    _PLACE: lambda value: isinstance(value, list) and len(value) == 4 and all(map(_is_count, value)),
}
#: The kinds of lines, and what they must hold.  What a metric looks for may be missing: then it falls.
KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "stream": {"source": _TEXT, "language": _TEXT},
    "event": {},
    "diagnostic": {"code": _TEXT, "span": _PLACE},
    "outcome": {"streamed": _DIGESTS, "batch": _DIGESTS, "resume_lineage": _TEXTS, "memo_bytes": _COUNT},
}
#: The events there are, and what they must hold besides.
EVENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "parser.stream.progress": {"consumed_bytes": _COUNT, "produced": _COUNT, "lap": _COUNT},
    "parser.stream.pending": {"pending.reason": _TEXT, "commit_watermark": _COUNT, "buffered_bytes": _COUNT,
                              "resume_lineage": _TEXTS},
    "parser.stream.error": {"stream.last_reason": _TEXT, "error": _TABLE},
    "parser.stream.metrics": {"stream_meta": _TABLE},
}
