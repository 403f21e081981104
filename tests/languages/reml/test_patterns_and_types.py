"""Patterns and types, in the places where they stand."""

import pytest

from tests.languages.reml.texts import syntax_errors

PATTERNS = [
    "_",
    "x",
    "X",
    "1",
    "-1",
    "1.5",
    "-0.5",
    "'c'",
    '"s"',
    'r"^a+$"',
    "true",
    "false",
    "a.B",
    "A::B",
    "A.b",
    "A(x)",
    "A()",
    "a.B(x, y,)",
    "some(x)",
    "A { x }",
    "A {}",
    "A { x, y: z, .. }",
    "a.B { x: C { y } }",
    "()",
    "(a)",
    "(a, b)",
    "(a, (b, _),)",
    "{}",
    "{ a }",
    "{ a, b: c, .. }",
    "{ type: a }",
    "[]",
    "[a]",
    "[a, ..]",
    "[.., a]",
    "[..rest]",
    "[a, ..rest, b]",
    "[1..5, ..]",
    "[a | b]",
    "1..5",
    "1..=5",
    "1..",
    "..5",
    "..=5",
    "..",
    "'a'..'z'",
    "-5..5",
    "A..B",
    "x @ A",
    "x @ (a | b)",
    "X @ 1..5",
    "x @ y @ z",
    "A as a",
    "(a, b) as c",
    "1..5 | 7",
    "A | B",
    "A | B | C",
    "A(x) | B(x)",
    "(|Even|)",
    "(|Parse|_|)",
    "(|Parse|_|) x",
    "(|Split|) (a, b)",
    "self",
    "test",
    "operation",
    "spec",
]
NO_PATTERNS = [
    "a b",
    "a(",
    "(a,, b)",
    "a { x }",
    "a.b { x }",
    "1 + 2",
    "f(1 + 2)",
    "a.0",
    "{ 1 }",
    "{ type }",
    "{ a = 1 }",
    "[a b]",
    "[.. ..]",
    "a |",
    "| a |",
    "a as 1",
    "a as B as",
    "@ a",
    "1 @ a",
    "(|a",
    "(|1|)",
    "(|A|x|)",
    "if",
    "-x",
    "--1",
    "a[0]",
    "&a",
    "1...5",
    ":prefix",
]
TYPES = [
    "Int",
    "Core.Option",
    "A::B",
    "List<Int>",
    "Map<Str, List<Int>>",
    "Map<>",
    "A<B<C<D>>>",
    "()",
    "(Int)",
    "(Int, Str)",
    "(a: Int, b: Str,)",
    "(type: Int)",
    "(fn(A) -> B)",
    "A -> B",
    "A -> B -> C",
    "(A, B) -> C",
    "fn() -> Int",
    "fn(a: Int, B) -> C",
    "fn<T>(T) -> T",
    "fn(A) -> B | C",
    "&T",
    "&mut T",
    "& &mut T",
    "& mut A<B>",
    "[Int]",
    "[Int; 4]",
    "{ a: Int }",
    "{}",
    '{ a: Int, pub b: Str = "x", @d c: T, .. }',
    "{ pub: Int }",
    '"off" | "on"',
    "2 | 8 | 10",
    "A | B<C> | (D, E)",
    "_",
    "Self",
    "a.b.Type",
    "self",
    "Str -> { a: Int } -> ()",
]
NO_TYPES = [
    "",
    "Int Int",
    "List<",
    "List<Int",
    "List<Int>>",
    "(Int",
    "A ->",
    "-> A",
    "fn(A)",
    "fn A -> B",
    "&",
    "[Int",
    "[Int;]",
    "[Int; n]",
    "[Int, Int]",
    "{ a }",
    "{ a: Int; b: Int }",
    "A |",
    "| A",
    "1.5",
    "A.",
    "A<B",
    "true",
    "*T",
    "if",
]


FRAMES = [
    "let v = match e with | {} -> 1",
    "let v = match e with {} -> 1",
    "fn f() {{\n match e with\n A -> 1\n {} -> 1\n}}",
    "fn f({}, x) = 1",
    "var ({}) = x",
    "fn f() {{ for {} in e {{ }} }}",
]


#: `..` on a line of its own goes on with the range above.
BARE = FRAMES[2]
PLACED = [(frame, pattern) for frame in FRAMES for pattern in PATTERNS if frame != BARE or not pattern.startswith("..")]


@pytest.mark.parametrize(("frame", "pattern"), PLACED)
def test_patterns(frame, pattern):
    assert [(d.message, d.span) for d in syntax_errors(frame.format(pattern))] == []


@pytest.mark.parametrize("pattern", NO_PATTERNS)
@pytest.mark.parametrize("frame", ["let v = match e with | {} -> 1", "fn f({}, x) = 1"], ids=["arm", "parameter"])
def test_no_patterns(frame, pattern):
    assert syntax_errors(frame.format(pattern)) != []


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(
    "frame",
    [
        "let v: {} = 1",
        "fn f(a: {}, b: {}) -> {}",
        "type T = new {}",
        "type T = List<{}>",
        "let v = |x: ({})| 1",
        "trait T {{ type X = {} }}",
    ],
    ids=["value", "function", "newtype", "argument", "lambda", "associated"],
)
def test_types(frame, type_):
    assert [(d.message, d.span) for d in syntax_errors(frame.format(type_, type_, type_))] == []


@pytest.mark.parametrize("type_", NO_TYPES)
@pytest.mark.parametrize("frame", ["let v: {} = 1", "fn f(a: {}) = 1"], ids=["value", "function"])
def test_no_types(frame, type_):
    assert syntax_errors(frame.format(type_)) != []
