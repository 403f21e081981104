"""Demands, their formula, frame boundaries, and what becomes of a feeder that breaks its contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.feeder import (
    Action,
    Await,
    Chunk,
    Closed,
    DemandHint,
    FeederError,
    SpanBoundary,
    StreamError,
    StreamErrorKind,
    TokenClass,
    Unsupported,
    ask,
    demand_hint,
    of_symbol,
    to_symbol,
)

HINT = DemandHint(64, 256)


@pytest.mark.parametrize(
    "least, preferred, says",
    [
        (0, None, "min_bytes"),
        (-1, None, "min_bytes"),
        (1, 0, "preferred_bytes"),
        (1, -5, "preferred_bytes"),
        (9, 8, "below"),
    ],
)
def test_a_hint_that_makes_no_sense_is_refused(least, preferred, says) -> None:
    with pytest.raises(ValueError, match=says):
        DemandHint(least, preferred)


def test_a_hint_may_prefer_exactly_its_minimum() -> None:
    assert DemandHint(64, 64).preferred_bytes == 64


def test_there_are_two_actions() -> None:
    assert [action.value for action in Action] == ["continue", "pause"]


@pytest.mark.parametrize(
    "given_, least, preferred",
    [
        ({"watermark": 0, "buffered": 0}, 64, 256),  # without a watermark four times the minimum
        ({"watermark": 1000, "buffered": 200}, 800, 3200),
        ({"watermark": 200, "buffered": 1000}, 64, 256),
        ({"watermark": 0, "buffered": 0, "high_watermark": 4096}, 64, 4096),
        ({"watermark": 0, "buffered": 0, "high_watermark": 4096, "demand_cap": 1000}, 64, 1000),
        ({"watermark": 0, "buffered": 0, "high_watermark": 4096, "demand_cap": 9000}, 64, 4096),
        ({"watermark": 0, "buffered": 0, "high_watermark": 10}, 64, 64),  # never below the minimum
        ({"watermark": 0, "buffered": 0, "high_watermark": 0}, 64, 64),
        ({"watermark": 0, "buffered": 0, "demand_cap": 100}, 64, 100),
        ({"watermark": 0, "buffered": 0, "demand_cap": 1}, 64, 64),
        ({"watermark": 0, "buffered": 0, "least": 4, "preferred": 8}, 4, 8),
        ({"watermark": 0, "buffered": 0, "least": 100, "preferred": 8}, 100, 100),
    ],
)
def test_the_formula_of_a_demand(given_, least, preferred) -> None:
    hint = demand_hint(**given_)

    assert (hint.min_bytes, hint.preferred_bytes) == (least, preferred)


amounts = st.integers(0, 1 << 40)


@given(amounts, amounts, st.none() | amounts, st.none() | amounts)
def test_every_demand_is_a_valid_hint_that_follows_the_formula(watermark, buffered, high, cap) -> None:
    hint = demand_hint(watermark=watermark, buffered=buffered, high_watermark=high, demand_cap=cap)

    assert hint.min_bytes == max(64, watermark - buffered)
    wanted = 4 * hint.min_bytes if high is None else high
    assert hint.preferred_bytes == max(hint.min_bytes, wanted if cap is None else min(wanted, cap))


# ----------------------------------------------------------------------------------------------------- frame boundaries
names = st.text(min_size=1, max_size=12)


@given(names.map(TokenClass) | names.map(SpanBoundary))
def test_frame_boundaries_survive_the_way_to_symbols_and_back(boundary) -> None:
    assert of_symbol(to_symbol(boundary)) == boundary


@pytest.mark.parametrize("symbol", ["", "NL", "token:", "span:", "line:3", ":NL", "token", "Token:NL"])
def test_an_unknown_symbol_is_unsupported_and_a_feeder_bug(symbol: str) -> None:
    found = of_symbol(symbol)

    assert found == Unsupported(symbol)
    assert found.error.kind is StreamErrorKind.FEEDER_BUG
    assert repr(symbol) in found.error.message


def test_a_token_class_must_be_a_kind_where_the_kinds_are_known() -> None:
    assert of_symbol("token:NL", {"NL"}) == TokenClass("NL")
    assert of_symbol("token:ML", {"NL"}) == Unsupported("token:ML")
    assert of_symbol("span:Block", {"NL"}) == SpanBoundary("Block")


# --------------------------------------------------------------------------------------------------------------- asking
@pytest.mark.parametrize("answer", [Chunk(b"x"), Chunk("x"), Chunk(b""), Await(), Closed()])
def test_an_honest_answer_is_passed_on(answer) -> None:
    assert ask(lambda _: answer, HINT) is answer


def test_an_error_answer_is_passed_on() -> None:
    error = FeederError(StreamError(StreamErrorKind.DECODER_FAILED, "bad frame"))

    assert ask(lambda _: error, HINT) is error


@pytest.mark.parametrize("content", [bytearray(b"abc"), memoryview(b"abc")])
def test_a_mutable_chunk_is_copied_at_once(content) -> None:
    assert ask(lambda _: Chunk(content), HINT) == Chunk(b"abc")


def raising(error: BaseException):
    def feeder(_):
        raise error

    return feeder


@pytest.mark.parametrize(
    "feeder, kind, says",
    [
        (raising(FileNotFoundError(2, "No such file or directory")), StreamErrorKind.IO_FAILED, "No such file"),
        (raising(OSError("gone")), StreamErrorKind.IO_FAILED, "gone"),
        (raising(UnicodeDecodeError("utf-16", b"a", 0, 1, "odd")), StreamErrorKind.DECODER_FAILED, "utf-16"),
        (raising(ZeroDivisionError("nil")), StreamErrorKind.FEEDER_BUG, "ZeroDivisionError: nil"),
        (lambda _: None, StreamErrorKind.FEEDER_BUG, "NoneType"),
        (lambda _: b"raw", StreamErrorKind.FEEDER_BUG, "bytes"),
        (lambda _: Chunk(17), StreamErrorKind.FEEDER_BUG, "int"),  # type: ignore[arg-type]
        (Closed, StreamErrorKind.FEEDER_BUG, "TypeError"),
    ],
)
def test_whatever_a_feeder_does_is_a_value(feeder, kind, says) -> None:
    answer = ask(feeder, HINT)

    assert isinstance(answer, FeederError)
    assert answer.error.kind is kind
    assert says in answer.error.message


def test_an_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(raising(KeyboardInterrupt()), HINT)


def test_the_cause_of_a_failed_read_is_its_errno() -> None:
    answer = ask(raising(PermissionError(13, "Permission denied")), HINT)

    assert isinstance(answer, FeederError)
    assert answer.error.cause == "errno 13"
    assert answer.error.code == "parser.stream.io_failed"
