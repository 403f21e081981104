"""What the machine runs: a grammar as tables over small integers.

A *symbol* is an integer; each is a terminal, a guard, a nonterminal, a tree event or a mark, and the lists below say
which.  A *flagged kind* is ``2 * kind + (1 if a line break is in front)``, so newline rules are one-token decisions.
Built by `compile`; never changed afterwards.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.parse.values import Event

__all__ = ["ANY_TOKEN", "COMMIT", "CUT", "NOTE", "TRY", "Kinds", "Note", "Symbols_", "Tables", "TentativeAlternative",
           "flagged"]

#: Marks among the symbols: an attempt begins · alternatives stand side by side until a commit · an attempt ends, which
#: commits · a commit inside an alternative.
TRY, NOTE, COMMIT, CUT = "try", "note", "commit", "cut"
#: The name of a terminal that takes whatever comes; no message speaks of it.
ANY_TOKEN = "any token"

Kinds = frozenset[int]
Symbols_ = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something the author of a grammar should know: what, in which rule, defined where."""

    topic: str
    rule: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: rule {self.rule}: {self.topic}: {self.message}"


@dataclass(frozen=True, slots=True)
class TentativeAlternative:
    """One way to go on at a choice, and whether it is tentative for the kind that leads to it."""

    symbols: Symbols_
    tentative: bool


@dataclass(slots=True)
class Tables:
    """The compiled grammar; each list is indexed by symbol."""

    kinds: list[str]
    """Kind names, indexed by kind."""
    names: list[str] = field(default_factory=list)
    term: list[Kinds | None] = field(default_factory=list)
    guard: list[Kinds | None] = field(default_factory=list)
    plan: list[dict[int, tuple[Symbols_, ...]] | None] = field(default_factory=list)
    """For a nonterminal: flagged kind to the ordered alternatives to try."""
    empty: list[Symbols_ | None] = field(default_factory=list)
    """For a nonterminal that may match nothing: the symbols of doing so."""
    event: list[Event | None] = field(default_factory=list)
    mark: list[str | None] = field(default_factory=list)
    first: list[Kinds] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)
    anchor: list[bool] = field(default_factory=list)
    """Parsing may go on at this symbol after an error."""
    skip: list[Symbols_ | None] = field(default_factory=list)
    """What to parse instead of everything above this mark, after an error."""
    missing: list[bool] = field(default_factory=list)
    """A terminal taken as present when it is absent."""
    message: list[str | None] = field(default_factory=list)
    """Of a symbol that never succeeds: what to say."""
    alternatives: dict[int, list[Symbols_]] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)
    """For a nonterminal: the named rule it was written in."""
    mapped: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """Node names made for `map` and `spanned`, with their functions."""
    guarded: set[int] = field(default_factory=set)
    """Nonterminals in front of a `skip` mark, which counts only once they have begun."""
    instead: dict[int, Symbols_] = field(default_factory=dict)
    """For a nonterminal: what to parse in its place, after an error in front of it."""
    operators: set[str] = field(default_factory=set)
    """Kinds that are binary operators of some operator table; messages speak of them together."""
    notes: list[Note] = field(default_factory=list)
    start: Symbols_ = ()
    uses_newlines: bool = False

    def add(self, name: str, *, term: Kinds | None = None, guard: Kinds | None = None, event: Event | None = None,
            mark: str | None = None) -> int:
        """A new symbol."""
        row: list[tuple[list[Any], Any]] = [
            (self.names, name), (self.term, term), (self.guard, guard), (self.plan, None), (self.empty, None),
            (self.event, event), (self.mark, mark), (self.first, term or frozenset()), (self.label, None),
            (self.anchor, False), (self.skip, None), (self.missing, False), (self.message, None)]
        for column, value in row:
            column.append(value)
        return len(self.names) - 1

    def passive(self, symbol: int) -> bool:
        """Does the symbol neither take nor test a token?"""
        return self.event[symbol] is not None or self.mark[symbol] is not None or self.skip[symbol] is not None


def flagged(kinds: list[int] | range) -> Kinds:
    """The flagged kinds of these kinds, with and without a line break in front."""
    return frozenset(x for kind in kinds for x in (2 * kind, 2 * kind + 1))
