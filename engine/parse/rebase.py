"""States of one graph to the equal ones of another: of an old graph of a machine, or of the one it has aside.

Cells are found by their symbols, so equal continuations are one object, and none can be given up while others may be
built on it.  What was built for texts that are gone goes only when the whole graph does: the machine begins a new one
(`Machine.renew`), and whoever holds states looks up their equals here.

What is only tried is tried in a graph of its own, and the states to begin with are looked up there (`Aside`).

Knows no text.  Invariant: the state found equals the one asked for; one that is not old is found as itself.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol

from engine.parse.cells import AnyCell, DeepCell, Notes
from engine.parse.states import AnyState, InToken, Settled, Tags, ahead_of

if TYPE_CHECKING:
    from engine.parse.machine import Machine

__all__ = ["Aside", "Holder", "Newest"]

#: Symbols of a continuation that are looked up aside: more than a few dozen tokens can take away.
_DEEPEST: Final = 768


class Holder(Protocol):
    """Something open that keeps states."""

    def rebase(self, newest: Callable[[AnyState], AnyState]) -> None:
        """Put the newest state in the place of each one that is kept."""


class Newest(dict[AnyState, AnyState]):
    """From any state of a machine to the equal one of its newest graph; each is looked up once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        bottom, done = machine.cells.bottom, machine.cells.done
        self._cells: dict[AnyCell, AnyCell] = {bottom: bottom, done: done}

    def __missing__(self, state: AnyState) -> AnyState:
        found = self[state] = self._found(state)
        return found

    def _found(self, state: AnyState) -> AnyState:
        machine = self.machine
        if isinstance(state, InToken):
            base = self[state.base]
            assert not isinstance(base, InToken)
            return state if base is state.base else InToken(machine, base, state.mode)
        if state is machine.start or machine.cells.is_newest(state.cells[0]):
            return state
        tags: Tags = None if state.tags is None else tuple(
            frozenset(Notes(self._cell(notes.top), notes.floor) for notes in tag) for tag in state.tags)
        return machine.state(ahead_of(tuple(map(self._cell, state.cells)), tags), state.nl)

    def _cell(self, cell: AnyCell) -> AnyCell:
        """The equal cell; without recursion, since continuations may be deep."""
        above: list[AnyCell] = []
        while cell not in self._cells:
            above.append(cell)
            cell = cell.rest
        found = self._cells[cell]
        store = self.machine.cells
        for old in reversed(above):
            found = store.deep(old.tail, found) if isinstance(old, DeepCell) else store.push((old.symbol,), found)
            self._cells[old] = found
        return found


class Aside:
    """From some states of a machine to the equal ones of its graph aside, but for what lies very deep in all of them.

    A continuation is cut off at one depth in all of the states, so that what they share they share there too.
    """

    def __init__(self, machine: Machine, states: Iterable[Settled]) -> None:
        self._from, self._to = machine.cells, machine.aside
        bottom, done = self._to.cells.bottom, self._to.cells.done
        self._cells: dict[AnyCell, AnyCell] = {self._from.bottom: bottom, self._from.done: done}
        self._cut = max(0, min(cell.depth for state in states for cell in state.cells) - _DEEPEST)

    def __call__(self, state: Settled) -> Settled:
        """The equal state."""
        tags: Tags = None if state.tags is None else tuple(
            frozenset(Notes(self._cell(notes.top), max(0, notes.floor - self._cut)) for notes in tag)
            for tag in state.tags)
        return self._to.state(ahead_of(tuple(map(self._cell, state.cells)), tags), state.nl)

    def _cell(self, cell: AnyCell) -> AnyCell:
        above: list[tuple[int, AnyCell]] = []
        while cell.depth > self._cut and cell not in self._cells:
            symbol, rest = self._from.pop(cell)
            above.append((symbol, cell))
            cell = rest
        store = self._to.cells
        found = self._cells.get(cell, store.bottom)
        for symbol, old in reversed(above):
            found = self._cells[old] = store.push((symbol,), found)
        return found
