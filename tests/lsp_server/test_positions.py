"""Positions of the protocol and of the engine, in each encoding, against Python's own codecs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.source import Position, Span, split_lines
from lsp_server.positions import ENCODINGS, Positions

CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXTS = st.text(st.sampled_from(list("aé漢😀\u0301\r\n\x0b\x0c\u2028\u0085")), max_size=20)


class Text:
    """Lines as the converter wants them."""

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)

    @property
    def line_count(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> str:
        return self.lines[index]


def units(text: str, encoding: str) -> int:
    codec, size = CODECS[encoding]
    return len(text.encode(codec)) // size


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=TEXTS, data=st.data())
def test_a_position_in_the_text_survives_both_conversions(encoding: str, text: str, data: st.DataObject) -> None:
    lines = Text(text)
    line = data.draw(st.integers(0, lines.line_count - 1))
    content = lines.line(line).rstrip("\r\n")
    column = data.draw(st.integers(0, len(content)))
    position = Position(line, column)

    written = json.loads(Positions(encoding).range_json(lines, Span(position, position)))

    assert written["start"] == {"line": line, "character": units(content[:column], encoding)}
    assert Positions(encoding).position(lines, line, written["start"]["character"]) == position


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("line", "character", "clamped"),
    [(0, 99, (0, 2)), (1, 3, (1, 1)), (2, 0, (2, 1)), (7, 0, (2, 1)), (2**31 - 1, 2**31 - 1, (2, 1))],
)
def test_a_position_past_the_end_is_clamped(encoding: str, line: int, character: int, clamped: tuple[int, int]) -> None:
    lines = Text("é😀\r\na\rz")
    expected = Position(*clamped) if line != 2 or character else Position(2, 0)

    assert Positions(encoding).position(lines, line, character) == expected


@pytest.mark.parametrize(("encoding", "inside"), [("utf-8", [1, 3, 4, 5]), ("utf-16", [2]), ("utf-32", [])])
def test_a_position_inside_a_character_is_none(encoding: str, inside: list[int]) -> None:
    lines = Text("é😀\n")
    length = units("é😀", encoding)
    positions = Positions(encoding)

    assert [at for at in range(length + 1) if positions.position(lines, 0, at) is None] == inside


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ((0, 0), (0, 0), Span(Position(0, 0), Position(0, 0))),
        ((0, 1), (9, 9), Span(Position(0, 1), Position(1, 1))),
        ((9, 0), (9, 9), Span(Position(1, 1), Position(1, 1))),
        ((0, 2), (0, 1), "a range that ends before it starts"),
        ((1, 0), (0, 9), "a range that ends before it starts"),
        ((0, 0), (0, 1), Span(Position(0, 0), Position(0, 1))),
        ((0, 2), (0, 3), "a position inside a character"),
    ],
)
def test_a_range_is_clamped_or_refused(start: tuple[int, int], end: tuple[int, int], found: object) -> None:
    assert Positions("utf-16").span(Text("a😀\nb"), start, end) == found
