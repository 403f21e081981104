"""Repairs of single mistakes in the corpus: a slice of what `repair_quality` measures, with the figures it must keep.

Only counts are asserted, all of them deterministic; the command prints the times.
"""

from __future__ import annotations

from functools import cache

import pytest

from engine.languages.json import JSON
from engine.languages.reml import make_machine
from engine.parse import search
from engine.parse.machine import Machine
from tests.bench.mutations import classes, mutants, same
from tests.bench.repair_quality import Figures, Outcome, corpus_texts, json_texts, measured

pytestmark = pytest.mark.bench

#: What the slice must reach, in percent, and the most diagnostics a mistake; a little below what was measured.
FIRST, FIRST_OF_DELETED, OF_THREE, DIAGNOSTICS = 78, 80, 92, 1.1
#: The same of JSON.
JSON_FIRST, JSON_OF_THREE, JSON_DIAGNOSTICS = 80, 93, 1.15
#: Steps of the searches for one mistake: within so many for half of them, and on average.
HALF_WITHIN, EACH = 90, 130
SAMPLE = "fn add(a: Int, b: Int) -> Int = a + b\n\nlet x = [add(1, 2), 3]\n"


@cache
def shared() -> Machine:
    return make_machine()


@cache
def outcomes() -> list[Outcome]:
    found = measured(shared(), corpus_texts(), 1, 3)
    return [outcome for outcome in found if outcome is not None]


def figures(operation: str = "") -> Figures:
    total = Figures()
    for outcome in outcomes():
        if outcome.mutant.op.startswith(operation):
            total.add(outcome)
    return total


@pytest.mark.usefixtures("corpus")
def test_most_true_repairs_are_proposed_and_first():
    everything, deleted = figures(), figures("delete")

    assert everything.count > 600
    assert 100 * everything.first >= FIRST * everything.count
    assert 100 * deleted.first >= FIRST_OF_DELETED * deleted.count
    assert 100 * everything.three >= OF_THREE * everything.count


def test_in_json_too_most_true_repairs_are_proposed_and_first():
    everything = Figures()
    for outcome in measured(JSON.machine(), json_texts(), 25, 1):
        if outcome is not None:
            everything.add(outcome)

    assert everything.count > 250
    assert 100 * everything.first >= JSON_FIRST * everything.count
    assert 100 * everything.three >= JSON_OF_THREE * everything.count
    assert everything.diagnostics <= JSON_DIAGNOSTICS * everything.count


@pytest.mark.usefixtures("corpus")
def test_a_mistake_is_hardly_ever_more_than_one_diagnostic():
    everything = figures()

    assert everything.diagnostics <= DIAGNOSTICS * everything.count


@pytest.mark.usefixtures("corpus")
def test_the_steps_of_a_search_are_bounded():
    machine = shared()
    outcomes()
    last = search.AHEAD + search.BACK + 2 * len(machine.likely)  # a step is finished before they are counted

    assert 0 < machine.longest_search <= search.MOST_STEPS + last


@pytest.mark.usefixtures("corpus")
def test_most_searches_take_few_steps():
    steps = sorted(figures().steps)

    assert steps[len(steps) // 2] <= HALF_WITHIN
    assert sum(steps) <= EACH * len(steps)


def test_mutants_are_the_same_in_every_run_and_differ_from_the_text_in_one_token():
    machine = shared()
    found = list(mutants(machine, SAMPLE, "seed", None))
    before = len(classes(machine, SAMPLE))

    assert found == list(mutants(machine, SAMPLE, "seed", None))
    assert {len(classes(machine, m.text)) - before for m in found if m.op == "delete"} == {-1}
    assert {len(classes(machine, m.text)) - before for m in found if m.op == "insert"} == {1}
    assert {len(classes(machine, m.text)) - before for m in found if m.op == "replace"} == {0}
    assert {m.op for m in found} == {"delete", "insert", "replace"}


def test_a_repair_is_compared_by_its_tokens():
    machine = shared()

    assert same(machine, "let x = f(a, b)", "let y  = g(c, 1)") == "exact"
    assert same(machine, "let x = f(a), b", "let x = f(a, b)") == "as good"
    assert same(machine, "let x = f(a; b)", "let x = f(a, b)") == "other"
