"""A backtracking interpreter of the combinators: small, obviously right, importing nothing but the grammar values.

The meanings are Parsec's: a failure that has consumed or passed a commit is final, `attempt` takes both back.
"""
from __future__ import annotations

from typing import NamedTuple

from engine.parse import grammar as g


class Reply(NamedTuple):
    """What a parser said at a place: success, the place after it, the two bits, the tree's events."""

    ok: bool
    at: int
    consumed: bool = False
    committed: bool = False
    events: tuple[object, ...] = ()


def interpret(value: g.G, text: str, at: int, rules: g.Grammar) -> Reply:
    """Run a grammar value on a text whose characters are its tokens."""
    match value:
        case g.Tok(kinds):
            if at < len(text) and text[at] in kinds:
                return Reply(True, at + 1, True, False, (text[at],))
            return Reply(False, at)
        case g.Guard(kinds, _, negate):
            here = text[at] if at < len(text) else "EOF"
            return Reply((here in kinds) is not negate, at)
        case g.Event(op, name):
            return Reply(True, at, events=((op, name),))
        case g.Cut():
            return Reply(True, at, committed=True)
        case g.Ref(name):
            return interpret(rules[name], text, at, rules)
        case g.Seq(items):
            return _sequence(items, text, at, rules)
        case g.Choice(alternatives):
            return _choice(alternatives, text, at, rules)
        case g.Many(body):
            return _many(body, text, at, rules)
        case g.Attempt(body):
            reply = interpret(body, text, at, rules)
            return reply if reply.ok else Reply(False, at)
    raise TypeError(value)


def _sequence(items: tuple[g.G, ...], text: str, at: int, rules: g.Grammar) -> Reply:
    consumed = committed = False
    events: tuple[object, ...] = ()
    for item in items:
        reply = interpret(item, text, at, rules)
        consumed, committed = consumed or reply.consumed, committed or reply.committed
        if not reply.ok:
            return Reply(False, reply.at, consumed, committed)
        at, events = reply.at, events + reply.events
    return Reply(True, at, consumed, committed, events)


def _choice(alternatives: tuple[g.G, ...], text: str, at: int, rules: g.Grammar) -> Reply:
    reply = Reply(False, at)
    for alternative in alternatives:
        reply = interpret(alternative, text, at, rules)
        if reply.ok or reply.consumed or reply.committed:
            return reply
    return reply


def _many(body: g.G, text: str, at: int, rules: g.Grammar) -> Reply:
    consumed = committed = False
    events: tuple[object, ...] = ()
    while True:
        reply = interpret(body, text, at, rules)
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
            stack.append([event[1]])
    return tuple(stack[0])
