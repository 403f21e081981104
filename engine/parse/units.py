"""Units: the children of a text's root, such as declarations.

A unit is what trees are built for and checks look at.  Whether one begins at a piece is a function of the state before
it and its first token.  A line holds the beginning of at most one; several on a line are one unit together.
"""
from __future__ import annotations

from typing import Final

from engine.parse.lexer import NL, OPEN, WS
from engine.parse.machine import AnyState, Machine, State

__all__ = ["begins_unit"]

#: The units of a state in which none can begin.
_NEVER: Final[dict[int, bool]] = {}


def begins_unit(machine: Machine, state: AnyState, piece: str) -> bool:
    """Does a unit begin at this piece, which follows `state`?"""
    if state.__class__ is not State:
        return False
    assert isinstance(state, State)
    units = machine.units.get(state)
    if units is None:
        units = machine.units[state] = {} if _may_rest(machine, state) else _NEVER
    return units is not _NEVER and _begins(machine, state, units, _first_kind(machine, piece))


def _first_kind(machine: Machine, piece: str) -> int:
    """The kind of the first token; `NL` if the piece has none."""
    lexer, position = machine.lexer, 0
    while position < len(piece):
        match = lexer.tile_at(piece, position)
        kind = lexer.kind_of(match[0])
        if kind not in (WS, NL):
            return lexer.token_at(piece, match).kind if kind == OPEN else kind
        position = match.end()
    return NL


def _may_rest(machine: Machine, state: State) -> bool:
    """Can everything that is open end here, without another token?"""
    if len(state.cells) != 1:
        return False
    t = machine.tables
    for symbol, cell in machine.cells.walk(state.cells[0]):
        if not machine.cells.opens(cell):
            return True
        if not t.passive(symbol) and t.guard[symbol] is None and t.empty[symbol] is None:
            return False
    return True


def _begins(machine: Machine, state: State, units: dict[int, bool], kind: int) -> bool:
    if kind in (NL, WS, OPEN):
        return False
    known = units.get(kind)
    if known is None:
        moves = machine.moves(state, kind)
        known = units[kind] = bool(moves) and all(
            _opens_at_root(machine, move.events, machine.cells.opens(state.cells[0])) for move in moves)
    return known


def _opens_at_root(machine: Machine, events: tuple[int, ...], opens: int) -> bool:
    """Do the events close all `opens` nodes and only then open one (or take the token)?"""
    for symbol in events:
        event = machine.tables.event[symbol] if symbol >= 0 else None
        if not opens:
            return event is None or event.op == "open"
        if event is None:
            return False
        opens += -1 if event.op == "close" else 1
    return False
