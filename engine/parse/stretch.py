"""Stretches of a document's pieces: what an edit replaces, what was run in its place, what a message looks back on.

A `Stretch` is made from the runs of one edit and goes into the `Blocks`; a `BlockWindow` reads them the other way, from
one piece back, as far as `render` asks.

Knows no text beyond its pieces.  Invariant: in a `Stretch` there is one state and one flag for each piece, and `after`
is the state behind the last.
"""
from __future__ import annotations

from dataclasses import dataclass

from engine.parse.blocks import Blocks, Place
from engine.parse.fixes import Seen
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.opened import opening
from engine.parse.runs import Run
from engine.parse.scene import Placed
from engine.parse.units import begins_unit

__all__ = ["BlockWindow", "Replacement", "Stretch"]


@dataclass(slots=True)
class Replacement:
    """The pieces from `place` on that an edit replaces, and what comes instead.

    `is_open`: the last of them is a remainder; where it is to be divided is not known yet.
    """

    place: Place
    count: int
    pieces: list[str]
    is_open: bool = False


class Stretch:
    """Pieces that were run: the state before each, whether something is wrong in it, and the state after the last."""

    __slots__ = ("after", "bad", "pieces", "states")

    def __init__(self, state: AnyState) -> None:
        self.pieces: list[str] = []
        self.states: list[AnyState] = []
        self.bad = bytearray()
        self.after = state

    def add(self, run: Run, count: int | None = None) -> None:
        """The first `count` pieces of a run, or all."""
        count = len(run.pieces) if count is None else count
        bad = bytearray(count)
        for index in run.bad:
            if index < count:
                bad[index] = 1
        self.pieces += run.pieces[:count]
        self.states += run.states[:count]
        self.bad += bad
        self.after = run.states[count]

    def leave(self, piece: str, machine: Machine) -> None:
        """A piece that is not run yet: the state before it is one that no piece but a text's first can follow."""
        self.pieces.append(piece)
        self.states.append(machine.start)
        self.bad.append(0)

    def units(self, machine: Machine) -> bytearray:
        """Whether a unit begins at each of the pieces."""
        pairs = zip(self.pieces, self.states, strict=True)
        return bytearray([begins_unit(machine, state, piece) for piece, state in pairs])


class BlockWindow:
    """`render.Window` over a document, seen from one piece; `back` and `ahead`: how many pieces it was asked for."""

    __slots__ = ("ahead", "back", "blocks", "last", "place", "seen")

    def __init__(self, blocks: Blocks, place: Place, line: int, column: int) -> None:
        self.blocks, self.place, self.back, self.ahead = blocks, place, 0, 0
        self.seen = [Placed(blocks.piece(place), blocks.state(place), line, column)]
        self.last: Place | None = place

    def __call__(self, back: int) -> Placed | None:
        """The piece that many before the one it is seen from (negative: behind it); None outside of the text."""
        if back < 0:
            return self._behind(-back)
        self.back = max(self.back, back)
        while len(self.seen) <= back and self.last is not None:
            self._look_further()
        return self.seen[back] if back < len(self.seen) else None

    def _look_further(self) -> None:
        """See one piece more; nearly always it is a line."""
        assert self.last is not None
        blocks, above = self.blocks, self.seen[-1]
        self.last = place = blocks.prior(self.last)
        if place is None:
            return
        block = blocks.blocks[place.block]
        piece = block.pieces[place.at]
        if piece[-1:] not in ("\n", "\r"):
            line, column = above.line, above.column - len(piece)
        elif place.at and block.pieces[place.at - 1][-1:] in ("\n", "\r"):
            line, column = above.line - 1, 0
        else:
            line, column = above.line - 1, blocks.column_of(place)
        self.seen.append(Placed(piece, block.states[place.at], line, column))

    def farthest_wrong(self, most: int) -> int:
        """How far above the farthest piece is in which something is wrong, of so many; 0 if nothing is wrong there."""
        self.back = max(self.back, most)
        number, end = self.place
        seen = farthest = 0
        while seen < most and number >= 0:
            begin = max(0, end - most + seen)
            wrong = self.blocks.blocks[number].bad.find(1, begin, end)
            farthest = farthest if wrong < 0 else seen + end - wrong
            seen, number = seen + end - begin, number - 1
            end = len(self.blocks.blocks[number].bad) if number >= 0 else 0
        return farthest

    def opener(self) -> Seen | None:
        """The beginning of the token that the text ends in; to be asked where it is seen from the last piece."""
        blocks = self.blocks
        found = opening(blocks.end.machine, blocks.backward()) if isinstance(blocks.end, InToken) else None
        place = blocks.moved(self.place, -found.back) if found is not None else None
        if found is None or place is None:
            return None
        return found.at(blocks.line_of(place), blocks.column_of(place))

    def _behind(self, count: int) -> Placed | None:
        self.ahead = max(self.ahead, count)
        place: Place | None = self.place
        line, column = self.seen[0].line, self.seen[0].column
        for _ in range(count):
            assert place is not None
            piece = self.blocks.piece(place)
            line, column = (line + 1, 0) if piece[-1:] in ("\n", "\r") else (line, column + len(piece))
            place = self.blocks.after(place)
            if place is None:
                return None
        assert place is not None
        return Placed(self.blocks.piece(place), self.blocks.state(place), line, column)
