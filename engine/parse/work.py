"""How much work may be done before something else gets its turn.

Work is counted, not timed, so the same text is always parsed in the same slices.  One unit is about a microsecond of a
slow machine; the weights below are rough, and the benchmarks show what a slice really takes.
"""
from __future__ import annotations

import math
from typing import Final

from engine.parse.machine import Machine

__all__ = ["Work"]

#: A piece that is known after its state.
_KNOWN: Final = 2.5
#: A piece that has to be run, and each of its characters.
_NEW: Final = 10.0
_CHARACTER: Final = 0.4
#: A piece in which something is wrong: recovery runs it token by token, some of it several times.
_MISTAKEN: Final = 300.0
#: A unit that is looked at, each of its characters, and more for each where that took making its tree.
_UNIT: Final = 15.0
_UNIT_CHARACTER: Final = 0.15
_TREE_CHARACTER: Final = 1.0
#: A piece whose mistakes are put into words, which may mean to search for their repairs.
_WORDED: Final = 2000.0
#: Pieces taken first, and at most; in between their number follows from what the last ones took.
_FIRST: Final = 8
_MOST: Final = 512


class Work:
    """An amount of work that gets used up; without an amount it never is."""

    __slots__ = ("_machine", "_missed", "_mistaken", "_pieces", "_spent", "left")

    def __init__(self, machine: Machine, amount: float = math.inf) -> None:
        self.left = amount
        self._machine = machine
        self._missed, self._mistaken = machine.pieces_run, machine.mistaken
        self._pieces, self._spent = 0, 0.0

    @property
    def is_done(self) -> bool:
        """Is it used up?"""
        return self.left <= 0

    def spend(self, amount: float) -> None:
        """Use some of it up."""
        self.left -= amount
        self._spent += amount

    def ran(self, pieces: int, characters: int) -> None:
        """Use up what it took to run so many pieces just now."""
        machine = self._machine
        missed, mistaken = machine.pieces_run - self._missed, machine.mistaken - self._mistaken
        self._missed, self._mistaken = machine.pieces_run, machine.mistaken
        self.spend(_KNOWN * pieces + _MISTAKEN * mistaken)
        if missed:
            self.spend(_NEW * missed + _CHARACTER * characters * min(1.0, missed / pieces))
        self._pieces += pieces

    def looked(self, characters: int, *, is_new: bool) -> None:
        """Use up what it took to look at a unit."""
        self.spend(_UNIT + (_UNIT_CHARACTER + _TREE_CHARACTER * is_new) * characters)

    def worded(self, pieces: int) -> None:
        """Use up what it took to put the mistakes in so many pieces into words."""
        self.left -= _WORDED * pieces

    def batch(self) -> int:
        """How many pieces to run next: as many as half of what is left should do for."""
        if not self._pieces or self.left == math.inf:
            size = _FIRST if not self._pieces else _MOST
        else:
            size = int(self.left / 2 * self._pieces / self._spent)
        size = max(1, min(size, 4 * max(self._pieces, _FIRST // 4), _MOST))
        self._pieces, self._spent = 0, 0.0
        return size
