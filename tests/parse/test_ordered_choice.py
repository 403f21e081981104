"""The machine against the backtracking interpreter, on random grammars and all short texts."""
from __future__ import annotations

import itertools
import random

import pytest

from engine.parse import grammar as g
from engine.parse.compile import compile as compile_grammar
from engine.parse.lexer import Lexer, Symbols
from engine.parse.machine import Machine, Reject
from engine.parse.tree import Node, build
from tests.parse.reference import interpret, nested

TEXTS = ["".join(letters) for length in range(6) for letters in itertools.product("abc", repeat=length)]


def random_value(r: random.Random) -> g.G:
    names = itertools.count()

    def value(depth: int) -> g.G:
        k = r.random()
        if not depth or k < .3:
            return g.token(r.choice("abc"))
        if k < .55:
            return g.seq(*(value(depth - 1) for _ in range(r.randint(2, 3))))
        if k < .75:
            return g.choice(*(tentative(value(depth - 1)) for _ in range(r.randint(2, 3))))
        if k < .83:
            return g.opt(tentative(value(depth - 1)))
        if k < .9:
            return g.many(tentative(value(depth - 1)))
        if k < .93:
            return g.seq(g.lookahead(r.choice("abc")), value(depth - 1))
        if k < .96:
            cut = g.seq(g.cut_here(), value(depth - 1))
            return cut if r.random() < .5 else g.seq(value(depth - 1), cut)
        return g.rule(f"R{next(names)}", value(depth - 1))

    def tentative(x: g.G) -> g.G:
        return g.attempt(x) if r.random() < .5 else x
    return value(4)


def nullable(value: g.G) -> bool:
    match value:
        case g.Tok():
            return False
        case g.Seq(items):
            return all(map(nullable, items))
        case g.Choice(alternatives):
            return any(map(nullable, alternatives))
        case g.Attempt(body):
            return nullable(body)
    return True


def usable(value: g.G) -> bool:
    """No empty loop bodies, no alternative behind one that may match nothing: the compiler reports both."""
    match value:
        case g.Seq(items):
            return all(map(usable, items))
        case g.Choice(alternatives):
            return all(map(usable, alternatives)) and not any(map(nullable, alternatives[:-1]))
        case g.Many(body):
            return not nullable(body) and usable(body)
        case g.Attempt(body):
            return usable(body)
    return True


def accepts(machine: Machine, text: str) -> bool:
    state = machine.start
    try:
        for letter in text:
            state = state[machine.lexer.kind[letter]]
    except Reject:
        return False
    return machine.accepts_end(state)


def shape(node: Node) -> tuple[object, ...]:
    return (node.rule, *(shape(child) if isinstance(child, Node) else child.text for child in node.children))


def check(seed: int, grammars: int) -> int:
    r = random.Random(seed)
    compared = 0
    while compared < grammars:
        value = random_value(r)
        if not usable(value):
            continue
        compared += 1
        rules = g.Grammar("S")
        rules["S"] = value
        machine = compile_grammar(rules, Lexer(Symbols("a", "b", "c")))
        for text in TEXTS:
            reply = interpret(value, text, 0, rules)
            expected = reply.ok and reply.at == len(text)
            assert accepts(machine, text) is expected, (seed, text, value)
            if expected:
                assert shape(build(machine, [text], at_end=True)) == nested(reply.events), (seed, text, value)
    return compared


@pytest.mark.parametrize("block", range(4))
def test_ordered_choice_is_that_of_a_backtracking_interpreter(block: int) -> None:
    assert check(1000 + block, 25) == 25


@pytest.mark.campaign
def test_ordered_choice_campaign(seed: int, campaign: int) -> None:
    print(f"seed {seed}")

    assert check(seed, 150 * campaign) == 150 * campaign
