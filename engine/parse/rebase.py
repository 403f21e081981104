"""States of an old graph to the equal ones of the machine's newest.

Cells are found by their symbols, so equal continuations are one object, and none can be given up while others may be
built on it.  What was built for texts that are gone goes only when the whole graph does: the machine begins a new one
(`Machine.renew`), and whoever holds states looks up their equals here.

Knows no text.  Invariant: the state found equals the one asked for; one that is not old is found as itself.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from engine.parse.cells import AnyCell, DeepCell, Notes
from engine.parse.states import AnyState, InToken, Tags

if TYPE_CHECKING:
    from engine.parse.machine import Machine

__all__ = ["Holder", "Newest"]


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
        return machine.state(tuple(map(self._cell, state.cells)), tags, state.nl)

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
