"""Dividing lines into pieces.

A piece is a line with its end, or, of a long line, a segment: an edit in a line of ten megabytes then costs a segment.
Where a line is divided depends on the line and the lexer's mode at its start, nothing else, and is decided from left to
right: a line that is still being read is divided as it will be when it is complete.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Final

from engine.parse.lexer import ERROR, OPEN, Lexer, Mode
from engine.parse.source import split_lines

__all__ = ["SEGMENT", "batches", "by_length", "cuts", "segments"]

#: A segment ends at the first edge of a token, suitable for dividing, at least this many characters from its start.
SEGMENT: Final = 256
#: Characters looked at in one go, and those at their end that may be lexed otherwise with what follows.
_BLOCK: Final = 448
_MARGIN: Final = 64


def cuts(lexer: Lexer, text: str, mode: Mode | None, start: int = 0) -> Iterator[int]:
    """The places where a line, or what is known of it, is divided, from the segment beginning at `start` on.

    `mode` is the lexer's mode at `start`.  A place is given only if no further text can change it.
    """
    position = start
    if mode is not None:
        position = lexer.end_of(text, start, mode)
        if position < 0:
            return
    while len(text) - start > SEGMENT:
        edge = _quick_cut(lexer, text, start) if position == start else 0
        edge = edge or _careful_cut(lexer, text, start, position)
        if not edge:
            return
        yield edge
        start = position = edge


def _quick_cut(lexer: Lexer, text: str, start: int) -> int:
    """The next place, found with one call of the lexer; 0 if that does not decide it."""
    block = text[start:start + _BLOCK]
    tiles = lexer.tiles(block)
    kinds = set(map(lexer.kind_of, tiles))
    if OPEN in kinds or ERROR in kinds:
        return 0
    sure = len(block) - (_MARGIN if start + len(block) < len(text) else 0)
    edges = list(accumulate(map(len, tiles)))
    for edge in edges[bisect_left(edges, SEGMENT):-1]:
        if edge > sure:
            break
        if _divisible(lexer, text, start + edge):
            return start + edge
    return 0


def _careful_cut(lexer: Lexer, text: str, start: int, position: int) -> int:
    """The next place behind `position`, token by token; 0 if there is none yet."""
    while position < len(text):
        match = lexer.tile_at(text, position)
        position = match.end()
        if lexer.kind_of(match[0]) in (OPEN, ERROR):     # these may reach further than their tile
            token = lexer.token_at(text, match)
            if token.mode is not None:
                return 0
            position = token.end
        if start + SEGMENT <= position < len(text) and _divisible(lexer, text, position):
            return position
    return 0


def _divisible(lexer: Lexer, text: str, edge: int) -> bool:
    return (text[edge - 1] in lexer.cut_after or text[edge] in lexer.cut_before) and text[edge] not in "\r\n"


def batches(text: str, size: int) -> Iterator[list[str]]:
    """The lines of a text, so many at a time; those that are alike are one object."""
    known: dict[str, str] = {}
    lines = [known.setdefault(line, line) for line in split_lines(text)]
    known.clear()
    while lines:
        yield lines[:size]
        del lines[:size]


def by_length(lines: list[str]) -> Iterator[list[str]]:
    """The lines in order, long ones each by itself, those between together; nothing for no lines."""
    if lines and max(map(len, lines)) <= SEGMENT:
        yield lines
        return
    start = 0
    for index, line in enumerate(lines):
        if len(line) > SEGMENT:
            if start < index:
                yield lines[start:index]
            yield [line]
            start = index + 1
    if start < len(lines):
        yield lines[start:]


def segments(lexer: Lexer, line: str, mode: Mode | None) -> list[str]:
    """The pieces of a line that begins in `mode`."""
    edges = [0, *cuts(lexer, line, mode), len(line)]
    return [line[a:b] for a, b in pairwise(edges)]
