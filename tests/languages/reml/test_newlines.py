"""Where a line break ends a statement, where it does not, and what it keeps apart."""

import pytest

from engine.parse.tree import Node
from tests.languages.reml.texts import syntax_errors, tree


def statements(body: str) -> list[str]:
    """The statements of a function's body, as their tokens."""
    text = f"fn f() {{\n{body}\n}}"
    assert [(d.message, d.span) for d in syntax_errors(text)] == []
    block = next(node for node in tree(text).nodes() if node.rule == "Block")
    parts = [part for part in block.children if isinstance(part, Node) or part.kind not in ("{", "}", ";")]
    return [" ".join(t.text for t in part.tokens()) if isinstance(part, Node) else part.text for part in parts]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # what can only continue does
        ("a\n.b\n.c()", ["a . b . c ( )"]),
        ("a\n|> b\n|> c", ["a |> b |> c"]),
        ("a\n+ b\n* c\n/ d\n% e\n^ g", ["a + b * c / d % e ^ g"]),
        ("a\n== b\n&& c\n|| d", ["a == b && c || d"]),
        ("a\n< b", ["a < b"]),
        ("a\n..b", ["a .. b"]),
        ("a\n?\n.b", ["a ? . b"]),
        ("a\n::b", ["a :: b"]),
        ("a\n= b", ["a = b"]),
        ("a\n:= b", ["a := b"]),
        ("let a\n: T\n= b", ["let a : T = b"]),
        ("if a\nthen b\nelse c", ["if a then b else c"]),
        ("match a\nwith\nB\n-> c", ["match a with B -> c"]),
        ("match a with\n| B\nwhen c\n-> d", ["match a with | B when c -> d"]),
        ("match a with\n| B\nas c\n-> d", ["match a with | B as c -> d"]),
        ("for a\nin b\n{ }", ["for a in b { }"]),
        ("while a\n{ }", ["while a { }"]),
        # what is open goes on
        ("a +\nb", ["a + b"]),
        ("let a =\n\n\nb", ["let a = b"]),
        ("f(\na\n,\nb\n)", ["f ( a , b )"]),
        ("[\n1\n,\n2\n]", ["[ 1 , 2 ]"]),
        ("(\n-\n1\n)", ["( - 1 )"]),
        ("|x|\nx", ["| x | x"]),
        ("a.\nb", ["a . b"]),
        ("perform\nE.op\n()", ["perform E . op ( )"]),
        # hard stops
        ("a\n(b)", ["a", "( b )"]),
        ("a\n[b]", ["a", "[ b ]"]),
        ("a\n-b", ["a", "- b"]),
        ("a\n- b\n- c", ["a", "- b", "- c"]),
        ("A\n{ b }", ["A", "{ b }"]),
        ("a.B\n{ b: 1 }", ["a . B", "{ b : 1 }"]),
        ("a\n!b", ["a", "! b"]),
        ("f(a)\n(b)\n[c]", ["f ( a )", "( b )", "[ c ]"]),
        ("return\na", ["return", "a"]),
        ("break\na", ["break", "a"]),
        ("return a\n- b", ["return a", "- b"]),
        ('test\n"x"', ["test", '"x"']),
        ("test_parser(p)\n{ a }", ["test_parser ( p )", "{ a }"]),
        ("async move\na", ["async move", "a"]),
        # a bar at a line's start
        ("a\n|| b", ["a || b"]),
        ("a\n|x| x", ["a", "| x | x"]),
        ("match a with\n| B -> c\n| D -> e\nf", ["match a with | B -> c | D -> e", "f"]),
        # separators
        ("a; b", ["a", "b"]),
        (";;a;;\n;b;", ["a", "b"]),
        ("let a = 1; var b = 2; defer c; a = b", ["let a = 1", "var b = 2", "defer c", "a = b"]),
        # arms without bars
        ("match p with\n(0, y) -> y\n(x, _) -> x", ["match p with ( 0 , y ) -> y ( x , _ ) -> x"]),
        (
            "match p with\nA -> a\nB(x) when x -> b\n[c] -> c\n{ d } -> d\n_ -> e",
            ["match p with A -> a B ( x ) when x -> b [ c ] -> c { d } -> d _ -> e"],
        ),
        ("match p with\nA -> a\nB if x -> b", ["match p with A -> a B if x -> b"]),
        ("match p with\nA -> 1\nTool(entry)", ["match p with A -> 1", "Tool ( entry )"]),
        (
            "match p with\nA -> 1\ncleanup()\nif a then b else c",
            ["match p with A -> 1", "cleanup ( )", "if a then b else c"],
        ),
        ("match p with\nA -> 1\n-2 -> 3", ["match p with A -> 1 - 2 -> 3"]),
        ("match p with\nA -> 1\n-2", ["match p with A -> 1", "- 2"]),
        ("match p with\nA -> match q with\nB -> 1\nC -> 2", ["match p with A -> match q with B -> 1 C -> 2"]),
        ("match p with\nA -> { match q with\nB -> 1 }\nC -> 2", ["match p with A -> { match q with B -> 1 } C -> 2"]),
        ("match p with\nA -> 1\nx = 2", ["match p with A -> 1", "x = 2"]),
    ],
)
def test_statements(body, expected):
    assert statements(body) == expected


@pytest.mark.parametrize(
    "text",
    [
        "@a\n(b)\n",
        "impl A\nfor B\nwhere C: D\n{ }",
        "fn f()\n-> A\n!{b}\nwhere T: U\n{ }",
        "type T\n= A\n| B\n(C)\n",
        "conductor c { monitoring\nname: dsl\n}",
        "use a\n.b\nas c",
        "trait T {\nfn f()\nfn g()\n}",
        "let a = match b with\n  | C -> d\n\nlet e = f\n",
    ],
)
def test_other_constructs_go_on(text):
    assert [(d.message, d.span) for d in syntax_errors(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "fn f() { a b }",
        "fn f() { let a = 1 let b = 2 }",
        "fn f() { a (b) { } }",
        "fn f() { if a then b else c d }",
        "let a = 1 let b = 2",
        "let a = match b with | C -> d let e = f",
        "match a with B -> c D -> e",
        "trait T { fn f() fn g() }",
        "module a { let b = 1 let c = 2 }",
    ],
)
def test_things_in_a_row_need_a_break_or_a_semicolon(text):
    assert len(syntax_errors(text)) >= 1
