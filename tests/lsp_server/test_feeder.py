"""Changes that wait: in which order they are taken, and when several become one."""

from __future__ import annotations

import pytest

from engine.parse.feeder import PendingReason
from engine.parse.flow import Auto, BackpressureSpec, Demand, FlowController, FlowMode, Manual
from lsp_server.feeder import FLOW, EditFeeder
from lsp_server.sync import Changed, Edit, Unreadable

MS = 1_000_000


def change(version: int, text: str = "a") -> Changed:
    return Changed("u", version, (Edit(text, (0, version), (0, version)),))


def filled(count: int, controller: FlowController = FLOW, text: str = "a") -> EditFeeder:
    feeder = EditFeeder(controller)
    for version in range(1, count + 1):
        feeder.put(change(version, text), 0)
    return feeder


def drained(feeder: EditFeeder, now: int = 0) -> list[int]:
    """The versions in which what waits is taken."""
    versions = []
    while feeder:
        taken = feeder.take(now)
        assert isinstance(taken, Changed)
        versions.append(taken.version)
    return versions


def test_below_the_watermark_every_change_is_taken_by_itself() -> None:
    feeder = filled(64)

    assert drained(feeder) == list(range(1, 65))
    assert feeder.held is None
    assert feeder.size == 0


def test_past_the_watermark_all_are_taken_as_one_in_order() -> None:
    feeder = filled(65)
    taken = feeder.take(0)

    assert isinstance(taken, Changed)
    assert taken.version == 65
    assert [edit.start[1] for edit in taken.edits] == list(range(1, 66))
    assert feeder.held is PendingReason.BACKPRESSURE
    assert (bool(feeder), feeder.size) == (False, 0)


def test_what_has_waited_too_long_is_merged() -> None:
    feeder = filled(3)

    assert drained(feeder, now=101 * MS) == [3]
    assert feeder.held is PendingReason.LAG


def test_a_large_text_weighs_what_it_is_long() -> None:
    assert filled(1, text="x" * 5_000).size == 5_000
    assert filled(1, text="é" * 5_000).size == 10_000
    assert filled(2).size == 128
    assert drained(filled(2, text="x" * 5_000)) == [2]


def test_when_nothing_waits_any_more_there_is_no_reason_left() -> None:
    feeder = filled(65)
    feeder.rest()
    while_waiting = feeder.held
    feeder.take_all()
    feeder.rest()

    assert (while_waiting, feeder.held) == (PendingReason.BACKPRESSURE, None)
    with pytest.raises(IndexError):
        feeder.take(0)


def test_what_has_to_be_refused_is_not_merged() -> None:
    feeder = EditFeeder()
    for one in (change(2), change(3), change(3), Unreadable("u", 4), change(5), change(6)):
        feeder.put(one, 0)

    taken = feeder.take_all()

    assert [one.version for one in taken] == [3, 3, 4, 6]
    assert isinstance(taken[2], Unreadable)


def test_a_debounce_holds_back_until_it_is_over_or_the_lag_too_long() -> None:
    spec = BackpressureSpec(debounce=10 * MS, max_lag=15 * MS)
    feeder = EditFeeder(FlowController(policy=Auto(spec)))
    assert feeder.hold_until(0) is None
    feeder.put(change(1), 0)
    assert feeder.hold_until(5 * MS) == 10 * MS
    feeder.put(change(2), 8 * MS)

    assert feeder.hold_until(9 * MS) == 15 * MS
    assert feeder.hold_until(15 * MS) is None


def test_a_policy_that_waits_for_grants_makes_no_sense_here_and_is_replaced() -> None:
    manual = FlowController(FlowMode.PULL, policy=Manual(Demand(frames=1)))

    assert drained(filled(3, manual)) == [1, 2, 3]
