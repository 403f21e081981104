"""The parser's diagnostics of a document: put into words piece by piece, and kept for as long as they hold.

To find the repair of a mistake takes longer than to parse a hundred lines.  So it is done when somebody asks, in as
many steps as one likes, and not again while nothing that was looked at for it has changed.
Invariant: here are the only line numbers of a document that are absolute; every change moves them along.
"""
from __future__ import annotations

from sys import maxsize
from typing import Final, NamedTuple

from engine.parse.blocks import Blocks, Place
from engine.parse.diagnostics import Diagnostic
from engine.parse.machine import Machine
from engine.parse.render import render
from engine.parse.rerun import Change
from engine.parse.stretch import BlockWindow
from engine.parse.work import Work

__all__ = ["Wording"]

_END: Final = maxsize


class _Said(NamedTuple):
    """The diagnostics of a piece, and how many pieces before and behind it they may depend on."""

    diagnostics: tuple[Diagnostic, ...]
    back: int
    ahead: int

    @property
    def names_a_line(self) -> bool:
        """Does a message speak of a line by its number?"""
        return any(diagnostic.related for diagnostic in self.diagnostics)

    def shifted(self, lines: int) -> _Said:
        """The same, further down."""
        return self._replace(diagnostics=tuple(d.shifted(lines) for d in self.diagnostics)) if lines else self


class Wording:
    """What is said of the mistakes in the pieces of a document."""

    def __init__(self, machine: Machine, blocks: Blocks) -> None:
        self._machine, self._blocks = machine, blocks
        self._said: dict[tuple[int, int], _Said] = {}    # by the line and the column at which a piece begins
        self._front = 0                                  # every mistake before this line is put into words,
        self._before: int | None = 0                     # which makes so many diagnostics; None when that is unknown
        #: How many pieces were put into words; to be compared by tests.
        self.worded = 0

    def __len__(self) -> int:
        """How many pieces have words that are kept."""
        return len(self._said)

    def is_done(self, limit: int) -> bool:
        """Are there words for all mistakes, or for the first ones that make so many diagnostics?"""
        if self._front == _END:
            return True
        if next(self._blocks.flagged("bad", self._blocks.line_start(self._front)), None) is None:
            self._front, self._before = _END, None       # it is asked several times a keystroke
            return True
        return self._count_before() >= limit

    def word(self, work: Work, limit: int, lines: tuple[int, int] = (0, _END)) -> bool:
        """Put the mistakes on some lines (all by default) into words until the work is used up; is that done?

        It is done as well when there are words for so many diagnostics, counted from the first.
        """
        if self.is_done(limit):
            return True
        front, count, (first, last) = self._front, self._count_before(), lines
        reached, is_done = _END, True
        for place in self._blocks.flagged("bad", self._blocks.line_start(max(first, front))):
            line = self._blocks.line_of(place)
            if line > last or count >= limit or work.is_done:
                reached, is_done = line, line > last or count >= limit
                break
            worded = self.worded
            count += len(self.at(place))
            work.worded(self.worded - worded)
        if first <= front:
            self._front, self._before = reached, None
        return is_done

    def _count_before(self) -> int:
        if self._before is None:
            self._before = sum(len(said.diagnostics) for (line, _), said in self._said.items() if line < self._front)
        return self._before

    def at(self, place: Place) -> tuple[Diagnostic, ...]:
        """The diagnostics of one piece."""
        blocks = self._blocks
        line, column = blocks.line_of(place), blocks.column_of(place)
        known = self._said.get((line, column))
        if known is None:
            self.worded += 1
            window = BlockWindow(blocks, place, line, column)
            mistakes = self._machine.mistakes(blocks.state(place), blocks.piece(place))
            known = _Said(render(self._machine, mistakes, window), window.back, window.ahead)
            self._said[line, column] = known
        return known.diagnostics

    def known(self) -> list[Diagnostic]:
        """What there are words for already, in order of position."""
        return [diagnostic for _, said in sorted(self._said.items()) for diagnostic in said.diagnostics]

    def move(self, change: Change) -> None:
        """Forget what may have changed, move along what stands below."""
        first, last, shift = change.first_line, change.first_line + change.replaced, change.line_shift
        self._front, self._before = min(self._front, first), None
        kept: dict[tuple[int, int], _Said] = {}
        for (line, column), said in self._said.items():
            if line + said.ahead < first:
                kept[line, column] = said
            elif line - said.back > last and not (shift and said.names_a_line):
                kept[line + shift, column] = said.shifted(shift)
            else:
                self._front = min(self._front, line)
        self._said = kept
