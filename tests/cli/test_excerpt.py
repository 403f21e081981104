"""Pieces of source with carets: what is shown, and that the carets stand under it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.cli.display import display_width
from engine.cli.excerpt import changed_excerpt, excerpt
from engine.parse.source import Position, Span
from engine.source_view import WholeView


def shown(text: str, start: tuple[int, int], end: tuple[int, int], width: int = 60, context: int = 1) -> list[str]:
    span = Span(Position(*start), Position(*end))
    return plain(excerpt(WholeView(text), span, width, "error", context))


def plain(rows) -> list[str]:
    return ["".join(text for text, _ in row).rstrip() for row in rows]


def test_a_span_is_marked_below_its_line() -> None:
    assert shown("let x = oops\n", (0, 8), (0, 12)) == ["1 | let x = oops", "  |         ^^^^"]


def test_something_missing_is_marked_where_it_is_missed() -> None:
    assert shown("f(a\n", (1, 0), (1, 0)) == ["1 | f(a", "2 |", "  | ^"]


def test_the_line_before_is_shown_unless_it_is_blank() -> None:
    assert shown("a\nb\n", (1, 0), (1, 1)) == ["1 | a", "2 | b", "  | ^"]
    assert shown(" \nb\n", (1, 0), (1, 1)) == ["2 | b", "  | ^"]
    assert shown("a\nb\n", (1, 0), (1, 1), context=0) == ["2 | b", "  | ^"]


def test_of_several_lines_the_first_and_the_last_are_shown() -> None:
    text = "\n".join(["", "x /*", *["."] * 8, "*/ y"])

    assert shown(text, (1, 2), (10, 2), context=0) == [
        " 2 | x /*",
        "   |   ^^",
        "  ...",
        "11 | */ y",
        "   | ^^",
    ]


@pytest.mark.parametrize(
    ("line", "start", "end", "marks"),
    [
        ("日本語 = 1", 0, 3, "^^^^^^"),
        ("日本語 = 1", 4, 5, "       ^"),
        ("\tx y", 1, 2, "    ^"),
        ("a\tx", 1, 2, " ^^^"),
        ("e\u0301x", 2, 3, " ^"),
        ("👨\u200d👩\u200d👧x", 5, 6, "  ^"),
        ("\x1bx", 1, 2, " ^"),
        ("\u202ex", 1, 2, "        ^"),
        ("ab\r\n", 2, 2, "  ^"),
    ],
)
def test_carets_stand_under_what_is_meant(line: str, start: int, end: int, marks: str) -> None:
    assert shown(line, (0, start), (0, end))[-1] == "  | " + marks


def test_a_long_line_is_cropped_around_the_error() -> None:
    line = "a" * 500 + "HERE" + "b" * 100_000

    source, marks = shown(line, (0, 500), (0, 504), width=60)

    assert source.startswith("1 | …a")
    assert source.endswith("b…")
    assert source[marks.index("^") : marks.rindex("^") + 1] == "HERE"


def test_a_line_that_just_fits_is_not_cropped() -> None:
    line = "x" * 56

    assert shown(line, (0, 55), (0, 56), width=60) == ["1 | " + line, "  | " + " " * 55 + "^"]


def test_an_error_longer_than_the_line_is_marked_as_far_as_it_is_seen() -> None:
    source, marks = shown('"' + "x" * 1000, (0, 0), (0, 1001), width=40)

    assert source.endswith("…")
    assert len(marks) <= 40
    assert marks.count("^") > 20


def test_where_the_text_is_unknown_nothing_is_shown() -> None:
    assert shown("a\n", (7, 0), (7, 1), context=0) == []


LINE = st.text(st.sampled_from("ab \t日🌊e\u0301\u200d\udcff\x1b\u202e"), max_size=200)


@given(LINE, st.integers(0, 200), st.integers(0, 50), st.integers(24, 90))
@example("aa日\taaaaaaa日日日", 14, 0, 25)  # a caret behind a line that takes all the room
def test_no_row_is_wider_than_asked_for(line: str, start: int, length: int, width: int) -> None:
    start = min(start, len(line))
    end = min(start + length, len(line))
    rows = shown(line, (0, start), (0, end), width=width)

    assert len(rows) == 2
    assert all(display_width(row) <= width for row in rows)
    assert "^" in rows[1]


@given(LINE.filter(bool), st.integers(0, 200), st.integers(30, 90))
def test_the_caret_is_under_its_character(line: str, at: int, width: int) -> None:
    at = min(at, len(line) - 1)
    marked = line[:at] + "H" + line[at + 1 :]
    source, marks = shown(marked, (0, at), (0, at + 1), width=width)

    column, found = 0, []
    for char in source:
        if char == "H":
            found.append(column)
        column += display_width(char)
    assert "\u200d" in source or found == [display_width(marks[: marks.index("^")])]


# ---------------------------------------------------------------------------------------------------------- after a fix
def fixed(text: str, *edits: tuple[tuple[int, int], tuple[int, int], str], width: int = 60) -> list[str]:
    spans = [(Span(Position(*start), Position(*end)), put) for start, end, put in edits]
    return plain(changed_excerpt(WholeView(text), spans, width))


def test_a_fix_shows_the_line_as_it_will_be() -> None:
    assert fixed("f(a = 1\n", ((0, 3), (0, 3), ")")) == ["1 | f(a) = 1", "  |    +"]


def test_several_edits_of_a_line_are_shown_together() -> None:
    edits = [((0, 0), (0, 1), "XY"), ((0, 3), (0, 3), "!"), ((0, 2), (0, 3), "")]

    assert fixed("abcd", edits[0], edits[1], edits[2]) == ["1 | XYb!d", "  | ++ +"]


def test_a_deletion_has_nothing_to_mark() -> None:
    assert fixed("a,,b", ((0, 1), (0, 2), "")) == ["1 | a,b"]


def test_a_fix_of_several_lines_is_told_by_its_title_only() -> None:
    assert fixed("a\nb\n", ((0, 0), (1, 0), "")) == []
    assert fixed("a\n", ((0, 1), (0, 1), "\n}")) == []


def test_a_fix_in_a_long_line_is_cropped() -> None:
    source, marks = fixed("a" * 10_000, ((0, 5000), (0, 5000), "!"), width=60)

    assert source[marks.index("+")] == "!"
    assert len(source) <= 60
