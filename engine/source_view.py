"""Views of a source text: byte offsets and pieces of lines for whoever shows a diagnostic.

A diagnostic says line and column; a report also wants the byte offset and the text around. `WholeView` has all of a
text. `WindowView` has the end of a stream, in bounded memory: positions further back are found by reading the file
again from the nearest of a bounded number of marks, and are unknown where the input cannot be read again (a pipe).
Knows no language. Invariant: columns count code points, a byte order mark included; no position makes a view raise.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import accumulate
from typing import BinaryIO, Protocol

from engine.parse.source import Position, split_lines, utf8_length

__all__ = ["NO_TEXT", "WINDOW", "SourceView", "WholeView", "WindowView"]

#: code points of a stream that stay at hand before the part that was fed last
WINDOW = 1 << 18
#: places in a stream whose byte offset is remembered; when there are more, every second one is forgotten
MARKS = 1024
#: bytes read beyond the next mark, so that a line that crosses it can be shown
OVERLAP = 1 << 12
#: code points kept of a line that is noted
NOTED_LINE = 1 << 10


class SourceView(Protocol):
    """What a report asks of a source text."""

    def byte_at(self, position: Position) -> int | None:
        """The UTF-8 offset of a position, None when it is unknown; past a line's end it is the end."""

    def piece(self, line: int, start: int, end: int) -> str | None:
        """The text between two columns of a line without its line break, None when it is unknown."""


class _Part:
    """A connected part of a text that begins at a position and a byte offset; its lines are found when needed."""

    def __init__(self, start: Position, byte: int, text: str) -> None:
        self._start = start
        self._byte = byte
        self._text = text

    def byte_at(self, position: Position) -> int | None:
        """The UTF-8 offset of a position; None outside of this part, and past a line's end that end."""
        row, column = self._inside(position.line, position.column)
        if not 0 <= row < len(self._lines) or column < 0:
            return None
        return self._line_bytes[row] + utf8_length(self._lines[row][:column])

    def piece(self, line: int, start: int, end: int) -> str | None:
        """The text between two columns of a line, as much of it as is here; None outside of this part."""
        row, first = self._inside(line, start)
        if not 0 <= row < len(self._lines):
            return None
        return self._lines[row][max(0, first) : max(0, first + end - start)].rstrip("\r\n")

    @cached_property
    def _lines(self) -> list[str]:
        return split_lines(self._text)

    @cached_property
    def _line_bytes(self) -> list[int]:
        return list(accumulate(map(utf8_length, self._lines), initial=self._byte))

    def _inside(self, line: int, column: int) -> tuple[int, int]:
        """The index of a line among ours, and of a column in it; the first line may lack its beginning."""
        row = line - self._start.line
        return row, column - self._start.column if row == 0 else column


class WholeView(_Part):
    """The view of a text that is all there."""

    def __init__(self, text: str) -> None:
        super().__init__(Position(0, 0), 0, text)


#: the view of a file that could not be read
NO_TEXT = WholeView("")


class WindowView:
    """The view of a stream that is being read.

    Feed it every text as it is read, before the parser gets it. `read_again` opens the input from its beginning, where
    that is possible; what is returned is closed again.
    """

    def __init__(self, read_again: Callable[[], BinaryIO] | None = None, window: int = WINDOW) -> None:
        self._read_again = read_again
        self._window = window
        self._texts: list[str] = []
        self._length = 0
        self._marks = [(Position(0, 0), 0)]
        self._marks_every = 1
        self._trims = 0
        self._start, self._byte = self._marks[0]
        self._part: _Part | None = None
        self._behind: tuple[tuple[Position, int], _Part] | None = None
        self._noted: dict[Position, int] = {}
        self._noted_lines: dict[int, str] = {}

    def feed(self, text: str) -> None:
        """Adds text at the end; text that is further back than the window may be let go."""
        if self._length > 2 * self._window:
            self._trim()
        self._texts.append(text)
        self._length += len(text)
        self._part = None

    def note(self, positions: Iterable[Position]) -> None:
        """Remembers positions that will be asked for later, for an input that cannot be read again.

        Takes memory for each: it is for the few that are known to matter, while they are still in the window.
        """
        if self._read_again is not None:
            return
        for position in positions:
            byte, line = self.byte_at(position), self.piece(position.line, 0, NOTED_LINE)
            if byte is not None and line is not None:
                self._noted[position] = byte
                self._noted_lines[position.line] = line

    def byte_at(self, position: Position) -> int | None:
        """The UTF-8 offset of a position that was fed, None when it cannot be read again."""
        part = self._part_with(position)
        return part.byte_at(position) if part else self._noted.get(position)

    def piece(self, line: int, start: int, end: int) -> str | None:
        """The text between two columns of a line; it may end early, or begin late where the window begins in it."""
        part = self._part_with(Position(line, start))
        if part is not None:
            return part.piece(line, start, end)
        noted = self._noted_lines.get(line)
        return None if noted is None else noted[start:end]

    def _joined(self) -> str:
        self._texts = ["".join(self._texts)]
        return self._texts[0]

    def _trim(self) -> None:
        text = self._joined()
        cut = len(text) - self._window
        while text[cut - 1 : cut] == "\r":  # never between the halves of a line break
            cut -= 1
        self._start, self._byte = _moved(self._start, text[:cut]), self._byte + utf8_length(text[:cut])
        self._texts = [text[cut:]]
        self._length = len(self._texts[0])
        self._trims += 1
        if self._trims % self._marks_every == 0:
            self._marks.append((self._start, self._byte))
        if len(self._marks) > MARKS:
            self._marks = self._marks[::2]
            self._marks_every *= 2

    def _part_with(self, position: Position) -> _Part | None:
        if position >= self._start:
            if self._part is None:
                self._part = _Part(self._start, self._byte, self._joined())
            return self._part
        return self._read_behind(position) if self._read_again else None

    def _read_behind(self, position: Position) -> _Part | None:
        """The part of the input between the two marks around a position, read again (the last one is kept)."""
        index = bisect_right(self._marks, position, key=lambda mark: mark[0])
        mark = self._marks[index - 1]
        if self._behind is None or self._behind[0] != mark:
            end = self._marks[index][1] if index < len(self._marks) else self._byte
            text = self._text_between(mark[1], end + OVERLAP)
            if text is None:
                return None
            self._behind = mark, _Part(*mark, text)
        return self._behind[1]

    def _text_between(self, start: int, end: int) -> str | None:
        if self._read_again is None:
            return None
        try:
            with self._read_again() as file:
                file.seek(start)
                return file.read(end - start).decode("utf-8", "surrogateescape")
        except (OSError, ValueError):  # the file is gone, or is none that can be read twice
            return None


def _moved(start: Position, text: str) -> Position:
    """The position after a text that begins at a position."""
    if "\r" in text:
        lines = split_lines(text)
        breaks, last = len(lines) - 1, len(lines[-1])
    else:
        breaks, last = text.count("\n"), len(text) - text.rfind("\n") - 1
    return Position(start.line + breaks, last if breaks else start.column + last)
