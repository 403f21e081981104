"""Grammar combinators: functions that make the `values` which `compile` turns into tables for the machine.

The meanings are those of parser combinators with Parsec's *consumed* bit: `choice` commits to the first alternative
that takes a token, `attempt` keeps it tentative until its end, a `cut` ends that early.  What is accepted is what a
backtracking interpreter accepts, with one exception: alternatives given up at an attempt's end stay given up even if
the attempt itself is beaten afterwards by an alternative to its left, inside a choice further in.  Names follow the
field (Leijen & Meijer, "Parsec", 2001).  A string stands for the token of that kind; ``a + b`` is a sequence,
``a | b`` a choice.  The tables decide on (kind, is there a line break in front), so `glued`, `newline` and `same_line`
are ordinary one-token decisions.

Knows no text and no state.  What depends on context is a lexer's mode, never a function of a parsed value.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from engine.parse.values import (
    ANY,
    SPANNED,
    Anchor,
    AnyToken,
    Assoc,
    Attempt,
    Choice,
    Cut,
    Event,
    Fail,
    G,
    Grammar,
    GrammarError,
    Guard,
    Instead,
    Label,
    Level,
    Many,
    Mapped,
    Missing,
    Part,
    Precedence,
    Ref,
    Seq,
    SkipBlock,
    Tail,
    Tok,
    lifted,
)

__all__ = [
    "ANY", "SPANNED", "Anchor", "AnyToken", "Assoc", "Attempt", "Choice", "Cut", "Event", "Fail", "G", "Grammar",
    "GrammarError", "Guard", "Instead", "Label", "Level", "Many", "Mapped", "Missing", "Part", "Precedence", "Ref",
    "Seq", "SkipBlock", "Tail", "Tok", "attempt", "begin", "between", "chainl1", "chainr1", "choice", "cut", "cut_here",
    "end", "eof", "expect", "fail", "glued", "keyword", "label", "lookahead", "many", "many1", "map", "newline",
    "not_followed_by", "ok", "operators", "opt", "panic_block", "panic_until", "precedence", "recover",
    "recover_instead", "recover_missing", "rule", "same_line", "sep_by", "sep_by1", "seq", "spanned", "symbol",
    "token", "wrap",
]


def _one(parts: tuple[Part, ...]) -> G:
    return lifted(parts[0]) if len(parts) == 1 else seq(*parts)


# ------------------------------------------------------------------------------------------------------------ tokens
def token(*kinds: str) -> Tok:
    """One token of any of these kinds."""
    return Tok(kinds)


def keyword(word: str) -> Tok:
    """The token of a keyword; the lexer has made sure that it is not glued to an identifier."""
    return Tok((word,))


def symbol(text: str) -> Tok:
    """The token of a fixed text; blanks around it are the lexer's business."""
    return Tok((text,))


def glued(*kinds: str) -> Tok:
    """One token of these kinds, without a line break in front of it."""
    return Tok(kinds, same_line=True)


eof = Tok(("EOF",))
#: Succeeds on nothing.
ok = Seq(())


def fail(message: str) -> Fail:
    """Never succeeds."""
    return Fail(message)


# ------------------------------------------------------------------------------------------------ sequence and choice
def seq(*parts: Part) -> Seq:
    """All parts, one after the other."""
    return Seq(tuple(lifted(part) for part in parts))


def choice(*alternatives: Part) -> Choice:
    """The first alternative that takes the next token (or is still tentative, see `attempt`)."""
    return Choice(tuple(lifted(part) for part in alternatives))


def opt(*parts: Part) -> Choice:
    """The parts, or nothing."""
    return Choice((_one(parts), ok))


def many(*parts: Part) -> Many:
    """The parts any number of times; they must not be able to match nothing (E3001)."""
    return Many(_one(parts))


def many1(*parts: Part) -> Seq:
    """The parts at least once."""
    return seq(*parts, many(*parts))


def sep_by1(part: Part, separator: str = ",", *, trailing: bool = True) -> Seq:
    """At least one part, with separators between; a separator may end the list if `trailing`."""
    part = lifted(part)
    return seq(part, Tail(part, separator)) if trailing else seq(part, many(separator, part))


def sep_by(part: Part, separator: str = ",", *, trailing: bool = True) -> Choice:
    """Any number of parts, with separators between."""
    return opt(sep_by1(part, separator, trailing=trailing))


def between(opener: Part, part: Part, closer: Part) -> Seq:
    """A part in brackets; the opener commits."""
    return seq(opener, cut_here(), part, closer)


def attempt(*parts: Part) -> Attempt:
    """Tentative until its end: other alternatives stay alive beside it."""
    return Attempt(_one(parts))


def cut(*parts: Part) -> Seq:
    """The parts, committed."""
    return seq(cut_here(), *parts)


def cut_here() -> Cut:
    """Commit: give up the alternatives to the right of the choices this stands in."""
    return Cut()


# ---------------------------------------------------------------------------------------------------------- look-ahead
def lookahead(*kinds: str) -> Guard:
    """The next token is of one of these kinds; consumes nothing."""
    return Guard(kinds)


def not_followed_by(*kinds: str) -> Guard:
    """The next token is of none of these kinds; consumes nothing."""
    return Guard(kinds, negate=True)


def newline() -> Guard:
    """There is a line break in front of the next token."""
    return Guard(newline=True)


def same_line(*kinds: str) -> Guard:
    """There is no line break in front of the next token (and it is of one of these kinds)."""
    return Guard(kinds, newline=False)


# ------------------------------------------------------------------------------------------------------ names and trees
def begin(name: str, *, adopt: bool = False) -> Event:
    """Open a node here; with `adopt`, around the sibling on the left."""
    return Event("adopt" if adopt else "open", name)


def end(name: str) -> Event:
    """Close the node `name`."""
    return Event("close", name)


def rule(name: str, *parts: Part) -> Seq:
    """The parts as a node of the tree; the name is also their context in messages."""
    return seq(begin(name), *parts, end(name))


def wrap(name: str, *parts: Part) -> Seq:
    """A postfix form: a node that adopts the sibling on its left."""
    return seq(begin(name, adopt=True), *parts, end(name))


def label(name: str, *parts: Part) -> Label:
    """Expectations at the start are shown as `name`."""
    return Label(name, _one(parts))


def expect(name: str, *parts: Part) -> Label:
    """`label` of a `cut`."""
    return Label(name, cut(*parts))


def map(fn: Callable[..., Any], *parts: Part) -> Mapped:
    """The value of the parts is ``fn(*values)``; it runs when `tree.value` asks for it."""
    return Mapped(_one(parts), fn)


def spanned(*parts: Part) -> Mapped:
    """The value of the parts is a pair (value, span)."""
    return Mapped(_one(parts), SPANNED)


# ------------------------------------------------------------------------------------------------------------- recovery
def recover(*parts: Part, until: Iterable[str] = ()) -> Anchor:
    """An anchor: after an error inside, go on where the parts can start.

    With `until`: behind the parts, at the next token of such a kind.
    """
    until = tuple(until)
    return Anchor(_one(parts), many(not_followed_by("EOF", *until), ANY) if until else None)


def panic_until(*parts: Part, until: Iterable[str]) -> Anchor:
    """After an error inside the parts, skip to a token of these kinds, which is left alone."""
    return recover(*parts, until=until)


def panic_block(*parts: Part, opener: str, closer: str) -> Anchor:
    """After an error inside the parts, skip to the `closer` that belongs to them, counting nested pairs."""
    nested = f"<skip {opener} {closer}>"
    return Anchor(_one(parts), SkipBlock(nested, opener, closer))


def recover_missing(part: Part) -> Missing:
    """A token that is inserted when it is absent."""
    part = lifted(part)
    if not isinstance(part, Tok):
        raise GrammarError("recover_missing takes a token")
    return Missing(part)


def recover_instead(part: Part, other: Part) -> Instead:
    """The part; where its first token is wrong, `other` is parsed in its place, which is no part of the language."""
    return Instead(lifted(part), lifted(other))


# ------------------------------------------------------------------------------------------------------------ operators
def precedence(operand: Part, *levels: Level | tuple[Assoc, Iterable[Part], str]) -> Precedence:
    """An operator table, loosest level first; after an operator its operand is required."""
    return Precedence(lifted(operand), tuple(_level(level) for level in levels))


def _level(level: Level | tuple[Assoc, Iterable[Part], str]) -> Level:
    if isinstance(level, Level):
        return level
    assoc, operators_, node = level
    kinds = [lifted(x) for x in operators_]
    if not kinds or not all(isinstance(x, Tok) for x in kinds):
        raise GrammarError(f"operators of {node!r} must be tokens, at least one (core.parse.opbuilder.fixity_missing)")
    return Level(assoc, tuple(x for x in kinds if isinstance(x, Tok)), node)


def operators(table: Precedence) -> Precedence:
    """What may follow an operand in the table: operators with their right sides."""
    return Precedence(table.operand, table.levels, "tail")


def chainl1(operand: Part, operator: Part, node: str = "Chain") -> Precedence:
    """Operands with a left-associative operator between."""
    return precedence(operand, ("left", (operator,), node))


def chainr1(operand: Part, operator: Part, node: str = "Chain") -> Precedence:
    """Operands with a right-associative operator between."""
    return precedence(operand, ("right", (operator,), node))
