"""Units: what their text alone shows, that checking them agrees with it, that no text is too odd to be checked."""

import re
from pathlib import Path
from random import Random

import pytest

from engine.languages.analysis import Analysis
from engine.languages.language import CheckSettings, UnitFacts
from engine.languages.reml import REML
from engine.languages.reml.checks import check_unit, quick_facts
from engine.languages.reml.lexer import CONTEXTUAL, HARD, SOFT
from engine.languages.stream import Checker
from engine.parse.source import Span, split_lines
from engine.parse.tree import build
from engine.parse.units import begins_unit
from tests.corpus import reml_manifest

SETTINGS = CheckSettings()
#: What a change brings into a text: pieces that checks speak about, and pieces that break it.
PIECES = [
    "let (a, a) = b\n",
    " rec (1)",
    ' @cfg(target = "q")',
    "|(x, x)| x",
    "((a, a))",
    " match x with | (a, a) if b -> c",
    "pattern (|f|) (x) = 1\n",
    "use super.x\n",
    "foo\n",
    " [..a, ..b]",
    "5..1",
    'r"("',
    '"\\d"',
    "module a { foo }",
    " for (x, x) in y {}",
    "/*",
    '"',
    "'",
    "}",
    "(",
    "\n}\n",
    "fn f() {\n",
    ";",
    "@",
    "\r",
    "\ufeff",
    "\udcff",
    "e\u0301",
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("fn f(x: Int) -> Int {\n  x + 1\n}\n", ("f",)),
        ("pub async unsafe fn f() = g(1)\n", ("f",)),
        ("let a = f(1)\n\n", ("a",)),
        ("let a: Int = 1", ("a",)),
        ("const A: Int = 1\n", ("A",)),
        ("use Core.Prelude\n\n", ()),
        ("type T = A | B\n", ()),
        ("struct S { a: Int }\n", ()),
        ("fn f() = {\n  let x = 1\n  x\n}\n", ("f",)),
        ('fn f() = g("名前") // 注\n', ("f",)),
        ("fn f() { match x with | A -> 1 }", ("f",)),
        ("fn f(x: (Int, Str)) = match x with\n  | Some(a) when a > 1 -> a\n  | (a, b) when a == b -> a\n", ("f",)),
        ("fn f() = match x with\n  | (a, _, _) -> if a then 1 else 2\n  | B { a, b: c } -> g(a, a)\n", ("f",)),
        ("fn f() = {\n  let (a, b) = g(a, a)\n  var c: T = (a, (a, b))\n  for d in e { d }\n}\n", ("f",)),
        ('fn f() = g(h(a, a), "| a a ->", |b| h(b, c))\n', ("f",)),
        ("trait T {\n  fn f(a: (Int, Str)) -> Int\n  fn g(a: Int) -> Int\n}\n", ()),
    ],
)
def test_plain_units_need_no_tree(text, names):
    assert quick_facts(text) == UnitFacts(names=names)


@pytest.mark.parametrize(
    "text",
    [
        "foo()\n",
        "let (a, b) = c",
        "let Some(a) = b",
        "@a fn f()",
        "fn f() = match x with | (a, a) -> 1",
        "fn f() = match x with | A(a, B { c: a }) -> 1",
        "fn f() = match x with\n  | A if a -> 1",
        "fn f() = match x with\n  | A when a as b -> 1",
        'fn f() = match x with\n  | (a, "->", a) -> 1',
        "fn f() = match x with\n  | (a, '|', a) when a -> 1",
        "fn f() = match x with\n  | A -> 1\n  (a, // b ->\n a) -> 1",
        "fn f() = match x with\n  | [a, .., a] -> 1",
        'fn f() = match x with\n  | r"(" -> 1',
        "fn f() = g((a, a) -> a)",
        "fn f() = g({ h: ((a, a)) -> a })",
        "fn f() = fn ((a, a)) => a",
        "fn f() = |x = |y| y, (b, b)| b",
        "fn f() {\n  for (a, a) in b { a }\n}",
        "fn f() {\n  var (a, a) = b\n}",
        "fn f() {\n  let g(x = 1, (a, a)) = b\n}",
        "fn f() {\n  let g<T>((a, a)) = b\n}",
        "trait T {\n  fn f((a, a): Int) -> Int\n}",
        "fn f((a, a)) = 1",
        "fn f(P { x, y: x }) = 1",
        "fn f() = |(a, a)| a",
        "fn f() = |P(a, a)| a",
        "fn A.f() = 1",
        "fn f<T>() = 1",
        "let f(x) = 1",
        "use super.a",
        "module a",
        "fn f() = rec 1",
        "fn f() = b.level(1, :prefix, [])",
        "let a = 1; b",
        "fn f() {\n  let [a, ..] = b\n}",
        "fn f() = 1\nfoo()\n",
        "var a = 1",
        'extern "C" fn f();',
        "let É = 1",
        "fn f(x @ (x, y)) = 1",
        "fn f( // first\n  (a, a): T) = 1",
        "fn f(A // c\n .\n // d\n B (x, x)) = 1",
        "fn f(A. B(x, x)) = 1",
        "fn f(5..1) = 1",
        "const A.b: Int = 1",
    ],
)
def test_anything_that_may_interest_a_check_gets_its_tree(text):
    assert quick_facts(text) is None


def units(text: str):
    """The pieces of each unit and the state before it."""
    machine = REML.machine()
    state = begin = machine.start
    unit: list[str] = []
    for line in split_lines(text):
        if begins_unit(machine, state, line):
            if unit:
                yield unit, begin
            unit, begin = [], state
        unit.append(line)
        state = state[line]
    yield unit, begin


def corpus_texts(corpus: Path) -> list[str]:
    return [(corpus / "reml" / entry["path"]).read_bytes().decode("utf-8") for entry in reml_manifest()]


def changed(random: Random, text: str) -> str:
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(PIECES) + text[at + random.choice((0, 0, 1, 3, 20)) :]
    return text


def test_quick_facts_are_those_of_the_tree(corpus):
    checked = 0
    for text in corpus_texts(corpus):
        for pieces, state in units(text):
            quick = quick_facts("".join(pieces))
            if quick is not None:
                checked += 1
                assert quick == check_unit(build(REML.machine(), pieces, state), SETTINGS), "".join(pieces)

    assert checked > 600


def test_quick_facts_miss_no_finding_in_changed_texts(corpus, seed):
    random, texts = Random(seed), corpus_texts(corpus)
    for text in random.sample(texts, 60):
        for pieces, state in units(changed(random, text)):
            node = build(REML.machine(), pieces, state)
            broken = any(token.kind == "ERROR" for token in node.tokens())
            if quick_facts("".join(pieces)) is not None and not broken:
                assert not check_unit(node, SETTINGS).findings, "".join(pieces)


def renamed(random: Random, text: str) -> str:
    """The text with names by lot, of which there are few, so that many are bound twice."""
    def name(match: re.Match[str]) -> str:
        return match[0] if match[0] in (*HARD, *SOFT, *CONTEXTUAL) else random.choice("abc")
    return re.sub(r"(?<!\\)\b[a-z][a-z0-9_]*\b", name, text)


def test_quick_facts_miss_no_finding_where_names_are_few(corpus, seed):
    random, texts = Random(seed), corpus_texts(corpus)
    answered = 0
    for text in random.sample(texts, 100):
        for pieces, state in units(renamed(random, text)):
            quick = quick_facts("".join(pieces))
            node = build(REML.machine(), pieces, state)
            if quick is not None and not any(token.kind == "ERROR" for token in node.tokens()):
                answered += 1
                assert quick == check_unit(node, SETTINGS), "".join(pieces)

    assert answered > 100


def agree(random: Random, text: str) -> None:
    """A document that is edited, one from scratch and a stream in chunks say the same of a text."""
    analysis = Analysis(REML, text, SETTINGS)
    document = analysis.document
    for _ in range(3):
        start = document.clamped(document.end)
        line = random.randrange(document.line_count)
        start = document.clamped(type(start)(line, random.randrange(len(document.line(line)) + 1)))
        analysis.edit(Span(start, start), random.choice(PIECES))
    checker = Checker(REML, SETTINGS)
    edited = document.text()
    found = []
    while edited:
        size = random.randint(1, 300)
        found += checker.feed(edited[:size])
        edited = edited[size:]
    found += checker.finish()

    assert analysis.diagnostics() == Analysis(REML, document.text(), SETTINGS).diagnostics()
    assert sorted(found, key=str) == sorted(analysis.diagnostics(), key=str)


def test_editing_scratch_and_stream_agree_on_changed_texts(corpus, seed):
    random, texts = Random(seed), corpus_texts(corpus)
    for text in random.sample([text for text in texts if len(text) < 2000], 25):
        agree(random, changed(random, text))


@pytest.mark.campaign
def test_editing_scratch_and_stream_agree_on_many_changed_texts(corpus, seed, campaign):
    random, texts = Random(seed + 1), corpus_texts(corpus)
    for _ in range(150 * campaign):
        agree(random, changed(random, random.choice(texts)))
