"""Edits whose consequences are worked off in steps: the end is that of a parse from scratch, whatever came between."""
from __future__ import annotations

import random

import pytest

from engine.parse import blocks
from engine.parse.document import Document
from engine.parse.machine import Limits, Machine
from engine.parse.pieces import SEGMENT
from engine.parse.source import Position, Span, split_lines
from engine.parse.work import Work
from tests.parse.edits import assert_counts_hold, assert_same_as_scratch, random_span, random_text, spliced
from tests.parse.little import SAMPLE, little_machine

SAMPLES = [SAMPLE, SAMPLE.replace("\n", "\r\n"), "let a = [1, 2]\n" * 60, "fn f() {\n" * 30,
           "let x = " + "f(a, b) + " * 200 + "1\n" + SAMPLE, "[" + "1, " * 900 + "1]", SAMPLE.replace("\n", " ") * 2]
TOP = Span(Position(0, 0), Position(0, 0))


def at(line: int, column: int) -> Span:
    return Span(Position(line, column), Position(line, column))


def check_law(machine: Machine, seed: int, rounds: int) -> int:
    """Edit and step in any order; whenever there is no seam, and at the end, all is as from scratch."""
    r = random.Random(seed)
    steps = 0
    for _ in range(rounds):
        text = r.choice(SAMPLES)
        document = Document(machine, text)
        for _ in range(25):
            if r.random() < .5:
                span, new = random_span(r, document), random_text(r, SAMPLES)
                text = spliced(text, span, new)
                document.edit(span, new, settle=False)
                assert document.text() == text
                assert document.line_count == len(split_lines(text))
            elif document.step(Work(machine, r.choice([1, 20, 400]))) is not None:
                steps += 1
            assert_counts_hold(document)
            document.diagnostics()
            if document.is_settled:
                assert_same_as_scratch(document, text, machine)
        document.settle()
        assert_same_as_scratch(document, text, machine)
    return steps


@pytest.mark.parametrize("seed", range(4))
def test_edits_and_steps_in_any_order_end_as_from_scratch(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)

    assert check_law(little_machine(), seed, 12) > 20


@pytest.mark.parametrize("limits", [Limits(depth=12), Limits(entries=50, piece_bytes=500), Limits(cells=60)])
def test_the_law_holds_at_every_limit(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)

    assert check_law(little_machine(limits), 5, 8) > 15


@pytest.mark.campaign
def test_steps_campaign(seed: int, campaign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 7)
    print(f"seed {seed}")

    assert check_law(little_machine(), seed, 80 * campaign) > 80


def lines(count: int) -> Document:
    return Document(little_machine(), "".join(f"let name{i} = f(a, {i}) + [1, 2, 3]\n" for i in range(count)))


def stepped(document: Document, amount: float) -> list[int]:
    """Settle by steps of so much work each; the pieces each step ran."""
    runs = []
    while (change := document.step(Work(document.machine, amount))) is not None:
        runs.append(change.run)
    return runs


def test_an_edit_that_is_not_to_settle_runs_its_own_pieces_only() -> None:
    document = lines(5_000)

    change = document.edit(TOP, "/*", settle=False)

    assert (change.run, change.is_open, document.is_settled) == (1, True, False)
    first = document.step(Work(document.machine, 10))
    assert first is not None
    assert 0 < first.run <= 8


def test_the_pending_of_a_step_is_what_the_next_one_resumes() -> None:
    document = lines(5_000)
    document.edit(TOP, "/*", settle=False)
    document.step(Work(document.machine, 10))
    first = document.pending
    document.step(Work(document.machine, 10))
    second = document.pending

    assert first is not None and second is not None
    assert first.demand.min_bytes >= 64
    assert second.continuation.steps == first.continuation.steps + 1
    assert second.continuation.cursor.line > first.continuation.cursor.line

    document.edit(at(4_000, 0), "x", settle=False)

    assert document.pending is None                      # superseded; the next step finds its place by itself


def test_what_was_so_before_is_swapped_in_by_the_block() -> None:
    document = lines(20_000)
    document.edit(TOP, "/*")
    cold = document.machine.pieces_run
    document.edit(Span(Position(0, 0), Position(0, 2)), "", settle=False)
    work = Work(document.machine)
    while document.step(work) is not None:
        pass

    assert document.machine.pieces_run - cold <= blocks.BLOCK
    assert document.diagnostics() == []
    assert_same_as_scratch(document, document.text(), document.machine)


def test_an_edit_that_is_undone_before_the_rest_is_reached_leaves_the_rest_alone() -> None:
    document = lines(20_000)
    document.edit(TOP, "/*", settle=False)
    reached = sum(change.run for _ in range(20) if (change := document.step(Work(document.machine, 1_000))) is not None)
    document.edit(Span(Position(0, 0), Position(0, 2)), "", settle=False)

    assert sum(stepped(document, 1_000)) <= reached + blocks.BLOCK
    assert document.is_settled
    assert document.diagnostics() == []


def test_a_line_of_a_megabyte_is_divided_anew_in_steps() -> None:
    text = "[" + "1, " * 350_000 + "1]"
    document = Document(little_machine(), text)
    for new in ("2, ", "/*", '"'):
        change = document.edit(at(0, 1), new, settle=False)
        runs = stepped(document, 2_000)

        assert max([change.run, *runs]) <= 512
        assert document.line(0) == document.text()
        document.edit(Span(Position(0, 1), Position(0, 1 + len(new))), "")
    assert_same_as_scratch(document, text, document.machine)


def test_a_line_that_is_left_half_divided_can_be_edited() -> None:
    text = "[" + "1, " * 5_000 + "1]"
    document = Document(little_machine(), text)
    for column in (1, 2_000, 9_000, 700):
        document.edit(at(0, column), "2, ", settle=False)
        document.step(Work(document.machine, 100))
        text = spliced(text, at(0, column), "2, ")
    document.settle()

    assert_same_as_scratch(document, text, document.machine)


@pytest.mark.parametrize("opens", ["/*", '"""'])
def test_a_long_line_is_divided_anew_where_its_first_segment_ends_a_block(
        opens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 3)
    text = "let a = 1\nlet b = 2\n" + " + ( + (" * 50 + "\n"
    document = Document(little_machine(), text)
    assert len(document.blocks.blocks[0].pieces[2]) == SEGMENT

    document.edit(TOP, opens)

    assert_same_as_scratch(document, opens + text, document.machine)


def test_behind_a_beginning_of_which_nothing_was_taken_a_long_line_is_divided_anew_too() -> None:
    machine = little_machine()
    document = Document(machine, ") " * 3 * SEGMENT)
    for column in (0, 100, 3 * SEGMENT):
        document.edit(at(0, column), ") " * SEGMENT)
        assert_same_as_scratch(document, document.text(), machine)
        assert all(b"\0" not in block.bad for block in document.blocks.blocks)
