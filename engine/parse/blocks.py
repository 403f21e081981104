"""The pieces of a document with the state before each, in blocks.

Nothing holds a line number or an offset: a line is found by counting, with one sum a block, so an edit costs its own
lines wherever it is.  Each piece also has flags (``bad``: something is wrong in it; ``units``: a unit begins at it;
``late``: a seam, see `rerun`) and a slot for what a language notes about the unit; a note that is true (``bool``) sets
the flag ``said``.  A block remembers what it was after another state, so that an edit and its undoing cost little.
"""
from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from engine.parse.machine import AnyState

__all__ = ["BLOCK", "Block", "Blocks", "Place"]

#: Pieces in a fresh block; a block is divided when it has grown to twice as many.
BLOCK: Final = 512


class Place(NamedTuple):
    """A piece: its block and its number there."""

    block: int
    at: int


class Parsed(NamedTuple):
    """What a block's pieces are when the first follows one state, and how much had been changed when that was noted."""

    states: list[AnyState]
    bad: bytearray
    units: bytearray
    notes: list[Any]
    said: bytearray
    changes: int


class Block:
    """Some pieces; `ends` of them end a line.

    `changed` numbers the last change of the pieces; `other` is what they were after another state than now.  `notes`
    and `said` are empty as long as nothing is noted.
    """

    __slots__ = ("_starts", "bad", "changed", "chars", "ends", "late", "notes", "other", "pieces", "said", "states",
                 "units")

    def __init__(self, pieces: list[str], states: list[AnyState], bad: bytearray, units: bytearray,
                 notes: list[Any] | None = None, late: bytearray | None = None, changed: int = 0) -> None:
        self.pieces, self.states, self.bad, self.units, self.notes = pieces, states, bad, units, notes or []
        self.said = bytearray(map(bool, self.notes))
        self.late = bytearray(len(pieces)) if late is None else late
        self.chars = sum(map(len, pieces))
        self.ends = sum(1 for piece in pieces if piece[-1:] in ("\n", "\r"))
        self.changed, self.other = changed, None
        self._starts: list[int] | None = None

    other: Parsed | None

    @property
    def plain(self) -> bool:
        """Is every piece a line, but perhaps for the last one?"""
        longer = len(self.pieces) - self.ends
        return not longer or longer == 1 and self.pieces[-1][-1:] not in ("\n", "\r")

    def forget_notes(self, part: slice, count: int) -> list[Any]:
        """Note nothing at `count` pieces that come in the place of some; gives the notes that were there."""
        if not self.notes:
            return []
        dropped = [note for note in self.notes[part] if note is not None]
        self.notes[part], self.said[part] = [None] * count, bytes(count)
        return dropped

    def line_in(self, index: int) -> int:
        """The number of line ends before a piece of the block."""
        return index if self.plain else bisect_right(self.starts, index)

    @property
    def starts(self) -> list[int]:
        """Where lines begin behind those that end in the block; kept until that changes (`recount`)."""
        if self._starts is None:
            self._starts = [after for after, piece in enumerate(self.pieces, 1) if piece[-1:] in ("\n", "\r")]
        return self._starts

    def piece_of(self, line: int) -> int:
        """The piece at which a line begins, counted in the block from 1: the first may have begun before."""
        return line if self.plain else self.starts[line - 1]

    def recount(self, old: list[str], new: list[str]) -> bool:
        """Count line ends anew where some pieces are put in the place of others; are they others?"""
        before, after = ([piece[-1:] in ("\n", "\r") for piece in pieces] for pieces in (old, new))
        if before != after:
            self.ends, self._starts = self.ends + sum(after) - sum(before), None
        return before != after


class Blocks:
    """All pieces of a text.  There is always at least one, and only the last can be empty."""

    def __init__(self, start: AnyState) -> None:
        """No pieces yet; some must be added before anything else is done."""
        self.blocks: list[Block] = []
        self.changes = 0
        """How often pieces were replaced."""
        self.end = start
        """The state after the last piece."""
        self._before = [0]
        self._marked: dict[str, set[int] | None] = {"bad": None, "said": None}

    def add(self, pieces: list[str], states: list[AnyState], bad: bytearray, units: bytearray, end: AnyState) -> None:
        """Put pieces behind the last ones while a text is being loaded, in blocks of their own."""
        for at in range(0, len(pieces), BLOCK):
            part = slice(at, at + BLOCK)
            self.blocks.append(Block(pieces[part], states[part], bad[part], units[part]))
        self.end = end

    @property
    def before(self) -> list[int]:
        """Line ends before each block; kept up to the block where their number changes."""
        before = self._before
        while len(before) < len(self.blocks):
            before.append(before[-1] + self.blocks[len(before) - 1].ends)
        return before

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
        return self._normal(at, self.blocks[at].piece_of(line - self.before[at]))

    def _normal(self, block: int, index: int) -> Place:
        if index == len(self.blocks[block].pieces) and block + 1 < len(self.blocks):
            return Place(block + 1, 0)
        return Place(block, index)

    def whole_line(self, line: int) -> Place | None:
        """The piece that is a line with its "\\n", behind another such line; None where it takes a closer look."""
        before = self.before
        if not 0 < line < before[-1] + self.blocks[-1].ends:
            return None
        number = bisect_left(before, line) - 1
        block, at = self.blocks[number], self.blocks[number].piece_of(line - before[number])
        is_whole = at < len(block.pieces) and block.pieces[at - 1][-1] == "\n" == block.pieces[at][-1]
        return Place(number, at) if is_whole else None

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

    def moved(self, place: Place, count: int) -> Place | None:
        """The piece `count` further on; further back, if that is negative, and then not before the first."""
        number, index = place.block, place.at + count
        while number and index < 0:
            number -= 1
            index += len(self.blocks[number].pieces)
        while number < len(self.blocks) and index >= len(self.blocks[number].pieces):
            index -= len(self.blocks[number].pieces)
            number += 1
        return Place(number, index) if number < len(self.blocks) else None

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

    def backward(self) -> Iterator[tuple[str, AnyState]]:
        """The pieces with the states before them, the last one first."""
        for block in reversed(self.blocks):
            yield from zip(reversed(block.pieces), reversed(block.states), strict=True)

    def from_place(self, place: Place) -> Iterator[Place]:
        """The pieces from one on."""
        here: Place | None = place
        while here is not None:
            yield here
            here = self.after(here)

    def flagged(self, name: str, place: Place | None = None) -> Iterator[Place]:
        """Pieces with a flag (``bad``, ``units``, ``late`` or ``said``), from one on."""
        first = place or Place(0, 0)
        numbers = self._with(name, first.block) if name in self._marked else range(first.block, len(self.blocks))
        for number in numbers:
            flags: bytearray = getattr(self.blocks[number], name)
            index = flags.find(1, first.at if number == first.block else 0)
            while index >= 0:
                yield Place(number, index)
                index = flags.find(1, index + 1)

    def _with(self, name: str, first: int) -> list[int]:
        """The blocks from one on in which a flag is set; they are few, and asked for with every keystroke."""
        marked = self._marked[name]
        if marked is None:
            marked = self._marked[name] = {n for n, block in enumerate(self.blocks) if 1 in getattr(block, name)}
        return sorted(number for number in marked if number >= first)

    def _remark(self, number: int) -> None:
        """Note anew which flags are set in a block."""
        for name, marked in self._marked.items():
            if marked is not None:
                (marked.add if 1 in getattr(self.blocks[number], name) else marked.discard)(number)

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
        notes = self.blocks[place.block].notes
        return notes[place.at] if notes else None

    def set_note(self, place: Place, note: Any) -> None:
        """Note something at a piece; the note goes when the piece is replaced."""
        block = self.blocks[place.block]
        if not block.notes:
            if note is None:
                return
            block.notes, block.said = [None] * len(block.pieces), bytearray(len(block.pieces))
        block.notes[place.at] = note
        if block.said[place.at] != bool(note):
            block.said[place.at] = bool(note)
            self._remark(place.block)

    # ------------------------------------------------------------------------------------------------ changing
    def replace(self, start: Place, count: int, pieces: list[str], states: list[AnyState], bad: bytearray,
                units: bytearray) -> list[Any]:
        """Put pieces in the place of `count` others; gives the notes of those that went."""
        self.changes += 1
        dropped: list[Any]
        block = self.blocks[start.block]
        if start.at + count <= len(block.pieces) and 0 < len(block.pieces) + len(pieces) - count <= 2 * BLOCK:
            dropped = self._in_place(start, count, pieces, states, bad, units)
            self._remark(start.block)
            return dropped
        dropped = []
        number, index, rest = start.block, start.at, count
        while rest:
            block = self.blocks[number]
            taken = min(rest, len(block.pieces) - index)
            part = slice(index, index + taken)
            dropped += block.forget_notes(part, 0)
            for column in (block.pieces, block.states, block.bad, block.units, block.late):
                del column[part]
            rest, number, index = rest - taken, number + 1, 0
        block = self.blocks[start.block]
        at = slice(start.at, start.at)
        block.pieces[at], block.states[at], block.bad[at], block.units[at] = pieces, states, bad, units
        block.forget_notes(at, len(pieces))
        block.late[at] = bytes(len(pieces))
        self._tidy(start.block, max(number, start.block + 1))
        return dropped

    def put(self, place: Place, piece: str, *, bad: bool, unit: bool) -> tuple[Any, ...]:
        """Put another piece in the place of one that ends as many lines; gives the note that went."""
        self.changes += 1
        block, at = self.blocks[place.block], place.at
        note = block.notes[at] if block.notes else None
        is_marked_otherwise = block.bad[at] != bad or bool(note)
        block.chars += len(piece) - len(block.pieces[at])
        block.pieces[at], block.bad[at], block.units[at] = piece, bad, unit
        block.changed, block.other = self.changes, None
        if note is not None:
            block.notes[at], block.said[at] = None, 0
        if is_marked_otherwise:
            self._remark(place.block)
        return () if note is None else (note,)

    def rebase(self, newest: Callable[[AnyState], AnyState]) -> None:
        """Put the newest state in the place of each one."""
        for block in self.blocks:
            block.states, block.other = list(map(newest, block.states)), None
        self.end = newest(self.end)

    def _in_place(self, start: Place, count: int, pieces: list[str], states: list[AnyState], bad: bytearray,
                  units: bytearray) -> list[Any]:
        """`replace` within a block that neither gets too large by it nor empty."""
        block, part = self.blocks[start.block], slice(start.at, start.at + count)
        old = block.pieces[part]
        dropped = block.forget_notes(part, len(pieces))
        block.chars += sum(map(len, pieces)) - sum(map(len, old))
        if block.recount(old, pieces):
            del self._before[start.block + 1:]
        block.pieces[part], block.states[part], block.bad[part], block.units[part] = pieces, states, bad, units
        block.late[part] = bytes(len(pieces))
        block.changed, block.other = self.changes, None
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
                                   block.notes[part], block.late[part], self.changes))
        if len(fresh) != last - first:
            self._marked = dict.fromkeys(self._marked)
        self.blocks[first:last] = fresh
        del self._before[min(first + 1, len(self.blocks)):]
        for number in range(first, first + len(fresh)):
            self._remark(number)

    # ------------------------------------------------------------------------------------------------ parsing anew
    def restate(self, start: Place, states: list[AnyState], bad: bytearray, units: bytearray) -> list[Any]:
        """Note what pieces of one block are after other states; gives the notes that went."""
        block = self.blocks[start.block]
        part = slice(start.at, start.at + len(states))
        dropped = block.forget_notes(part, len(states))
        block.states[part], block.bad[part], block.units[part] = states, bad, units
        self._remark(start.block)
        return dropped

    def remember(self, number: int) -> None:
        """Remember what a block is, before its pieces are run after another state."""
        block = self.blocks[number]
        if block.late.find(1, 1) < 0:                    # else it is not of a piece
            block.other = Parsed(block.states[:], block.bad[:], block.units[:], block.notes[:], block.said[:],
                                 self.changes)

    def swap(self, number: int) -> tuple[Parsed, int]:
        """Make a block what it was after the other state; gives what it was until now, and since when it is not."""
        block, other = self.blocks[number], self.blocks[number].other
        assert other is not None
        was = Parsed(block.states, block.bad, block.units, block.notes, block.said, self.changes)
        block.states, block.bad, block.units, block.notes, block.said, since = other
        block.other = was if block.late.find(1, 1) < 0 else None
        block.late = bytearray(len(block.pieces))
        self._remark(number)
        return was, since

    def forget_others(self) -> None:
        """Forget what blocks were after other states."""
        for block in self.blocks:
            block.other = None

    def changed_behind(self, number: int, since: int) -> bool:
        """Whether pieces behind a block, up to the next unit, may have been changed since then."""
        for block in self.blocks[number + 1:]:
            if block.changed > since or 1 in block.units:
                return block.changed > since
        return False
