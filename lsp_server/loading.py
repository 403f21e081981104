"""A text that is parsed in slices: its beginning is in an analysis, its end still waits as plain lines.

Small texts are taken at once.  Of a large one the analysis grows by some lines at a time, each slice resuming the
parser where the last one ended; in between the text can be edited anywhere, parsed or not.
Knows no clock and no loop: who calls `grow` decides when.
Invariant: the parsed part and what waits concatenate to the text, and no line end is divided between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.languages.analysis import Analysis
from engine.parse.source import Position, Span, split_lines

if TYPE_CHECKING:
    from engine.languages.language import CheckSettings, Language

__all__ = ["AT_ONCE", "LoadingText"]

AT_ONCE = 60_000
"""Characters up to which a text is parsed in one go, in some tens of milliseconds on a slow machine."""


class LoadingText:
    """The lines of a document, all of them, and the analysis of those that are parsed."""

    __slots__ = ("_asked", "_column", "_rest", "_taken", "analysis")

    def __init__(self, language: Language, text: str, settings: CheckSettings) -> None:
        self._rest: list[str] = []
        self._taken = 0  # lines at the beginning of the rest that are parsed by now
        self._column = 0  # where the parsed part ends in its last line: to ask for that would cost a walk over the line
        self._asked: tuple[int, str] | None = None
        if len(text) <= AT_ONCE:
            self.analysis = Analysis(language, text, settings)
        else:
            self.analysis = Analysis(language, "", settings)
            self._rest = split_lines(text)

    @property
    def is_complete(self) -> bool:
        """Whether everything is parsed."""
        return not self._rest

    @property
    def line_count(self) -> int:
        """How many lines there are, parsed or not."""
        count = self.analysis.document.line_count
        return count - 1 + len(self._rest) - self._taken if self._rest else count

    def line(self, index: int) -> str:
        """One line with its line end. The same one is asked for several times in a row, so it is kept."""
        if self._asked is None or self._asked[0] != index:
            self._asked = index, self._found(index)
        return self._asked[1]

    def _found(self, index: int) -> str:
        parsed = self.analysis.document.line_count - 1
        if self._rest and index > parsed:
            return self._rest[self._taken + index - parsed]
        line = self.analysis.document.line(index)
        return line + self._rest[self._taken] if self._rest and index == parsed else line

    def text(self) -> str:
        """The whole text."""
        return self.analysis.document.text() + "".join(self._rest[self._taken :])

    def grow(self, characters: int) -> None:
        """Parses about so many characters more."""
        self._asked = None
        stop, length = self._taken, 0
        while stop < len(self._rest) and length < characters:
            length += len(self._rest[stop])
            stop += 1
        if stop == self._taken + 1 and length > characters + len("\r\n"):  # a very long line is divided
            line = self._rest[self._taken]
            slice_, self._rest[self._taken] = line[:characters], line[characters:]
            column = self._column + characters
        else:
            slice_ = "".join(self._rest[self._taken : stop])
            self._taken, column = stop, 0
        if self._taken == len(self._rest):
            self._rest, self._taken = [], 0
        end = Position(self.analysis.document.line_count - 1, self._column)
        self.analysis.edit(Span(end, end), slice_)
        self._column = column

    def edit(self, span: Span, text: str) -> None:
        """Puts `text` in place of `span`, which must lie in the text."""
        self._edit(span, text)
        self._asked = None

    def _edit(self, span: Span, text: str) -> None:
        parsed = self.analysis.document.line_count - 1
        if not self._rest or span.end.line < parsed:
            self.analysis.edit(span, text)
            return
        # One line more on both sides, because a "\r" and a "\n" that come together are one line end.
        first = min(max(span.start.line - 1, 0), parsed) if span.start.line <= parsed else span.start.line - 1
        last = min(span.end.line + 1, self.line_count - 1)
        head = "".join(self.line(index) for index in range(first, span.start.line))
        tail = "".join(self.line(index) for index in range(span.end.line + 1, last + 1))
        start, end = self.line(span.start.line)[: span.start.column], self.line(span.end.line)[span.end.column :]
        lines = split_lines(head + start + text + end + tail)
        behind = self._taken + last + 1 - parsed
        if behind < len(self._rest):
            lines.pop()  # what follows begins a line of its own
        if first <= parsed:  # what is parsed from there on waits again
            self.analysis.edit(Span(Position(first, 0), Position(parsed, self._column)), "")
            self._rest, self._taken, self._column = lines + self._rest[behind:], 0, 0
        else:
            self._rest[self._taken + first - parsed : behind] = lines
