"""Pieces that were run in one go, as a chain that reaches back.

The chain is what messages look back on, and, where everything is kept, what the value is made from.  States inside a
run, and the division of lines that were run as one text, are made when somebody asks.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from itertools import accumulate
from operator import getitem
from typing import Any, Final

from engine.parse.fixes import Seen
from engine.parse.machine import AnyState, InToken
from engine.parse.opened import FARTHEST, opening
from engine.parse.pieces import segments
from engine.parse.scene import LOOK_BACK, Placed

__all__ = ["Run", "RunWindow", "shortened"]


_new: Final[Any] = object.__new__


class Run:
    """Some pieces: the state before them, where they begin, the run before, where they end and in which state."""

    __slots__ = ("_pieces", "_places", "_states", "after", "bad", "begin", "divided", "end", "first", "kept", "missed",
                 "opened", "previous", "total")

    first: AnyState
    after: AnyState
    begin: tuple[int, int]
    end: tuple[int, int]
    previous: Run | None
    divided: bool
    bad: Sequence[int]
    """Indices of the pieces in which something is wrong."""
    kept: int
    """The number of pieces in the chain up to here, and"""
    total: int
    """how many there were before it was shortened."""
    missed: int
    """Those of them that were not in the memo."""
    opened: tuple[int, Seen] | None
    """Of the first run of a chain: the beginning of the token that it is inside of, and the pieces up to there."""
    _pieces: list[str]
    _states: list[AnyState] | None
    _places: list[tuple[int, int]]

    def __init__(self, state: AnyState) -> None:
        """Nothing yet, at the beginning of a text that is parsed from `state` on."""
        self.first = self.after = state
        self.begin = self.end = (0, 0)
        self.previous, self.divided, self.bad, self.kept, self.total, self.missed = None, True, (), 0, 0, 0
        self._pieces, self._states, self.opened = [], None, None

    def then(self, pieces: list[str], after: AnyState, end: tuple[int, int] | None = None, divided: bool = True) -> Run:
        """What was run next: made without `__init__`, whose call would cost as much as all its assignments."""
        run: Run = _new(Run)
        run.first, run.after, run.previous, run.divided, run.bad = self.after, after, self, divided, ()
        run.begin, run.end = self.end, _end(pieces, *self.end) if end is None else end
        run.kept, run.total, run.missed = self.kept + len(pieces), self.total + len(pieces), self.missed
        run._pieces, run._states = pieces, None
        return run

    def relieved(self) -> Run:
        """The same, with the state after it as it is once the machine's memory has been emptied."""
        run = copy(self)
        run.after = self.after.machine.relieved(self.after)
        return run

    @property
    def pieces(self) -> list[str]:
        """The pieces."""
        if not self.divided:
            lexer = self.first.machine.lexer
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
        try:
            return self._places
        except AttributeError:
            self._places = []
        line, column = self.begin
        for piece in self.pieces:
            self._places.append((line, column))
            line, column = (line + 1, 0) if piece[-1:] in ("\n", "\r") else (line, column + len(piece))
        return self._places

    def backward(self) -> Iterator[tuple[str, AnyState]]:
        """The pieces of the chain with the states before them, the last one first."""
        run: Run | None = self
        while run is not None:
            yield from zip(reversed(run.pieces), reversed(run.states[:-1]), strict=True)
            run = run.previous

    def token_open(self) -> tuple[int, Seen] | None:
        """The beginning of the token that is open behind the chain, and how many pieces there were up to there."""
        if not isinstance(self.after, InToken):
            return None
        found = opening(self.first.machine, self.backward())
        if found is not None:
            placed = RunWindow(self, len(self.pieces) - 1)(found.back)
            assert placed is not None
            return self.total - found.back, found.at(placed.line, placed.column)
        head = self
        while head.previous is not None:
            head = head.previous
        return head.opened if head.opened is not None and self.total - head.opened[0] < FARTHEST else None

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
    """A chain with the same last pieces, at least so many as a message may depend on, and nothing before."""
    chain: list[Run] = []
    kept: Run | None = run
    count = 0
    while kept is not None and count <= LOOK_BACK + run.first.machine.lines_ahead:
        chain.append(kept)
        count += kept.kept - (kept.previous.kept if kept.previous is not None else 0)
        kept = kept.previous
    short: Run | None = None
    opened = kept.token_open() if kept is not None else None
    for old in reversed(chain):
        count = old.kept - (old.previous.kept if old.previous is not None else 0)
        shorter = copy(old)
        shorter.previous, shorter.kept = short, count + (short.kept if short is not None else 0)
        if short is None and kept is not None:
            shorter.opened = opened
        short = shorter
    assert short is not None
    return short


class RunWindow:
    """`render.Window` over a chain of runs, seen from a piece of one of them; `later`: those behind it, in order."""

    __slots__ = ("index", "later", "run")

    def __init__(self, run: Run, index: int, later: Sequence[Run] = ()) -> None:
        self.run, self.index, self.later = run, index, later

    def __call__(self, back: int) -> Placed | None:
        """The piece that many before the one it is seen from (negative: behind it); None outside of what is kept."""
        run: Run | None = self.run
        index = self.index - back
        while index < 0 and run is not None:
            run = run.previous
            index += len(run.pieces) if run is not None else 0
        later = iter(self.later)
        while run is not None and index >= len(run.pieces):
            index -= len(run.pieces)
            run = next(later, None)
        return None if run is None else Placed(run.pieces[index], run.states[index], *run.places[index])

    def farthest_wrong(self, most: int) -> int:
        """How far above the farthest piece is in which something is wrong, of so many; 0 if nothing is wrong there."""
        run: Run | None = self.run
        above, farthest = self.index, 0                  # how far above the first piece of `run` is
        while run is not None and above - len(run.pieces) < most:
            farthest = max((farthest, *(above - index for index in run.bad if 0 < above - index <= most)))
            run = run.previous
            above += len(run.pieces) if run is not None else 0
        return farthest

    def opener(self) -> Seen | None:
        """The beginning of the token that the text ends in; to be asked where it is seen from the last piece."""
        opened = self.run.token_open()
        return opened[1] if opened is not None else None
