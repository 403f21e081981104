"""An Intent's text: what it says, and each thing that is wrong with it on its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages.intent.document import parse
from engine.languages.intent.nodes import DEEPEST, LARGEST
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.source import split_lines

FULL = """\
# a comment
title: Upgrade to the new logging call
body: |
  Why, what,
  and anything else.
type: refactor
risk: low
source: human
status: proposed
parent: null
depends_on: [add-logger]
agent: {analyze: claude, implement: acp:codex}
run: [python tools/codemod.py src]
verify: [pytest -q]
integrate: base
budget: {usd: 2.0, tokens: 200000, minutes: 30}
clarifications: [{question: "RFC 5322 or the simple check?", answer: null}]
created_at: 2026-11-20T10:00:00Z
"""


def marked(text: str, problem: Diagnostic) -> str:
    """What a problem's span covers, of a span on one line."""
    start, end = problem.span.start, problem.span.end
    assert start.line == end.line
    return split_lines(text)[start.line][start.column : end.column]


def found(text: str) -> list[tuple[str, str]]:
    return [(problem.code, marked(text, problem)) for problem in parse("x", text).problems]


def test_a_full_intent_says_everything_it_says() -> None:
    document = parse("upgrade-logging", FULL)

    assert document.problems == ()
    assert document.intent is not None
    assert document.intent.model_dump(mode="json", exclude_defaults=True) == {
        "id": "upgrade-logging",
        "title": "Upgrade to the new logging call",
        "body": "Why, what,\nand anything else.\n",
        "type": "refactor",
        "risk": "low",
        "depends_on": ["add-logger"],
        "agent": {"analyze": "claude", "implement": "acp:codex"},
        "run": ["python tools/codemod.py src"],
        "verify": ["pytest -q"],
        "integrate": "base",
        "budget": {"usd": 2.0, "tokens": 200000, "minutes": 30.0},
        "clarifications": [{"question": "RFC 5322 or the simple check?"}],
        "created_at": "2026-11-20T10:00:00Z",
    }
    assert document.intent.open_questions == (0,)


def test_only_the_title_is_required() -> None:
    intent = parse("x", "title: a\n").intent

    assert intent is not None
    assert (intent.status, intent.source, intent.body, intent.tasks, intent.budget) == (
        "proposed",
        "human",
        "",
        (),
        None,
    )
    assert type(intent).model_validate(intent.model_dump(mode="json")) == intent


@pytest.mark.parametrize("text", ["yes", "2026", "12:30", "1.50", "0x1f", "null-ish", "'null'", "on"])
def test_a_text_stays_the_text_that_was_written(text: str) -> None:
    intent = parse("x", f"title: {text}\nclarifications: [{{question: Q, answer: {text}}}]\n").intent

    assert intent is not None
    assert intent.title == text.strip("'")
    assert intent.clarifications[0].answer == text.strip("'")


TITLE = "title: a\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("intent.missing_title", "")]),
        ("# nothing\n", [("intent.missing_title", "")]),
        ("title:\n", [("intent.missing_title", "title")]),
        ("title: ''\n", [("intent.bad_value", "''")]),
        ("title: [a]\n", [("intent.bad_value", "[a]")]),
        ("- a\n", [("intent.bad_value", "- a")]),
        ("word\n", [("intent.bad_value", "word")]),
        ("titel: a\n", [("intent.missing_title", ""), ("intent.unknown_key", "titel")]),
        (f"{TITLE}id: b\n", [("intent.unknown_key", "id")]),
        (f"{TITLE}title: b\n", [("intent.duplicate_key", "title")]),
        (f"{TITLE}budget: {{usd: 1, usd: 2}}\n", [("intent.duplicate_key", "usd")]),
        (f"{TITLE}budget: {{usd: much}}\n", [("intent.bad_value", "much")]),
        (f"{TITLE}budget: {{usd: -1}}\n", [("intent.bad_value", "-1")]),
        (f"{TITLE}budget: {{usd: .inf}}\n", [("intent.bad_value", ".inf")]),
        (f"{TITLE}budget: {{minuts: 1}}\n", [("intent.unknown_key", "minuts")]),
        (f"{TITLE}budget: 5\n", [("intent.bad_value", "5")]),
        (f"{TITLE}status: running\n", [("intent.bad_value", "running")]),
        (f"{TITLE}risk: medium  # no\n", [("intent.bad_value", "medium")]),
        (f"{TITLE}type: Big Thing\n", [("intent.bad_value", "Big Thing")]),
        (f"{TITLE}parent: ../x\n", [("intent.bad_value", "../x")]),
        (f"{TITLE}depends_on: b\n", [("intent.bad_value", "b")]),
        (f"{TITLE}depends_on: [b, C]\n", [("intent.bad_value", "C")]),
        (f"{TITLE}agent: {{implment: claude}}\n", [("intent.unknown_key", "implment")]),
        (f"{TITLE}agent: {{implement: a b}}\n", [("intent.bad_value", "a b")]),
        (f"{TITLE}run: pytest -q\n", [("intent.bad_value", "pytest -q")]),
        (f"{TITLE}run: ['']\n", [("intent.bad_value", "''")]),
        (f'{TITLE}run: ["a\\nb"]\n', [("intent.bad_value", '"a\\nb"')]),
        (f"{TITLE}run: [a]\ntasks: [{{id: a}}]\n", [("intent.bad_value", "[{id: a}]")]),
        (f"{TITLE}tasks:\n- title: b\n", [("intent.missing_key", "title")]),
        (f"{TITLE}tasks: [{{id: a}}, {{id: a}}]\n", [("intent.duplicate_id", "a")]),
        (f"{TITLE}tasks: [{{id: a, depends_on: [b]}}]\n", [("intent.unknown_id", "b")]),
        (f"{TITLE}tasks: [{{id: a, depends_on: [a]}}]\n", [("intent.cycle", "a")]),
        (f"{TITLE}allow_empty: yes\n", [("intent.bad_value", "yes")]),
        (f"{TITLE}created_at: soon\n", [("intent.bad_value", "soon")]),
        (f"{TITLE}clarifications: [{{answer: b}}]\n", [("intent.missing_key", "answer")]),
        (f"{TITLE}1: 2\n? [a]\n: b\n", [("intent.syntax", "[a]")]),
        ("title: Fix: it\n", [("intent.syntax", ":")]),
        (f"{TITLE}\tbody: b\n", [("intent.syntax", "\t")]),
        (f"{TITLE}body: *a\n", [("intent.syntax", "*a")]),
        ("title: &a b\n", [("intent.syntax", "&a b")]),
        ("title: !!str b\n", [("intent.syntax", "!!str b")]),
        (f"{TITLE}---\ntitle: b\n", [("intent.syntax", "---")]),
        ("title: é\x01\n", [("intent.syntax", "\x01")]),
        ("title: é\udcff\n", [("unicode.invalid_utf8", "\udcff")]),
        ("\ufefftitle: a\nnope: b\n", [("intent.unknown_key", "nope")]),
        ("title: 😀\r\nnope: b\r\n", [("intent.unknown_key", "nope")]),
        ("title: a\u2028\rnope: b\n", [("intent.unknown_key", "nope")]),
    ],
)
def test_a_problem_is_on_its_place(text: str, expected: list[tuple[str, str]]) -> None:
    document = parse("x", text)

    assert found(text) == expected
    assert document.intent is None
    assert document.approval_hash is None
    assert {problem.severity for problem in document.problems} == {Severity.ERROR}


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("titel: a\n", "title: a\n"),
        ('title: Fix: "it" # c\n', 'title: "Fix: \\"it\\"" # c\n'),
        ("title: a\ntasks:\n- id: a\n  plan: b: c", 'title: a\ntasks:\n- id: a\n  plan: "b: c"'),
        ("title: @home\n", 'title: "@home"\n'),
        (f"{TITLE}risk: medium\n", f"{TITLE}risk: med\n"),
        (f"{TITLE}budget: {{minuts: 1}}\n", f"{TITLE}budget: {{minutes: 1}}\n"),
        (f"{TITLE}agent: {{implment: claude}}\n", f"{TITLE}agent: {{implement: claude}}\n"),
        (f"{TITLE}run: pytest -q\n", f"{TITLE}run: [pytest -q]\n"),
        (
            f"{TITLE}tasks: [{{id: first}}, {{id: b, depends_on: [frist]}}]\n",
            f"{TITLE}tasks: [{{id: first}}, {{id: b, depends_on: [first]}}]\n",
        ),
    ],
)
def test_the_first_fix_mends_it(text: str, fixed: str) -> None:
    problem = parse("x", text).problems[-1]
    (edit,) = problem.fixes[0].edits
    lines = split_lines(text)
    line = lines[edit.span.start.line]
    lines[edit.span.start.line] = line[: edit.span.start.column] + edit.text + line[edit.span.end.column :]

    assert "".join(lines) == fixed
    assert parse("x", fixed).problems == ()


def test_a_circle_of_tasks_is_shown_whole() -> None:
    text = f"{TITLE}tasks:\n- {{id: a, depends_on: [c]}}\n- {{id: b, depends_on: [a]}}\n- {{id: c, depends_on: [b]}}\n"

    (problem,) = parse("x", text).problems

    assert problem.code == "intent.cycle"
    assert "a -> c -> b -> a" in problem.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("title: " + "a" * LARGEST, "intent.too_large"),
        ("title: " + "[" * 200_000, "intent.syntax"),
        ("a: {" * (DEEPEST + 1), "intent.syntax"),
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50)), "intent.syntax"),
    ],
    ids=["large", "deep list", "deep mapping", "laughs"],
)
def test_a_text_that_would_grow_is_refused(text: str, code: str) -> None:
    document = parse("x", text)

    assert document.problems[0].code == code
    assert document.intent is None


@given(st.text(st.sampled_from("title: abody[]{}-#&*!|>'\"%@`,?\n\r\t \ufeff\u2028é😀\x00\udcff0"), max_size=60))
def test_no_text_raises_and_every_problem_lies_in_the_text(text: str) -> None:
    lines = split_lines(text)

    document = parse("x", text)

    assert (document.intent is None) == bool(document.problems)
    for problem in document.problems:
        for place in (problem.span.start, problem.span.end):
            assert place.column <= len(lines[place.line])
        assert problem.span.start <= problem.span.end


@pytest.mark.parametrize(
    ("changed", "voids"),
    [
        (FULL.replace("# a comment", "# another"), False),
        (FULL.replace("status: proposed", "status: approved"), False),
        (FULL.replace("answer: null", "answer: simple"), False),
        (FULL.replace("risk: low", "risk: high"), False),
        (FULL.replace("Upgrade", "Update"), True),
        (FULL.replace("anything else", "nothing else"), True),
        (FULL.replace("tools/codemod.py", "tools/other.py"), True),
        (FULL.replace("run: [python", "tasks: [{id: a, run: python").replace("src]", "src}]"), True),
        (FULL.replace("pytest -q", "true"), True),
        (FULL.replace("acp:codex", "claude"), True),
        (FULL.replace("integrate: base", "integrate: pr"), True),
        (FULL.replace("usd: 2.0", "usd: 200"), True),
        (FULL.replace("usd: 2.0", "usd: 2"), False),
    ],
)
def test_the_approval_hash_is_over_what_a_person_approves(changed: str, voids: bool) -> None:
    before, after = parse("x", FULL).approval_hash, parse("x", changed).approval_hash

    assert before is not None
    assert after is not None
    assert changed != FULL
    assert (before != after) is voids
