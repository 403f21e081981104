"""What a stream says about itself, and the validator of what others wrote."""

from __future__ import annotations

import pytest

from engine.parse.cursor import Cursor
from engine.parse.expected import Expectation, ExpectationSummary
from engine.parse.feeder import Action, DemandHint, TokenClass
from engine.parse.meta import (
    Buffered,
    Packrat,
    StreamMeta,
    bounded_expectations,
    encode_hint,
    lengthened,
    stream_meta_problems,
)
from tests.parse.toy_language import toy_machine


def test_a_view_of_text_counts_and_gives_bytes() -> None:
    view = Buffered(Cursor.begin(toy_machine()).feed("a\u00e4\udcff".encode("utf-8", "surrogateescape") + b"\xe2\x82"))

    assert len(view) == 6
    assert bytes(view) == b"a\xc3\xa4\xff\xe2\x82"
    assert repr(view) == "Buffered(6 bytes)"
    assert view == Buffered(Cursor.begin(toy_machine()).feed("aä".encode() + b"\xff\xe2\x82"))
    assert view != Buffered(Cursor.begin(toy_machine()))


def test_no_more_than_twelve_expectations_are_carried_along() -> None:
    many = tuple(Expectation("token", str(n)) for n in range(20))
    summary = ExpectationSummary("parse.expected", "expected things", None, many, tuple(map(str, range(20))))

    assert bounded_expectations(summary).alternatives == many[:12]
    assert len(bounded_expectations(summary).locale_args) == 12
    few = ExpectationSummary("parse.expected", "expected things", None, many[:12])
    assert bounded_expectations(few) is few


def test_a_lineage_forgets_what_is_old() -> None:
    lineage = ""
    for number in range(20):
        lineage = lengthened(lineage, f"await@{number}")

    assert lineage.split() == [f"await@{number}" for number in range(12, 20)]


def test_a_hint_is_encoded_without_what_is_not_set() -> None:
    assert encode_hint(DemandHint(64)) == {"action": "continue", "min_bytes": 64}
    assert encode_hint(DemandHint(64, 256, TokenClass("NL"), "pending.backpressure", Action.PAUSE)) == {
        "action": "pause",
        "min_bytes": 64,
        "preferred_bytes": 256,
        "frame_boundary": "token:NL",
        "reason": "pending.backpressure",
    }


FULL = StreamMeta(42, 2, 1, 1, 3, "feeder.await", Packrat(9, 7), 1000, 2, 5, 0.25, 17)


def test_the_figures_are_encoded_in_full() -> None:
    assert FULL.encoded() == {
        "bytes_consumed": 42,
        "chunks_consumed": 2,
        "await_count": 1,
        "resume_count": 1,
        "backpressure_events": 3,
        "last_reason": "feeder.await",
        "packrat": {"queries": 9, "hits": 7},
        "memo_bytes": 1000,
        "diagnostics_pending": 2,
        "lag_nanos": 5,
        "buffer_fill_ratio": 0.25,
        "resume_latency_ns": 17,
    }
    assert "last_reason" not in StreamMeta().encoded()


@pytest.mark.parametrize("meta", [FULL, StreamMeta()])
def test_what_is_encoded_is_valid(meta: StreamMeta) -> None:
    assert stream_meta_problems(meta.encoded()) == []


@pytest.mark.parametrize(
    "change, says",
    [
        ({"bytes_consumed": -1}, "bytes_consumed must be a count"),
        ({"chunks_consumed": "2"}, "chunks_consumed must be a count"),
        ({"await_count": True}, "await_count must be a count"),
        ({"memo_bytes": 1.5}, "memo_bytes must be a count"),
        ({"consumed_bytes": 3}, "consumed_bytes is not known"),
        ({"packrat": {"queries": 1}}, "packrat must hold queries and hits"),
        ({"packrat": {"queries": 1, "hits": 2}}, "no more hits than queries"),
        ({"packrat": [1, 2]}, "packrat must hold"),
        ({"last_reason": 3}, "last_reason must be a text"),
        ({"buffer_fill_ratio": -0.5}, "buffer_fill_ratio must be a share"),
        ({"buffer_fill_ratio": "full"}, "buffer_fill_ratio must be a share"),
    ],
)
def test_what_is_wrong_with_figures_from_outside_is_said(change, says: str) -> None:
    (problem,) = stream_meta_problems({**FULL.encoded(), **change})

    assert says in problem


def test_figures_that_are_missing_are_named() -> None:
    assert stream_meta_problems({}) == [
        "bytes_consumed is missing",
        "chunks_consumed is missing",
        "await_count is missing",
        "resume_count is missing",
        "backpressure_events is missing",
    ]
