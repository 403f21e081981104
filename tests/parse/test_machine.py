"""States: identity, memory, depth."""
from __future__ import annotations

import tracemalloc
from itertools import accumulate
from operator import getitem

import pytest

from engine.parse.cursor import Cursor
from engine.parse.machine import AnyState, Limits, Machine, State
from engine.parse.source import split_lines
from tests.parse.little import SAMPLE, little_machine


def states(machine: Machine, text: str) -> list[AnyState]:
    return list(accumulate(split_lines(text), getitem, initial=machine.start))


def test_equal_continuations_are_the_same_object() -> None:
    machine = little_machine()
    a, b = states(machine, "let a = 1\nlet b = [2, 3]\n"), states(machine, "let xyz = f(1)\n\n")

    assert a[1] is a[2] is b[1] is b[2]


def test_a_text_seen_before_costs_no_step() -> None:
    machine = little_machine()
    first = states(machine, SAMPLE)
    before = machine.steps.count

    assert all(map(machine.same, states(machine, SAMPLE), first))
    assert machine.steps.count == before


def test_new_names_in_a_known_structure_cost_no_new_cells() -> None:
    machine = little_machine()
    states(machine, SAMPLE)
    made, steps = machine.cells.made, machine.steps.count
    states(machine, SAMPLE.replace("area", "volume").replace("one", "two"))

    assert (machine.cells.made, machine.steps.count) == (made, steps)


def test_clearing_the_memory_changes_no_state() -> None:
    machine = little_machine()
    before = states(machine, SAMPLE)
    machine.clear()

    assert machine.entries == 0
    assert all(a is b for a, b in zip(before, states(machine, SAMPLE), strict=True) if isinstance(a, State))


def test_the_memory_has_a_bound() -> None:
    machine = little_machine(Limits(entries=200, piece_bytes=2_000))
    cursor = Cursor.begin(machine, collect=False)
    for i in range(500):
        cursor = cursor.feed(f"let a{i} = {i}\n")

    assert machine.clears > 0
    assert machine.entries <= 400
    assert machine.piece_bytes <= 4_000
    assert cursor.finish().all_diagnostics() == []


def test_the_memory_has_a_bound_where_everything_is_wrong_and_deep() -> None:
    for head in ("", "[" * 500 + "\n"):
        machine = little_machine(Limits(entries=200, piece_bytes=2_000))
        cursor = Cursor.begin(machine, collect=False, remember=False).feed(head)
        for i in range(800):
            cursor = cursor.feed(f"let a{i} = = {i}\n")

        assert machine.clears > 0
        assert len(machine.lexer) <= 400
        assert machine.entries <= 600


@pytest.mark.parametrize("text", ["a)+" * 400, "let x = " + "[\n" * 200 + "= \n" * 200, "let a = = 1\n" * 400])
def test_many_errors_cost_what_they_are(text: str) -> None:
    """Steps, not seconds: twice the errors cost no more than about twice as much."""
    costs = []
    for part in (text, text + text if "[" not in text else "let x = " + "[\n" * 400 + "= \n" * 400):
        machine = little_machine()
        Cursor.begin(machine).feed(part).finish()
        costs.append(machine.steps.count)

    assert costs[1] <= 2.5 * costs[0] + 2000


@pytest.mark.parametrize(("opener", "closer"), [("(", ")"), ("[", "]"), ("{", "}"), ("{\n", "}\n"), ("[\n", "]\n")])
def test_a_hundred_thousand_brackets(opener: str, closer: str) -> None:
    depth = 100_000
    machine = little_machine()
    tracemalloc.start()
    cursor = Cursor.begin(machine, collect=False).feed("let x = " + opener * depth + "1" + closer * depth).finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert cursor.all_diagnostics() == []
    assert peak < (120 if opener[-1] == "\n" else 60) * 1_000_000


def test_unclosed_brackets_without_end() -> None:
    cursor = Cursor.begin(little_machine(), collect=False).feed("let x = " + "([" * 50_000).finish()
    diagnostic, = cursor.all_diagnostics()

    assert diagnostic.span.start == cursor.position
    assert "is not closed" in diagnostic.message


def test_one_alternative_at_a_time_for_the_little_language() -> None:
    machine = little_machine()
    widest = max(len(state.cells) for state in states(machine, SAMPLE) if isinstance(state, State))

    assert widest == 1


def test_a_line_inside_an_unfinished_token_costs_no_run() -> None:
    machine = little_machine()
    inside = machine.start["/* a comment\n"]
    before = machine.pieces_run

    assert inside["still in it\n"] is inside
    assert machine.pieces_run == before
    assert inside["/* deeper\n"] is not inside
    assert inside["its end */\n"] is not inside
    assert inside["\udc80 a byte that is no text\n"] is not inside
