"""Pieces of source with carets under what is meant.

A line may be a megabyte long or hold anything at all; only what is shown is read from the view, and every caret stands
under the terminal columns of its characters. Knows no diagnostics and no colours (styles are names).
Invariant: no row is wider than asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from engine.cli.display import cells, display_width
from engine.cli.styled import Line
from engine.parse.source import Position, Span
from engine.source_view import SourceView

__all__ = ["changed_excerpt", "excerpt"]

_CUT = "…"
#: the narrowest source column that is still of use
_LEAST = 16


@dataclass(frozen=True, slots=True)
class _Crop:
    """The shown part of a line: its text, the display column at each of its code points and at its end."""

    text: str
    first: int
    edges: tuple[int, ...]

    def column(self, code_point: int) -> int:
        """The display column of a code point of the line, at the nearest edge when it is not shown."""
        return self.edges[max(0, min(code_point - self.first, len(self.edges) - 1))]


def excerpt(view: SourceView, span: Span, width: int, style: str, context: int = 1) -> Iterator[Line]:
    """The first and the last line of a span with carets below, after up to `context` lines before it.

    Nothing where the view does not have the text.
    """
    gutter = len(str(span.end.line + 1))
    room = max(_LEAST, width - gutter - 3)
    for line in range(max(0, span.start.line - context), span.start.line):
        before = view.piece(line, 0, room + 1)
        if before and not before.isspace():
            yield _source_row(gutter, line, _cropped(view, line, 0, 0, room))
    rows = _rows(span)
    for index, (line, start, end) in enumerate(rows):
        crop = _cropped(view, line, start, start + 1 if end is None else end, room)
        if crop is None:
            return
        if index and line > rows[index - 1][0] + 1:
            yield [(" " * gutter + "...", "gutter")]
        yield _source_row(gutter, line, crop)
        yield _mark_row(gutter, crop, start, end, "^", style)


def changed_excerpt(view: SourceView, edits: Sequence[tuple[Span, str]], width: int) -> Iterator[Line]:
    """The line as it is after edits, what is new marked below; nothing for edits that are not all in one line."""
    ordered = sorted(edits, key=lambda edit: edit[0])
    lines = {position.line for span, _ in ordered for position in (span.start, span.end)}
    if len(lines) != 1 or any("\n" in text or "\r" in text for _, text in ordered):
        return
    line = lines.pop()
    gutter = len(str(line + 1))
    room = max(_LEAST, width - gutter - 3)
    changed = _Changed(view, line, ordered, room)
    if changed.text is None:
        return
    first, last = changed.new[0][0], changed.new[-1][1]
    crop = _cropped(changed, line, first, last, room)
    if crop is None:
        return
    yield _source_row(gutter, line, crop)
    marks = [(start, end) for start, end in changed.new if end > start]
    if marks:
        yield [(" " * gutter + " | ", "gutter"), (_marks(crop, marks), "fix")]


class _Changed:
    """The view of one line after edits; `new` are the columns of what was put in."""

    def __init__(self, view: SourceView, line: int, edits: Sequence[tuple[Span, str]], room: int) -> None:
        self.new: list[tuple[int, int]] = []
        self._offset = max(0, edits[0][0].start.column - room)  # far from a long line's edits nothing is of interest
        text = view.piece(line, self._offset, edits[-1][0].end.column + room)
        self.text = text
        grown = 0
        for span, put in edits:
            start = span.start.column + grown
            self.new.append((start, start + len(put)))
            if self.text is not None:
                at = start - self._offset
                self.text = self.text[:at] + put + self.text[at + span.end.column - span.start.column :]
            grown += len(put) - (span.end.column - span.start.column)

    def byte_at(self, position: Position) -> int | None:  # noqa: ARG002
        """Unknown: the changed text is in no file."""
        return None

    def piece(self, line: int, start: int, end: int) -> str | None:  # noqa: ARG002
        """The text between two columns of the changed line."""
        return (self.text or "")[max(0, start - self._offset) : max(0, end - self._offset)]


def _rows(span: Span) -> list[tuple[int, int, int | None]]:
    """The lines to show of a span with the columns to mark; None is up to the line's end."""
    start, end = span.start, span.end
    if start.line == end.line:
        return [(start.line, start.column, end.column)]
    rows: list[tuple[int, int, int | None]] = [(start.line, start.column, None)]
    return [*rows, (end.line, 0, end.column)] if end.column else rows


def _cropped(view: SourceView, line: int, start: int, end: int, room: int) -> _Crop | None:
    """As much of a line as fits, around the columns `start` to `end`."""
    first = _first_shown(view, line, start, end, room)
    text = view.piece(line, first, first + room + 1)
    if text is None:
        first = start
        text = view.piece(line, start, start + room + 1)
        if text is None:
            return None
    lead = _CUT if first else ""
    edges = list(accumulate((width for _, width in cells(text)), initial=len(lead)))
    fits = sum(edge <= room for edge in edges) - 1
    if fits == len(text):
        return _Crop(lead + _shown(text), first, tuple(edges))
    fits = sum(edge < room for edge in edges) - 1  # one column for the mark of the cut
    return _Crop(lead + _shown(text[:fits]) + _CUT, first, tuple(edges[: fits + 1]))


def _first_shown(view: SourceView, line: int, start: int, end: int, room: int) -> int:
    """The first code point to show: 0 if what is meant is then well in sight, else somewhat before it."""
    if start <= room:
        head = view.piece(line, 0, min(end, start + room // 2))
        if head is not None and display_width(head) < room * 3 // 4:
            return 0
        whole = view.piece(line, 0, room + 1)
        if whole is not None and display_width(whole) + (start >= len(whole)) <= room:  # room for a caret behind it
            return 0
    before = view.piece(line, max(0, start - room // 3), start) or ""
    while display_width(before) > room // 3:
        before = before[1:]
    return max(0, start - len(before))


def _shown(text: str) -> str:
    return "".join(shown for shown, _ in cells(text))


def _source_row(gutter: int, line: int, crop: _Crop | None) -> Line:
    return [(f"{line + 1:>{gutter}} | ", "gutter"), (crop.text if crop else "", "")]


def _mark_row(gutter: int, crop: _Crop, start: int, end: int | None, mark: str, style: str) -> Line:
    """The carets; at least one, so that the place of something missing is shown too."""
    at = crop.column(start)
    until = crop.edges[-1] if end is None else crop.column(end)
    return [(" " * gutter + " | ", "gutter"), (" " * at + mark * max(1, until - at), style)]


def _marks(crop: _Crop, marks: Sequence[tuple[int, int]]) -> str:
    row = ""
    for start, end in marks:
        at = crop.column(start)
        row = row.ljust(at) + "+" * max(1, crop.column(end) - at)
    return row
