"""Pieces that were run in one go, as a chain that reaches back.

The chain is what messages look back on, and, where everything is kept, what the value is made from.  States inside a
run, and the division of lines that were run as one text, are made when somebody asks.
"""
from __future__ import annotations

from itertools import accumulate
from operator import getitem

from engine.parse.machine import AnyState, Machine
from engine.parse.pieces import segments
from engine.parse.render import LOOK_BACK, Placed

__all__ = ["Run", "RunWindow", "shortened"]


class Run:
    """Some pieces: the state before them, where the first begins, the run before, where they end and in which state."""

    __slots__ = ("_pieces", "_places", "_states", "after", "bad", "column", "divided", "end", "first", "line",
                 "machine", "previous", "serial", "total")

    def __init__(self, machine: Machine, first: AnyState, pieces: list[str], line: int, column: int,
                 previous: Run | None, end: tuple[int, int] | None = None, after: AnyState | None = None, *,
                 divided: bool = True) -> None:
        self.machine, self.first, self._pieces = machine, first, pieces
        self.line, self.column, self.previous, self.divided = line, column, previous, divided
        self.end = _end(pieces, line, column) if end is None else end
        self.after = first if after is None else after
        self._states: list[AnyState] | None = None
        self._places: list[tuple[int, int]] | None = None
        self.bad: list[int] = []
        """Indices of the pieces in which something is wrong."""
        if previous is None:
            self.total, self.serial = len(pieces), 0
        else:
            self.total, self.serial = previous.total + len(pieces), previous.serial + 1

    @property
    def pieces(self) -> list[str]:
        """The pieces."""
        if not self.divided:
            lexer = self.machine.lexer
            self._pieces = [piece for line in self._pieces for piece in segments(lexer, line, None)]
            self.divided = True
        return self._pieces

    @property
    def states(self) -> list[AnyState]:
        """The state before each piece, and the one after the last."""
        if self._states is None:
            self._states = [self.first, self.after] if len(self.pieces) == 1 else list(
                accumulate(self.pieces, getitem, initial=self.first))              # type: ignore[arg-type]
        return self._states

    @property
    def places(self) -> list[tuple[int, int]]:
        """Line and column at which each piece begins."""
        if self._places is None:
            self._places = []
            line, column = self.line, self.column
            for piece in self.pieces:
                self._places.append((line, column))
                line, column = (line + 1, 0) if piece[-1:] in ("\n", "\r") else (line, column + len(piece))
        return self._places

    def find_mistakes(self) -> None:
        """Fill in `bad`; to be called before the memory may be cleared."""
        self.bad = [i for i, (piece, state) in enumerate(zip(self.pieces, self.states, strict=False))
                    if state.mistakes is not None and piece in state.mistakes]


def _end(pieces: list[str], line: int, column: int) -> tuple[int, int]:
    if not pieces:
        return line, column
    ends = sum(piece[-1:] in ("\n", "\r") for piece in pieces)
    if pieces[-1][-1:] in ("\n", "\r"):
        return line + ends, 0
    length = 0
    for piece in reversed(pieces):
        if piece[-1:] in ("\n", "\r"):
            return line + ends, length
        length += len(piece)
    return line + ends, column + length


def shortened(run: Run) -> Run:
    """A chain with the same last pieces, at least `LOOK_BACK` of them, and nothing before."""
    chain: list[Run] = []
    kept: Run | None = run
    count = 0
    while kept is not None and count <= LOOK_BACK:
        chain.append(kept)
        count += kept.total - (kept.previous.total if kept.previous is not None else 0)
        kept = kept.previous
    short: Run | None = None
    for old in reversed(chain):
        copy = Run(old.machine, old.first, old._pieces, old.line, old.column, short, old.end, old.after,
                   divided=old.divided)
        copy._states, copy.bad, copy.serial = old._states, old.bad, old.serial
        short = copy
    assert short is not None
    return short


class RunWindow:
    """`render.Window` over a chain of runs, seen from one piece of the last one."""

    __slots__ = ("index", "run")

    def __init__(self, run: Run, index: int) -> None:
        self.run, self.index = run, index

    def __call__(self, back: int) -> Placed | None:
        """The piece that many before the one it is seen from; None before what is kept."""
        run: Run | None = self.run
        index = self.index - back
        while index < 0 and run is not None:
            run = run.previous
            index += len(run.pieces) if run is not None else 0
        return None if run is None else Placed(run.pieces[index], run.states[index], *run.places[index])
