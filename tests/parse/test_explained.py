"""A mistake that the repair of an earlier one does away with is not told."""

from __future__ import annotations

import json

import pytest

from engine.languages.json import JSON
from engine.languages.reml import REML
from engine.parse import explained
from engine.parse.blocks import BLOCK
from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic
from engine.parse.document import Document
from engine.parse.explained import MOST_CAUSES
from engine.parse.machine import AnyState, Machine
from engine.parse.recovery import Mistake
from engine.parse.runs import RunWindow
from engine.parse.scene import BLANKS, Scene
from engine.parse.scene import LINES as LINES_ABOVE
from engine.parse.source import Position, Span
from engine.parse.stretch import BlockWindow

MEMBERS = {"first": {f"key {n}": n for n in range(20)}, "second": [1, 2]}
LINES = json.dumps(MEMBERS, indent=2).splitlines(keepends=True)


def said(text: str) -> list[Diagnostic]:
    return Document(JSON.machine(), text).diagnostics()


def test_a_bracket_that_is_lost_is_one_diagnostic_however_many_lines_it_puts_wrong():
    lines = [LINES[0], LINES[1].replace("{", ""), *LINES[2:]]
    found = said("".join(lines))

    assert [fix.title for fix in found[0].fixes[:1]] == ["Insert `{`"]
    assert len(found) == 1


@pytest.mark.parametrize("instead", ["false", ","])
def test_a_bracket_that_something_else_stands_for_is_one_diagnostic(instead: str):
    text = """{
          "a": {
            "b": [1],
            "c": 2
          },
          "d": {"e": 3}
        }
    """
    found = said(text.replace('"a": {', f'"a": {instead}'))

    assert f"Write `{{` for `{instead}`" in [fix.title for fix in found[0].fixes]
    assert len(found) == 1


@pytest.mark.parametrize("extra", ["}", "]"])
def test_a_bracket_too_many_is_one_diagnostic(extra: str):
    found = said("".join([*LINES[:5], f"    {extra}{LINES[5].lstrip()}", *LINES[6:]]))

    assert [fix.title for fix in found[0].fixes[:1]] == [f"Remove `{extra}`"]
    assert len(found) == 1


def test_a_mistake_of_its_own_behind_an_earlier_one_is_told():
    lines = [LINES[0], LINES[1].replace("{", ""), *LINES[2:7], LINES[7].replace(":", ""), *LINES[8:]]
    found = said("".join(lines))

    assert {d.span.start.line for d in found} >= {2, 7}


def test_mistakes_that_have_nothing_to_do_with_one_another_are_all_told():
    count = 3 * MOST_CAUSES
    found = said("[\n" + "".join(f'  {{"a" {n}}},\n' for n in range(count)) + "  null\n]\n")

    assert [d.span.start.line for d in found] == list(range(1, count + 1))


def test_what_is_told_is_the_same_after_edits_above():
    text = "".join(LINES)
    document = Document(JSON.machine(), text)
    start = text.splitlines()[1].index("{")
    brace = Span(Position(1, start), Position(1, start + 1))

    document.edit(brace, "")
    assert document.diagnostics() == said(document.text())
    document.edit(Span(Position(1, start), Position(1, start)), "{")
    assert document.diagnostics() == []


def test_arms_with_the_other_arrow_are_told_one_by_one():
    document = Document(REML.machine(), "fn f(a: T) -> Int =\n  match a with\n  | B => 1\n  | C => 2\n")

    assert [d.span.start.line for d in document.diagnostics()] == [2, 3]


@pytest.mark.parametrize("text", [
    "let a = §", "let a = §\nlet b = 1\n", "let a = §  // c\n\n\nlet b = 1\n", "let a = f(§, 1)\n",
    "let § = 1\nlet b = 2\n", "type § = A\n", "let a = x ≠ y\n", "let a = f(a，b)\n",
    "let a = 1 – 2\n", "let a =\n  ？\nlet b = 2\n",
])
def test_what_an_unknown_character_stands_for_is_not_missing(text: str):
    document = Document(REML.machine(), text)

    assert [d.code for d in document.diagnostics()] == ["parser.lexer.unknown_token"]


@pytest.mark.parametrize(("text", "place"), [
    ("let a = § 1 2\n", (0, 12)), ("let a = §\nfn f()\nlet = 2\n", (2, 4)), ("let a = x\n§ let = 2\n", (1, 6)),
])
def test_what_is_wrong_beside_an_unknown_character_is_told(text: str, place: tuple[int, int]):
    document = Document(REML.machine(), text)

    assert place in [(d.span.start.line, d.span.start.column) for d in document.diagnostics()]


def test_an_unknown_character_that_goes_uncovers_what_is_missing():
    document = Document(REML.machine(), "let a = §\n\nlet b = 1\n")
    assert [d.span.start.line for d in document.diagnostics()] == [0]

    document.edit(Span(Position(0, 8), Position(0, 9)), "")
    assert [d.span.start.line for d in document.diagnostics()] == [2]
    document.edit(Span(Position(0, 8), Position(0, 8)), "§")
    assert [d.span.start.line for d in document.diagnostics()] == [0]


def test_an_edit_above_many_mistakes_repairs_those_near_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document(JSON.machine(), "[\n" + "1 1,\n" * 60 + "1]\n")
    found, repaired = document.diagnostics(), list[Mistake]()
    past = explained._past

    def noting(machine: Machine, scene: Scene, mistake: Mistake) -> tuple[AnyState, ...]:
        repaired.append(mistake)
        return past(machine, scene, mistake)

    monkeypatch.setattr(explained, "_past", noting)
    document.edit(Span(Position(0, 1), Position(0, 1)), " ")

    assert document.diagnostics() == found
    assert len(found) == 60
    assert len(repaired) <= LINES_ABOVE + BLANKS


@pytest.mark.parametrize("most", [1, 3, 64])
def test_a_window_knows_the_farthest_piece_in_which_something_is_wrong(most: int) -> None:
    machine, wrong = JSON.machine(), {3, BLOCK - 2, BLOCK, BLOCK + 1, BLOCK + 40}
    lines = ["[\n", *("1 1,\n" if number in wrong else "1,\n" for number in range(1, BLOCK + 80)), "1]\n"]
    farthest = [max((number - line for line in wrong if 0 < number - line <= most), default=0)
                for number in range(len(lines))]
    blocks = Document(machine, "".join(lines)).blocks

    assert farthest == [BlockWindow(blocks, blocks.line_start(number), number, 0).farthest_wrong(most)
                        for number in range(len(lines))]
    for together in (1, 7):
        cursor = Cursor.begin(machine)
        for start in range(0, len(lines), together):
            cursor = cursor.feed("".join(lines[start:start + together]))
            run = cursor.runs
            assert [RunWindow(run, index).farthest_wrong(most) for index in range(len(run.pieces))] == [
                farthest[run.total - len(run.pieces) + index] for index in range(len(run.pieces))]
