"""A text that waits to be parsed, taken from its beginning.

It is kept in blocks, each of which knows how many line ends it has as soon as somebody asks: a far line is found by
their numbers and an edit costs its block, since dividing ten megabytes into lines takes longer than a slice.
Knows no parser.  Invariant: no line end is divided, neither by `take` nor between two blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from engine.parse.source import split_lines, utf8_length

__all__ = ["WaitingText"]

BLOCK = 1 << 14
"""Characters of a block: its lines are found in a tenth of a millisecond."""
SAMPLE = 10_000
"""Characters from which the length in bytes of a long text is estimated."""

_LINE_END = re.compile("\r\n?|\n")


class _Block:
    """A part of a text; it ends with a line unless a line is longer than a block."""

    __slots__ = ("_ends", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends: int | None = None

    @property
    def line_ends(self) -> int:
        """How many line ends there are in it."""
        if self._ends is None:
            text = self.text
            self._ends = text.count("\n") + (text.count("\r") - text.count("\r\n") if "\r" in text else 0)
        return self._ends


class WaitingText:
    """The end of a text; true while there is some of it.  Its lines count from 0, the last one has no line end."""

    __slots__ = ("_blocks",)

    def __init__(self, text: str) -> None:
        self._blocks = list(_divided(text))

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._blocks)

    @property
    def size(self) -> int:
        """Its length in UTF-8; of a text that is not ASCII alone an estimate from its beginning."""
        if not self._blocks:
            return 0
        first = self._blocks[0].text[:SAMPLE]
        return sum(len(block.text) for block in self._blocks) * utf8_length(first) // len(first)

    @property
    def line_ends(self) -> int:
        """How many line ends there are in it."""
        return sum(block.line_ends for block in self._blocks)

    def text(self) -> str:
        """All of it."""
        return "".join(block.text for block in self._blocks)

    def line(self, index: int) -> str:
        """One line with its line end."""
        number, offset = self._find(index)
        parts = []
        for block in islice(self._blocks, number, None):
            end = _LINE_END.search(block.text, offset)
            parts.append(block.text[offset : end.end() if end else None])
            if end:
                break
            offset = 0
        return "".join(parts)

    def replace(self, first: int, last: int, text: str) -> None:
        """Puts `text` in place of the lines `first` to `last`; it must join no line end with what is around it."""
        start, offset = self._find(first)
        stop, rest = self._find(last + 1)
        head = self._blocks[start].text[:offset] if offset else ""
        tail = self._blocks[stop].text[rest:] if rest else ""
        self._blocks[start : stop + bool(rest)] = _divided(head + text + tail)

    def _find(self, index: int) -> tuple[int, int]:
        """The block in which a line begins, and where; of one behind the last line, the end."""
        for number, block in enumerate(self._blocks):
            if index <= block.line_ends:
                offset = sum(map(len, split_lines(block.text)[:index])) if index else 0
                return (number, offset) if offset < len(block.text) else (number + 1, 0)
            index -= block.line_ends
        return len(self._blocks), 0

    def take(self, count: int) -> str:
        """Takes about so many characters away from the beginning: up to the end of a line, unless that is far."""
        taken = 0
        while taken < len(self._blocks) and (length := len(self._blocks[taken].text)) <= count:
            count -= length
            taken += 1
        if taken or not self._blocks:
            text = "".join(block.text for block in self._blocks[:taken])
            del self._blocks[:taken]
            return text
        text = self._blocks[0].text
        stop = _end_of_part(text, 0, count)
        self._blocks[:1] = _divided(text[stop:])
        return text[:stop]


def _divided(text: str) -> Iterator[_Block]:
    """The blocks of a text."""
    at = 0
    while at < len(text):
        stop = _end_of_part(text, at, BLOCK)
        yield _Block(text[at:stop])
        at = stop


def _end_of_part(text: str, start: int, count: int) -> int:
    """Where a part of at most about `count` characters ends: behind a line end, unless there is none."""
    stop = start + count
    if stop >= len(text):
        return len(text)
    stop = text.rfind("\n", start, stop) + 1 or stop
    return stop + (text[stop - 1 : stop + 1] == "\r\n")
