"""A backtracking interpreter of the combinators: small, obviously right, importing nothing but the grammar values.

The meanings are Parsec's: a failure that has consumed or passed a commit is final, `attempt` takes both back.  A text
is a list of tokens: a kind, and whether a line break stands before it.  Nothing is remembered, nothing recovers; what
only matters after an error (`recover`, `recover_missing`) is what it stands around.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.parse import values as g

__all__ = ["Reply", "Run", "Tokens", "TooLong", "accepted", "interpret", "letters", "nested"]


class Tok(NamedTuple):
    """A token of the text."""

    kind: str
    newline: bool = False


Tokens = Sequence[Tok]
#: Steps of one text before the interpreter gives up: backtracking may take exponentially many.
MOST_STEPS = 20_000


class TooLong(Exception):
    """More than `MOST_STEPS` steps."""


class Reply(NamedTuple):
    """What a parser said at a place: success, the place after it, the two bits, the tree's events."""

    ok: bool
    at: int
    consumed: bool = False
    committed: bool = False
    events: tuple[object, ...] = ()


def letters(text: str) -> Tokens:
    """The tokens of a text of single characters; the first of a text or line has a line break in front."""
    tokens, newline = [], True
    for character in text:
        if character == "\n":
            newline = True
        elif character != " ":
            tokens.append(Tok(character, newline))
            newline = False
    return [*tokens, Tok("EOF", newline)]


def accepted(tokens: Tokens, run: Run) -> tuple[object, ...] | None:
    """The nested tree of a text that the grammar accepts as a whole, else None.  Raises `TooLong`."""
    reply = interpret(g.Ref(run.rules.start), tokens, 0, run)
    return nested(reply.events) if reply.ok and tokens[reply.at].kind == "EOF" else None


class Run:
    """The rules, and what has happened so far."""

    def __init__(self, rules: g.Grammar) -> None:
        self.rules, self.steps = rules, 0
        self.attempts = 0
        """Attempts that have taken tokens and come to their end."""
        self.taken_back = False
        """Has an attempt failed after one inside it had come to its end?"""


def interpret(value: g.G, tokens: Tokens, at: int, run: Run) -> Reply:
    """Run a grammar value at a place of a text."""
    run.steps += 1
    if run.steps > MOST_STEPS:
        raise TooLong
    here = tokens[at]
    match value:
        case g.Tok(kinds, same_line):
            if here.kind in kinds and not (same_line and here.newline):
                return Reply(True, at + 1, True, False, (here.kind,))
            return Reply(False, at)
        case g.AnyToken():
            return Reply(False, at) if here.kind == "EOF" else Reply(True, at + 1, True, False, (here.kind,))
        case g.Guard(kinds, newline, negate):
            passes = (not kinds or here.kind in kinds) is not negate
            return Reply(passes and newline in (None, here.newline), at)
        case g.Fail():
            return Reply(False, at)
        case g.Event(op, name):
            return Reply(True, at, events=((op, name),))
        case g.Cut():
            return Reply(True, at, committed=True)
        case g.Attempt(body):
            return _attempt(body, tokens, at, run)
        case g.Seq(items):
            return _sequence(items, tokens, at, run)
        case g.Choice(alternatives):
            return _choice(alternatives, tokens, at, run)
        case g.Many(body):
            return _many(body, tokens, at, run)
    return interpret(_plainer(value, run.rules), tokens, at, run)


def _plainer(value: g.G, rules: g.Grammar) -> g.G:
    """The value in terms of simpler ones."""
    match value:
        case g.Ref(name):
            return rules[name]
        case g.Label(_, body) | g.Anchor(body, _) | g.Instead(body, _) | g.Missing(body):
            return body
        case g.Mapped(body, _):
            return g.Seq((g.Event("open", "<map>"), body, g.Event("close", "<map>")))
        case g.Tail(body, separator):
            more = g.Seq((body, value))
            return g.Choice((g.Seq((g.Tok((separator,)), g.Choice((more, g.Seq(()))))), g.Seq(())))
        case g.Precedence(operand, levels, "all"):
            return _operators(operand, levels)
    raise TypeError(value)


def _operators(operand: g.G, levels: tuple[g.Level, ...]) -> g.G:
    """Operands of the first level's operators, which are made of the tighter ones."""
    if not levels:
        return operand
    loosest, tighter = levels[0], g.Precedence(operand, levels[1:])
    right = g.Precedence(operand, levels) if loosest.assoc == "right" else tighter
    node = loosest.node
    more = g.Choice(tuple(
        g.Seq((g.Event("adopt", node), operator, right, g.Event("close", node))) for operator in loosest.operators))
    return g.Seq((tighter, g.Many(more) if loosest.assoc == "left" else g.Choice((more, g.Seq(())))))


def _attempt(body: g.G, tokens: Tokens, at: int, run: Run) -> Reply:
    before = run.attempts
    reply = interpret(body, tokens, at, run)
    if reply.ok:
        run.attempts += reply.consumed
        return reply
    run.taken_back = run.taken_back or run.attempts > before
    return Reply(False, at)


def _sequence(items: tuple[g.G, ...], tokens: Tokens, at: int, run: Run) -> Reply:
    consumed = committed = False
    events: tuple[object, ...] = ()
    for item in items:
        reply = interpret(item, tokens, at, run)
        consumed, committed = consumed or reply.consumed, committed or reply.committed
        if not reply.ok:
            return Reply(False, reply.at, consumed, committed)
        at, events = reply.at, events + reply.events
    return Reply(True, at, consumed, committed, events)


def _choice(alternatives: tuple[g.G, ...], tokens: Tokens, at: int, run: Run) -> Reply:
    reply = Reply(False, at)
    for alternative in alternatives:
        reply = interpret(alternative, tokens, at, run)
        if reply.ok or reply.consumed or reply.committed:
            return reply
    return reply


def _many(body: g.G, tokens: Tokens, at: int, run: Run) -> Reply:
    consumed = committed = False
    events: tuple[object, ...] = ()
    while True:
        reply = interpret(body, tokens, at, run)
        if not reply.ok:
            if reply.consumed or reply.committed:
                return Reply(False, reply.at, True, reply.committed)
            return Reply(True, at, consumed, committed, events)
        at, events, consumed, committed = reply.at, events + reply.events, True, committed or reply.committed


def nested(events: tuple[object, ...]) -> tuple[object, ...]:
    """The events as nested tuples, for comparison with a tree."""
    stack: list[list[object]] = [["Root"]]
    for event in events:
        if isinstance(event, str):
            stack[-1].append(event)
        elif isinstance(event, tuple) and event[0] == "close":
            node = tuple(stack.pop())
            stack[-1].append(node)
        elif isinstance(event, tuple):
            stack.append([event[1], stack[-1].pop()] if event[0] == "adopt" and len(stack[-1]) > 1 else [event[1]])
    return tuple(stack[0])
