"""Which alternative a token leads to: nullable symbols, first sets, predictions, conflicts.

The classical LL(1) sets (Aho, Lam, Sethi, Ullman, "Compilers", section 4.4), over flagged kinds, with ordered choice on
top: for each nonterminal and kind, the tentative alternatives in order and then at most one that commits.
"""
from __future__ import annotations

from engine.parse.tables import COMMIT, CUT, NOTE, TRY, Kinds, Note, Symbols_, Tables, TentativeAlternative
from engine.parse.values import GrammarError

__all__ = ["predict"]

#: Kinds named in a report; more of them do not help.
_SHOWN = 8


def predict(tables: Tables, places: dict[str, str]) -> None:
    """Fill in `first`, `plan` and `empty`; raise `GrammarError` for left recursion and empty repetitions."""
    sets = _Sets(tables)
    _refuse_empty_repetition(tables, sets, places)       # first: such a repetition is left-recursive as well
    _refuse_left_recursion(tables, sets, places)
    choices = _Choices(tables, sets)
    for symbol in list(tables.alternatives):
        choices.plan(symbol, places)
    same: dict[Kinds, Kinds] = {}                        # most of them are alike: one object each
    tables.first[:] = [same.setdefault(kinds, kinds) for kinds in tables.first]


class _Sets:
    """Nullable symbols and first sets."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.nullable: set[int] = set()
        while any([self._find_nullable(n) for n in tables.alternatives if n not in self.nullable]):
            pass
        self.every = frozenset(range(2 * len(tables.kinds)))
        #: The kinds in front of which a nullable symbol may match nothing, as far as its guards go.
        self.empty_before: dict[int, Kinds] = dict.fromkeys(self.nullable, frozenset())
        while any([self._grow_empty(n) for n in self.nullable]):
            pass
        while any([self._grow_first(n) for n in tables.alternatives]):
            pass

    def _find_nullable(self, n: int) -> bool:
        t = self.tables
        empty = any(all(t.passive(s) or t.guard[s] is not None or s in self.nullable for s in alternative)
                    for alternative in t.alternatives[n])
        if empty:
            self.nullable.add(n)
        return empty

    def _grow_empty(self, n: int) -> bool:
        found: Kinds = frozenset().union(*map(self._empty_before, self.tables.alternatives[n]))
        grown = len(found) > len(self.empty_before[n])
        self.empty_before[n] = found
        return grown

    def _empty_before(self, symbols: Symbols_) -> Kinds:
        t, out = self.tables, self.every
        for s in symbols:
            guard = t.guard[s]
            if guard is not None:
                out &= guard
            elif not t.passive(s):
                out &= self.empty_before.get(s, frozenset())
        return out

    def _grow_first(self, n: int) -> bool:
        found: Kinds = self.tables.first[n].union(*(self.of(a)[0] for a in self.tables.alternatives[n]))
        grown = len(found) > len(self.tables.first[n])
        self.tables.first[n] = found
        return grown

    def of(self, symbols: Symbols_) -> tuple[Kinds, bool]:
        """The kinds a sequence can begin with, and whether it may match nothing."""
        t = self.tables
        out: set[int] = set()
        mask: Kinds | None = None
        for s in symbols:
            if t.passive(s):
                continue
            guard = t.guard[s]
            if guard is not None:
                mask = guard if mask is None else mask & guard
                continue
            out |= t.first[s] if mask is None else t.first[s] & mask
            if s not in self.nullable:
                return frozenset(out), False
            if self.empty_before[s] != self.every:
                mask = self.empty_before[s] if mask is None else mask & self.empty_before[s]
        return frozenset(out), True


class _Choices:
    """Ordered choice: what to try for a nonterminal and a kind."""

    def __init__(self, tables: Tables, sets: _Sets) -> None:
        self.tables, self.sets = tables, sets
        self.memo: dict[tuple[int, int], list[TentativeAlternative]] = {}
        self.firsts = {n: [sets.of(a)[0] for a in alternatives] for n, alternatives in tables.alternatives.items()}
        self.cuts = any(tables.mark[s] == CUT for ways in tables.alternatives.values() for way in ways for s in way)
        self.may_try: set[int] = set()
        """Nonterminals that can begin with an attempt; for all others the first alternative that fits is the choice."""
        while any([self._find_try(n) for n in tables.alternatives if n not in self.may_try]):
            pass

    def _find_try(self, n: int) -> bool:
        t = self.tables
        for alternative in t.alternatives[n]:
            for s in alternative:
                if t.mark[s] == TRY or s in self.may_try:
                    self.may_try.add(n)
                    return True
                if not t.passive(s) and t.guard[s] is None and s not in self.sets.nullable:
                    break
        return False

    def candidates(self, n: int, kind: int) -> list[TentativeAlternative]:
        """The tentative alternatives that can take `kind`, then at most one committed one."""
        key = n, kind
        if key not in self.memo:
            out = self.memo[key] = []
            for symbols, first in zip(self.tables.alternatives[n], self.firsts[n], strict=True):
                if kind in first:
                    out.append(TentativeAlternative(symbols, self.tentative(symbols, kind)))
                    if not out[-1].tentative:
                        break
                elif self.commits(symbols, kind):        # fails, but nothing to the right of it may be tried
                    out.append(TentativeAlternative(symbols, False))
                    break
        return self.memo[key]

    def commits(self, symbols: Symbols_, kind: int) -> bool:
        """Does a sequence that cannot take `kind` pass a cut before it fails?"""
        if not self.cuts:
            return False
        t, attempts, cut = self.tables, 0, False
        for s in symbols:
            if t.mark[s] == TRY:
                attempts += 1
            elif t.mark[s] == COMMIT:
                attempts -= 1
            elif t.mark[s] == CUT:
                cut = True
            elif s in t.alternatives:
                cut = cut or self._commits_at(s, kind)
                if kind not in self.sets.empty_before.get(s, ()):
                    break
            elif not t.passive(s) and kind not in (t.guard[s] or ()):
                break
            if cut and not attempts:
                return True
        return cut and not attempts

    def _commits_at(self, n: int, kind: int) -> bool:
        for symbols in self.tables.alternatives[n]:
            first, empty = self.sets.of(symbols)
            if kind in first or empty and not self.commits(symbols, kind):
                return False
            if self.commits(symbols, kind):
                return True
        return False

    def tentative(self, symbols: Symbols_, kind: int) -> bool:
        """Is the alternative inside an attempt once it has taken `kind`, whichever of its symbols takes it?"""
        t, attempts = self.tables, 0
        for s in symbols:
            attempts += (t.mark[s] == TRY) - (t.mark[s] == COMMIT)
            if t.passive(s) or kind in (t.guard[s] or ()):
                continue
            tries = s in t.alternatives and all(c.tentative for c in self.candidates(s, kind))
            if kind in t.first[s] and not attempts and not tries:
                return False
            if kind not in self.sets.empty_before.get(s, ()):
                break
        return True

    def may_cut(self, n: int) -> bool:
        """Can an alternative pass a cut without having taken a token?"""
        ways, every = self.tables.alternatives[n], range(2 * len(self.tables.kinds))
        return self.cuts and any(self.commits(symbols, kind) for symbols in ways for kind in every)

    def plan(self, n: int, places: dict[str, str]) -> None:
        t = self.tables
        alternatives = t.alternatives[n]
        empties = [self._without_tries(a) for a in alternatives if self.sets.of(a)[1]]
        t.empty[n] = empties[0] if empties else None
        plan = t.plan[n] = {}
        if n not in self.may_try and not self.may_cut(n):
            for alternative, first in zip(reversed(alternatives), reversed(self.firsts[n]), strict=True):
                plan.update(dict.fromkeys(first, (self._without_tries(alternative),)))
            self._report_hidden(n, places)
            return
        note: int | None = None
        for kind in range(2 * len(t.kinds)) if self.may_cut(n) else t.first[n]:
            found = self.candidates(n, kind)
            if not found:
                continue
            ways = [self._without_tries(c.symbols) for c in found]
            if found[-1].tentative and empties:
                ways.append(empties[0])
            if len(ways) > 1:
                if note is None:
                    note = t.add(f"<note {t.names[n]}>", mark=NOTE)
                ways = [(*way, note) for way in ways]
            plan[kind] = tuple(ways)
        self._report_hidden(n, places)

    def _without_tries(self, symbols: Symbols_) -> Symbols_:
        return tuple(s for s in symbols if self.tables.mark[s] != TRY)

    def _report_hidden(self, n: int, places: dict[str, str]) -> None:
        t = self.tables
        for i, first in enumerate(self.firsts[n]):
            hidden = self._hidden(n, i, first)
            if hidden:
                rule = t.owner[n]
                kinds = ", ".join(sorted({t.kinds[k >> 1] for k in hidden})[:_SHOWN])
                topic = "unreachable alternative" if hidden == set(first) else "ambiguous choice"
                t.notes.append(Note(topic, rule, places.get(rule, "grammar"),
                                    f"alternative {i + 1} of {t.names[n]} is never tried for {kinds}"))


    def _hidden(self, n: int, i: int, first: Kinds) -> set[int]:
        """The kinds for which the i-th alternative is never tried."""
        if n not in self.may_try:
            return set(first.intersection(*[frozenset().union(*self.firsts[n][:i])]))
        return {k for k in first if all(c.symbols is not self.tables.alternatives[n][i] for c in self.candidates(n, k))}


def _refuse_left_recursion(tables: Tables, sets: _Sets, places: dict[str, str]) -> None:
    edges = {n: list(_leftmost(tables, sets, n)) for n in tables.alternatives}
    done: set[int] = set()
    for root in tables.alternatives:
        path: list[int] = []
        stack = [(root, iter(edges[root]))] if root not in done else []
        on_path = {root}
        path.append(root)
        while stack:
            n, rest = stack[-1]
            step = next((m for m in rest if m not in done), None)
            if step is None:
                stack.pop()
                done.add(n)
                on_path.discard(n)
                path.pop()
            elif step in on_path:
                raise _left_recursion(tables, [*path[path.index(step):], step], places)
            else:
                on_path.add(step)
                path.append(step)
                stack.append((step, iter(edges[step])))


def _leftmost(tables: Tables, sets: _Sets, n: int) -> set[int]:
    """The nonterminals that `n` can enter before it has taken a token."""
    out = set()
    for alternative in tables.alternatives[n]:
        for s in alternative:
            if tables.passive(s) or tables.guard[s] is not None:
                continue
            if s in tables.alternatives:
                out.add(s)
            if s not in sets.nullable:
                break
    return out


def _left_recursion(tables: Tables, cycle: list[int], places: dict[str, str]) -> GrammarError:
    rules = list(dict.fromkeys(tables.owner[n] for n in cycle))
    way = " -> ".join([*rules, rules[0]])
    return GrammarError(f"{places.get(rules[0], 'grammar')}: left recursion (E4001): {way}; "
                        "write it with precedence, chainl1 or many")


def _refuse_empty_repetition(tables: Tables, sets: _Sets, places: dict[str, str]) -> None:
    for n, alternatives in tables.alternatives.items():
        if tables.names[n].endswith("/many") and sets.of(alternatives[0][:-1])[1]:
            rule = tables.owner[n]
            place = places.get(rule, "grammar")
            raise GrammarError(f"{place}: rule {rule}: E3001: repetition of something that may match nothing")
