"""What is said about trees: every code, where it points, what its fix makes of the text."""

import pytest

from engine.languages.language import CheckSettings, UnitFacts
from engine.languages.reml import REML
from engine.languages.reml.checks import check_unit
from engine.languages.reml.checks.regex import regex_fault
from engine.parse.diagnostics import Severity
from engine.parse.source import split_lines
from engine.parse.tree import build
from tests.languages.reml.texts import check, fixed, marked, places, said, tree

STRICT = CheckSettings()


# ------------------------------------------------------------------------------------------------------------ items
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo()", [("parser.top_level_expr.disallowed", "foo()")]),
        ("let a = 1\nfoo() + 1\nbar()", [("parser.top_level_expr.disallowed", "foo() + 1")]),
        ("defer close()", [("parser.top_level_expr.disallowed", "defer close()")]),
        ("@a(b) foo", [("parser.top_level_expr.disallowed", "foo")]),
        ("pub 1", [("parser.top_level_expr.disallowed", "1")]),
        ("module m { foo() }", [("parser.top_level_expr.disallowed", "foo()")]),
        ('test "a" { }', [("parser.top_level_expr.disallowed", 'test "a" { }')]),
        ("match a with\n| B -> c\n", [("parser.top_level_expr.disallowed", "match a with\n| B -> c")]),
        ("fn f() { foo() }", []),
        ("let a = foo()", []),
        ("effect E\nhandler H { return v { v } }\nmacro m() { }\nactor spec A { }\nconductor c { }", []),
    ],
)
def test_expressions_at_the_top_level(text, expected):
    check(text, expected, STRICT)


def test_expressions_at_the_top_level_can_be_allowed():
    check("foo()\ndefer bar()\n", [], CheckSettings(allow_top_level_expr=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use super.a", ["use super.a"]),
        ("module a.b\nuse super.c as d", ["use super.c as d"]),
        ("module a\nuse self.x\nuse super.super.c.{d}\nuse super.e", ["use super.super.c.{d}", "use super.e"]),
        ("module self.a\nuse super.b", []),
        ("module super.a\nuse super.b\n\nuse super.c", []),
        ("module a { use super.b }", []),
        ("use a.super.b", []),
    ],
)
def test_use_super_needs_a_relative_module(text, expected):
    check(text, [("language.use.invalid_super", part) for part in expected])


def test_use_super_is_right_again_when_the_header_becomes_relative():
    text = "module a\n\nuse super.b\n"

    assert places(said(text)) == [("language.use.invalid_super", 3, 1)]
    assert said(text.replace("module a", "module self.a")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pattern (|f|) (x) = x\nfn f() = 1", ["f"]),
        ("fn f() = 1\npattern (|f|_|) (x) = x", ["f"]),
        ("let f = 1\npattern (|f|) (x) = x", ["f"]),
        ("let f(a) = a\npattern (|f|) (x) = x", ["f"]),
        ("var f = 1\npattern (|f|) (x) = x", ["f"]),
        ("const F: Int = 1\npattern (|F|) (x) = x", ["F"]),
        ('extern "C" { fn f(); }\npattern (|f|) (x) = x', ["f"]),
        ("module m { pattern (|f|) (x) = x\nfn f() }", ["f"]),
        ("pattern (|F|) (x) = x\nfn f() = 1", []),
        ("pattern (|f|) (x) = x\nfn A.f() = 1\nfn f.b()\ntype f = A", []),
        ("pattern (|f|) (x) = x\nmodule m { fn f() }", []),
        ("pattern (|f|) (x) = x\nfn g() { let f = 1 }", []),
    ],
)
def test_active_patterns_have_names_of_their_own(text, expected):
    check(text, [("pattern.active.name_conflict", part) for part in expected])


# ------------------------------------------------------------------------------------------------------ expressions
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let a = rec b", []),
        ("let a = f(rec b, rec c.d)", []),
        ("let a = rec b(c)", []),
        ("let a = rec 1", ["1"]),
        ("let a = rec (b)", ["(b)"]),
        ('let a = f(rec "x")', ['"x"']),
        ("let a = rec rec b", ["rec b"]),
        ("let a = rec { b }", ["{ b }"]),
    ],
)
def test_rec_is_followed_by_a_name(text, expected):
    check(text, [("parser.rec.invalid_form", part) for part in expected])


def test_rec_is_no_target_of_an_assignment():
    text = "fn f() {\n  rec x = 1\n  rec y := 2\n}"

    assert [(d.code, marked(text, d)) for d in said(text)] == [
        ("parser.rec.unsupported_position", "rec x"),
        ("parser.rec.unsupported_position", "rec y"),
    ]
    assert "  x = 1" in fixed(text, said(text)[0])


# --------------------------------------------------------------------------------------------------------- patterns
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let (a, a) = b", [(1, 9)]),
        ("let (a, (b, [c, ..a])) = d", [(1, 19)]),
        ("let P(a, a) = c", [(1, 10)]),
        ("let { a, b: a } = c", [(1, 13)]),
        ("let P { a, b: Q(a) } = c", [(1, 17)]),
        ("let a @ (a, b) = c", [(1, 10)]),
        ("let (a, b) as a = c", [(1, 15)]),
        ("let x = match y with | (a, a) -> a", [(1, 28)]),
        ("let x = match y with | A(a) as a -> a", [(1, 32)]),
        ("let x = match y with | A(a) when b as a -> a", [(1, 39)]),
        ("fn f((a, a), b) = 1", [(1, 10)]),
        ("let x = |(a, a)| a", [(1, 14)]),
        ("fn f() { for (a, a) in b { } }", [(1, 18)]),
        ("let (a, a, a) = b", [(1, 9), (1, 12)]),
        ("let x = match y with | (|P|) (a, a) -> a", [(1, 34)]),
        ("let x = match y with | A(a) | B(a) -> a", []),
        ("let x = match y with | (A(a) | B(a), c) -> a", []),
        ("let x = match y with | (A(a) | B(a), a) -> a", [(1, 38)]),
        ("let (_, _) = b", []),
        ("let (A, A) = b", []),
        ("let (a.A, a.B) = b", []),
        ("let { a: b, c: d } = e", []),
        ("fn f(a, a) = 1", []),
        ("let x = match y with | a -> 1 | a -> 2", []),
    ],
)
def test_a_pattern_binds_a_name_once(text, expected):
    assert places(said(text)) == [("pattern.binding.duplicate_name", *place) for place in expected]


def test_the_first_binding_is_shown():
    (only,) = said("let (a, a) = b")

    assert [(related.span.start.column, related.message) for related in only.related] == [
        (5, "`a` is bound here first")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let [.., a, ..] = b", ["[.., a, ..]"]),
        ("let (x, [..a, ..b]) = c", ["[..a, ..b]"]),
        ("let [.., [..]] = b", []),
        ("let [a, ..] = b", []),
    ],
)
def test_a_slice_has_one_rest_item(text, expected):
    check(text, [("pattern.slice.multiple_rest", part) for part in expected])


@pytest.mark.parametrize(
    ("pattern", "mended"),
    [
        ("5..1", "1..5"),
        ("5..=1", "1..=5"),
        ("0x10..0b11", "0b11..0x10"),
        ("-1..-5", "-5..-1"),
        ("1_000..999", "999..1_000"),
        ("1..5", None),
        ("5..5", None),
        ("5..", None),
        ("..1", None),
        ("a..1", None),
        ("5.0..1.0", None),
    ],
)
def test_the_bounds_of_a_range_are_in_order(pattern, mended):
    text = f"let x = match y with | {pattern} -> z"
    found = said(text)

    assert [(d.code, marked(text, d)) for d in found] == ([("pattern.range.bound_inverted", pattern)] if mended else [])
    assert not mended or fixed(text, found[0]) == f"let x = match y with | {mended} -> z"


def test_raw_strings_in_patterns_are_regular_expressions():
    text = 'let x = match y with | r"^a(b" -> 1 | r#"[a-z]+"# -> 2 | "(" -> 3'

    assert [(d.code, marked(text, d)) for d in said(text)] == [("pattern.regex.invalid_syntax", 'r"^a(b"')]
    assert said('let x = r"("') == []


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "abc",
        "^a+b*c?$",
        "a{2}",
        "a{2,}",
        "a{,3}",
        "a{2,3}?",
        "(a|b)",
        "(?:a)",
        "(?i)a",
        "(?i:a)",
        "(?<name>a)",
        "(?P<name>a)",
        "(?=a)(?!b)(?<=c)(?<!d)",
        "[a-z]",
        "[^a-z]",
        "[]a]",
        "[^]a]",
        "[[:alpha:]]",
        r"[\]]",
        r"\d\w\s\b\p{L}\x41\u{41}",
        r"\(",
        "a|",
        "{",
        "a{b}",
        "()",
        "(?#comment)",
        ".*?",
    ],
)
def test_regular_expressions_of_any_dialect_are_let_through(pattern):
    assert regex_fault(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["(", "(a", "a)", "[", "[a", "*", "+a", "a|*", "(*a)", "a{3,2}", "[z-a]", "\\", "(?:a", "^*"]
)
def test_what_no_dialect_has_is_no_regular_expression(pattern):
    assert regex_fault(pattern) is not None


def test_if_as_a_guard_is_old():
    text = "let x = match y with\n  | A(b) if b > 1 -> b\n  | C when if d then e else f -> g"
    (only,) = said(text)

    assert (only.code, only.severity) == ("pattern.guard.if_deprecated", Severity.WARNING)
    assert marked(text, only) == "| A(b) if b > 1 -> b"
    assert fixed(text, only) == text.replace("(b) if", "(b) when")


# ------------------------------------------------------------------------------------------- builders and conductors
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('fn f() { b.level(1, :prefix, ["-"])\n b.level(2, :infix_left, ["+"]) }', []),
        ('fn f() { b.level(1, :infix_left, ["+"])\n b.level(1, :infix_left, ["-"]) }', []),
        ('fn f() { b.level(1, :prefix, ["-"])\n b.level(1, :infix_left, ["+"]) }', ["1, :infix_left"]),
        ('fn f() { b.level(0x1, :prefix, ["-"])\n c.level(1, :infix_left, ["+"]) }', []),
        ('fn f() { b.level(0x1, :prefix, ["-"])\n b.level(1, :infix_left, ["+"]) }', ["1, :infix_left"]),
        ('let p = B.new().level(1, :prefix, ["-"]).level(1, :postfix, ["!"])', ["1, :postfix"]),
        ('let p = B.new().level(1, :prefix, ["-"])\nlet q = B.new().level(1, :postfix, ["!"])', []),
        ('fn f() { let b = B.new()\n b.level(1, :prefix, ["-"])\n let b = B.new()\n b.level(1, :postfix, ["!"]) }', []),
        ('fn f() { b.level(1, :prefix, ["-"]) }\nfn g() { b.level(1, :postfix, ["!"]) }', []),
        ('impl T { fn f() { b.level(1, :prefix, ["-"]) }\nfn g() { b.level(1, :postfix, ["!"]) } }', []),
        ("fn f() { b.level(|l| l.prefix(x)) }", []),
        ("fn f() { b.level(n, :prefix, []) }", []),
    ],
)
def test_a_priority_has_one_fixity(text, expected):
    check(text, [("core.parse.opbuilder.level_conflict", part) for part in expected])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('b.level(1, :prefix, ["-"])', []),
        ("b.level(1, :prefix, [])", ["[]"]),
        ('b.level(1, :ternary, ["?", ":"])', []),
        ('b.level(1, :ternary, ["?"])', ['["?"]']),
        ('b.level(1, :ternary, ["?", ":", "!"])', ['["?", ":", "!"]']),
        ("b.level(1, :ternary, [])", ["[]"]),
        ("b.level(1, :prefix, tokens)", []),
        ("b.level(1, :prefix)", []),
    ],
)
def test_a_priority_has_operators(call, expected):
    check(f"fn f() {{ {call} }}", [("core.parse.opbuilder.fixity_missing", part) for part in expected])


def test_a_conductor_names_each_dsl_once():
    text = "conductor c {\n  a: x\n  b: y\n  @d a: z |> w\n}"

    assert places(said(text)) == [("conductor.dsl_id.duplicate", 4, 6)]
    assert said(text.replace("a: z", "c: z")) == []


# -------------------------------------------------------------------------------------------------------- the walk
def test_findings_come_in_order_of_the_text():
    text = "fn f((b, b)) {\n  match x with\n  | 5..1 if rec 1 -> [1]\n  | [.., ..] -> 2\n}\nlet (a, a) = c\n"

    assert [(code.split(".", 1)[1], line) for code, line, _ in places(said(text))] == [
        ("binding.duplicate_name", 1),
        ("guard.if_deprecated", 3),
        ("range.bound_inverted", 3),
        ("rec.invalid_form", 3),
        ("slice.multiple_rest", 4),
        ("binding.duplicate_name", 6),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "let (",
        "@",
        "@cfg(",
        "fn",
        "match x with | (a, a",
        "let x = rec",
        "conductor c { a:",
        "b.level(1, :prefix, [",
        "use super.",
        "module",
        "pattern (|",
    ],
)
def test_broken_texts_are_no_trouble(text):
    assert isinstance(check_unit(tree(text), STRICT), UnitFacts)


@pytest.mark.parametrize(("opener", "closer"), [("(", ")"), ("[", "]"), ("{ ", " }")])
def test_nesting_has_no_limit(opener, closer):
    depth = 20_000
    text = "let x = match y with | (a, a) -> " + opener * depth + "1" + closer * depth
    node = build(REML.machine(), split_lines(text), at_end=True)

    assert [d.code for d in check_unit(node, STRICT).findings] == ["pattern.binding.duplicate_name"]


def test_deep_patterns_have_no_limit_either():
    depth = 20_000
    node = build(
        REML.machine(), ["let x = match y with | " + "A(" * depth + "a, a" + ")" * depth + " -> 1"], at_end=True
    )

    assert [d.code for d in check_unit(node, STRICT).findings] == ["pattern.binding.duplicate_name"]
