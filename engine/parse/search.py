"""The search for repairs: the cheapest insertions and deletions after which parsing goes on.

Best first over states (idea: Corchuelo et al., "Repairing syntax errors in LR parsers", 2002; Diekmann & Tratt, "Don't
Panic!", 2020); hash-consed states make trying a token one look-up.  It looks at some tokens before the unexpected one
and at those behind it, and is bounded in steps.  What a change costs depends on what people get wrong, and on how usual
the tokens that then stand side by side are (`habits`).
"""
from __future__ import annotations

import heapq
from itertools import count
from typing import Final, NamedTuple

from engine.parse.fillers import PAIRED, fillers
from engine.parse.habits import Costs, Surroundings
from engine.parse.lexer import EOF, NL
from engine.parse.machine import Machine, Reject, Settled
from engine.parse.rebase import Aside
from engine.parse.repair import Change, Damage, Found, Op, Repair

__all__ = ["AHEAD", "BACK", "MOST_STEPS", "WANTED", "alike", "left_open", "repairs"]

#: Changes in one repair · repairs wanted · tokens tried in one search.
MOST_CHANGES: Final = 3
WANTED: Final = 3
MOST_STEPS: Final = 400
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
_ALIKES: Final = {kind: frozenset(family) for family in (
    ("->", "=>", "~>"), (")", "]", "}"), ("(", "[", "{"), ("=", "==", ":="), (",", ";"), (".", "::"))
    for kind in family}
#: In addition, where what is usual counts: what is wrongly there is rarer than what is forgotten, above all an opening
#: bracket that was taken.
_STRAY, _STRAY_OPENER = 20, 38
#: A replacement of a token that could be taken, unless people take it for the other one.
_TAKEN: Final = 10
#: A repair of several changes that costs more is worth nothing.
_SEVERAL: Final = 60
#: A repair that costs so much more than the best one is none that anybody would choose.
_WORSE: Final = 40
#: A further change that is the same insertion; a replacement of a name or a literal by something else, and by a comma:
#: those are rather forgotten.
_SAME, _UNLIKE, _COMMA = 2, 8, 40
#: A replacement of a token that joins two others by a bracket, which parts them.
_PARTS: Final = 20
#: A change farther away than this is not looked for.
_FARTHEST: Final = 30
_OPENERS, _CLOSERS = frozenset(PAIRED), frozenset(PAIRED.values())
#: Neither brackets nor words, but they join nothing that has to be there.
_LOOSE: Final = frozenset((",", ";", "_", "->", "=>"))


def repairs(machine: Machine, damage: Damage, wanted: int = WANTED) -> tuple[Found, ...]:
    """The cheapest repairs of an error, best first, at most so many; searched once, in the graph aside."""
    known = machine.repairs.get((damage, wanted))
    if known is None:
        search = _Search(machine, damage)
        known = machine.repairs[damage, wanted] = search.run(wanted)
        machine.entries += 1
        machine.repair_steps += search.steps
        machine.longest_search = max(machine.longest_search, search.steps)
        if machine.aside.is_full:
            machine.aside.renew()
    return known


class _Place(NamedTuple):
    """Where a change may be made: in front of the token `at`, or to it; what was changed before, and its cost."""

    cost: int
    changes: Repair
    state: Settled
    at: int


class _Prices(NamedTuple):
    """What is won and lost at a place whatever kind is put there: before its line break, below it, for the token."""

    above: Costs
    below: Costs
    instead: Costs
    replacement: int
    """What all replacements cost, but for `instead` and what people take for each other."""
    deletion: int


#: Cost, number among those of its place, what is done, with which kind, and see `Change.below`.
_Option = tuple[int, int, Op, int, bool]
#: What waits in a search: its cost; the number of its place and of its option (`_UNSEEN`: of all, which cost as much
#: or more; `_ENDED`: there are none, the place is behind a repair that leads to another error); the place; what may be
#: done there, in order; and which of that is next.
_Waiting = tuple[int, int, int, _Place, list[_Option], int]
_UNSEEN, _ENDED = -1, -2


class _Search:
    """Places wait with the least that a change there may cost; what may be done there is looked at when it is due.

    Of the options of a place one waits at a time, and only when it is due it is seen whether the grammar takes it.
    """

    def __init__(self, machine: Machine, damage: Damage) -> None:
        self.machine, self.keys = machine.aside, machine.lexer.keys
        self.there = Aside(machine, damage.states)
        self.kinds, self.damage, self.at = damage.kinds, damage, damage.at
        self.names = machine.tables.kinds
        self.around = Surroundings(machine.habits, damage.kinds) if machine.habits else None
        self.priced: dict[tuple[int, bool, bool, int | None], _Prices] = {}
        self.number = count()
        self.heap: list[_Waiting] = []
        self.seen: set[tuple[Settled, int, int]] = set()
        self.found: dict[tuple[tuple[str, int | None], ...], Found] = {}
        self.best: int | None = None                     # the cost of the first one
        self.simple = False                              # was one change enough?
        self.steps = 0

    def run(self, wanted: int) -> tuple[Found, ...]:
        """Places before the error are tried as well, each token back makes a repair less likely."""
        self._seed()
        while self.heap and self.steps < MOST_STEPS and len(self.found) < wanted:
            cost, number, at, place, options, turn = heapq.heappop(self.heap)
            if self.best is not None and cost > self.best + _WORSE:
                break
            if place.changes and (self.simple or cost > _SEVERAL) and (at != _ENDED or len(place.changes) > 1):
                continue                                 # one change was enough, or this is far-fetched
            if at == _ENDED:
                self._find(place, clean=False)
            elif at == _UNSEEN:
                options = self._options(place)
            else:
                self._try(place, options[turn])
                turn += 1
            if turn < len(options):
                option = options[turn]
                heapq.heappush(self.heap, (option[0], number, option[1], place, options, turn))
        return tuple(self.found.values())

    def _find(self, place: _Place, *, clean: bool) -> None:
        """A repair that runs on, to the last token if it is clean; those that differ in an inserted name are one."""
        sort = tuple((change.op, self._sort(change.kind)) for change in place.changes)
        self.best = place.cost if self.best is None else self.best
        self.found.setdefault(sort, Found(place.changes, clean, place.cost))
        self.simple = self.simple or clean and len(place.changes) == 1

    def _sort(self, kind: int) -> int | None:
        return None if self.names[kind] in self.machine.holes else kind

    def _seed(self) -> None:
        """The places where a repair may begin, nearest first; none inside of brackets that are closed again."""
        cost, depth, names = 0, 0, self.names
        for index in range(self.at, -1, -1):
            kind = self.kinds[index]
            if kind == NL:
                cost += _LINE
                continue
            closes = index < self.at and names[kind] in _CLOSERS
            depth -= names[kind] in _OPENERS and depth > 0
            if not depth:
                self._wait(_Place(cost, (), self.there(self.damage.states[index]), index))
                cost += _AWAY
            depth += closes
            if cost > _FARTHEST:
                break

    # ------------------------------------------------------------------------------------------------ trying
    def _try(self, place: _Place, option: _Option) -> None:
        """Make a change and run on to the last token; where that fails, further attempts are made."""
        cost, _, op, kind, below = option
        state, index = place.state, place.at
        self.steps += 1
        try:
            if op == "insert" and state.nl and not below:
                state = self.machine.state(state.ahead, False)[self.keys[kind]][self.keys[NL]]     # type: ignore[assignment]
            elif op != "delete":
                state = state[self.keys[kind]]           # type: ignore[assignment]
        except Reject:
            return
        changed, index = index, index + (op != "insert")
        begun = index
        try:
            for following in self.kinds[index:]:
                state = state[self.keys[following]]      # type: ignore[assignment]
                index += 1
        except Reject:
            first = place.changes[0].index if place.changes else changed
            if index > self.at or index == self.at == first:
                changes = (*place.changes, Change(op, kind, changed, below))
                self._failed(_Place(cost, changes, state, index))
        else:
            changes = (*place.changes, Change(op, kind, changed, below))
            self._find(_Place(cost, changes, state, index), clean=True)
        self.steps += index - begun

    def _failed(self, place: _Place) -> None:
        index = place.at
        far = sum(kind != NL for kind in self.kinds[self.at:index]) >= RUN_ON
        if far or self.kinds[index] == EOF and index > self.at:
            cost = place.cost + _FAILS - min(index - self.at, _FAILS // 2)
            heapq.heappush(self.heap, (cost, next(self.number), _ENDED, place._replace(cost=cost), [], 0))
        if len(place.changes) < MOST_CHANGES:
            self._wait(place)

    def _wait(self, place: _Place) -> None:
        key = place.state, place.at, len(place.changes)
        if key not in self.seen:
            self.seen.add(key)
            heapq.heappush(self.heap, (self._least(place), next(self.number), _UNSEEN, place, [], 0))

    # ------------------------------------------------------------------------------------------------ prices
    def _least(self, place: _Place) -> int:
        """No change at a place costs less."""
        prices = self._prices(place)
        inserted = min(prices.above.least, prices.below.least)
        insertion = _INSERT + (inserted if inserted < 0 else inserted // 2)
        alike_ = _ALIKE if self.names[self.kinds[place.at]] in _ALIKES else -_TAKEN * (place.at < self.at)
        replacement = prices.replacement + prices.instead.least - alike_
        return place.cost + min(min(insertion, replacement) + (_SAME if place.changes else 0), prices.deletion)

    def _prices(self, place: _Place) -> _Prices:
        """Places in front of one token differ in little that counts here."""
        index, last = place.at, place.changes[-1] if place.changes else None
        prior = last.kind if last is not None and last.op == "insert" and last.index == index else None
        key = index, place.state.nl, last is None, prior
        known = self.priced.get(key)
        if known is None:
            known = self.priced[key] = self._priced(*key)
        return known

    def _priced(self, index: int, nl: bool, is_first: bool, prior: int | None) -> _Prices:
        """What is won and lost in front of a token, behind an inserted `prior` if that is given."""
        around, name = self.around, self.names[self.kinds[index]]
        bracket = _BRACKET if name in _CLOSERS or name in _OPENERS else 0
        replacement, deletion = _REPLACE + bracket, self._deletion(index) + (0 if is_first else _FURTHER)
        if around is None:
            free = Costs((0,) * len(self.machine.likely), 0, 0)
            return _Prices(free, free, free, replacement, deletion)
        opens = index < self.at and name in _OPENERS
        stray = _STRAY_OPENER if opens else _STRAY if is_first else 2 * _STRAY
        above = around.inserted(index, False, prior)
        below = around.inserted(index, True, prior) if nl else above
        return _Prices(above, below, around.replaced(index), replacement + stray,
                       deletion + stray + around.deleted(index))

    def _options(self, place: _Place) -> list[_Option]:
        """What may be done at a place, the cheapest first."""
        cost, changes, state, index = place
        here, last, prices = self.kinds[index], changes[-1] if changes else None, self._prices(place)
        same = last.kind if last is not None and last.op == "insert" else -1
        further, name = _FURTHER if last else 0, self.names[here]
        others, operand, joins = _ALIKES.get(name, ()), name in self.machine.holes, self._joins(name)
        found = fillers(self.machine, state)
        self.steps += 1
        options: list[_Option] = []
        for kind, rank, below, implausible, closes, opens in found:
            plus = cost + implausible + (_SAME if kind == same else further)
            left = self._opening(kind, index) if opens else 0
            costs = prices.below if below else prices.above
            unusual = costs.costs[rank] - costs.before
            price = plus + _INSERT + left + (unusual // 2 if closes else unusual)
            options.append((price, len(options), "insert", kind, below))
            if kind != here != EOF and below == state.nl:
                plus += self._unlike(kind) if operand and self._sort(kind) is not None else left
                plus -= _ALIKE if self.names[kind] in others else -_TAKEN * (index < self.at)
                plus += _PARTS * (joins and (opens or closes))
                price = plus + prices.replacement + prices.instead.costs[rank] - prices.instead.before
                options.append((price, len(options), "replace", kind, False))
        if here != EOF:
            options.append((cost + prices.deletion, len(options), "delete", here, False))
        return sorted(options)

    def _unlike(self, new: int) -> int:
        return _COMMA if self.names[new] == "," else _UNLIKE

    def _opening(self, kind: int, index: int) -> int:
        """What it costs that nothing closes an inserted bracket, or that the token behind it does at once."""
        left = _LEFT_OPEN * left_open(self.machine, self.damage, Change("insert", kind, index))
        return left + _EMPTY * (PAIRED[self.names[kind]] == self.names[self.kinds[index]])

    def _deletion(self, index: int) -> int:
        """What it costs to delete a token: less for one that stands there twice, more for what joins two others."""
        kind = self.kinds[index]
        name = self.names[kind]
        if index > 0 and self.kinds[index - 1] == kind and name not in self.machine.holes:
            return _AGAIN
        return _DELETE + _JOINS * self._joins(name) + _BRACKET * (name in _CLOSERS or name in _OPENERS)

    @staticmethod
    def _joins(name: str) -> bool:
        return not (name[0].isalnum() or name in _CLOSERS or name in _OPENERS or name in _LOOSE)


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
    return machine.tables.kinds[b] in _ALIKES.get(machine.tables.kinds[a], ())
