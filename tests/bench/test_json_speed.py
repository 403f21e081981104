"""What the benchmark of JSON measures: deterministic counters, and ratios within one run."""

from __future__ import annotations

import json
import time

import pytest

from engine.languages.json import make_machine
from engine.languages.json.lexer import JsonLexer
from tests.bench.json_speed import CONTENDERS, measured, table, text_of, validated

pytestmark = pytest.mark.bench

#: Beginnings of tokens that do not end: where a lexer goes back and forth, if it does.
OPENERS = [
    "'\\", '"\\', "„", "“", "/*", "/", "`", '",', "', ", "-", "1.", "0x", "a-", '["', "\\", "#\\", "\u00a0,",
    '\\"', "1e",
]  # fmt: skip


@pytest.mark.parametrize("indent", [1, None])
def test_the_text_is_valid_and_the_same_in_every_run(indent):
    text = text_of(0.05, indent)

    assert text == text_of(0.05, indent)
    assert 50_000 < len(text) < 80_000
    assert isinstance(json.loads(text), list)


@pytest.mark.parametrize("indent", [1, None])
def test_a_valid_text_is_run_at_once_and_few_transitions_are_computed(indent):
    machine = make_machine("json")

    assert validated(machine, text_of(1, indent))
    assert machine.pieces_run == 1
    assert machine.steps.count < 3_000


def test_a_second_text_computes_next_to_nothing():
    machine = make_machine("json")
    validated(machine, text_of(0.5, 1))
    before = machine.steps.count

    assert validated(machine, text_of(0.5, None))
    assert machine.steps.count - before < 100            # as many in a text of four times the size


def test_every_contender_takes_the_text_and_gets_a_line():
    speeds = measured(text_of(0.02, 1), 1)
    lines = list(table(speeds))

    assert speeds.keys() <= CONTENDERS.keys()
    assert {"engine", "engine, streamed", "engine, opened", "json.loads (C)", "json, pure Python"} <= speeds.keys()
    assert all(any(name in line for line in lines) for name in CONTENDERS)


@pytest.mark.parametrize("unit", OPENERS)
def test_a_long_line_of_unfinished_tokens_is_cut_in_linear_time(unit):
    """Ten times the text may take thirty times as long, not a hundred."""
    lexer = JsonLexer()

    def seconds(size: int) -> float:
        line = unit * (size // len(unit))
        rounds = []
        for _ in range(3):
            began = time.process_time()
            tiles = lexer.tiles(line)
            rounds.append(time.process_time() - began)
            assert "".join(tiles) == line
        return min(rounds)

    assert seconds(200_000) < 30 * max(seconds(20_000), 0.0005)
