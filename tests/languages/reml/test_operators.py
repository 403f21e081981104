"""Operators: what binds tighter, on which side, and which cannot be chained."""

import pytest

from tests.languages.reml.texts import shape, syntax_errors

SHAPES = [
    ("a + b + c", "((a + b) + c)"),
    ("a - b + c", "((a - b) + c)"),
    ("a + b * c", "(a + (b * c))"),
    ("a * b + c", "((a * b) + c)"),
    ("a * b / c % d", "(((a * b) / c) % d)"),
    ("a ^ b ^ c", "(a ^ (b ^ c))"),
    ("a * b ^ c", "(a * (b ^ c))"),
    ("-a ^ b", "((- a) ^ b)"),
    ("a ^ -b ^ c", "(a ^ ((- b) ^ c))"),
    ("!a && b", "((! a) && b)"),
    ("a < b && c", "((a < b) && c)"),
    ("a || b && c || d", "((a || (b && c)) || d)"),
    ("a == b < c", "(a == (b < c))"),
    ("a < b == c", "((a < b) == c)"),
    ("a..b + c", "(a .. (b + c))"),
    ("a..b < c", "((a .. b) < c)"),
    ("a..b..c", "((a .. b) .. c)"),
    ("a |> b |> c", "((a |> b) |> c)"),
    ("a || b |> c", "((a || b) |> c)"),
    ("x = y = z", "(x = (y = z))"),
    ("x := a |> b", "(x := (a |> b))"),
    ("a.b(c)", "Call[Member[a . b] ( c )]"),
    ("-a.b", "(- Member[a . b])"),
    ("await a()?", "(await Try[Call[a ( )] ?])"),
    ("!a(b)[c]", "(! Index[Call[a ( b )] [ c ]])"),
    ("rec a |> b", "((rec a) |> b)"),
    ("t.0.1", "Member[t . 0.1]"),
    ("f(a = 1)", "Call[f ( NamedArgument[a = 1] )]"),
    ("f(a := 1)", "Call[f ( (a := 1) )]"),
    ("P { x: 1 }", "TypedRecord[P { Field[x : 1] }]"),
    ("{ x: 1, y }", "BraceExpression[{ Field[x : 1] , Field[y] }]"),
    ("{ x + 1, y }", "BraceExpression[{ (x + 1) , y }]"),
    ("{ x }", "BraceExpression[{ x }]"),
    ("|x| x + 1", "Lambda[Parameters[| Parameter[x] |] (x + 1)]"),
    ("|x| x |> f", "Lambda[Parameters[| Parameter[x] |] (x |> f)]"),
    ("fn(x) => x = 1", "Lambda[fn Parameters[( Parameter[x] )] => (x = 1)]"),
    ("if a then b else c + d", "If[if a then b else (c + d)]"),
    ("if a then b else c |> d", "If[if a then b else (c |> d)]"),
    ("async move x", "Async[async move x]"),
    ("async move", "Async[async move]"),
    (
        "match a with B -> match c with D -> e | F -> g",
        "Match[match a with MatchArm[B -> Match[match c with MatchArm[D -> e] MatchArm[| F -> g]]]]",
    ),
]


@pytest.mark.parametrize(("text", "expected"), SHAPES)
def test_operators_bind_as_the_table_says(text, expected):
    assert shape(text) == expected


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
def test_comparisons_do_not_associate_wherever_they_stand(operator):
    for text in (
        f"a {operator} b {operator} c",
        f"z || a {operator} b {operator} c",
        f"x |> a + 1 {operator} b {operator} c * 2",
    ):
        assert len(syntax_errors(f"let v = {text}")) == 1, text
