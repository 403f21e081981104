"""Words and fixes for the commonest mistakes: one diagnostic each, at the unexpected token, with a fix that helps."""

import pytest

from engine.languages.reml.comparisons import chained
from engine.parse.diagnostics import Severity
from tests.languages.reml.texts import fixed, marked, places, said, syntax_errors, text_of

EXPECTED = "parser.syntax.expected_tokens"


def check(text: str, under: str, words: str, mended: str | None = None, code: str = EXPECTED) -> None:
    """One diagnostic that stands under a text, says some words, and has a fix with a result."""
    text = text_of(text)
    (only,) = syntax_errors(text)

    assert (only.code, marked(text, only)) == (code, under)
    assert words in only.message, only.message
    assert mended is None or fixed(text, only) == text_of(mended)
    assert mended is None or syntax_errors(text_of(mended)) == []


@pytest.mark.parametrize(
    ("text", "under", "words", "mended"),
    [
        # `if`
        ("let x = if a then b\nlet y = 1", "let", "no `else`", "let x = if a then b else ()\nlet y = 1"),
        ("fn f() {\n  if a then g()\n}", "}", "no `else`", "fn f() {\n  if a then g() else ()\n}"),
        ("let x = if a then b", "", "no `else`", "let x = if a then b else ()"),
        ("let x = (if a then b)", ")", "no `else`", "let x = (if a then b else ())"),
        ("let x = if a b else c", "b", "`then` is missing", "let x = if a then b else c"),
        ("let x = if f(a) { b } else c", "{", "`then` is missing", "let x = if f(a) then { b } else c"),
        # declarations
        ("let x 1", "1", "`=` is missing", "let x = 1"),
        ("var x f(y)", "f", "`=` is missing", "var x = f(y)"),
        ("let x := 1", ":=", "`let` takes `=`", "let x = 1"),
        ("let x == 1", "==", "`let` takes `=`", "let x = 1"),
        ("let x\nlet y = 1", "let", "`let` needs a value", None),
        ("let x: Int\n\nfn f()", "fn", "`let` needs a value", None),
        ("let x", "", "`let` needs a value", None),
        ("fn f(type, b) = 1", "type", "`type` is a keyword", "fn f(type_, b) = 1"),
        ("let (a, match) = b", "match", "`match` is a keyword", "let (a, match_) = b"),
        # operators
        ("let x = (1 +)", ")", "an operand is required after `+`", None),
        ("let x = a && \nlet y = b", "let", "an operand is required after `&&`", None),
        ("let x = a |> \n", "", "an operand is required after `|>`", None),
        ("let x = a..", "", "required after `..`", None),
        ("let x =", "", "an expression is required after `=`", None),
        ("fn f() { match a with | B -> }", "}", "an expression is required after `->`", None),
        ("let x = a ++ b", "+", "no operator `++`", "let x = a + b"),
        ("let x = a ? b : c", "?", "no operator `? :`", None),
        ("let x = a < b < c", "<", "`<` and `<` cannot be chained", "let x = (a < b) < c"),
        ("let x = f(a < b) <= g[c] * 2 > d", ">", "`<=` and `>`", "let x = (f(a < b) <= g[c] * 2) > d"),
        ("let x = z && a == b != c", "!=", "`==` and `!=`", "let x = z && (a == b) != c"),
        ("let x = f(1, a < b > c)", ">", "`<` and `>`", "let x = f(1, (a < b) > c)"),
        ("fn f() {\n  g(a < b < c)\n}", "<", "`<` and `<`", "fn f() {\n  g((a < b) < c)\n}"),
        # arrows
        (
            "let x = match y with | A => 1 | B -> 2",
            "=>",
            "an arm of `match` is written with `->`",
            "let x = match y with | A -> 1 | B -> 2",
        ),
        ("let x = fn(a) a", "a", "`=>` is missing", "let x = fn(a) => a"),
        ("let x = fn(a) { a }", "{", "`=>` is missing", "let x = fn(a) => { a }"),
        # separators
        ("let a = 1 let b = 2", "let", "on a line of its own", "let a = 1; let b = 2"),
        ("fn f() { a() b() }", "b", "on a line of its own", "fn f() { a(); b() }"),
        ('extern "C" { fn f() }', "}", "ends with `;`", 'extern "C" { fn f(); }'),
        ('extern "C" {\n  fn f()\n  fn g();\n}', "fn", "ends with `;`", 'extern "C" {\n  fn f();\n  fn g();\n}'),
        ("let x = f(a b)", "b", "expected", "let x = f(a, b)"),
        ("let x = [1 2]", "2", "expected", "let x = [1, 2]"),
        # lists with a line for each element
        ("type T = {\n  a: Int\n  b: Int,\n}", "b", "expected", "type T = {\n  a: Int,\n  b: Int,\n}"),
        ("let x = P {\n  a: 1\n  b: 2\n}", "b", "expected", "let x = P {\n  a: 1,\n  b: 2\n}"),
        ("let x = {\n  a: 1\n  b: 2\n}", "b", "expected", "let x = {\n  a: 1,\n  b: 2\n}"),
        ("let x = [\n  1\n  2\n]", "2", "`,` is missing behind `1`", "let x = [\n  1,\n  2\n]"),
        ("use a.{\n  b\n  c\n}", "c", "`,` is missing behind `b`", "use a.{\n  b,\n  c\n}"),
        # brackets
        ("let x = (1 + 2\nlet y = 2", "let", "`(` on line 1 is not closed", "let x = (1 + 2)\nlet y = 2"),
        ("fn f() {\n  let x = 1\nfn g() = 2", "fn", "not closed", "fn f() {\n  let x = 1\n}\nfn g() = 2"),
        ("use a.{b", "", "`{` on line 1 is not closed", "use a.{b}"),
        # `with`
        ("let x = match y | A -> 1", "|", "`with` is missing", "let x = match y with | A -> 1"),
        ("let x = match y { A -> 1, B -> 2 }", "{", "not in braces", "let x = match y with A -> 1 | B -> 2"),
        ("let x = match y {\n  A -> 1,\n  B -> 2, }", "{", "not in braces", "let x = match y with\n  A -> 1\n  B -> 2"),
        ("let x = match y {\n  | A -> {} }", "{", "not in braces", "let x = match y with\n  | A -> {}"),
        (
            "fn f() {\n  match y\n  {\n    A -> 1 }\n}",
            "{",
            "not in braces",
            "fn f() {\n  match y\n  with\n    A -> 1\n}",
        ),
    ],
)
def test_one_mistake_is_one_diagnostic(text, under, words, mended):
    check(text, under, words, mended)


def test_a_handler_without_with_has_a_code_of_its_own():
    text = """
        fn main() {
          handle emit()
            handler Console {
              return value { value }
            }
        }
    """
    mended = text.replace("handler Console", "with handler Console")

    check(text, "handler", "`with` is missing", mended, "effects.handler.missing_with")


@pytest.mark.parametrize(
    "text",
    [
        "fn f() =\n  handle b()\n    handler H { return c { } }",
        "fn f() = handle b()\nhandler H { return c { } }\n",
        "fn f() = handle b() + 1 handler H { operation o(x) { x } }\nfn g()\n",
    ],
)
def test_a_handler_without_with_has_its_code_whatever_else_could_be_meant(text):
    check(text, "handler", "`with` is missing", text.replace("handler", "with handler"), "effects.handler.missing_with")


@pytest.mark.parametrize(
    ("text", "under", "mended"),
    [
        ('let s = "abc\n', '"', 'let s = "abc"\n'),
        ('f("abc)\n', '"', 'f("abc")\n'),
        ("let x' = 1\n", "'", None),
        ("let c = 'a\n", "'", None),
        ("let x = “a", "“", 'let x = "a'),
        ("let x = 1\u00a0", "\u00a0", "let x = 1 "),
        ("f（1)", "（", "f(1)"),
        ("let x = “a b”", "“a b”", 'let x = "a b"'),
        ("fn `f`() { }", "`f`", "fn f() { }"),
        ("fn $f() { }", "$", "fn f() { }"),
        ("fn $() { }", "$", None),
        ("let x = $5", "$", "let x = 5"),
        ("let x = `a`", "`a`", 'let x = "a"'),
        ("let x = ‘a’", "‘a’", "let x = 'a'"),
        ('let x = «a "b»', '«a "b»', 'let x = "a \\"b"'),
        ("let x = 1；\n", "；", "let x = 1;\n"),
        ("let x = $", "$", None),
    ],
)
def test_unknown_tokens(text, under, mended):
    first, *others = syntax_errors(text)

    assert (first.code, marked(text, first), others) == ("parser.lexer.unknown_token", under, [])
    assert mended is None or fixed(text, first) == mended


@pytest.mark.parametrize(
    ("name", "mended"), [("e\u0301te", "\u00e9te"), ("a\u202eb", "ab"), ("A\u0301\u200fb", "\u00c1b")]
)
def test_names_are_mended(name, mended):
    text = f"let x = {name} + 1"
    (only,) = said(text)

    assert (only.code, marked(text, only)) == ("unicode.invalid_identifier", name)
    assert fixed(text, only) == f"let x = {mended} + 1"


@pytest.mark.parametrize(
    ("before", "operator", "expected"),
    [
        ("a < b ", "<", ("<", 0)),
        ("let x = a <= b ", ">", ("<=", 8)),
        ("f(a < b) ", "<", None),
        ("x && a == b ", "==", ("==", 5)),
        ("a < b == c ", "<", None),
        ("a == b < c ", "==", ("==", 0)),
        ('"a < b" < c ', "<", ("<", 0)),
        ("(a < b ", "<", ("<", 1)),
        ("< b ", "<", ("<", None)),
        ("", "<", None),
    ],
)
def test_the_first_of_two_comparisons_is_found(before, operator, expected):
    found = chained(before, operator)

    assert (found if found is None else tuple(found)) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("fn f() {\n  let x =\n  let y = 2\n}\nlet z = 3", 1),
        ("fn f( {\n}\nlet a = 1\nlet b = 2", 1),
        ("let a = )\nlet b = ]\nlet c = 1", 2),
        ("fn f() {\n  g(1, 2\n  h()\n}\nlet z = 1", 1),
        ("type T = { a: Int b: Int }\nlet z = 1", 1),
        ("let a = f(1,, 2)\nlet b = 1", 1),
        ("let if = 1\nlet b = 1", 1),
        ("this is no program at all\nlet b = 1", 1),
    ],
)
def test_a_mistake_does_not_spread(text, count):
    found = [d for d in syntax_errors(text) if d.severity is Severity.ERROR]

    assert len(found) == count, [(place, d.message) for place, d in zip(places(found), found, strict=True)]
