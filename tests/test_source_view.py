"""Views of a source text: a window over a stream knows what a view of the whole text knows."""

from __future__ import annotations

import io
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.source import Position, split_lines
from engine.source_view import MARKS, NO_TEXT, WholeView, WindowView

TEXT = "\ufeffa\r\nb\rc\n\n日本\t🌊\udcff\ud800\n" * 3 + "last"
PIECES = ["a", "\r", "\n", "é", "日", "🌊", "\udcff", " ", "xyz", "\ufeff"]


def positions(text: str) -> list[Position]:
    return [Position(row, column) for row, line in enumerate(split_lines(text)) for column in range(len(line) + 1)]


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def window_over(text: str, sizes: list[int], window: int, *, again: bool) -> WindowView:
    """A window that was fed the whole text in parts of the sizes, in turn."""
    view = WindowView((lambda: io.BytesIO(encoded(text))) if again else None, window)
    at, turn = 0, 0
    while at < len(text):
        view.feed(text[at : at + sizes[turn % len(sizes)]])
        at += sizes[turn % len(sizes)]
        turn += 1
    return view


def test_a_whole_view_counts_bytes_as_they_are_in_the_file() -> None:
    text = TEXT.replace("\ud800", "")
    view, data = WholeView(text), encoded(text)
    starts = list(accumulate((len(line) for line in split_lines(text)), initial=0))

    for position in positions(text):
        before = text[: starts[position.line] + position.column]
        assert view.byte_at(position) == len(encoded(before))
    assert view.byte_at(positions(text)[-1]) == len(data)


@pytest.mark.parametrize("position", [Position(99, 0), Position(-1, 0)])
def test_a_place_outside_of_the_text_is_unknown(position: Position) -> None:
    view = WholeView(TEXT)

    assert view.byte_at(position) is None
    assert view.piece(position.line, 0, 5) is None


def test_a_piece_has_no_line_break() -> None:
    view = WholeView("ab\r\ncd\re\n")

    assert [view.piece(line, 0, 9) for line in range(4)] == ["ab", "cd", "e", ""]
    assert view.piece(0, 1, 2) == "b"
    assert NO_TEXT.piece(0, 0, 5) == ""
    assert NO_TEXT.byte_at(Position(0, 0)) == 0


@given(
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.integers(1, 12),
)
def test_a_window_over_a_file_knows_what_a_whole_view_knows(text: str, sizes: list[int], window: int) -> None:
    view, whole = window_over(text, sizes, window, again=True), WholeView(text)

    for position in positions(text):
        assert view.byte_at(position) == whole.byte_at(position), position
        assert (view.piece(position.line, position.column, position.column + 3) or "") == whole.piece(
            position.line, position.column, position.column + 3
        ), position


def test_a_window_over_a_pipe_knows_its_end_only() -> None:
    text = "".join(f"line {number}\n" for number in range(1000))
    view, whole = window_over(text, [64], 200, again=False), WholeView(text)

    assert view.byte_at(Position(3, 2)) is None
    assert view.piece(3, 0, 9) is None
    assert view.byte_at(Position(999, 2)) == whole.byte_at(Position(999, 2))
    assert view.piece(999, 0, 9) == "line 999"


def test_a_place_that_was_noted_stays_known_in_a_pipe() -> None:
    text = "é\n" + "".join(f"line {number}\n" for number in range(1000))
    view, whole = WindowView(window=100), WholeView(text)
    view.feed(text[:100])
    view.note([Position(3, 2), Position(3, 4), Position(700, 0)])
    for at in range(100, len(text), 100):
        view.feed(text[at : at + 100])

    for position in (Position(3, 2), Position(3, 4)):
        assert view.byte_at(position) == whole.byte_at(position)
    assert view.piece(3, 1, 99) == "ine 2"
    assert view.byte_at(Position(3, 3)) is None
    assert view.byte_at(Position(4, 0)) is None


def test_a_window_keeps_no_more_than_it_says() -> None:
    view = WindowView(window=100)
    for number in range(5000):
        view.feed(f"{number}\n" * 10)

    assert sum(map(len, view._texts)) < 4 * 100
    assert len(view._marks) <= MARKS


def test_a_file_that_went_away_leaves_what_is_far_back_unknown() -> None:
    def gone() -> io.BytesIO:
        raise FileNotFoundError(2, "gone")

    view = WindowView(gone, window=10)
    for _ in range(50):
        view.feed("abc\n")

    assert view.byte_at(Position(0, 1)) is None
    assert view.piece(49, 0, 3) == "abc"
