"""What a stream says about itself: where it stands (`ContinuationMeta`) and what it has cost (`StreamMeta`).

Both are values made when somebody looks, not in every step.  They hold no copy of the text: `Buffered` is a view of
what the parser keeps anyway, and the expectations are the machine's.

Knows no feeder.  Invariant: what a continuation's description takes beyond those two views is at most `OWN_BYTES`.
"""
from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NamedTuple

from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.expected import ExpectationSummary
from engine.parse.feeder import DemandHint, to_symbol
from engine.parse.source import Position, Span, utf8_length

__all__ = [
    "LINEAGE_KEPT", "MOST_EXPECTED", "OWN_BYTES", "Buffered", "ContinuationMeta", "Packrat", "StreamMeta",
    "bounded_expectations", "encode_hint", "lengthened", "stream_meta_problems",
]

#: bytes a continuation's description may take beyond its views
OWN_BYTES: Final = 512
#: alternatives carried along; the machine gives no more, a summary of other origin is cut
MOST_EXPECTED: Final = 12
#: entries of a lineage, the latest; older ones are dropped, so a stream resumed a million times carries no more
LINEAGE_KEPT: Final = 8


class Buffered:
    """The text that was read and is not finished: a view of what the parser's cursor holds."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    @property
    def text(self) -> str:
        """The unfinished piece."""
        return self._cursor.tail

    @property
    def held(self) -> bytes:
        """The beginning of a character behind it."""
        return self._cursor.held

    def __len__(self) -> int:
        """Its length in bytes."""
        return utf8_length(self.text) + len(self.held)

    def __bytes__(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape") + self.held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Buffered) and (self.text, self.held) == (other.text, other.held)

    __hash__ = None  # type: ignore[assignment]  # a view is compared, never a key

    def __repr__(self) -> str:
        return f"Buffered({len(self)} bytes)"


def bounded_expectations(summary: ExpectationSummary) -> ExpectationSummary:
    """The summary with at most `MOST_EXPECTED` alternatives."""
    if len(summary.alternatives) <= MOST_EXPECTED:
        return summary
    return replace(summary, alternatives=summary.alternatives[:MOST_EXPECTED],
                   locale_args=summary.locale_args[:MOST_EXPECTED])


def lengthened(lineage: str, entry: str) -> str:
    """The lineage with one more entry, and without those that are too old; one text takes a third of many."""
    return " ".join([*lineage.split(), entry][-LINEAGE_KEPT:])


@dataclass(frozen=True, slots=True)
class ContinuationMeta:
    """Where a stream stands still."""

    commit_watermark: int
    """The last place, in bytes from the beginning, that no later text can change the meaning of."""
    buffered: Buffered
    resume_hint: DemandHint
    expected_tokens: ExpectationSummary
    last_checkpoint: Span | None
    """The span of the rule that was finished last; None without trace."""
    trace_label: str | None
    """The innermost rule that is open; completion shows it as the detail of its items."""
    lineage: str
    """How it came here, as one text: see `resume_lineage`."""

    @property
    def resume_lineage(self) -> tuple[str, ...]:
        """How it came here: the latest pauses and resumes, oldest first, such as ``await@30`` and ``resume*3``."""
        return tuple(self.lineage.split())

    @property
    def own_bytes(self) -> int:
        """What it takes in memory beyond the buffered text and the machine's expectations."""
        hint = self.resume_hint
        numbers = (self.commit_watermark, hint.min_bytes, hint.preferred_bytes or 0)
        return sum(map(sys.getsizeof, (self, self.buffered, hint, self.lineage, *numbers)))

    def to_resume_note(self, at: Position) -> Diagnostic:
        """A hint at `at`, the end of what was read: how much more is wanted and what may come next."""
        hint, expected = self.resume_hint, bounded_expectations(self.expected_tokens)
        wanted = f"at least {hint.min_bytes} more bytes are wanted"
        why = f" ({hint.reason})" if hint.reason else ""
        inside = f", {expected.context_note}" if expected.context_note else ""
        return Diagnostic("parser.stream.pending", Severity.HINT, f"{wanted}{why}; {expected.humanized}{inside}",
                          Span(at, at), expected)


class Packrat(NamedTuple):
    """The use of the memo: pieces run, and how many of them were known."""

    queries: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class StreamMeta:
    """What a stream has cost so far; counts, bytes and nanoseconds."""

    bytes_consumed: int = 0
    chunks_consumed: int = 0
    await_count: int = 0
    resume_count: int = 0
    backpressure_events: int = 0
    last_reason: str | None = None
    """Why it last stood still."""
    packrat: Packrat = field(default_factory=Packrat)
    memo_bytes: int = 0
    """Roughly, of the machine, which all texts of a language share."""
    diagnostics_pending: int = 0
    """Diagnostics found that no result has handed out yet."""
    lag_nanos: int | None = None
    """How long the oldest unparsed text has waited; only where the flow runs by itself."""
    buffer_fill_ratio: float | None = None
    """Text in hand as a share of the high watermark; likewise."""
    resume_latency_ns: int = 0
    """From the last pause to its resume."""

    def encoded(self) -> dict[str, Any]:
        """As JSON values; what is None is left out."""
        out: dict[str, Any] = {name: value for name, value in asdict(self).items() if value is not None}
        out["packrat"] = {"queries": self.packrat.queries, "hits": self.packrat.hits}
        return out


_REQUIRED: Final = ("bytes_consumed", "chunks_consumed", "await_count", "resume_count", "backpressure_events")
_COUNTS: Final = (*_REQUIRED, "memo_bytes", "diagnostics_pending", "lag_nanos", "resume_latency_ns")


def stream_meta_problems(encoded: Mapping[str, object]) -> list[str]:
    """What is wrong with a ``stream_meta`` object read from outside; empty if nothing is."""
    known = {*_COUNTS, "last_reason", "packrat", "buffer_fill_ratio"}
    found = [f"{name} is missing" for name in _REQUIRED if name not in encoded]
    found += [f"{name} is not known" for name in encoded if name not in known]
    found += [f"{name} must be a count, not {encoded[name]!r}" for name in _COUNTS
              if not _is_count(encoded.get(name, 0))]
    packrat = encoded.get("packrat", {"queries": 0, "hits": 0})
    if not isinstance(packrat, Mapping) or set(packrat) != {"queries", "hits"}:
        found.append("packrat must hold queries and hits, nothing else")
    elif not all(map(_is_count, packrat.values())) or packrat["hits"] > packrat["queries"]:
        found.append("packrat must hold counts, no more hits than queries")
    if not isinstance(encoded.get("last_reason", ""), str):
        found.append("last_reason must be a text")
    ratio = encoded.get("buffer_fill_ratio", 0.0)
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not ratio >= 0:
        found.append(f"buffer_fill_ratio must be a share, not {ratio!r}")
    return found


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def encode_hint(hint: DemandHint) -> dict[str, Any]:
    """A demand hint as JSON values; what is None is left out."""
    boundary = to_symbol(hint.frame_boundary) if hint.frame_boundary else None
    fields = {"action": hint.action.value, "min_bytes": hint.min_bytes, "preferred_bytes": hint.preferred_bytes,
              "frame_boundary": boundary, "reason": hint.reason}
    return {name: value for name, value in fields.items() if value is not None}
