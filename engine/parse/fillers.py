"""What may be inserted in a state: the kinds that people forget and that the grammar may take there.

Read off the symbols that a continuation begins with, and remembered for those: they are the same in many states.
"""
from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from engine.parse.cells import AnyCell
from engine.parse.machine import Machine, Settled
from engine.parse.tables import Symbols_

__all__ = ["PAIRED", "Filler", "fillers", "supposed_kinds"]

PAIRED: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSERS: Final = frozenset(PAIRED.values())
#: Each next group of the likely kinds, and each doubling of the number of kinds that could be inserted just as well.
_RANK, _CHOICE = 3, 1
_GROUP: Final = 7
#: Symbols of a continuation looked at for a token that may be absent.
_TOP: Final = 32


class Filler(NamedTuple):
    """A token that may be inserted; that no guard forbids it is seen when it is tried."""

    kind: int
    rank: int
    """Its place among the likely ones."""
    below: bool
    """See `Change.below`."""
    implausible: int
    """What it costs that nothing suggests just this one."""
    closes: bool
    opens: bool
    """Is it a bracket?"""


def fillers(machine: Machine, state: Settled) -> list[Filler]:
    """The likely kinds that may be inserted in a state; at a line's start on either side of the line break."""
    fronts = tuple([tuple(_front(machine, cell)) for cell in state.cells])
    known = machine.fillers.get((state.nl, fronts))
    if known is None:
        known = machine.fillers[state.nl, fronts] = _fillers(machine, state.nl, fronts)
        machine.entries += 1
    return known


def supposed_kinds(machine: Machine, state: Settled) -> frozenset[int]:
    """The kinds that the grammar takes as present here when they are absent."""
    return _supposed(machine, tuple(islice(_front(machine, state.cells[0]), _TOP)))


def _front(machine: Machine, cell: AnyCell) -> Iterator[int]:
    """The symbols of a continuation up to the first that cannot be empty."""
    term, plan, empty = machine.tables.term, machine.tables.plan, machine.tables.empty
    for symbol, _ in machine.cells.walk(cell):
        yield symbol
        if term[symbol] is not None or plan[symbol] is not None and empty[symbol] is None:
            break


def _supposed(machine: Machine, front: Symbols_) -> frozenset[int]:
    t = machine.tables
    for symbol in front:
        if t.missing[symbol]:
            return frozenset(kind >> 1 for kind in t.term[symbol] or ())
        if not (t.passive(symbol) or t.empty[symbol] is not None):
            break
    return frozenset()


def _fillers(machine: Machine, nl: bool, fronts: tuple[Symbols_, ...]) -> list[Filler]:
    t = machine.tables
    first: set[int] = set().union(*(t.term[symbol] or t.plan[symbol] or () for front in fronts for symbol in front))
    places = ((False, False), (True, True)) if nl else ((False, False),)
    found = [(kind, rank, below) for rank, kind in enumerate(machine.likely) for below, broken in places
             if 2 * kind + broken in first]
    choice, supposed = _CHOICE * len(found).bit_length(), _supposed(machine, fronts[0][:_TOP])
    return [Filler(
        kind, rank, below,
        0 if kind in supposed else _RANK * (rank // _GROUP) + choice * (not machine.certain(kind)),
        t.kinds[kind] in _CLOSERS, t.kinds[kind] in PAIRED) for kind, rank, below in found]
