"""Grammar values: what `grammar`'s combinators make and `compile` reads.

Each is frozen and knows its parts; equality is identity, so a value that stands in two places is compiled once.  Only a
`Grammar` changes: rules are added to it, and it notes where each was defined, for the reports.

Knows no lexer, no tables, no text.  Invariant: no other value is changed after it was made.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final, Literal

__all__ = [
    "ANY", "SPANNED", "Anchor", "AnyToken", "Assoc", "Attempt", "Choice", "Cut", "Event", "Fail", "G", "Grammar",
    "GrammarError", "Guard", "Instead", "Label", "Level", "Many", "Mapped", "Missing", "Part", "Precedence", "Ref",
    "Seq", "SkipBlock", "Tail", "Tok", "lifted",
]


class GrammarError(Exception):
    """The grammar cannot be compiled; the message names the rule and where it was defined."""


class G:
    """Base of all grammar values."""

    __slots__ = ()

    def __add__(self, other: Part) -> Seq:
        return Seq((self, lifted(other)))

    def __radd__(self, other: Part) -> Seq:
        return Seq((lifted(other), self))

    def __or__(self, other: Part) -> Choice:
        return Choice((self, lifted(other)))

    def __ror__(self, other: Part) -> Choice:
        return Choice((lifted(other), self))


Part = G | str


@dataclass(frozen=True, eq=False, slots=True)
class Tok(G):
    """One token of one of `kinds`; with `same_line`, only without a line break in front of it."""

    kinds: tuple[str, ...]
    same_line: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Guard(G):
    """A zero-width test of the next token: its kind (none listed: any) and the line break in front of it."""

    kinds: tuple[str, ...] = ()
    newline: bool | None = None
    negate: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Seq(G):
    """All items, one after the other."""

    items: tuple[G, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Choice(G):
    """The first alternative that takes the next token, or all tentative ones side by side."""

    alternatives: tuple[G, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Many(G):
    """The body any number of times."""

    body: G


@dataclass(frozen=True, eq=False, slots=True)
class Tail(G):
    """``{ separator body } [separator]``: a list after its first element, with a trailing separator allowed."""

    body: G
    separator: str


@dataclass(frozen=True, eq=False, slots=True)
class Attempt(G):
    """The body, tentative until its end."""

    body: G


@dataclass(frozen=True, eq=False, slots=True)
class Cut(G):
    """A commit: the alternatives to the right that are still inside the choice are given up."""


@dataclass(frozen=True, eq=False, slots=True)
class Fail(G):
    """Never succeeds; the message is shown as an expectation."""

    message: str


@dataclass(frozen=True, eq=False, slots=True)
class Event(G):
    """A mark for the tree: open a node, open one that adopts the sibling on its left, close a node."""

    op: Literal["open", "adopt", "close"]
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Ref(G):
    """The rule of that name; how grammars recurse."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Label(G):
    """Expectations at the start of `body` are shown as `name`."""

    name: str
    body: G


@dataclass(frozen=True, eq=False, slots=True)
class Anchor(G):
    """A place where parsing goes on after an error.

    Without `skip`: where `body` can start.  With it: `skip` is parsed in place of the rest of `body`.
    """

    body: G
    skip: G | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Missing(G):
    """A token that is taken as present when it is absent (with a diagnostic and an insertion as its fix)."""

    token: Tok


@dataclass(frozen=True, eq=False, slots=True)
class Instead(G):
    """Parts in whose place something else is parsed after an error in front of them."""

    body: G
    other: G


@dataclass(frozen=True, eq=False, slots=True)
class Mapped(G):
    """Parts with a function on their values."""

    body: G
    fn: Callable[..., Any]


@dataclass(frozen=True, eq=False, slots=True)
class SkipBlock(G):
    """Anything up to an unmatched `closer`."""

    name: str
    opener: str
    closer: str


@dataclass(frozen=True, eq=False, slots=True)
class AnyToken(G):
    """Any token but the end of the text."""


#: One is enough.
ANY: Final = AnyToken()

Assoc = Literal["left", "right", "none"]


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """One row of an operator table: associativity, the operators, the name of the tree's node."""

    assoc: Assoc
    operators: tuple[Tok, ...]
    node: str


@dataclass(frozen=True, eq=False, slots=True)
class Precedence(G):
    """Operators over `operand`, loosest level first; part ``tail`` is only what may follow an operand."""

    operand: G
    levels: tuple[Level, ...]
    part: Literal["all", "tail"] = "all"


def _paired(*values: Any) -> Any:
    return values


#: Marks a mapped node whose value is paired with its span; `tree.value` knows it by identity.
SPANNED: Final = _paired


def lifted(part: Part) -> G:
    """The value of a part: a string stands for the token of that kind."""
    return Tok((part,)) if isinstance(part, str) else part


@dataclass(slots=True)
class Grammar:
    """Named rules and the one to start from: ``g["Name"] = …``, ``Ref("Name")``."""

    start: str
    rules: dict[str, G] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """Where each rule was defined, as ``file:line``."""

    def __setitem__(self, name: str, body: Part) -> None:
        frame = sys._getframe(1)
        place = f"{PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"
        if name in self.rules:
            raise GrammarError(f"rule {name!r} is defined twice: {self.places[name]} and {place}")
        self.rules[name], self.places[name] = lifted(body), place

    def __getitem__(self, name: str) -> G:
        return self.rules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rules)
