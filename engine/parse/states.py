"""States of the machine: what may follow, and whether a line break has just been seen.

A *state* is an ordered tuple of continuations (several while an `attempt` is undecided) and the line break.  It is a
dictionary that fills itself: ``state[key]`` is the state after a token (`Lexer.keys`, or for a lexer that goes by the
bulk the kind itself), ``state[piece]`` that after a whole piece.
The machine makes them and knows how; states only remember.
"""
from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.parse.cells import AnyCell, Notes
from engine.parse.lexer import kind_in
from engine.parse.source import has_escapes

if TYPE_CHECKING:
    from engine.parse.lexer import Mode
    from engine.parse.machine import Machine
    from engine.parse.recovery import Mistake

__all__ = ["Ahead", "AnyState", "DeepState", "InToken", "Reject", "Settled", "Several", "State", "Tags", "ahead_of"]


class Reject(Exception):
    """A state has no successor for a kind; control flow inside the machine only."""


#: For each continuation of a state, the choices it has left while an alternative further left is undecided in them.
Tags = tuple[frozenset[Notes], ...] | None


class Several(NamedTuple):
    """The continuations of a state while an `attempt` is undecided, most preferred first."""

    cells: tuple[AnyCell, ...]
    tags: Tags


#: What may follow: one continuation, nearly always, or several.
Ahead = AnyCell | Several


def ahead_of(cells: tuple[AnyCell, ...], tags: Tags) -> Ahead:
    """These continuations, of which there is at least one; a single one has no tags."""
    return cells[0] if len(cells) == 1 else Several(cells, tags)


class _HasAhead:
    """What a state and one below the depth cap have in common."""

    __slots__ = ()
    ahead: Ahead

    @property
    def cells(self) -> tuple[AnyCell, ...]:
        """The continuations."""
        return self.ahead.cells if isinstance(self.ahead, Several) else (self.ahead,)

    @property
    def tags(self) -> Tags:
        """See `Tags`."""
        return self.ahead.tags if isinstance(self.ahead, Several) else None


class State(dict[Any, Any], _HasAhead):
    """Hash-consed, memoised; see the module."""

    __slots__ = ("ahead", "broken", "machine", "mistakes", "nl", "rejected")

    def __init__(self, machine: Machine, ahead: Ahead, nl: bool) -> None:
        self.machine, self.ahead, self.nl = machine, ahead, nl
        self.mistakes: dict[str, tuple[AnyState, tuple[Mistake, ...]]] | None = None
        self.broken: State | None = None                 # the same with a line break seen, if this is one without
        self.rejected: set[int | str] | None = None      # kinds that cannot follow; asked again and again by `repair`

    def __missing__(self, key: int | str) -> AnyState:
        machine = self.machine
        kind = kind_in(key)
        if kind is None:
            return machine.run_piece(self, key)          # type: ignore[arg-type]
        if self.rejected is not None and key in self.rejected:
            raise Reject
        try:
            after = machine.after(self, kind)
        except Reject:
            self.rejected = {key} if self.rejected is None else self.rejected
            self.rejected.add(key)
            raise
        self[key] = after
        machine.entries += 1
        return after

    __hash__ = object.__hash__                           # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:                           # a dictionary's would walk the whole graph
        return _shown(self)


class DeepState(_HasAhead):
    """A state with a continuation below the depth cap: computed, never stored, and small, since there may be many."""

    __slots__ = ("ahead", "machine", "mistakes", "nl")

    def __init__(self, machine: Machine, ahead: Ahead, nl: bool) -> None:
        self.machine, self.ahead, self.nl = machine, ahead, nl
        self.mistakes: dict[str, tuple[AnyState, tuple[Mistake, ...]]] | None = None

    def __repr__(self) -> str:
        return _shown(self)

    def __getitem__(self, key: int | str) -> AnyState:
        kind = kind_in(key)
        if kind is None:
            return self.machine.run_piece(self, key)     # type: ignore[arg-type]
        return self.machine.after(self, kind)


class InToken:
    """A line's start inside a token that spans lines: the state before the token, the lexer's mode.  Not memoised."""

    __slots__ = ("base", "machine", "mistakes", "mode")

    def __init__(self, machine: Machine, base: State | DeepState, mode: Mode) -> None:
        self.machine, self.base, self.mode = machine, base, mode
        self.mistakes: dict[str, tuple[AnyState, tuple[Mistake, ...]]] | None = None

    def __getitem__(self, key: int | str) -> AnyState:
        if not isinstance(key, str) or kind_in(key) is not None:
            raise Reject
        if self.machine.lexer.stays_in(self.mode, key) and not has_escapes(key):
            return self                                  # nearly always: a token that is left open runs to the end
        return self.machine.run_piece(self, key)

    def __repr__(self) -> str:
        return f"InToken({self.mode.closer!r} {self.mode.depth} deep, in {self.base!r})"


AnyState = State | DeepState | InToken
Settled = State | DeepState


#: Continuations, and symbols of each, that a representation shows.
_SHOWN = 4


def _shown(state: Settled) -> str:
    """The first symbols that may follow in each continuation, and how many there are."""
    names, ways = state.machine.tables.names, []
    for cell in state.cells[:_SHOWN]:
        walk = islice(state.machine.cells.walk(cell), _SHOWN)
        ways.append(f"{' '.join(names[symbol] for symbol, _ in walk)} ({cell.depth})")
    more = "; …" if len(state.cells) > _SHOWN else ""
    return f"{type(state).__name__}({'; '.join(ways)}{more}{', line break' if state.nl else ''})"
