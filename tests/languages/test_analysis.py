"""An analysis that is edited says what a fresh one says, and what a checker of the stream says."""
from __future__ import annotations

import random
from functools import cache

import pytest

from engine.languages import facts
from engine.languages.analysis import Analysis
from engine.languages.language import CheckSettings, Language, UnitFacts
from engine.languages.stream import Checker
from engine.parse import blocks
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.machine import Machine
from engine.parse.source import Position, Span
from engine.parse.tree import Node, Token
from engine.parse.work import Work
from tests.parse.edits import random_span, random_text
from tests.parse.little import SAMPLE, little_machine


@cache
def machine() -> Machine:
    return little_machine()


def check_unit(root: Node, settings: CheckSettings) -> UnitFacts:
    """`bad` is bad, once an expression at the top level; functions clash with `let`; `shut` needs a `let open`."""
    findings, once, names, clashes, flags, unless = [], [], [], [], set(), []
    for unit in root.children:
        if not isinstance(unit, Node):
            continue
        words = [t for t in unit.tokens() if t.kind == "NAME"]
        findings += [said("bad", t) for t in words if t.text == "bad"]
        if unit.rule == "Do" and not settings.allow_top_level_expr and (first := unit.first):
            once.append(said("expression", first))
        if unit.rule == "Let" and words:
            names += [t.text for t in words[:1]]
            flags |= {"open"} if words[0].text == "open" else set()
        if unit.rule == "Function" and words:
            clashes.append((words[0].text, said("clash", words[0])))
        unless += [("open", said("shut", t)) for t in words if t.text == "shut"]
    return UnitFacts(tuple(findings), tuple(once), tuple(names), tuple(clashes), frozenset(flags), tuple(unless))


def said(code: str, token: Token) -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, f"{code}: {token.text}", token.span)


LITTLE = Language(
    "little", "Little", (".little",), (), ("little",), machine, "tests.languages", check_unit, unit_limit=2000)
SAMPLES = [
    SAMPLE,
    "let open = 1\nlet a = shut\nfn a() { bad }\nf(1)\ng(2)\n",
    "shut\nlet open = bad\nshut\nfn open(x) {\n  bad\n}\n" * 3,
    "let a = " + "[1, 2, bad], " * 300 + "\nlet b = bad\n",
    "let a = bad; let b = bad; fn a() {}; shut\n" * 5,
]


def streamed(text: str, size: int) -> list[Diagnostic]:
    checker = Checker(LITTLE)
    data = text.encode("utf-8", "surrogatepass" if "\ud800" in text else "surrogateescape")
    found: list[Diagnostic] = []
    if "\ud800" in text:
        found += checker.feed(text)
    else:
        for start in range(0, len(data), size):
            found += checker.feed(data[start:start + size])
    return facts.in_order(found + checker.finish())


def check_law(seed: int, rounds: int) -> int:
    r = random.Random(seed)
    edits = 0
    for _ in range(rounds):
        analysis = Analysis(LITTLE, r.choice(SAMPLES))
        for _ in range(20):
            analysis.edit(random_span(r, analysis.document), random_text(r, SAMPLES))
            text = analysis.document.text()
            fresh = facts.in_order(Analysis(LITTLE, text).diagnostics())
            edits += 1

            assert facts.in_order(analysis.diagnostics()) == fresh
            assert analysis.count_diagnostics(1_000) >= len(fresh)
            assert analysis.count_diagnostics(1) == (analysis.count_diagnostics(1_000) > 0)
            assert facts.in_order(analysis.diagnostics(2)) == fresh[:2]
            assert streamed(text, r.choice([1, 7, 64, 4096])) == fresh
    return edits


@pytest.mark.parametrize("seed", range(3))
def test_edited_is_fresh_is_streamed(seed: int) -> None:
    assert check_law(seed, 4) == 80


def check_settling_law(seed: int, rounds: int) -> int:
    """Edits with little work each, in the end settled, say what a fresh analysis says; notes and names agree too."""
    r = random.Random(seed)
    open_ = 0
    for _ in range(rounds):
        analysis = Analysis(LITTLE, r.choice(SAMPLES) * 3)
        for _ in range(20):
            undo = r.random() < .4
            span = Span(Position(0, 0), Position(0, 2)) if undo else random_span(r, analysis.document)
            text = "" if undo else r.choice(["/*", "*/", '"', "{", "}", "\n", random_text(r, SAMPLES)])
            if span.end.column > len(analysis.document.line(span.end.line).rstrip("\r\n")):
                continue
            analysis.begin_edit(span, text)
            analysis.settle(Work(analysis.document.machine, r.choice([1, 50, 500])))
            open_ += not analysis.document.is_settled
            if r.random() < .3:
                analysis.settle(Work(analysis.document.machine, r.choice([20, 200])))
            if not analysis.document.is_settled and r.random() < .7:
                continue
            analysis.settle()
            fresh = Analysis(LITTLE, analysis.document.text())
            assert facts.in_order(analysis.diagnostics()) == facts.in_order(fresh.diagnostics())
            assert (analysis._names, analysis._name_count) == (fresh._names, fresh._name_count)
    return open_


@pytest.mark.parametrize("seed", range(3))
def test_edits_that_are_settled_later_are_fresh(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)

    assert check_settling_law(seed, 8) > 10


@pytest.mark.campaign
def test_settling_campaign(seed: int, campaign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)
    print(f"seed {seed}")

    assert check_settling_law(seed, 50 * campaign) > 50


@pytest.mark.campaign
def test_analysis_campaign(seed: int, campaign: int) -> None:
    print(f"seed {seed}")

    assert check_law(seed, 25 * campaign) == 500 * campaign


def test_bounds_leave_names_out_everywhere_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.languages.analysis.NAMES_KEPT", 3)
    monkeypatch.setattr("engine.languages.stream.NAMES_KEPT", 3)
    text = "let a = 1\nlet b = 1\nlet c = 1\nlet d = 1\nfn c() {}\nfn d() {}\n"
    found = Analysis(LITTLE, text).diagnostics()

    assert [(d.code, d.message.split()[-1]) for d in found if d.code == "clash"] == [("clash", "c")]
    assert [d.code for d in found].count("check.names.limit") == 1
    assert streamed(text, 5) == found


def test_a_unit_beyond_the_limit_is_parsed_but_not_checked() -> None:
    text = "let a = bad\nlet b = [" + "bad, " * 500 + "]\nlet c = [1\n"
    found = Analysis(LITTLE, text).diagnostics()

    assert [d.code for d in found] == ["bad", "check.unit.limit", "parser.syntax.expected_tokens"]
    assert streamed(text, 100) == found


def test_an_edit_checks_its_unit_and_no_other() -> None:
    analysis = Analysis(LITTLE, "".join(f"fn f{i}(a) {{\n  a\n}}\n" for i in range(300)))
    before = analysis.checks.checked
    analysis.edit(Span(Position(301, 2), Position(301, 3)), "bad")

    assert analysis.checks.checked - before == 1
    assert [d.code for d in analysis.diagnostics()] == ["bad"]
    assert analysis.diagnostics()[0].span.start == Position(301, 2)


def test_units_about_some_lines_can_be_checked_first() -> None:
    analysis = Analysis(LITTLE, "let a = bad\n" * 3000)
    analysis.reconfigure(CheckSettings(allow_top_level_expr=True))
    assert analysis.diagnostics() == []
    assert not analysis.is_settled

    assert analysis.check(Work(analysis.document.machine), (2000, 2010))
    lines = [found.span.start.line for found in analysis.diagnostics()]
    assert 11 <= len(lines) <= 2 * blocks.BLOCK
    assert set(range(2000, 2011)) <= set(lines)
    assert not analysis.is_settled

    assert not analysis.check(Work(analysis.document.machine, 100))
    assert 0 < len(analysis.diagnostics()) - len(lines) < 20
    assert analysis.settle()
    assert len(analysis.diagnostics()) == 3000


def test_an_edit_in_a_large_document_looks_at_no_unit_beyond() -> None:
    analysis = Analysis(LITTLE, "let a = 1\n" * 10_000)
    analysis.begin_edit(Span(Position(7, 8), Position(7, 9)), "bad")
    work = Work(analysis.document.machine, 1e6)

    assert analysis.settle(work)
    assert 1e6 - work.left < 200
    assert [found.span.start.line for found in analysis.diagnostics()] == [7]


def test_other_settings_check_again_without_parsing_again() -> None:
    analysis = Analysis(LITTLE, "f(1)\n")
    run = machine().pieces_run
    analysis.reconfigure(CheckSettings(allow_top_level_expr=True))
    analysis.settle()

    assert analysis.diagnostics() == []
    assert machine().pieces_run == run


def test_a_limit_gives_the_first_in_the_text() -> None:
    analysis = Analysis(LITTLE, "let a = bad\nlet = 2\n" * 20)

    assert len(analysis.diagnostics(7)) == 7
    assert analysis.diagnostics(7) == analysis.diagnostics()[:7]
