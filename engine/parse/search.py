"""The search for repairs: the cheapest insertions and deletions after which parsing goes on.

Best first over states (idea: Corchuelo et al., "Repairing syntax errors in LR parsers", 2002; Diekmann & Tratt, "Don't
Panic!", 2020); hash-consed states make trying a token one look-up.  It looks at some tokens before the unexpected one
and at those behind it, and is bounded in steps.  What a change costs depends on what people get wrong, and on how usual
the tokens that then stand side by side are (`habits`).
"""
from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count, islice
from typing import Final, NamedTuple

from engine.parse.expected import first_kinds
from engine.parse.habits import Surroundings
from engine.parse.lexer import EOF, NL
from engine.parse.machine import InToken, Machine, Reject, Settled
from engine.parse.rebase import Aside
from engine.parse.repair import Change, Damage, Found, Repair

__all__ = ["AHEAD", "BACK", "MOST_STEPS", "PAIRED", "WANTED", "alike", "left_open", "repairs", "supposed_kinds"]

#: Changes in one repair · repairs wanted · tokens tried in one search.
MOST_CHANGES: Final = 3
WANTED: Final = 3
MOST_STEPS: Final = 1000
#: Tokens that a search looks at: before the unexpected one, and from it on.
BACK: Final = 40
AHEAD: Final = 32
#: A repair that leads to another error counts if so many tokens are taken in between.
RUN_ON: Final = 6
#: What a change costs; an insertion and a replacement also what `_fillers` says of the token.
_INSERT, _DELETE, _REPLACE = 10, 15, 18
#: Instead, deleting a token that stands there twice; in addition, deleting one that joins two others, and taking away
#: a bracket.
_AGAIN, _JOINS, _BRACKET = 8, 6, 20
#: In addition: each token that a change is away from the error, each line break in between; each further change;
#: another error behind the repair.
_AWAY, _LINE, _FURTHER, _FAILS = 3, 4, 18, 60
#: An opening bracket that nothing closes as far as can be seen, or that is closed at once.
_LEFT_OPEN, _EMPTY = 12, 16
#: What a replacement costs less if people take the one for the other.
_ALIKE: Final = 12
_ALIKES: Final = frozenset((a, b) for family in (
    ("->", "=>", "~>"), (")", "]", "}"), ("(", "[", "{"), ("=", "==", ":="), (",", ";"), (".", "::"))
    for a in family for b in family)
#: In addition, where what is usual counts: what is wrongly there is rarer than what is forgotten, above all an opening
#: bracket that was taken.
_STRAY, _STRAY_OPENER = 20, 38
#: A replacement of a token that could be taken, unless people take it for the other one.
_TAKEN: Final = 10
#: A repair of several changes that costs more is worth nothing.
_SEVERAL: Final = 60
#: A further change that is the same insertion; a replacement of a name or a literal by something else, and by a comma:
#: those are rather forgotten.
_SAME, _UNLIKE, _COMMA = 2, 8, 40
#: Each next group of the likely kinds, and each doubling of the number of kinds that could be inserted just as well.
_RANK, _CHOICE = 3, 1
_GROUP: Final = 7
#: Symbols of a continuation looked at for a token that may be absent, and to tell it from others.
_TOP: Final = 32
#: A change farther away than this is not looked for.
_FARTHEST: Final = 30
PAIRED: Final = {"(": ")", "[": "]", "{": "}"}
_OPENERS, _CLOSERS = frozenset(PAIRED), frozenset(PAIRED.values())
#: Neither brackets nor words, but they join nothing that has to be there.
_LOOSE: Final = frozenset((",", ";", "_", "->", "=>"))


def repairs(machine: Machine, damage: Damage, wanted: int = WANTED) -> tuple[Found, ...]:
    """The cheapest repairs of an error, best first, at most so many; searched and remembered aside of the machine."""
    aside, there = machine.aside, Damage(tuple(map(Aside(machine, damage.states), damage.states)), damage.kinds)
    known = aside.repairs.get((there, wanted))
    if known is None:
        known = aside.repairs[there, wanted] = (search := _Search(aside, there)).run(wanted)
        aside.entries += 1
        machine.repair_steps += search.steps
        machine.longest_search = max(machine.longest_search, search.steps)
        if aside.is_full:
            aside.renew()
    return known


@dataclass(slots=True)
class _Attempt:
    cost: int
    state: Settled
    index: int
    changes: Repair
    done: bool = False
    """It has run far enough, to another error."""


class _Filler(NamedTuple):
    """A token that may be inserted: its costs, its kind, the state after, see `Change.below`."""

    implausible: int
    kind: int
    after: Settled
    below: bool


class _Search:
    def __init__(self, machine: Machine, damage: Damage) -> None:
        self.keys = machine.lexer.keys
        self.machine, self.kinds, self.damage, self.at = machine, damage.kinds, damage, damage.at
        self.around = Surroundings(machine.habits, damage.kinds) if machine.habits else None
        self.serial = count()
        self.heap: list[tuple[int, int, _Attempt]] = []
        self.seen: set[tuple[_Likeness, int, int]] = set()
        self.steps = 0

    def run(self, wanted: int) -> tuple[Found, ...]:
        """Places before the error are tried as well, each token back makes a repair less likely."""
        found: dict[tuple[tuple[str, int | None], ...], Found] = {}
        simple = False
        self._seed()
        while self.heap and self.steps < MOST_STEPS and len(found) < wanted:
            attempt = heapq.heappop(self.heap)[2]
            if len(attempt.changes) > 1 and (simple or attempt.cost > _SEVERAL):
                continue                                 # one change was enough, or this is far-fetched
            if attempt.done or self._runs_on(attempt):
                sort = tuple((change.op, self._sort(change.kind)) for change in attempt.changes)
                found.setdefault(sort, Found(attempt.changes, attempt.state, not attempt.done, attempt.cost))
                simple = simple or len(attempt.changes) == 1 and not attempt.done
        return tuple(found.values())

    def _sort(self, kind: int) -> int | None:
        """Repairs that differ in the name or literal they insert are one."""
        return None if self.machine.tables.kinds[kind] in self.machine.holes else kind

    def _seed(self) -> None:
        """The places where a repair may begin, nearest first; none inside of brackets that are closed again."""
        cost, depth, names = 0, 0, self.machine.tables.kinds
        for index in range(self.at, -1, -1):
            kind = self.kinds[index]
            if kind == NL:
                cost += _LINE
                continue
            closes = index < self.at and names[kind] in _CLOSERS
            depth -= names[kind] in _OPENERS and depth > 0
            if not depth:
                self._branch(cost, (), self.damage.states[index], index)
                cost += _AWAY
            depth += closes
            if cost > _FARTHEST:
                break

    def _runs_on(self, attempt: _Attempt) -> bool:
        """Run on to the last token; where that fails, further attempts are made."""
        state, index = attempt.state, attempt.index
        try:
            while index < len(self.kinds):
                self.steps += 1
                state = state[self.keys[self.kinds[index]]]         # type: ignore[assignment]
                index += 1
        except Reject:
            if index > self.at or index == self.at and attempt.changes[0].index == index:
                self._failed(attempt, state, index)
            return False
        attempt.state = state
        return True

    def _failed(self, attempt: _Attempt, state: Settled, index: int) -> None:
        far = sum(kind != NL for kind in self.kinds[self.at:index]) >= RUN_ON
        if far or self.kinds[index] == EOF and index > self.at:
            cost = attempt.cost + _FAILS - min(index - self.at, _FAILS // 2)
            heapq.heappush(self.heap, (cost, next(self.serial), _Attempt(cost, state, index, attempt.changes, True)))
        if len(attempt.changes) < MOST_CHANGES:
            self._branch(attempt.cost, attempt.changes, state, index)

    def _branch(self, cost: int, changes: Repair, state: Settled, index: int) -> None:
        key = _likeness(self.machine, state), index, len(changes)
        if key in self.seen:
            return
        self.seen.add(key)
        kind = self.kinds[index]
        names = self.machine.tables.kinds
        operand = names[kind] in self.machine.holes
        fillers = self._insertions(state)
        for implausible, new, after, below in fillers:
            plus = cost + implausible + self._further(changes, new)
            change = Change("insert", new, index, below)
            opens = self._opening(change, kind) if names[new] in _OPENERS else 0
            self._push(plus + _INSERT + opens, changes, after, index, change)
            if kind not in (EOF, new) and below == state.nl:
                change = Change("replace", new, index)
                plus += self._unlike(new) if operand and self._sort(new) is not None else opens
                plus += -_ALIKE if alike(self.machine, new, kind) else _TAKEN * (index < self.at)
                self._push(plus + _REPLACE + self._bracket(index), changes, after, index + 1, change)
        if kind != EOF:
            cost += self._further(changes, -1)
            self._push(cost + self._deletion(index), changes, state, index + 1, Change("delete", kind, index))

    def _unlike(self, new: int) -> int:
        return _COMMA if self.machine.tables.kinds[new] == "," else _UNLIKE

    def _opening(self, change: Change, kind: int) -> int:
        """What it costs that nothing closes an inserted bracket, or that `kind` behind it does at once."""
        names = self.machine.tables.kinds
        left = _LEFT_OPEN * left_open(self.machine, self.damage, change)
        return left + _EMPTY * (PAIRED[names[change.kind]] == names[kind])

    @staticmethod
    def _further(changes: Repair, kind: int) -> int:
        """What another change costs: less to forget the same thing again."""
        if not changes:
            return 0
        return _SAME if changes[-1].op == "insert" and changes[-1].kind == kind else _FURTHER

    def _deletion(self, index: int) -> int:
        """What it costs to delete a token: less for one that stands there twice, more for what joins two others."""
        kind = self.kinds[index]
        name = self.machine.tables.kinds[kind]
        if index > 0 and self.kinds[index - 1] == kind and name not in self.machine.holes:
            return _AGAIN
        joins = not (name[0].isalnum() or name in _CLOSERS or name in _OPENERS or name in _LOOSE)
        return _DELETE + _JOINS * joins + self._bracket(index)

    def _bracket(self, index: int) -> int:
        name = self.machine.tables.kinds[self.kinds[index]]
        return _BRACKET if name in _CLOSERS or name in _OPENERS else 0

    def _push(self, cost: int, changes: Repair, state: Settled, index: int, change: Change) -> None:
        cost += self._unusual(changes, change)
        heapq.heappush(self.heap, (cost, next(self.serial), _Attempt(cost, state, index, (*changes, change))))

    def _unusual(self, changes: Repair, change: Change) -> int:
        """What a change costs for leaving a text that is less usual; negative where it gets more so."""
        if self.around is None:
            return 0
        last = changes[-1] if changes else None
        if change.op == "insert":
            prior = last.kind if last is not None and last.op == "insert" and last.index == change.index else None
            unusual = self.around.inserted(change.kind, change.index, change.below, prior)
            return unusual // 2 if self.machine.tables.kinds[change.kind] in _CLOSERS else unusual
        opens = change.index < self.at and self.machine.tables.kinds[self.kinds[change.index]] in _OPENERS
        stray = _STRAY_OPENER if opens else _STRAY if last is None else 2 * _STRAY
        if change.op == "replace":
            return stray + self.around.replaced(change.kind, change.index)
        return stray + self.around.deleted(change.index)

    def _insertions(self, state: Settled) -> list[_Filler]:
        """What may be inserted in a state, of the likely kinds; at a line's start on either side of the line break."""
        known = self.machine.fillers.get(state)
        if known is None:
            known = self.machine.fillers[state] = _fillers(self.machine, state)
            self.machine.entries += 1
        self.steps += 1 + len(known)                     # the same whether it was known or not: it decides the result
        return known


_Likeness = tuple[bool, tuple[tuple[int, tuple[int, ...]], ...]]


def _likeness(machine: Machine, state: Settled) -> _Likeness:
    """What tells a state from others in one search; not its identity, which states below the depth cap do not have."""
    walk = machine.cells.walk
    return state.nl, tuple(
        (cell.depth, tuple(symbol for symbol, _ in islice(walk(cell), _TOP))) for cell in state.cells)


def _fillers(machine: Machine, state: Settled) -> list[_Filler]:
    places = [(state, False)]
    if state.nl:
        places = [(machine.state(state.ahead, False), False), (state, True)]
    found: list[_Filler] = []
    first = first_kinds(machine, state)
    for rank, kind in enumerate(machine.likely):
        for place, below in places:
            if 2 * kind + place.nl not in first:
                continue
            try:
                after = place[machine.lexer.keys[kind]]
            except Reject:
                continue
            if state.nl and not below:
                after = after[machine.lexer.keys[NL]]
            assert not isinstance(after, InToken)
            found.append(_Filler(_RANK * (rank // _GROUP), kind, after, below))
    choice = _CHOICE * len(found).bit_length()
    supposed = supposed_kinds(machine, state)
    return [filler._replace(implausible=0 if filler.kind in supposed else filler.implausible + choice * (
            not machine.certain(filler.kind))) for filler in found]


def left_open(machine: Machine, damage: Damage, change: Change) -> bool:
    """Does a change leave a bracket open that none of the tokens behind it closes?"""
    names, kinds = machine.tables.kinds, damage.kinds
    old = "" if change.op == "insert" else names[kinds[change.index]]
    closer = "" if change.op == "delete" else PAIRED.get(names[change.kind], "")
    if not closer and old in _CLOSERS and change.index < damage.at:
        closer = old                                     # it closed something
    opener = next((name for name, other in PAIRED.items() if other == closer), None)
    depth = 1
    for kind in kinds[change.index + (change.op != "insert"):] if opener else ():
        depth += (names[kind] == opener) - (names[kind] == closer)
        if not depth:
            return False
    return opener is not None


def alike(machine: Machine, a: int, b: int) -> bool:
    """Are two kinds ones that people take for each other?"""
    return (machine.tables.kinds[a], machine.tables.kinds[b]) in _ALIKES


def supposed_kinds(machine: Machine, state: Settled) -> frozenset[int]:
    """The kinds that the grammar takes as present here when they are absent."""
    t = machine.tables
    for symbol, _ in islice(machine.cells.walk(state.cells[0]), _TOP):
        if t.missing[symbol]:
            return frozenset(kind >> 1 for kind in t.term[symbol] or ())
        if not (t.passive(symbol) or t.empty[symbol] is not None):
            break
    return frozenset()
