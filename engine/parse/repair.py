"""Repairs: the cheapest insertions and deletions after which parsing goes on.

A best-first search over states (idea: Corchuelo et al., "Repairing syntax errors in LR parsers", 2002; Diekmann &
Tratt, "Don't Panic!", 2020); hash-consed states make trying a token one look-up.  It looks at the rest of the damaged
piece, is bounded in steps, and never changes a state: a repair gives a diagnostic its words and its fix, nothing else.

Also the values with which a language can say it better (`Advise`).
"""
from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

from engine.parse.diagnostics import Severity
from engine.parse.lexer import EOF, NL
from engine.parse.machine import Machine, Reject, Settled

__all__ = ["FARTHEST", "Advice", "Advise", "Change", "Located", "Repair", "Situation", "repairs"]

#: Insertions and deletions in one repair · tokens that must be taken afterwards · states looked at · repairs wanted.
MOST_CHANGES: Final = 3
RUN_ON: Final = 6
BUDGET: Final = 300
WANTED: Final = 3
#: Tokens that a search can look at.
FARTHEST: Final = (MOST_CHANGES + 1) * (RUN_ON + 1)
#: Deleting a token is as implausible as this place in the list of likely insertions.
_DELETION_RANK: Final = 8


@dataclass(frozen=True, slots=True)
class Located:
    """A token before an error: `line_offset` is 0 on the error's line, negative above it.

    Columns are the line's, but the piece's on the error's line (negative if the token is in an earlier segment of it).
    """

    kind: str
    text: str
    line_offset: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that advice may depend on."""

    piece: str
    """The line, or the segment of a long one, with its line end."""
    start: int
    end: int
    """The unexpected token in it; both the piece's length at the end of the text."""
    kind: str
    text: str
    expected: tuple[str, ...]
    """Kinds and labels that could stand here."""
    context: tuple[str, ...]
    """Names of the open rules, outer to inner."""
    before: tuple[Located, ...]
    """Up to two tokens before it, nearest first."""
    after: tuple[str, ...]
    """Kinds of up to six tokens behind it on the piece."""
    code: str
    """The code it is reported with unless the advice has another."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A language's own words for an error; what is None stays as the engine has it.

    Columns are the piece's on the error's line, as in `Situation`.  `fixes`: pairs (title, edits), an edit being (line
    offset, start column, end column, text).
    """

    code: str | None = None
    message: str | None = None
    fixes: tuple[tuple[str, tuple[tuple[int, int, int, str], ...]], ...] = ()
    severity: Severity = Severity.ERROR
    part: tuple[int, int] | None = None
    """Columns of the part of a wrong token that is meant, where the whole token would say too little."""


Advise = Callable[[Situation], Advice | None]


@dataclass(frozen=True, slots=True)
class Change:
    """Insert a token of `kind` before the token at `index`, or delete that one."""

    op: Literal["insert", "delete"]
    kind: int
    index: int


Repair = tuple[Change, ...]


def repairs(machine: Machine, state: Settled, kinds: tuple[int, ...]) -> tuple[Repair, ...]:
    """The cheapest repairs of an error, at most `WANTED`, best first; remembered by the machine.

    `state` stands before the unexpected token, `kinds` are the tokens from there on (line breaks included).
    """
    known = machine.repairs.get((state, kinds))
    if known is None:
        known = machine.repairs[state, kinds] = _Search(machine, kinds).run(state)
        machine.entries += 1
    return known


@dataclass(order=True, slots=True)
class _Attempt:
    cost: int
    implausible: int
    serial: int
    state: Settled
    index: int
    changes: Repair


class _Search:
    def __init__(self, machine: Machine, kinds: Sequence[int]) -> None:
        self.machine, self.kinds = machine, kinds
        self.serial = count()
        self.heap: list[_Attempt] = []
        self.seen: set[tuple[int, int]] = set()

    def run(self, state: Settled) -> tuple[Repair, ...]:
        found: list[Repair] = []
        kept: list[Settled] = []                         # the machine keeps no deep states; `seen` goes by identity
        self.heap.append(_Attempt(0, 0, next(self.serial), state, 0, ()))
        for _ in range(BUDGET):
            if not self.heap or len(found) >= WANTED:
                break
            attempt = heapq.heappop(self.heap)
            after, index, done = self._run_on(attempt)
            if done:
                if attempt.changes:
                    found.append(attempt.changes)
            elif attempt.cost < MOST_CHANGES:
                kept.append(after)
                self._branch(attempt, after, index)
        return tuple(found)

    def _run_on(self, attempt: _Attempt) -> tuple[Settled, int, bool]:
        """As far as the tokens go without a change: the state there, its index, and whether that is far enough."""
        state, index, taken = attempt.state, attempt.index, 0
        while index < len(self.kinds) and taken < RUN_ON:
            try:
                state = state[self.kinds[index]]         # type: ignore[assignment]
            except Reject:
                return state, index, False
            taken += self.kinds[index] != NL
            index += 1
        return state, index, True

    def _branch(self, attempt: _Attempt, state: Settled, index: int) -> None:
        places = [(state, index)]
        if attempt.index != index and (not attempt.changes or attempt.changes[-1].op == "insert"):
            places.insert(0, (attempt.state, attempt.index))       # at the very beginning; a second one there, too
        for at, i in places:
            if (id(at), i) in self.seen:
                continue
            self.seen.add((id(at), i))
            for rank, kind, after in self._insertions(at):
                self._push(attempt, attempt.implausible + rank, after, i, Change("insert", kind, i))
            if self.kinds[i] != EOF:
                self._push(attempt, attempt.implausible + _DELETION_RANK, at, i + 1, Change("delete", self.kinds[i], i))

    def _push(self, attempt: _Attempt, implausible: int, state: Settled, index: int, change: Change) -> None:
        changes = (*attempt.changes, change)
        heapq.heappush(self.heap, _Attempt(attempt.cost + 1, implausible, next(self.serial), state, index, changes))

    def _insertions(self, state: Settled) -> Iterator[tuple[int, int, Settled]]:
        """(rank, kind, state after) of the likely kinds; at a line's start they go to the end of the line before."""
        machine = self.machine
        base = machine.state(state.cells, state.tags, False) if state.nl else state
        seen = set()
        for rank, kind in enumerate(machine.likely):
            try:
                after = base[kind]
            except Reject:
                continue
            if state.nl:
                after = after[NL]
            if id(after) not in seen:
                seen.add(id(after))
                yield rank, kind, after                  # type: ignore[misc]
