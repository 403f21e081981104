"""The pieces of a document with the state before each, in blocks.

Nothing holds a line number or an offset: a line is found by counting, with one sum a block, so an edit costs its own
lines wherever it is.  Each piece also has flags (``bad``: something is wrong in it; ``units``: a unit begins at it) and
a slot for what a language notes about the unit; a note that is true (``bool``) sets the flag ``said``.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from engine.parse.machine import AnyState

__all__ = ["Block", "Blocks", "Place"]

#: Pieces in a fresh block; a block is divided when it has grown to twice as many.
BLOCK: Final = 512


class Place(NamedTuple):
    """A piece: its block and its number there."""

    block: int
    at: int


class Block:
    """Some pieces; `ends` of them end a line."""

    __slots__ = ("bad", "chars", "ends", "notes", "pieces", "said", "states", "units")

    def __init__(self, pieces: list[str], states: list[AnyState], bad: bytearray, units: bytearray,
                 notes: list[Any]) -> None:
        self.pieces, self.states, self.bad, self.units, self.notes = pieces, states, bad, units, notes
        self.said = bytearray(map(bool, notes))
        self.chars = sum(map(len, pieces))
        self.ends = sum(1 for piece in pieces if piece[-1:] in ("\n", "\r"))

    @property
    def plain(self) -> bool:
        """Is every piece a line, but perhaps for the last one?"""
        return self.ends >= len(self.pieces) - (self.pieces[-1:] != [] and self.pieces[-1][-1:] not in ("\n", "\r"))

    def line_in(self, index: int) -> int:
        """The number of line ends before a piece of the block."""
        if self.plain:
            return index
        return sum(1 for piece in self.pieces[:index] if piece[-1:] in ("\n", "\r"))


class Blocks:
    """All pieces of a text.  There is always at least one, and only the last can be empty."""

    def __init__(self, pieces: list[str], states: list[AnyState], bad: bytearray, units: bytearray) -> None:
        self.blocks = [self._block(pieces, states, bad, units, at) for at in range(0, len(pieces), BLOCK)]
        self._before: list[int] | None = None

    @staticmethod
    def _block(pieces: list[str], states: list[AnyState], bad: bytearray, units: bytearray, at: int) -> Block:
        part = slice(at, at + BLOCK)
        chosen = pieces[part]
        return Block(chosen, states[part], bad[part], units[part], [None] * len(chosen))

    @property
    def before(self) -> list[int]:
        """Line ends before each block; kept until their number changes."""
        if self._before is None:
            total, self._before = 0, []
            for block in self.blocks:
                self._before.append(total)
                total += block.ends
        return self._before

    @property
    def line_count(self) -> int:
        """The number of lines; an empty text has one."""
        return self.before[-1] + self.blocks[-1].ends + 1

    # ------------------------------------------------------------------------------------------------ finding
    def line_start(self, line: int) -> Place:
        """The piece at which a line begins.  Raises `IndexError` if there is no such line."""
        if not 0 <= line < self.line_count:
            raise IndexError(f"line {line} of {self.line_count}")
        if not line:
            return Place(0, 0)
        at = bisect_left(self.before, line) - 1
        block = self.blocks[at]
        wanted = line - self.before[at]
        if block.plain:
            return self._normal(at, wanted)
        for index, piece in enumerate(block.pieces):
            if piece[-1:] in ("\n", "\r"):
                wanted -= 1
                if not wanted:
                    return self._normal(at, index + 1)
        raise AssertionError("line ends are counted wrongly")

    def _normal(self, block: int, index: int) -> Place:
        if index == len(self.blocks[block].pieces) and block + 1 < len(self.blocks):
            return Place(block + 1, 0)
        return Place(block, index)

    def find(self, line: int, column: int) -> tuple[Place, int]:
        """The piece that holds a position, and the offset in it; at an edge between segments, the earlier one."""
        place = self.line_start(line)
        while True:
            block = self.blocks[place.block]
            if not place.at and not block.ends and column > block.chars and place.block + 1 < len(self.blocks):
                column -= block.chars                    # a whole block of one long line
                place = Place(place.block + 1, 0)
                continue
            piece = block.pieces[place.at]
            after = self.after(place)
            if column <= len(piece) or after is None or piece[-1:] in ("\n", "\r"):
                return place, min(column, len(piece))
            column -= len(piece)
            place = after

    def after(self, place: Place) -> Place | None:
        """The next piece."""
        if place.at + 1 < len(self.blocks[place.block].pieces):
            return Place(place.block, place.at + 1)
        return Place(place.block + 1, 0) if place.block + 1 < len(self.blocks) else None

    def prior(self, place: Place) -> Place | None:
        """The piece before."""
        if place.at:
            return Place(place.block, place.at - 1)
        return Place(place.block - 1, len(self.blocks[place.block - 1].pieces) - 1) if place.block else None

    def piece(self, place: Place) -> str:
        """The text of a piece."""
        return self.blocks[place.block].pieces[place.at]

    def state(self, place: Place) -> AnyState:
        """The state before a piece."""
        return self.blocks[place.block].states[place.at]

    def line_of(self, place: Place) -> int:
        """The line a piece belongs to."""
        return self.before[place.block] + self.blocks[place.block].line_in(place.at)

    def column_of(self, place: Place) -> int:
        """The column at which a piece begins; 0 but for later segments of a long line."""
        column, prior = 0, self.prior(place)
        while prior is not None and (piece := self.piece(prior))[-1:] not in ("\n", "\r"):
            block = self.blocks[prior.block]
            if not block.ends and prior.at == len(block.pieces) - 1:
                column, prior = column + block.chars, self.prior(Place(prior.block, 0))
            else:
                column, prior = column + len(piece), self.prior(prior)
        return column

    def from_place(self, place: Place) -> Iterator[Place]:
        """The pieces from one on."""
        here: Place | None = place
        while here is not None:
            yield here
            here = self.after(here)

    def flagged(self, name: str, place: Place | None = None) -> Iterator[Place]:
        """Pieces with a flag (``bad``, ``units`` or ``said``), from one on."""
        first = place or Place(0, 0)
        for number in range(first.block, len(self.blocks)):
            flags: bytearray = getattr(self.blocks[number], name)
            index = flags.find(1, first.at if number == first.block else 0)
            while index >= 0:
                yield Place(number, index)
                index = flags.find(1, index + 1)

    def unit_before(self, place: Place) -> Place | None:
        """The last unit that begins at the piece or before it."""
        for number in range(place.block, -1, -1):
            flags = self.blocks[number].units
            index = flags.rfind(1, 0, place.at + 1 if number == place.block else len(flags))
            if index >= 0:
                return Place(number, index)
        return None

    def note(self, place: Place) -> Any:
        """What is noted at a piece, or None."""
        return self.blocks[place.block].notes[place.at]

    def set_note(self, place: Place, note: Any) -> None:
        """Note something at a piece; the note goes when the piece is replaced."""
        block = self.blocks[place.block]
        block.notes[place.at], block.said[place.at] = note, bool(note)

    # ------------------------------------------------------------------------------------------------ changing
    def replace(self, start: Place, count: int, pieces: list[str], states: list[AnyState], bad: bytearray,
                units: bytearray) -> list[Any]:
        """Put pieces in the place of `count` others; gives the notes of those that went."""
        block = self.blocks[start.block]
        if count == len(pieces) and start.at + count <= len(block.pieces):
            return self._in_place(block, start.at, pieces, states, bad, units)
        dropped: list[Any] = []
        number, index, rest = start.block, start.at, count
        while rest:
            block = self.blocks[number]
            taken = min(rest, len(block.pieces) - index)
            part = slice(index, index + taken)
            dropped += [note for note in block.notes[part] if note is not None]
            for column in (block.pieces, block.states, block.bad, block.units, block.notes, block.said):
                del column[part]
            rest, number, index = rest - taken, number + 1, 0
        block = self.blocks[start.block]
        at = slice(start.at, start.at)
        block.pieces[at], block.states[at], block.bad[at], block.units[at] = pieces, states, bad, units
        block.notes[at], block.said[at] = [None] * len(pieces), bytes(len(pieces))
        self._tidy(start.block, max(number, start.block + 1))
        return dropped

    def rebase(self, newest: Callable[[AnyState], AnyState]) -> None:
        """Put the newest state in the place of each one."""
        for block in self.blocks:
            block.states = list(map(newest, block.states))

    def _in_place(self, block: Block, index: int, pieces: list[str], states: list[AnyState], bad: bytearray,
                  units: bytearray) -> list[Any]:
        part = slice(index, index + len(pieces))
        old = block.pieces[part]
        dropped = [note for note in block.notes[part] if note is not None]
        ends = sum(p[-1:] in ("\n", "\r") for p in pieces) - sum(p[-1:] in ("\n", "\r") for p in old)
        block.chars += sum(map(len, pieces)) - sum(map(len, old))
        block.pieces[part], block.states[part], block.bad[part], block.units[part] = pieces, states, bad, units
        block.notes[part], block.said[part] = [None] * len(pieces), bytes(len(pieces))
        if ends:
            block.ends += ends
            self._before = None
        return dropped

    def _tidy(self, first: int, last: int) -> None:
        """Divide or drop the blocks that were changed, and count anew."""
        fresh: list[Block] = []
        for block in self.blocks[first:last]:
            size = len(block.pieces)
            step = BLOCK if size > 2 * BLOCK else max(size, 1)
            for at in range(0, size, step):
                part = slice(at, at + step)
                fresh.append(Block(block.pieces[part], block.states[part], block.bad[part], block.units[part],
                                   block.notes[part]))
        self.blocks[first:last] = fresh
        self._before = None
