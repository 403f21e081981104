"""What may come next, read off a state.

A label stands for the tokens its rule can begin with.  Sets are reduced and sorted as the Reml specification has it:
keywords, tokens and the end of the text, classes, rules, the rest; then by text.  The sets need no merging by distance:
all alternatives of a state stand at the same token, those that failed earlier are gone.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from engine.parse.cells import AnyCell
from engine.parse.lexer import EOF
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.tables import ANY_TOKEN, Kinds, Symbols_

__all__ = ["MOST_ALTERNATIVES", "Expectation", "ExpectationSummary", "expected_names", "open_rules", "summary"]

#: Alternatives kept in a summary, and shown in its sentence.
MOST_ALTERNATIVES: Final = 12
_SHOWN: Final = 6
#: Binary operators that are named singly if there are fewer; tokens that a sentence names first.
_TOGETHER: Final = 3
_OPERATOR: Final = "an operator"
_FIRST: Final = frozenset(")]},;")
#: Open rules that are named, innermost first.
MOST_RULES: Final = 32
_ORDER: Final = {"keyword": 0, "token": 1, "eof": 1, "class": 2, "rule": 3, "not": 4, "custom": 5}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that may come next: keyword, token, eof, class, rule, not or custom."""

    kind: str
    label: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"`{self.label}`" if self.kind in ("keyword", "token") else self.label


@dataclass(frozen=True, slots=True)
class ExpectationSummary:
    """What may come next, for people: the sentence, the context it is said in, the alternatives in order."""

    message_key: str
    humanized: str
    context_note: str | None
    alternatives: tuple[Expectation, ...]
    locale_args: tuple[str, ...] = ()


def summary(machine: Machine, state: AnyState) -> ExpectationSummary:
    """The expectations of a state, at most `MOST_ALTERNATIVES` of them and never none."""
    found = sorted({_expectation(machine, name) for name in expected_names(machine, state)},
                   key=lambda e: (_ORDER[e.kind], e.label))
    rules = open_rules(machine, state)
    note = f"in {_article(rules[-1])}" if rules else None
    if not found:
        nothing = Expectation("custom", "nothing")
        return ExpectationSummary("parse.expected.empty", "nothing can follow here", note, (nothing,))
    shown = tuple(found[:MOST_ALTERNATIVES])
    return ExpectationSummary("parse.expected", f"expected {_listed(machine, found)}", note, shown,
                              tuple(e.label for e in shown))


def expected_names(machine: Machine, state: AnyState) -> tuple[str, ...]:
    """The kinds and labels that may come next; a label stands for its kinds."""
    if isinstance(state, InToken):
        return (state.mode.closer,)
    out: dict[str, None] = {}
    for cell in state.cells:
        for name in _of_continuation(machine, cell, int(state.nl)):
            out[name] = None
    return tuple(out)


def _of_continuation(machine: Machine, cell: AnyCell, nl: int) -> Iterator[str]:
    t = machine.tables
    mask: Kinds | None = None
    for symbol, _ in machine.cells.walk(cell):
        guard = t.guard[symbol]
        if t.passive(symbol):
            continue
        if guard is not None:
            mask = guard if mask is None else mask & guard
            continue
        yield from _beginnings(machine, symbol, nl, mask)
        if t.plan[symbol] is None or t.empty[symbol] is None:
            return


def _beginnings(machine: Machine, symbol: int, nl: int, mask: Kinds | None) -> tuple[str, ...]:
    """`_of_symbol`, remembered: it depends on the grammar alone, and is asked for at each mistake."""
    key = symbol, nl, mask
    known = machine.beginnings.get(key)
    if known is None:
        known = machine.beginnings[key] = tuple(_of_symbol(machine, symbol, nl, mask, set()))
        machine.entries += 1
    return known


def _of_symbol(machine: Machine, symbol: int, nl: int, mask: Kinds | None, seen: set[int]) -> Iterator[str]:
    """Names at the start of a symbol.  Recursion follows the grammar, whose depth does not depend on any text."""
    t = machine.tables
    if t.message[symbol]:
        yield str(t.message[symbol])
    if t.message[symbol] or t.names[symbol] == ANY_TOKEN:
        return
    first = [k for k in t.first[symbol] if k & 1 == nl and (mask is None or k in mask)]
    if not first or symbol in seen:
        return
    seen.add(symbol)
    if t.label[symbol]:
        yield str(t.label[symbol])
    elif symbol not in t.alternatives:
        yield from (t.kinds[k >> 1] for k in first)
    else:
        for alternative in t.alternatives[symbol]:
            yield from _of_sequence(machine, alternative, nl, mask, seen)


def _of_sequence(machine: Machine, symbols: Symbols_, nl: int, mask: Kinds | None, seen: set[int]) -> Iterator[str]:
    t = machine.tables
    for symbol in symbols:
        guard = t.guard[symbol]
        if t.passive(symbol):
            continue
        if guard is not None:
            mask = guard if mask is None else mask & guard
            continue
        yield from _of_symbol(machine, symbol, nl, mask, seen)
        if t.plan[symbol] is None or t.empty[symbol] is None:
            return


def open_rules(machine: Machine, state: AnyState) -> tuple[str, ...]:
    """Names of the tree nodes still open, outer to inner; no more than the innermost `MOST_RULES`."""
    settled = state.base if isinstance(state, InToken) else state
    names = (name for name in _open_rules(machine, settled.cells[0]) if not name.startswith("<"))
    return tuple(islice(names, MOST_RULES))[::-1]


def _open_rules(machine: Machine, cell: AnyCell) -> Iterator[str]:
    """Innermost first.  A node that is both opened and closed further down is not open yet."""
    ahead = 0
    for symbol, _ in machine.cells.walk(cell):
        event = machine.tables.event[symbol]
        if event is None:
            continue
        if event.op != "close":
            ahead += 1
        elif ahead:
            ahead -= 1
        else:
            yield event.name


def _expectation(machine: Machine, name: str) -> Expectation:
    if name == machine.tables.kinds[EOF]:
        return Expectation("eof", "end of text")
    classes = machine.lexer.classes
    if name in classes:
        return Expectation("class", classes[name])
    if name not in machine.lexer.kind:
        return Expectation("custom" if name in machine.tables.message else "rule", name)
    return Expectation("keyword" if name[0].isalpha() or name[0] == "_" else "token", name)


def _listed(machine: Machine, found: Iterable[Expectation]) -> str:
    """The sentence's list: what ends or goes on with a construct first, operators in one word."""
    operators = [e for e in found if e.label in machine.tables.operators or e.label == _OPERATOR]
    together = len(operators) >= _TOGETHER
    shown = sorted((e for e in found if not together or e not in operators), key=lambda e: e.label not in _FIRST)
    names = [str(e) for e in shown]
    if len(names) + together > _SHOWN:
        return ", ".join(names[:_SHOWN - together]) + (f", {_OPERATOR}" if together else "") + " or something else"
    names += [_OPERATOR] if together else []
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _article(rule: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in rule).strip()
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"
