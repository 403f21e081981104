"""The continuation machine: runs a compiled grammar over the pieces of texts.

Parsing a text from any state is ``reduce(getitem, pieces, state)``, in C for what has been seen before; the state after
a piece is a reference, so suspending costs nothing and resuming twice gives the same.

Errors do not stop it: a piece with errors is run by `recovery`, what went wrong is kept in ``state.mistakes``, and
``Machine.mistaken`` counts every run over such a piece, so that whoever runs pieces knows when to look.

Invariant: what decides the next state is this piece and the state before it, nothing else; that is why editing and
parsing from scratch cannot differ.
"""
from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import getitem
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from engine.parse.cells import Cell, Cells, DeepCell
from engine.parse.habits import Habits
from engine.parse.lexer import EOF, NL, WS, Lexer
from engine.parse.rebase import Holder, Newest
from engine.parse.recipes import Recipes
from engine.parse.source import BOM, has_escapes
from engine.parse.states import Ahead, AnyState, DeepState, InToken, Reject, Settled, Several, State
from engine.parse.steps import Move, Steps
from engine.parse.tables import Kinds, Symbols_, Tables

if TYPE_CHECKING:
    from engine.parse.fillers import Filler
    from engine.parse.recovery import Mistake, Step
    from engine.parse.repair import Advise, Damage, Found

__all__ = ["AnyState", "DeepState", "InToken", "Limits", "Machine", "Reject", "Settled", "State", "WrongToken"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a machine's memory; exceeding one costs time, never changes a result."""

    depth: int = 400
    """Continuations deeper than this are not shared."""
    cells: int = 300_000
    """Continuations kept before all are forgotten but those in use; half a kilobyte each, with their states."""
    entries: int = 1_000_000
    """Memoised transitions, of tokens and of pieces, before they are dropped."""
    piece_bytes: int = 64_000_000
    """Characters of memoised pieces before they are dropped."""
    longest_piece: int = 4096
    """Longer pieces are not memoised."""
    searched: int = 40_000
    """Continuations that searches for repairs have made, before all of them are forgotten."""


@dataclass(frozen=True, slots=True)
class WrongToken:
    """A kind that no text may contain: the code it is reported with, and the kind it stands for afterwards.

    `or_else`: the kind it stands for where the first one cannot be taken.
    """

    code: str
    stands_for: str | None = None
    or_else: str | None = None


class Machine:
    """Runs a compiled grammar over a lexer's kinds; shared by all texts of a language."""

    def __init__(self, tables: Tables, lexer: Lexer, *, margin: tuple[str, ...] = (), closers: tuple[str, ...] = (),
                 wrong: Mapping[str, WrongToken] | None = None, advise: Advise | None = None,
                 likely: tuple[str, ...] = (), spaced: frozenset[str] = frozenset(),
                 holes: Mapping[str, str] | None = None, lines_ahead: int = 3, sample: str = "",
                 limits: Limits | None = None) -> None:
        self.tables, self.lexer, self.limits, self.advise = tables, lexer, limits or Limits(), advise
        self.cells = Cells(tables, self.limits.depth)
        self.steps = Steps(tables, self.cells)
        self.step = self.steps.step
        self.margin = frozenset(map(lexer.kind.__getitem__, margin))
        self.closers = frozenset(map(lexer.kind.__getitem__, closers))
        self.wrong = {lexer.kind[name]: token for name, token in (wrong or {}).items()}
        self.likely, self.spaced = tuple(lexer.kind[name] for name in likely), spaced
        self.holes, self.lines_ahead, self.sample = dict(holes or {}), lines_ahead, sample
        self.entries = self.piece_bytes = self.clears = self.pieces_run = self.mistaken = 0
        #: Tokens tried in all searches for repairs, and in the longest one.
        self.repair_steps = self.longest_search = 0
        self.repairs: dict[tuple[Damage, int], tuple[Found, ...]] = {}
        """What `repair` has found, of so many repairs wanted."""
        self.repaired: dict[Hashable, tuple[AnyState, ...]] = {}
        """The states behind mistakes that are repaired; a memo of `explained`."""
        self.fillers: dict[tuple[bool, tuple[Symbols_, ...]], list[Filler]] = {}
        """What may be inserted in states that begin alike; a memo of `fillers`."""
        self.beginnings: dict[tuple[int, int, Kinds | None], tuple[str, ...]] = {}
        """What symbols begin with, for people; a memo of `expected`."""
        self.looked_at: dict[tuple[State, str], tuple[list[Step], AnyState]] = {}
        """How pieces near mistakes were parsed; a memo of `scene`."""
        self.recipes = Recipes(self)
        self._moves: dict[tuple[Settled, int], tuple[Move, ...]] = {}
        self._several: dict[tuple[Several, bool], State] = {}
        self._with_pieces: set[AnyState] = set()
        #: Where every text begins.  Never reached again, so that only a text's first piece may have a BOM.
        self.start = State(self, self.cells.start, True)
        self.units: dict[State, dict[int, bool]] = {}
        """What `units` has found out about states."""
        self.holders: WeakSet[Holder] = WeakSet()
        """Open documents: what keeps states, and goes over to the equal ones of a new graph."""
        self.renewals, self._room, self.is_due = 0, self.limits.cells, False
        self._aside: Machine | None = None

    def again(self, limits: Limits) -> Machine:
        """A machine of the same language that has seen nothing yet."""
        names = self.lexer.names
        return Machine(
            self.tables, self.lexer, margin=tuple(names[kind] for kind in self.margin),
            closers=tuple(names[kind] for kind in self.closers),
            wrong={names[kind]: token for kind, token in self.wrong.items()}, advise=self.advise,
            likely=tuple(names[kind] for kind in self.likely), spaced=self.spaced, holes=self.holes,
            lines_ahead=self.lines_ahead, sample=self.sample, limits=limits)

    @property
    def aside(self) -> Machine:
        """Where tokens are only tried, so that what comes of it is no part of this graph, and forgotten apart."""
        if self._aside is None:
            most = self.limits.searched
            self._aside = self.again(Limits(depth=sys.maxsize, cells=most, entries=10 * most))
            self._aside.habits = self.habits                # learnt once
        return self._aside

    # ------------------------------------------------------------------------------------------------ states
    def state(self, ahead: Ahead, nl: bool) -> Settled:
        """The state of these continuations."""
        if ahead.__class__ is Cell:
            known: Any = ahead.state
            if known is None:
                known = ahead.state = State(self, ahead, False)
            if not nl:
                return known                             # type: ignore[no-any-return]
            if known.broken is None:
                known.broken = State(self, ahead, True)
            return known.broken                          # type: ignore[no-any-return]
        if not isinstance(ahead, Several) or any(cell.__class__ is DeepCell for cell in ahead.cells):
            return DeepState(self, ahead, nl)
        key = ahead, nl
        found = self._several.get(key)
        if found is None:
            found = self._several[key] = State(self, ahead, nl)
        return found

    def after(self, state: Settled, kind: int) -> Settled:
        """The state after one token, blank or line break; raises `Reject`."""
        if kind in (WS, NL):
            nl = state.nl or kind == NL and self.tables.uses_newlines
            return state if nl == state.nl and state is not self.start else self.state(state.ahead, nl)
        ahead = self.step(state.ahead, 2 * kind + state.nl)
        if ahead is None:
            raise Reject
        return self.state(ahead, False)

    def same(self, a: AnyState, b: AnyState) -> bool:
        """Are two states equal?  Below the depth cap "no" may be said of equal ones, which only costs time."""
        if a is b:
            return True
        if a.__class__ is not b.__class__ or a.__class__ is State:
            return False
        if isinstance(a, InToken) and isinstance(b, InToken):
            return a.mode == b.mode and self.same(a.base, b.base)
        assert isinstance(a, DeepState) and isinstance(b, DeepState)
        return a.nl == b.nl and a.ahead == b.ahead

    def certain(self, kind: int) -> bool:
        """Is a missing token of the kind no less likely where many others could stand: a comma, a placeholder?"""
        name = self.tables.kinds[kind]
        return name == "," or name in self.holes

    @cached_property
    def habits(self) -> Habits | None:
        """Which tokens usually stand side by side; None without a sample of the language.  Learnt on first use."""
        operands = frozenset(self.lexer.kind[name] for name in (*self.holes, *self.lexer.classes))
        return Habits(self.lexer, self.sample, operands, self.likely) if self.sample else None

    # ------------------------------------------------------------------------------------------------ one token
    def moves(self, state: Settled, kind: int) -> tuple[Move, ...]:
        """How each continuation of ``state[kind]`` came about; a memo of its own, because only trees need it."""
        known = self._moves.get((state, kind))
        if known is None:
            known = self.steps.moves(state.ahead, 2 * kind + state.nl)
            if state.__class__ is State:
                self._moves[state, kind] = known
                self.entries += 1
        return known

    # ------------------------------------------------------------------------------------------------ pieces
    def run_piece(self, state: AnyState, piece: str) -> AnyState:
        """The state after a piece that is not in the state's memo."""
        if state.mistakes is not None and piece in state.mistakes:
            self.mistaken += 1
            return state.mistakes[piece][0]
        self.pieces_run += 1
        after = self._run_clean(state, piece)
        kept = state.__class__ is State and len(piece) <= self.limits.longest_piece
        if after is None:
            from engine.parse.recovery import run_with_errors
            after, mistakes = run_with_errors(self, state, piece)
            if mistakes:
                self.mistaken += 1
                state.mistakes = {} if state.mistakes is None else state.mistakes
                state.mistakes[piece] = after, mistakes
                kept = False
                self._with_pieces.add(state)
                self.entries += 1
                self.piece_bytes += len(piece)
        if kept:
            state[piece] = after                         # type: ignore[index]
            self._with_pieces.add(state)
            self.entries += 1
            self.piece_bytes += len(piece)
        return after

    def _run_clean(self, state: AnyState, piece: str) -> AnyState | None:
        """The state after a piece, or None if something in it needs the slow way."""
        if state.__class__ is InToken or state is self.start or has_escapes(piece):
            return None
        path = self.lexer.path(piece)
        if path is None:
            return None
        try:
            return reduce(getitem, path, state)
        except Reject:
            return None

    def skip(self, state: AnyState, text: str) -> AnyState | None:
        """The state after many lines at once, or None if that needs the slow way (an error, an open token)."""
        if state.__class__ is InToken or has_escapes(text):
            return None
        if state is self.start:
            if text.startswith(BOM):
                return None
            state = self.state(self.start.ahead, True)
        path = self.lexer.path(text)
        if path is None:
            return None
        try:
            return reduce(getitem, path, state)
        except Reject:
            return None

    def mistakes(self, state: AnyState, piece: str) -> tuple[Mistake, ...]:
        """What goes wrong in a piece after a state."""
        if state.mistakes is None or piece not in state.mistakes:
            self.run_piece(state, piece)
        return state.mistakes[piece][1] if state.mistakes and piece in state.mistakes else ()

    def accepts_end(self, state: AnyState) -> bool:
        """May the text end here?"""
        try:
            state[self.lexer.keys[EOF]]
        except Reject:
            return False
        return True

    # ------------------------------------------------------------------------------------------------ memory
    def clear(self) -> None:
        """Forget pieces and texts of tokens.  States keep their identity, so nothing that holds one notices."""
        for state in self._with_pieces:
            if isinstance(state, State):
                state.clear()
            state.mistakes = None
        self._with_pieces = set()
        for memo in (self.repairs, self.repaired, self.fillers, self.beginnings, self.looked_at, self.recipes,
                     self._moves):
            memo.clear()
        self.entries = self.piece_bytes = 0
        self.clears += 1
        self.lexer.forget()

    def renew(self) -> None:
        """Forget all states but those in use.  Holders go over to equal new ones; a stream keeps what it has."""
        self.clear()
        self.cells.renew()
        self.steps.forget()
        self._several, self.units = {}, {}
        start = self.start                               # stays the one beginning of all texts
        start.clear()
        start.ahead, start.rejected = self.cells.start, None
        self.renewals += 1
        newest = Newest(self)
        for holder in list(self.holders):
            holder.rebase(newest.__getitem__)
        self._room = max(self.limits.cells, 2 * self._kept)      # or what is in use would be gone over again and again

    @property
    def _kept(self) -> int:
        return self.cells.made + len(self._several)

    def relieved(self, state: AnyState) -> AnyState:
        """`state`, or the equal one of a new graph, after the memory has been emptied as far as it is full."""
        self.is_due = False
        if self._kept > self._room:
            self.renew()
            return Newest(self)[state]
        self.clear()
        return state

    def memo_bytes(self) -> int:
        """An estimate of what the memo takes: a transition's share of a dictionary, and the texts of pieces."""
        tried = self._aside.entries if self._aside is not None else 0
        return 100 * (self.entries + tried) + self.piece_bytes

    @property
    def is_full(self) -> bool:
        """Has a limit been exceeded?  Then `is_due` is to be set: the next text to be run goes on `relieved`."""
        return (self.entries + len(self.lexer) > self.limits.entries or self.piece_bytes > self.limits.piece_bytes
                or self._kept > self._room)
