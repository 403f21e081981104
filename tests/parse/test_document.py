"""Documents: edits give what a parse from scratch gives, and cost what they touch."""
from __future__ import annotations

import random

import pytest

from engine.parse import blocks
from engine.parse.document import Document
from engine.parse.machine import Limits
from engine.parse.source import Position, Span
from tests.parse.edits import assert_counts_hold, assert_same_as_scratch, run_campaign
from tests.parse.little import SAMPLE, little_machine

SAMPLES = [SAMPLE, SAMPLE.replace("\n", "\r\n"), SAMPLE.replace("\n", "\r"), "", "let a = 1", "fn f() {\n" * 30,
           "[" * 300 + "]" * 300, "let x = " + "f(a, b) + " * 200 + "1\n" + SAMPLE]


def at(line: int, column: int) -> Span:
    return Span(Position(line, column), Position(line, column))


@pytest.mark.parametrize("seed", range(4))
def test_editing_is_parsing_from_scratch(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)

    assert run_campaign(little_machine(), SAMPLES, seed, 100, little_machine) == 100


@pytest.mark.parametrize("limits", [Limits(depth=12), Limits(entries=50, piece_bytes=500), Limits(longest_piece=3)])
def test_the_law_holds_at_every_limit(limits: Limits) -> None:
    assert run_campaign(little_machine(limits), SAMPLES, 77, 50, little_machine) >= 50


@pytest.mark.campaign
def test_editing_campaign(seed: int, campaign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)
    print(f"seed {seed}")

    assert run_campaign(little_machine(), SAMPLES, seed, 700 * campaign, little_machine) >= 700 * campaign


@pytest.mark.parametrize(("span", "text", "result"), [
    (at(0, 0), "x", "xab\ncd"), (at(1, 2), "!", "ab\ncd!"), (Span(Position(0, 1), Position(1, 1)), "", "ad"),
    (Span(Position(0, 0), Position(1, 2)), "", ""), (at(0, 2), "\r", "ab\r\ncd"), (at(1, 0), "\r", "ab\n\rcd"),
    (at(0, 1), "1\r\n2\n3\r", "a1\r\n2\n3\rb\ncd"),
])
def test_edits_splice(span: Span, text: str, result: str) -> None:
    document = Document(little_machine(), "ab\ncd")
    document.edit(span, text)

    assert_same_as_scratch(document, result, document.machine)


@pytest.mark.parametrize("span", [
    Span(Position(1, 0), Position(0, 0)), at(99, 0), Span(Position(0, 0), Position(99, 0)),
])
def test_a_span_outside_the_text_is_refused_and_changes_nothing(span: Span) -> None:
    document = Document(little_machine(), SAMPLE)
    with pytest.raises(ValueError, match="no such span"):
        document.edit(span, "x")

    assert_same_as_scratch(document, SAMPLE, document.machine)


def big(lines: int) -> Document:
    return Document(little_machine(), "".join(f"let name{i} = f(a, {i}) + [1, 2, 3]\n" for i in range(lines)))


@pytest.mark.parametrize("lines", [10, 1_000, 20_000])
def test_a_letter_costs_its_line_at_any_size(lines: int) -> None:
    document = big(lines)
    r = random.Random(5)
    for _ in range(50):
        change = document.edit(at(r.randrange(lines), 6), "q")

        assert (change.run, change.replaced, change.line_shift) == (1, 1, 0)


def test_a_letter_in_a_line_of_a_megabyte_costs_its_segment() -> None:
    document = Document(little_machine(), "let x = [" + "abc(d, 12), " * 90_000 + "1]\n")
    segments = sum(len(block.pieces) for block in document.blocks.blocks)
    r = random.Random(6)
    runs = []
    for nth in sorted(r.sample(range(90_000), 30), reverse=True):
        column = 9 + 12 * nth + 1
        runs.append(document.edit(at(0, column), "q").run)

    assert segments > 3_000
    assert sorted(runs)[15] <= 8
    assert max(runs) <= 64
    assert document.diagnostics() == []


def test_a_line_break_costs_two_lines() -> None:
    document = big(5_000)
    change = document.edit(at(2_500, 3), "\n")

    assert (change.run, change.replaced, change.line_shift) == (2, 1, 1)
    assert document.line_count == 5_002
    assert_counts_hold(document)


def test_an_opened_comment_changes_everything_below_and_back() -> None:
    document = big(300)
    down = document.edit(at(100, 0), "/*")
    back = document.edit(Span(Position(100, 0), Position(100, 2)), "")

    assert down.run >= 200
    assert back.run >= 200
    assert document.diagnostics() == []


def test_diagnostics_keep_their_identity_where_nothing_changed() -> None:
    document = Document(little_machine(), "let = 1\n" + "let a = 1\n" * 200 + "let b b\nlet c = 1\n")
    first = document.diagnostics()
    document.edit(at(100, 4), "q")
    same = document.diagnostics()
    document.edit(at(100, 0), "\n")
    moved = document.diagnostics()

    assert all(a is b for a, b in zip(first, same, strict=True))
    assert [d.span.start.line for d in moved] == [0, 202]


def test_lines_and_clamping() -> None:
    document = Document(little_machine(), "ab\r\ncd")

    assert [document.line(0), document.line(1)] == ["ab\r\n", "cd"]
    assert document.clamped(Position(0, 9)) == Position(0, 2)
    assert document.clamped(Position(5, 0)) == document.end == Position(1, 2)
    with pytest.raises(IndexError):
        document.line(2)


def test_a_part_of_the_tree_is_that_part_of_the_whole_tree() -> None:
    document = Document(little_machine(), SAMPLE)
    whole = document.tree()
    part = document.tree(2, 4)

    assert repr(part.children[0]) == repr(whole.children[1])
    assert [t.text for t in document.tokens()] == [t.text for t in whole.tokens()]
    assert [t.text for t in document.tokens(1, 1)] == ["let", "one", "=", "1", "+", "2", "*", "3"]


def test_what_may_stand_at_a_position() -> None:
    document = Document(little_machine(), "let a = 1\nlet b = \n")

    assert [e.label for e in document.expected_at(Position(1, 8)).alternatives] == ["expression"]
    assert "let" in [e.label for e in document.expected_at(Position(1, 0)).alternatives]
