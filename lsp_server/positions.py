"""Between the positions of the protocol and those of the engine: the only place that converts.

The protocol counts code units of the encoding that client and server agreed on, the engine code points.  Positions past
a line's end or past the last line are clamped, as LSP says; a position inside a character is no position.
Knows lines, not documents.  Invariant: only the lines that are asked for are looked at.
"""

from __future__ import annotations

from typing import Protocol

from engine.parse.source import Position, Span, column_from_units, units_from_column

__all__ = ["ENCODINGS", "Lines", "Positions"]

ENCODINGS = ("utf-8", "utf-16", "utf-32")
"""Everything the protocol defines; the client's first preference among them is taken."""


class Lines(Protocol):
    """A text, line by line; each line with its line end."""

    @property
    def line_count(self) -> int:
        """How many lines there are: one more than line ends."""

    def line(self, index: int) -> str:
        """One line with its line end."""


class Positions:
    """The conversions in one encoding."""

    __slots__ = ("encoding",)

    def __init__(self, encoding: str = "utf-16") -> None:
        self.encoding = encoding

    def position(self, lines: Lines, line: int, character: int) -> Position | None:
        """The clamped position; None inside a character."""
        last = lines.line_count - 1
        if line > last:
            return Position(last, len(lines.line(last)))
        column = column_from_units(lines.line(line), character, self.encoding)
        return None if column is None else Position(line, column)

    def span(self, lines: Lines, start: tuple[int, int], end: tuple[int, int]) -> Span | str:
        """The clamped span, or why there is none."""
        if start > end:
            return "a range that ends before it starts"
        first, last = self.position(lines, *start), self.position(lines, *end)
        if first is None or last is None:
            return "a position inside a character"
        return Span(first, last)

    def units(self, lines: Lines, span: Span) -> tuple[int, int, int, int]:
        """Line and character of the start and of the end of a span."""
        start, end = span.start, span.end
        if self.encoding == "utf-32":
            return start.line, start.column, end.line, end.column
        line = lines.line(start.line)
        last = line if end.line == start.line else lines.line(end.line)
        return (
            start.line,
            units_from_column(line, start.column, self.encoding),
            end.line,
            units_from_column(last, end.column, self.encoding),
        )

    def range_json(self, lines: Lines, span: Span) -> str:
        """A span as the JSON text of a `Range`."""
        line, character, end_line, end_character = self.units(lines, span)
        return (
            f'{{"start":{{"line":{line},"character":{character}}},'
            f'"end":{{"line":{end_line},"character":{end_character}}}}}'
        )
