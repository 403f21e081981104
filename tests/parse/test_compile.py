"""What is said about a grammar before the first text is parsed."""
from __future__ import annotations

import re

import pytest

from engine.parse import grammar as g
from engine.parse.compile import compile as compile_grammar
from engine.parse.lexer import Lexer, Symbols
from engine.parse.machine import Machine
from tests.parse.little import little_machine


def compiled(**rules: g.G) -> Machine:
    grammar = g.Grammar(next(iter(rules)))
    for name, body in rules.items():
        grammar[name] = body
    return compile_grammar(grammar, Lexer(Symbols("a", "b", "c", "(", ")")))


@pytest.mark.parametrize(("rules", "message"), [
    ({"S": g.seq(g.Ref("S"), "a")}, "left recursion (E4001): S -> S"),
    ({"S": g.choice("a", g.Ref("T")), "T": g.seq(g.opt("b"), g.Ref("S"), "c")}, "left recursion (E4001): S -> T -> S"),
    ({"S": g.many(g.opt("a"))}, "rule S: E3001: repetition of something that may match nothing"),
    ({"S": g.seq("a", g.Ref("Nobody"))}, "rule S mentions 'Nobody', which is not defined"),
    ({"S": g.token("x")}, "rule S: the lexer has no kind 'x'"),
])
def test_what_cannot_be_compiled_is_refused_with_rule_and_place(rules: dict[str, g.G], message: str) -> None:
    with pytest.raises(g.GrammarError) as refused:
        compiled(**rules)

    assert message in str(refused.value)
    assert re.match(r"test_compile\.py:\d+: ", str(refused.value))


@pytest.mark.parametrize(("rules", "topic"), [
    ({"S": g.choice("a", g.seq("a", "b"))}, "unreachable alternative"),
    ({"S": g.choice("a", g.seq(g.token("a", "b"), "c"))}, "ambiguous choice"),
    ({"S": g.token("a"), "T": g.token("b")}, "unreachable rule"),
    ({"S": g.choice(g.attempt("(", g.opt(g.Ref("S")), ")", "a"), g.seq("(", g.opt(g.Ref("S")), ")", "b"))},
     "nested attempt"),
])
def test_what_deserves_a_look_is_noted(rules: dict[str, g.G], topic: str) -> None:
    notes = compiled(**rules).tables.notes

    assert [note.topic for note in notes] == [topic]
    assert re.match(rf"test_compile\.py:\d+: rule [ST]: {topic}: ", str(notes[0]))


def test_a_sound_grammar_has_no_notes() -> None:
    assert compiled(S=g.many(g.choice("a", g.rule("R", "(", g.Ref("S"), ")")))).tables.notes == []


def test_a_rule_defined_twice_is_refused() -> None:
    grammar = g.Grammar("S")
    grammar["S"] = "a"
    with pytest.raises(g.GrammarError, match="defined twice"):
        grammar["S"] = "b"


def test_operators_need_at_least_one_token() -> None:
    with pytest.raises(g.GrammarError, match="fixity_missing"):
        g.precedence("a", ("left", (), "Sum"))


def test_compiling_is_deterministic() -> None:
    assert little_machine().tables.names == little_machine().tables.names
