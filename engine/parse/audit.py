"""What happens to a stream, told as it happens: progress, pauses, errors, figures.

An observer (`StreamingConfig.on_diagnostic`) gets these values; `encoded` gives the flat JSON object that an audit log
keeps.  Times are nanoseconds.

Knows no parser.  Invariant: an encoded pause takes at most `PENDING_BYTES` as JSON, whatever the grammar's names are.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from engine.parse.diagnostics import Diagnostic
from engine.parse.expected import ExpectationSummary
from engine.parse.feeder import StreamError
from engine.parse.meta import ContinuationMeta, StreamMeta, encode_hint
from engine.parse.source import Span

__all__ = ["PENDING_BYTES", "Failed", "Figures", "Paused", "Progress", "StreamEvent", "encode_expected", "encode_span"]

#: bytes of JSON that a pause may take in a log
PENDING_BYTES: Final = 1500
#: characters of a sentence or name that are kept when a pause would get too long
_KEPT_TEXT: Final = 120
#: and when even that is too much, because JSON takes twelve bytes for each of them
_LEAST_TEXT: Final = 40


@dataclass(frozen=True, slots=True)
class Progress:
    """A part of the text was parsed; `produced` counts diagnostics so far, `lap` is the time since the last event."""

    consumed: int
    produced: int
    lap: int
    buffer_fill_ratio: float | None = None

    @property
    def name(self) -> str:
        """The event's name."""
        return "parser.stream.progress"

    def encoded(self) -> dict[str, Any]:
        """As JSON values."""
        out: dict[str, Any] = {"event": self.name, "consumed_bytes": self.consumed, "produced": self.produced,
                               "lap": self.lap}
        return out if self.buffer_fill_ratio is None else {**out, "buffer_fill_ratio": round(self.buffer_fill_ratio, 4)}


@dataclass(frozen=True, slots=True)
class Paused:
    """The stream stands still; `note` is there when resume notes are switched on."""

    reason: str
    meta: ContinuationMeta
    note: Diagnostic | None = None

    @property
    def name(self) -> str:
        """The event's name."""
        return "parser.stream.pending"

    def encoded(self) -> dict[str, Any]:
        """As JSON values, at most `PENDING_BYTES` of them: what is least needed is left out until it fits."""
        meta, expected = self.meta, self.meta.expected_tokens
        out: dict[str, Any] = {
            "event": self.name, "pending.reason": self.reason, "resume_hint": encode_hint(meta.resume_hint),
            "commit_watermark": meta.commit_watermark, "buffered_bytes": len(meta.buffered),
            "resume_lineage": list(meta.resume_lineage), "expected": encode_expected(expected),
        }
        if meta.trace_label is not None:
            out["trace_label"] = meta.trace_label[:_KEPT_TEXT]
        if meta.last_checkpoint is not None:
            out["last_checkpoint"] = encode_span(meta.last_checkpoint)
        if self.note is not None:
            out["note"] = self.note.message[:_KEPT_TEXT]
        alternatives = out["expected"]["alternatives"]
        while alternatives and len(json.dumps(out)) > PENDING_BYTES:
            alternatives.pop()
        for extra in ("note", "trace_label"):
            if len(json.dumps(out)) > PENDING_BYTES:
                out.pop(extra, None)
        if len(json.dumps(out)) > PENDING_BYTES:
            out["expected"]["humanized"] = expected.humanized[:_LEAST_TEXT]
        return out


@dataclass(frozen=True, slots=True)
class Failed:
    """The input ended by an error; `last_checkpoint` is where the parser was sure of itself."""

    error: StreamError
    diagnostic: Diagnostic
    last_reason: str
    last_checkpoint: Span | None = None

    @property
    def name(self) -> str:
        """The event's name."""
        return "parser.stream.error"

    def encoded(self) -> dict[str, Any]:
        """As JSON values."""
        error = self.error
        out: dict[str, Any] = {
            "event": self.name, "stream.last_reason": self.last_reason,
            "error": {"kind": error.kind.value, "message": error.message, "cause": error.cause, "code": error.code},
        }
        return out if self.last_checkpoint is None else {**out, "last_checkpoint": encode_span(self.last_checkpoint)}


@dataclass(frozen=True, slots=True)
class Figures:
    """What a stream has cost; told once, when it is over."""

    meta: StreamMeta

    @property
    def name(self) -> str:
        """The event's name."""
        return "parser.stream.metrics"

    def encoded(self) -> dict[str, Any]:
        """As JSON values."""
        return {"event": self.name, "stream_meta": self.meta.encoded()}


StreamEvent = Progress | Paused | Failed | Figures


def encode_expected(summary: ExpectationSummary) -> dict[str, Any]:
    """What may come next, as JSON values."""
    return {
        "message_key": summary.message_key, "humanized": summary.humanized[:_KEPT_TEXT],
        "alternatives": [{"kind": e.kind, "label": e.label[:_KEPT_TEXT]} for e in summary.alternatives],
    }


def encode_span(span: Span) -> list[int]:
    """Line and column of the start, line and column of the end, all from 0."""
    return [span.start.line, span.start.column, span.end.line, span.end.column]
