"""Continuations: what may still follow, as hash-consed cells.

A cell is (symbol, rest).  Equal continuations are the same object, so "is the parser in the state it was in before?" is
one comparison (Wagner's state matching over the whole stack, "Practical Algorithms for Incremental Software
Development Environments", 1998).  Beyond a depth, cells are made but not kept: a `DeepCell` holds the rest of a whole
right-hand side, so that each further level of nesting costs one object.

Knows no text.  Invariant: the symbols of a continuation are those of a right-hand side's tail on top of another one.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from engine.parse.tables import COMMIT, NOTE, Symbols_, Tables

__all__ = ["AnyCell", "Cell", "Cells", "DeepCell", "Notes"]

#: A DeepCell takes up at most about this many symbols; more make a second one.
_LONGEST_TAIL = 24
#: DeepCells compared on the way down before two continuations are taken as different.
_COMPARED = 64


class Cell:
    """A symbol and what follows it.

    `opens` counts the tree nodes that are still open; `marked` is the nearest cell, from this one down, that begins
    with a note or a commit.
    """

    __slots__ = ("depth", "kid", "marked", "opens", "rest", "sibling", "state", "symbol")

    rest: Cell
    marked: Cell | None

    def __init__(self, symbol: int, rest: Cell | None, sibling: Cell | None = None, opens: int = 0) -> None:
        self.symbol, self.sibling = symbol, sibling      # the sibling was made before, on top of the same cell
        self.kid: Cell | None = None                     # the last made of the cells on top of this one
        self.state: object = None                        # the state of this continuation alone
        if rest is None:                                 # one of the two that end a continuation
            self.rest, self.marked, self.depth, self.opens = self, None, 0, 0
        else:
            self.rest, self.marked, self.depth, self.opens = rest, rest.marked, rest.depth + 1, rest.opens + opens


class DeepCell:
    """Some symbols and what follows them, below the depth at which cells are shared.

    `below` is the nearest note or commit in the rest.
    """

    __slots__ = ("below", "depth", "rest", "shared", "tail")

    def __init__(self, tail: Symbols_, rest: AnyCell, below: AnyCell | None) -> None:
        self.tail, self.rest, self.below = tail, rest, below
        self.shared: Cell = rest if isinstance(rest, Cell) else rest.shared       # the first one below the cap
        self.depth: int = rest.depth + len(tail)

    def __eq__(self, other: object) -> bool:
        """Are the two equal continuations?  "No" may be said of equal ones that share nothing for very long."""
        a: AnyCell = self
        b: object = other
        for _ in range(_COMPARED):
            if a is b:
                return True
            if not isinstance(a, DeepCell) or not isinstance(b, DeepCell) or a.depth != b.depth or a.tail != b.tail:
                return False
            a, b = a.rest, b.rest
        return False

    def __hash__(self) -> int:
        return hash((self.tail, self.depth))


AnyCell = Cell | DeepCell


class Notes(NamedTuple):
    """The notes of one continuation, from the first (`top`) to the last, which is `floor` deep.

    A range, because right recursion leaves many at a time, and going through them at each token would be quadratic.
    """

    top: AnyCell
    floor: int


class Cells:
    """All continuations of one machine."""

    def __init__(self, tables: Tables, depth_cap: int) -> None:
        self.tables, self.cap, self.made = tables, depth_cap, 0
        self.bottom, self.done = Cell(-1, None), Cell(-2, None)
        self._note = [mark == NOTE for mark in tables.mark]
        self._mark = [mark in (NOTE, COMMIT) for mark in tables.mark]
        # A node that is both opened and closed further down is not open yet.
        self._closes = [0 if event is None else 1 if event.op == "close" else -1 for event in tables.event]
        self._tails: dict[Symbols_, tuple[Symbols_, int]] = {}       # equal tails share one tuple; its first mark
        self.start = self.push(tables.start, self.bottom)

    def renew(self) -> None:
        """Forget all cells.  Those somebody holds stay as they are, beside equal new ones."""
        self.bottom.kid = None
        self._tails = {}
        self.made = 0
        self.start = self.push(self.tables.start, self.bottom)

    def is_newest(self, cell: AnyCell) -> bool:
        """Was the cell made since the last `renew`?"""
        below = cell.shared if isinstance(cell, DeepCell) else cell
        while below.rest is not self.bottom and below.depth:
            below = below.rest
        return not below.depth or below is self.bottom.kid

    def push(self, symbols: Symbols_, rest: AnyCell) -> AnyCell:
        """The continuation `symbols`, first one first, then `rest`.

        A note on top of the same note is that note: right recursion does not pile them up.
        """
        if rest.__class__ is DeepCell or rest.depth + len(symbols) >= self.cap:
            return self.deep(symbols, rest) if symbols else rest
        assert isinstance(rest, Cell)
        for symbol in reversed(symbols):
            cell = rest.kid
            while cell is not None and cell.symbol != symbol:        # no more than there are symbols, and mostly few
                cell = cell.sibling
            if cell is None:
                if rest.symbol == symbol and self._note[symbol]:
                    continue
                rest.kid = cell = Cell(symbol, rest, rest.kid, self._closes[symbol])
                if self._mark[symbol]:
                    cell.marked = cell
                self.made += 1
            rest = cell
        return rest

    def on(self, symbols: Symbols_, rest: AnyCell) -> DeepCell:
        """The continuation `symbols`, then `rest`, below the depth cap; long ones in two objects."""
        if len(symbols) > _LONGEST_TAIL:
            return self.deep(symbols[:-_LONGEST_TAIL], self.deep(symbols[-_LONGEST_TAIL:], rest))
        return self.deep(symbols, rest)

    def deep(self, symbols: Symbols_, rest: AnyCell) -> DeepCell:
        """The continuation `symbols`, then `rest`, in one object that is not shared."""
        return DeepCell(self._tail(symbols)[0], rest, self.marked(rest))

    def _without(self, cell: DeepCell, count: int) -> DeepCell:
        return DeepCell(self._tail(cell.tail[count:])[0], cell.rest, cell.below)

    def _tail(self, symbols: Symbols_) -> tuple[Symbols_, int]:
        known = self._tails.get(symbols)
        if known is None:
            known = self._tails[symbols] = symbols, next((i for i, s in enumerate(symbols) if self._mark[s]), -1)
        return known

    def opens(self, cell: AnyCell) -> int:
        """The tree nodes still open in a continuation; counted, not kept, below the depth cap."""
        count = 0
        while isinstance(cell, DeepCell):
            count += sum(self._closes[symbol] for symbol in cell.tail)
            cell = cell.rest
        return count + cell.opens

    def pop(self, cell: AnyCell) -> tuple[int, AnyCell]:
        """The first symbol, and what follows it."""
        if cell.__class__ is Cell:
            return cell.symbol, cell.rest
        return cell.tail[0], self.popped(cell)            # type: ignore[union-attr,arg-type]

    def popped(self, cell: DeepCell) -> AnyCell:
        """What follows the first symbol of a deep cell."""
        return self._without(cell, 1) if len(cell.tail) > 1 else cell.rest

    def walk(self, cell: AnyCell) -> Iterator[tuple[int, AnyCell]]:
        """(symbol, the continuation that begins with it), from the top down."""
        while cell is not self.bottom and cell is not self.done:
            symbol, rest = self.pop(cell)
            yield symbol, cell
            cell = rest

    def marked(self, cell: AnyCell) -> AnyCell | None:
        """The nearest continuation, from this one down, that begins with a note or a commit."""
        if isinstance(cell, Cell):
            return cell.marked
        mark = self._tail(cell.tail)[1]
        if mark < 0:
            return cell.below
        return self._without(cell, mark) if mark else cell

    def common_note(self, cell: AnyCell, notes: Notes, *, before_commit: bool = False) -> AnyCell | None:
        """The first note of a continuation that is one of `notes`; with `before_commit`, only above its commits."""
        a, b = self.marked(cell), self.marked(notes.top)
        while a is not None and b is not None and a.depth >= notes.floor <= b.depth:
            same, deeper = a == b, a.depth - b.depth
            if deeper >= 0:
                symbol, rest = self.pop(a)
                if self._note[symbol] and same:
                    return a
                if before_commit and not self._note[symbol]:
                    return None
                a = self.marked(rest)
            if deeper <= 0:
                b = self.marked(self.pop(b)[1])
        return None

    def inside(self, cell: AnyCell, note: AnyCell) -> bool:
        """Is the continuation still inside the choice that `note` belongs to?"""
        while cell.depth >= note.depth:
            if cell is note or cell == note:
                return True
            if cell is self.bottom or cell is self.done:
                return False
            cell = self.pop(cell)[1]
        return False
