"""A morning of typing within narrow bounds, which are reached; ``python -m tests.chaos.day`` is the whole day."""
from __future__ import annotations

from dataclasses import replace

import pytest

from engine.parse.document import Document
from engine.parse.machine import Limits
from tests.chaos.day import SLACK, Day, Stored, faults

NARROW = Limits(cells=1_500, entries=4_000, piece_bytes=20_000, searched=6_000)


@pytest.mark.campaign
def test_memory_is_flat_over_a_morning_of_typing(seed: int, campaign: int) -> None:
    day, counted = Day(seed, 5, NARROW), []
    for _ in range(12):
        day.work(120 * campaign)
        counted.append(day.stored())

    assert faults(counted, NARROW, 5) == []
    assert day.renewals >= 3
    assert max(stored.states for stored in counted) <= 2 * (NARROW.cells + NARROW.searched)


def test_typing_stays_within_narrow_bounds_and_says_what_a_new_document_says() -> None:
    day = Day(2, 3, NARROW)
    day.work(400)
    stored = day.stored()

    assert day.renewals >= 1
    assert stored.states <= 2 * (NARROW.cells + NARROW.searched)
    for writer in day.writers:
        document = writer.analysis.document
        assert document.diagnostics() == Document(document.machine, writer.model.text).diagnostics()


# ------------------------------------------------------------------------------------------ what is wrong would be seen
def counts(**last: int) -> list[Stored]:
    """Nine counts that are right, but for the last."""
    right = Stored(cells=100, states=150, entries=80, piece_bytes=1000, lines=500, said=3, units=9)
    return [right] * 8 + [replace(right, **last)]


@pytest.mark.parametrize(("last", "word"), [
    ({"cells": 1000}, "grows"), ({"states": 5000}, "grows"), ({"lines": 1200}, "grows"),
    ({"entries": 2 * (64_000 + SLACK) + 1}, "bound"), ({"piece_bytes": 100_000}, "grows"), ({"said": 501}, "bound"),
    ({"units": 40_001}, "bound"),
])
def test_growth_is_a_fault(last: dict[str, int], word: str) -> None:
    assert faults(counts(), NARROW, 5) == []
    assert any(word in fault for fault in faults(counts(**last), NARROW, 5))
