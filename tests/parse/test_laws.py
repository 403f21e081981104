"""The laws of the engine on random grammars and texts: chunks, suspension, resuming twice, totality, work.

What edits do is the business of `tests/chaos`; what a grammar means, of `test_ordered_choice`.
"""
from __future__ import annotations

import random
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.parse.cells import AnyCell
from engine.parse.config import RunConfig
from engine.parse.document import Document
from engine.parse.machine import AnyState, InToken, Limits, Machine
from engine.parse.run import run
from engine.parse.source import Position, Span
from engine.parse.stream import resume
from tests.chaos.laws import check_pieces, check_tokens
from tests.chaos.subjects import TIGHT, fresh, subject
from tests.chaos.typist import ODD, Model
from tests.parse.streams import closed, opened, pending, pushed

seeds = st.integers(0, 200)
ALPHABET = [*"abcd()[],+-*", " ", "\n", "\r", "\r\n", "//", "/*", "*/", '"', '"""', *ODD]
TRACED = RunConfig(trace=True)


@lru_cache(60)
def machine_of(seed: int) -> tuple[Machine, tuple[str, ...]]:
    """A machine of a random grammar, and texts that it mostly takes."""
    what = subject("random", f"law {seed}")
    return fresh(what.machine, Limits()), tuple(what.samples)


def text_of(seed: int, r: random.Random, longest: int) -> str:
    """A text of the grammar with some odd things put in."""
    text = r.choice(machine_of(seed)[1])[:longest]
    for _ in range(r.choice([0, 1, 3])):
        at = r.randint(0, len(text))
        text = text[:at] + r.choice(ALPHABET) + text[at + r.randint(0, 1):]
    return text.replace("\ud800", "")                    # a stream has bytes


def data_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@given(seeds, st.randoms(use_true_random=False))
def test_any_chunks_down_to_single_bytes_give_the_result_of_a_run(seed: int, r: random.Random) -> None:
    machine, data = machine_of(seed)[0], data_of(text_of(seed, r, 60))
    batch = run(machine, data, TRACED)
    single = closed(pushed(opened(machine, TRACED), [data[i:i + 1] for i in range(len(data))]))
    edges = sorted(r.choices(range(len(data) + 1), k=5))
    parts = [data[a:b] for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]
    some = closed(pushed(opened(fresh(machine), TRACED), parts))

    assert single.result == batch
    assert some.result == batch
    assert single.result.diagnostics == some.result.diagnostics == batch.diagnostics


@given(seeds, st.randoms(use_true_random=False))
def test_a_stream_can_be_suspended_at_every_step_and_resumed_twice(seed: int, r: random.Random) -> None:
    """From each place the rest gives the whole result, as often as one likes, and the place stays what it was."""
    machine, data = machine_of(seed)[0], data_of(text_of(seed, r, 30))
    batch, place = run(machine, data), opened(machine)
    for at in range(len(data)):
        first, second = (pending(resume(place, data[at:])) for _ in range(2))
        assert first == second, at
        assert closed(first.continuation).result == closed(second.continuation).result == batch, at
        place = pending(resume(place, data[at:at + 1])).continuation
    assert closed(place).result == batch


@given(seeds, st.randoms(use_true_random=False))
def test_tokens_and_trivia_are_the_text(seed: int, r: random.Random) -> None:
    machine, text = machine_of(seed)[0], text_of(seed, r, 200)
    result = run(machine, text)

    assert result.value is not None
    check_tokens(machine, list(result.value.tokens()), Model(text))
    assert result.span.end == Model(text).position(len(text))


@given(seeds, st.lists(st.sampled_from(ALPHABET), max_size=40), st.integers(2, 4))
def test_any_text_ends_in_linear_steps(seed: int, parts: list[str], times: int) -> None:
    """Steps of a machine that knows nothing, for a text and for that text many times over."""
    text = "".join(parts)
    costs = []
    for whole in (text * 8, text * 8 * times):
        machine = fresh(machine_of(seed)[0])
        Document(machine, whole)
        costs.append(machine.steps.count)

    assert costs[1] <= (2 * times) * costs[0] + 200


@pytest.mark.parametrize("name", ["random", "little", "reml", "jsonc"])
@given(seed=seeds, r=st.randoms(use_true_random=False))
@settings(max_examples=10)
def test_limits_cost_time_and_change_nothing(name: str, seed: int, r: random.Random) -> None:
    """Mistakes, ways on, diagnostics and tree are those of a machine that forgets nothing and shares everything."""
    what = subject(name, f"law {seed}")
    text = r.choice(what.samples)[:300]
    for _ in range(3):
        at = r.randint(0, len(text))
        text = text[:at] + r.choice([*what.words, *ODD]) + text[at + r.randint(0, 4):]
    free, tight = (Document(fresh(what.machine, limits), text) for limits in (Limits(), r.choice(TIGHT)))
    ours, theirs = free.blocks.blocks, tight.blocks.blocks

    assert [block.bad for block in ours] == [block.bad for block in theirs]
    assert [len(ways(state)) for block in ours for state in block.states] == [
        len(ways(state)) for block in theirs for state in block.states]
    assert free.diagnostics() == tight.diagnostics()
    assert free.tree() == tight.tree()


def ways(state: AnyState) -> tuple[AnyCell, ...]:
    return state.base.cells if isinstance(state, InToken) else state.cells


# ------------------------------------------------------------------------------------------------------------- the work
def test_a_letter_in_a_long_text_costs_no_more_than_in_a_short_one() -> None:
    """Pieces looked at and steps of the grammar, after an edit in a text of ten and of three hundred copies."""
    for seed in range(25):
        machine, samples = machine_of(seed)
        work = []
        for copies in (10, 300):
            document = Document(machine, "\n".join(samples[:1] * copies) + "\n")
            if any(len(piece) > 200 for block in document.blocks.blocks for piece in block.pieces):
                continue
            pieces, steps = machine.pieces_run, machine.steps.count
            change = document.edit(Span(Position(0, 0), Position(0, 0)), " ")
            work.append((change.run, machine.pieces_run - pieces, machine.steps.count - steps))
        assert len(set(work)) <= 2
        assert all(run <= 2 for run, _, _ in work), (seed, work)
        assert all(pieces <= 2 and steps <= 100 for _, pieces, steps in work), (seed, work)


@pytest.mark.parametrize("seed", range(10))
def test_an_edit_and_its_undo_compute_nothing_that_is_known(seed: int) -> None:
    machine, samples = machine_of(seed)
    model = Model("\n".join(samples))
    document, where = Document(machine, model.text), Position(len(model.lines) // 2, 0)
    for _ in range(2):
        steps, pieces = machine.steps.count, machine.pieces_run
        document.edit(Span(where, where), "a\n")
        document.edit(Span(where, Position(where.line + 1, 0)), "")

    check_pieces(document, model)
    assert machine.steps.count == steps
    assert machine.pieces_run == pieces
