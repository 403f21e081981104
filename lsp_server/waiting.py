"""A text that waits to be parsed, taken from its beginning.

It is divided into lines only when somebody asks for one, since dividing ten megabytes takes longer than a slice.
Knows no parser.  Invariant: no line end is divided by `take`.
"""

from __future__ import annotations

from engine.parse.source import split_lines, utf8_length

__all__ = ["WaitingText"]

SAMPLE = 10_000
"""Characters from which the length in bytes of a long text is estimated."""


class WaitingText:
    """The end of a text; true while there is some of it."""

    __slots__ = ("_ends", "_from", "_lines", "_text")

    def __init__(self, text: str) -> None:
        self._text, self._from = text, 0
        self._lines: list[str] | None = None
        self._ends: int | None = None

    def __bool__(self) -> bool:
        """Whether anything waits."""
        if self._lines is None:
            return self._from < len(self._text)
        return self._from < len(self._lines) - 1 or self._lines[self._from :] not in ([], [""])

    @property
    def size(self) -> int:
        """Its length in UTF-8; of a text that is not ASCII alone an estimate from its beginning."""
        if self._lines is not None:
            return sum(map(utf8_length, self._lines[self._from :]))
        length, first = len(self._text) - self._from, self._text[self._from : self._from + SAMPLE]
        return length * utf8_length(first) // max(1, len(first))

    @property
    def line_ends(self) -> int:
        """How many line ends there are in it."""
        if self._lines is None and "\r" in self._text:
            self.lines()
        if self._lines is not None:
            return len(self._lines) - 1 - self._from
        if self._ends is None:
            self._ends = self._text.count("\n", self._from)
        return self._ends

    def text(self) -> str:
        """All of it."""
        return self._text[self._from :] if self._lines is None else "".join(self._lines[self._from :])

    def lines(self) -> list[str]:
        """Its lines, the last one without a line end; what is done to the list is done to the text."""
        if self._lines is None:
            self._lines, self._text, self._from = split_lines(self.text()), "", 0
        elif self._from:
            del self._lines[: self._from]
            self._from = 0
        return self._lines

    def first_line(self) -> str:
        """Its first line, with its line end."""
        if self._lines is not None:
            return self._lines[self._from]
        stop = self._text.find("\n", self._from) + 1 or len(self._text)
        return split_lines(self._text[self._from : stop])[0]

    def take(self, count: int) -> str:
        """Takes about so many characters away from the beginning: up to the end of a line, unless that is far."""
        return self._taken_text(count) if self._lines is None else self._taken_lines(self._lines, count)

    def _taken_text(self, count: int) -> str:
        text, start = self._text, self._from
        stop = text.rfind("\n", start, start + count) + 1
        if not stop:
            stop = start + count
            stop += text[stop - 1 : stop + 1] == "\r\n"
        self._from = min(stop, len(text))
        if self._ends is not None:  # to count all of them anew would take longer than the slice
            self._ends -= text.count("\n", start, stop)
        return text[start:stop]

    def _taken_lines(self, lines: list[str], count: int) -> str:
        stop, length = self._from, 0
        while stop < len(lines) and length < count:
            length += len(lines[stop])
            stop += 1
        if stop == self._from + 1 and length > count + len("\r\n"):
            line = lines[self._from]
            lines[self._from] = line[count:]
            return line[:count]
        taken = "".join(lines[self._from : stop])
        self._from = stop
        return taken
