"""Lines, bytes, columns."""
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.source import (
    Position,
    Span,
    Utf8Decoder,
    bad_sequences,
    column_from_units,
    has_escapes,
    line_end,
    split_lines,
    units_from_column,
    utf8_length,
)

NASTY = st.text(st.sampled_from("ab\n\r\t\f\v\x00\x1c\x85\u2028\u2029é€😀\ud800\udc80\ufeff"), max_size=40)


@pytest.mark.parametrize(("text", "lines"), [
    ("", [""]), ("a", ["a"]), ("a\n", ["a\n", ""]), ("a\r\nb\rc\nd", ["a\r\n", "b\r", "c\n", "d"]),
    ("\r\r\n\n", ["\r", "\r\n", "\n", ""]),
    ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", ["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"]),
])
def test_only_three_things_end_a_line(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines


@given(NASTY)
def test_lines_concatenate_to_the_text(text: str) -> None:
    lines = split_lines(text)

    assert "".join(lines) == text
    assert all(line_end(line) < len(line) for line in lines[:-1])
    assert line_end(lines[-1]) == len(lines[-1])


@given(st.binary(max_size=30), st.lists(st.integers(0, 30)))
def test_decoding_does_not_depend_on_chunks(data: bytes, cuts: list[int]) -> None:
    decoder = Utf8Decoder()
    edges = sorted({0, len(data), *(c for c in cuts if c < len(data))})
    text = "".join(decoder.decode(data[a:b]) for a, b in pairwise(edges)) + decoder.decode(b"", final=True)

    assert text == data.decode("utf-8", "surrogateescape")
    assert text.encode("utf-8", "surrogateescape") == data
    assert utf8_length(text) == len(data)


@given(st.binary(max_size=12))
def test_bad_sequences_are_the_maximal_subparts(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    replaced = data.decode("utf-8", "replace")

    found = list(bad_sequences(text))

    assert len(found) == replaced.count("\ufffd") - text.count("\ufffd")
    assert bool(found) is has_escapes(text)


@pytest.mark.parametrize(("data", "spans"), [
    (b"ok", []), (b"a\xe2\x82b", [(1, 3)]), (b"\xff\xff", [(0, 1), (1, 2)]), (b"\xf0\x9f\x98", [(0, 3)]),
    (b"\xc0\xaf", [(0, 1), (1, 2)]),
])
def test_bad_sequences(data: bytes, spans: list[tuple[int, int]]) -> None:
    assert list(bad_sequences(data.decode("utf-8", "surrogateescape"))) == spans


def test_a_lone_surrogate_is_a_bad_sequence_of_its_own() -> None:
    assert list(bad_sequences("a\ud800\udbffb")) == [(1, 2), (2, 3)]


@given(NASTY.filter(lambda t: "\n" not in t and "\r" not in t), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_columns_and_units_are_inverse(line: str, encoding: str) -> None:
    for column in range(len(line) + 1):
        assert column_from_units(line, units_from_column(line, column, encoding), encoding) == column


@pytest.mark.parametrize(("line", "units", "encoding", "column"), [
    ("a😀b", 1, "utf-16", 1), ("a😀b", 2, "utf-16", None), ("a😀b", 3, "utf-16", 2), ("aéb", 2, "utf-8", None),
    ("abc\r\n", 9, "utf-16", 3), ("é\n", 9, "utf-8", 1), ("😀", 99, "utf-16", 1),
])
def test_columns_from_units(line: str, units: int, encoding: str, column: int | None) -> None:
    assert column_from_units(line, units, encoding) == column


def test_spans_order_and_shift() -> None:
    span = Span.on_line(2, 1, 4)

    assert span.shifted(3) == Span(Position(5, 1), Position(5, 4))
    assert span < span.shifted(1)
