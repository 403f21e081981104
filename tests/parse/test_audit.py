"""The four audit events and their bound."""

from __future__ import annotations

import json

import pytest

from engine.parse.audit import PENDING_BYTES, Failed, Figures, Paused, Progress
from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.expected import Expectation, ExpectationSummary
from engine.parse.feeder import DemandHint, SpanBoundary, StreamError, StreamErrorKind
from engine.parse.meta import Buffered, ContinuationMeta, StreamMeta
from engine.parse.source import Position, Span
from tests.parse.toy_language import toy_machine

HERE = Span(Position(1, 2), Position(3, 4))


def meta_with(labels: list[str], label: str | None = "Let") -> ContinuationMeta:
    alternatives = tuple(Expectation("keyword", text) for text in labels)
    summary = ExpectationSummary("parse.expected", f"expected {' or '.join(labels)}", None, alternatives)
    hint = DemandHint(64, 256, SpanBoundary("Block"), "input.exhausted")
    lineage = " ".join(f"await@{10**9 + n}" for n in range(8))
    return ContinuationMeta(10**9, Buffered(Cursor.begin(toy_machine())), hint, summary, HERE, label, lineage)


def test_progress_is_encoded_with_its_share_only_where_it_is_known() -> None:
    assert Progress(10, 2, 30).encoded() == {
        "event": "parser.stream.progress",
        "consumed_bytes": 10,
        "produced": 2,
        "lap": 30,
    }
    assert Progress(10, 2, 30, 1 / 3).encoded()["buffer_fill_ratio"] == 0.3333


def test_a_pause_is_encoded_with_reason_hint_and_expectations() -> None:
    encoded = Paused("input.exhausted", meta_with(["fn", "let"])).encoded()

    assert encoded["event"] == "parser.stream.pending"
    assert encoded["pending.reason"] == "input.exhausted"
    assert encoded["resume_hint"]["frame_boundary"] == "span:Block"
    assert encoded["last_checkpoint"] == [1, 2, 3, 4]
    assert [item["label"] for item in encoded["expected"]["alternatives"]] == ["fn", "let"]
    assert len(encoded["resume_lineage"]) == 8


@pytest.mark.parametrize("letter", ["x", "ä", "\U0001f600", '"', "\n"])
def test_a_pause_stays_small_whatever_the_names_are(letter: str) -> None:
    meta = meta_with([letter * 500] * 12, letter * 500)
    note = Diagnostic("parser.stream.pending", Severity.HINT, letter * 2000, HERE)
    encoded = Paused("pending.backpressure.throttle", meta, note).encoded()

    assert len(json.dumps(encoded)) <= PENDING_BYTES
    assert encoded["resume_hint"]["min_bytes"] == 64


def test_an_error_is_encoded_with_its_kind_and_the_last_reason() -> None:
    error = StreamError(StreamErrorKind.IO_FAILED, "gone", "errno 5")
    diagnostic = Diagnostic(error.code, Severity.ERROR, "gone", HERE)

    assert Failed(error, diagnostic, "feeder.await", HERE).encoded() == {
        "event": "parser.stream.error",
        "stream.last_reason": "feeder.await",
        "error": {"kind": "io_failed", "message": "gone", "cause": "errno 5", "code": "parser.stream.io_failed"},
        "last_checkpoint": [1, 2, 3, 4],
    }
    assert "last_checkpoint" not in Failed(error, diagnostic, "feeder.await").encoded()


def test_figures_are_encoded_as_stream_meta() -> None:
    encoded = Figures(StreamMeta(bytes_consumed=3)).encoded()

    assert encoded["event"] == "parser.stream.metrics"
    assert encoded["stream_meta"]["bytes_consumed"] == 3
