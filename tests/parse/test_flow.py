"""Flow control: hysteresis, lag, debounce, throttle, grants; on a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.feeder import PendingReason, StreamErrorKind
from engine.parse.flow import (
    Auto,
    Backlog,
    BackpressureSpec,
    Demand,
    Flow,
    FlowController,
    FlowMode,
    Hold,
    Manual,
)


def flow_of(*, high=100, low=20, mode=FlowMode.PUSH, cap=None, **spec) -> Flow:
    return Flow(FlowController(mode, high, low, Auto(BackpressureSpec(**spec))), cap=cap)


# ----------------------------------------------------------------------------------------------------------- validation
@pytest.mark.parametrize(
    "controller, says",
    [
        (FlowController(high_watermark=10, low_watermark=11), "must not be below low_watermark"),
        (FlowController(low_watermark=-1), "low_watermark must not be negative"),
        (FlowController(high_watermark=-1, low_watermark=-2), "high_watermark must not be negative"),
        (FlowController(policy=Auto(BackpressureSpec(max_lag=-1))), "max_lag"),
        (FlowController(policy=Auto(BackpressureSpec(debounce=-1))), "debounce"),
        (FlowController(policy=Auto(BackpressureSpec(throttle=-1))), "throttle"),
        (FlowController(policy=Manual(Demand(bytes=-1))), "demand.bytes"),
        (FlowController(policy=Manual(Demand(frames=-1))), "demand.frames"),
    ],
)
def test_a_controller_that_cannot_work_is_a_feeder_bug(controller: FlowController, says: str) -> None:
    problem = controller.problem

    assert problem is not None
    assert problem.kind is StreamErrorKind.FEEDER_BUG
    assert says in problem.message


@pytest.mark.parametrize(
    "controller",
    [
        FlowController(),
        FlowController(high_watermark=5, low_watermark=5),
        FlowController(high_watermark=0, low_watermark=0),
        FlowController(policy=Manual()),
    ],
)
def test_a_controller_that_can_work_has_no_problem(controller: FlowController) -> None:
    assert controller.problem is None


# -------------------------------------------------------------------------------------------------------------- backlog
def test_a_backlog_gives_back_what_was_put_in_in_parts() -> None:
    backlog = Backlog()
    backlog.put(b"abcdef", 1)
    backlog.put("wörd", 2)

    assert (backlog.size, backlog.frames, backlog.oldest, backlog.newest) == (11, 2, 1, 2)
    assert [backlog.take(4) for _ in range(4)] == [b"abcd", b"ef", "wörd", b""]
    assert (backlog.size, backlog.frames, backlog.oldest) == (0, 0, None)


@given(st.lists(st.binary(max_size=9) | st.text(max_size=5), max_size=8), st.integers(1, 7))
def test_a_backlog_loses_and_invents_nothing(chunks, most) -> None:
    backlog, parts = Backlog(), []
    for chunk in chunks:
        backlog.put(chunk, 0)
    while backlog.frames:
        parts.append(backlog.take(most))

    assert [x for chunk in chunks for x in chunk] == [x for part in parts for x in part]
    assert backlog.size == 0
    assert all(0 < len(part) <= most for part in parts)


def test_the_rest_of_a_backlog_is_a_view() -> None:
    backlog = Backlog()
    chunk = b"abcdef" * 100
    backlog.put(chunk, 0)
    backlog.take(7)
    waiting, taken = backlog.rest()

    assert waiting[0] is chunk
    assert taken == 7


# ----------------------------------------------------------------------------------------------------------- watermarks
def test_above_the_high_watermark_the_feeder_is_left_alone_until_the_low_one() -> None:
    flow = flow_of(high=100, low=20)
    flow.received(b"x" * 100, 0)
    assert flow.before_asking(0) is None
    flow.received(b"x", 0)

    held = []
    while flow.backlog.size:
        held.append((flow.backlog.size, flow.before_asking(0)))
        flow.backlog.take(27)

    stop = Hold(PendingReason.BACKPRESSURE)
    assert held == [(101, stop), (74, stop), (47, stop), (20, None), (1, None)]
    assert flow.backpressure_events == 1


def test_every_stop_counts_once() -> None:
    flow = flow_of(high=10, low=2)
    for _ in range(3):
        flow.received(b"x" * 11, 0)
        assert flow.before_asking(0) is not None
        assert flow.before_asking(0) is not None
        flow.backlog.take(11)
        assert flow.before_asking(0) is None

    assert flow.backpressure_events == 3


def test_with_both_watermarks_at_nothing_a_feeder_is_asked_when_all_is_parsed() -> None:
    flow = flow_of(high=0, low=0)
    flow.received(b"xy", 0)
    assert flow.before_asking(0) is not None
    flow.backlog.take(1)
    assert flow.before_asking(0) is not None
    flow.backlog.take(1)
    assert flow.before_asking(0) is None


def test_a_cap_on_frames_bounds_the_chunks_that_wait() -> None:
    flow = flow_of(cap=Demand(frames=2))
    flow.received(b"a", 0)
    assert flow.before_asking(0) is None
    flow.received(b"b", 0)
    assert flow.before_asking(0) == Hold(PendingReason.BACKPRESSURE)
    flow.backlog.take(1)
    assert flow.before_asking(0) is None


def test_the_share_of_the_buffer_counts_what_the_parser_retains() -> None:
    flow = flow_of(high=100)
    flow.received(b"x" * 30, 0)

    assert flow.fill(20) == 0.5


# ------------------------------------------------------------------------------------------------------- lag, durations
def test_text_that_waits_too_long_stops_its_feeder() -> None:
    flow = flow_of(max_lag=50)
    flow.received(b"x" * 30, 1000)
    assert flow.before_asking(1050) is None
    assert flow.before_asking(1051) == Hold(PendingReason.LAG)
    assert flow.lag(1051) == 51
    flow.backlog.take(30)
    assert flow.before_asking(1052) is None
    assert flow.lag(1052) == 0


def test_a_throttled_feeder_is_asked_again_at_a_time_that_is_named() -> None:
    flow = flow_of(throttle=10)
    assert flow.before_asking(5) is None
    flow.asked(5)
    assert flow.before_asking(14) == Hold(PendingReason.THROTTLE, 15)
    assert flow.before_asking(15) is None
    assert flow.backpressure_events == 1


def test_text_is_not_parsed_until_it_has_been_quiet() -> None:
    flow = flow_of(debounce=10)
    flow.received(b"a", 100)
    assert flow.before_parsing(105) == Hold(PendingReason.DEBOUNCE, 110)
    flow.received(b"b", 108)
    assert flow.before_parsing(112) == Hold(PendingReason.DEBOUNCE, 118)
    assert flow.before_parsing(118) is None


def test_somebody_who_never_stops_typing_is_answered_after_the_longest_lag() -> None:
    flow = flow_of(debounce=10, max_lag=25)
    parsed_at = None
    for now in range(0, 100, 5):
        flow.received(b"x", now)
        if flow.before_parsing(now) is None:
            parsed_at = now
            break

    assert parsed_at == 25


def test_a_full_buffer_is_parsed_without_waiting_for_quiet() -> None:
    flow = flow_of(high=3, low=1, debounce=10)
    flow.received(b"abcd", 0)

    assert flow.before_parsing(0) is None


# ---------------------------------------------------------------------------------------------------------------- modes
@pytest.mark.parametrize(
    "mode, waiting, asks",
    [
        (FlowMode.PUSH, 0, True), (FlowMode.PUSH, 50, True),
        (FlowMode.PULL, 0, True), (FlowMode.PULL, 1, False),
        (FlowMode.HYBRID, 20, True), (FlowMode.HYBRID, 21, False),
        (FlowMode.AUTO, 1, False),
    ],
)  # fmt: skip
def test_the_mode_says_when_more_is_asked_for(mode: FlowMode, waiting: int, asks: bool) -> None:
    flow = flow_of(mode=mode)
    flow.received(b"x" * waiting, 0)

    assert flow.wants_more(0) is asks


def test_a_pulling_parser_that_waits_for_quiet_asks_for_more() -> None:
    flow = flow_of(mode=FlowMode.PULL, debounce=10)
    flow.received(b"x", 0)

    assert flow.wants_more(5)
    assert not flow.wants_more(10)


def test_the_streams_mode_counts_where_the_controller_leaves_it_open() -> None:
    assert Flow(FlowController(), FlowMode.PUSH).mode is FlowMode.PUSH
    assert Flow(FlowController(FlowMode.HYBRID), FlowMode.PUSH).mode is FlowMode.HYBRID


# --------------------------------------------------------------------------------------------------------------- grants
def manual(demand: Demand | None = None) -> Flow:
    return Flow(FlowController(FlowMode.PUSH, 100, 20, Manual(demand)))


def test_nothing_is_asked_for_that_nobody_granted() -> None:
    flow = manual()
    assert flow.before_asking(0) == Hold(PendingReason.DEMAND)
    flow.grant(Demand(bytes=10))
    assert flow.before_asking(0) is None
    assert flow.allowance == 10


def test_granted_bytes_are_used_up_and_excess_is_a_debt() -> None:
    flow = manual(Demand(bytes=10))
    flow.received(b"x" * 25, 0)
    assert flow.before_asking(0) == Hold(PendingReason.DEMAND)
    flow.grant(Demand(bytes=10))
    assert flow.before_asking(0) == Hold(PendingReason.DEMAND)
    flow.grant(Demand(bytes=10))
    assert flow.before_asking(0) is None
    assert flow.allowance == 5


def test_granted_frames_are_chunks() -> None:
    flow = manual(Demand(frames=2))
    for _ in range(2):
        assert flow.before_asking(0) is None
        flow.received(b"any size", 0)

    assert flow.before_asking(0) == Hold(PendingReason.DEMAND)


def test_a_grant_of_both_ends_with_the_first_of_them() -> None:
    flow = manual(Demand(bytes=1000, frames=1))
    flow.received(b"x", 0)

    assert flow.before_asking(0) == Hold(PendingReason.DEMAND)


def test_grants_do_not_lift_the_high_watermark() -> None:
    flow = manual(Demand(bytes=1000))
    flow.received(b"x" * 101, 0)

    assert flow.before_asking(0) == Hold(PendingReason.BACKPRESSURE)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=40))
def test_the_backlog_of_an_obeyed_flow_never_exceeds_the_high_watermark_by_more_than_a_chunk(steps) -> None:
    flow = flow_of(high=100, low=20)
    for size, taken in steps:
        if flow.before_asking(0) is None:
            flow.received(b"x" * size, 0)
        assert flow.backlog.size <= 160
        flow.backlog.take(taken)
