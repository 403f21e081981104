"""Trees: shape, places, losslessness; values of mapped grammars."""
from __future__ import annotations

import random

import pytest

from engine.parse import grammar as g
from engine.parse.compile import compile as compile_grammar
from engine.parse.document import Document
from engine.parse.lexer import Lexer, Symbols, Terminal
from engine.parse.machine import Limits
from engine.parse.source import Position, Span, split_lines
from engine.parse.tree import Node, build, value
from tests.parse.edits import random_span, random_text
from tests.parse.little import SAMPLE, little_machine

MACHINE = little_machine()


def tree(text: str) -> Node:
    return build(MACHINE, split_lines(text), at_end=True)


@pytest.mark.parametrize(("text", "shape"), [
    ("let a = 1 + 2 * 3 + 4", "(Root (Let let a = (Sum (Sum 1 + (Product 2 * 3)) + 4)))"),
    ("let a = f(1).b(2)", "(Root (Let let a = (Call (Member (Call f ( 1 )) . b) ( 2 ))))"),
    ("fn f(a) { a }", "(Root (Function fn f ( a ) { (Do a) }))"),
    ("fn (a) -> a", "(Root (Do (Lambda fn ( a ) -> a)))"),
    ("a\n-b", "(Root (Do a) ERROR)"),
    ("f\n(a)", "(Root (Do f) (Do (Paren ( a ))))"),
    ("let a = [1,\n/* x\n*/ 2]", "(Root (Let let a = (List [ 1 , 2 ])))"),
    ("", "(Root)"),
])
def test_shapes(text: str, shape: str) -> None:
    found = tree(text)
    if "ERROR" in shape:
        assert "ERROR" in [t.kind for t in found.tokens()]
    else:
        assert repr(found) == shape


@pytest.mark.parametrize("seed", range(5))
def test_what_is_known_of_whole_lines_changes_no_tree(seed: int) -> None:
    """Below the depth cap nothing is remembered, so there every token is taken by itself."""
    r = random.Random(seed)
    one_by_one = little_machine(Limits(depth=6))
    for _ in range(60):
        text = "".join(random_text(r, [SAMPLE]) for _ in range(8))
        pieces = split_lines(text)
        assert build(MACHINE, pieces, at_end=True) == build(one_by_one, pieces, at_end=True), text


def test_what_is_known_of_whole_lines_is_bounded_and_can_be_forgotten() -> None:
    machine = little_machine(Limits(entries=300))
    texts = ["".join(f"let v = {'-' * i}1{' ' * j}\n" for i in range(40)) for j in range(20)]
    for text in texts:
        document = Document(machine, text)
        assert len(document.tree().children) == 40
        assert machine.entries < 700

    assert machine.clears > 0


def test_places_of_tokens_and_nodes() -> None:
    found = tree('let a = """x\ny""" + b\nlet c = 1\n')
    text = next(t for t in found.tokens() if t.kind == "STRING")
    second = found.children[1]

    assert text.span == Span(Position(0, 8), Position(1, 4))
    assert isinstance(second, Node)
    assert second.span == Span(Position(2, 0), Position(2, 9))


@pytest.mark.parametrize("seed", range(5))
def test_every_token_is_a_leaf_once_whatever_is_wrong(seed: int) -> None:
    r = random.Random(seed)
    document = Document(MACHINE, SAMPLE)
    for _ in range(40):
        document.edit(random_span(r, document), random_text(r, [SAMPLE]))
        text = document.text()
        lines = split_lines(text)
        leaves = list(document.tree().tokens())

        for leaf in leaves:
            offset = sum(map(len, lines[:leaf.line])) + leaf.column
            assert text[offset:offset + len(leaf.text)] == leaf.text
        assert [(t.line, t.column) for t in leaves] == sorted((t.line, t.column) for t in leaves)
        assert len({(t.line, t.column) for t in leaves}) == len(leaves)


def test_dropped_tokens_are_error_leaves() -> None:
    kinds = [(t.kind, t.text) for t in tree("let a = 1 ) $ 2\nlet b = 2\n").tokens()]

    assert ("ERROR", ")") in kinds
    assert ("ERROR", "$") in kinds
    assert kinds[-4:] == [("let", "let"), ("NAME", "b"), ("=", "="), ("NUMBER", "2")]


def test_a_very_deep_tree_can_be_walked_and_shown() -> None:
    found = tree("let x = " + "(" * 50_000 + "1" + ")" * 50_000)

    assert sum(1 for _ in found.tokens()) == 100_004
    assert len(repr(found)) > 400_000
    assert found == tree("let x = " + "(" * 50_000 + "1" + ")" * 50_000)


def test_mapped_grammars_have_values() -> None:
    grammar = g.Grammar("Sum")
    number = g.map(lambda token: int(token.text), "N")
    grammar["Sum"] = g.map(
        lambda first, *rest: first + sum(x for x in rest if isinstance(x, int)), number, g.many("+", number))
    machine = compile_grammar(grammar, Lexer(Terminal("N", r"\d+"), Symbols("+")))
    found = value(machine, build(machine, ["1 + 20 + 300"], at_end=True))

    assert found.children == [321]


def test_spanned_pairs_a_value_with_its_place() -> None:
    grammar = g.Grammar("S")
    grammar["S"] = g.seq("a", g.spanned("b"))
    machine = compile_grammar(grammar, Lexer(Symbols("a", "b")))
    pair = value(machine, build(machine, ["a  b"], at_end=True)).children[1]

    assert (pair[0].text, pair[1]) == ("b", Span(Position(0, 3), Position(0, 4)))
