"""The driver: three states, one step at a time, and a flow that really slows its feeder."""

from __future__ import annotations

import pytest

from engine.parse.audit import Figures, Paused, Progress
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.driver import DriverState, StreamDriver, run_stream
from engine.parse.feeder import (
    Action,
    Await,
    Chunk,
    Closed,
    DemandHint,
    FeederError,
    PendingReason,
    SpanBoundary,
    StreamError,
    StreamErrorKind,
    ask,
)
from engine.parse.flow import Demand, FlowMode
from engine.parse.run import run
from engine.parse.sources import from_file, from_pieces, from_text
from engine.parse.stream import Completed, Pending, resume
from tests.parse.streams import Clock, closed, completed, pending
from tests.parse.toy_language import SAMPLE, toy_machine

MACHINE = toy_machine()
TEXT = SAMPLE.encode()
LINE = b"let x = 1\n"
GONE = FeederError(StreamError(StreamErrorKind.IO_FAILED, "gone"))


class Script:
    """A feeder that plays a list of answers and keeps what it was asked for; at the end it awaits."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.asked: list[DemandHint] = []

    def __call__(self, demand: DemandHint):
        self.asked.append(demand)
        return self.answers.pop(0) if self.answers else Await()


def flowing(clock=None, mode="push", chunk_size=10, **flow) -> StreamingConfig:
    extensions = {"stream": {"chunk_size": chunk_size}, "stream.flow": {"mode": mode, **flow}}
    return StreamingConfig(RunConfig(extensions=extensions), clock=clock or Clock(), timeout=None)


# --------------------------------------------------------------------------------------------------------- three states
@pytest.mark.parametrize(
    "answers, states, ends",
    [
        ([Chunk(LINE)], ["parsing"], False),
        ([Await()], ["awaiting"], False),
        ([Closed()], ["draining"], True),
        ([GONE], ["draining"], True),
        ([Await(), Chunk(LINE)], ["awaiting", "parsing"], False),
        ([Await(), Await()], ["awaiting", "awaiting"], False),
        ([Await(), Closed()], ["awaiting", "draining"], True),
        ([Await(), GONE], ["awaiting", "draining"], True),
        ([Chunk(LINE), Chunk(LINE), Closed()], ["parsing", "parsing", "draining"], True),
        ([Chunk(LINE), GONE], ["parsing", "draining"], True),
    ],
)
def test_each_answer_leads_to_its_state(answers, states, ends) -> None:
    driver = StreamDriver(MACHINE, Script(*answers))
    seen, outcome = [], None
    for _ in answers:
        outcome = driver.pump()
        seen.append(driver.state.value)

    assert seen == states
    assert isinstance(outcome, Completed if ends else Pending)


def test_a_chunk_is_counted_and_parsed_in_the_same_step() -> None:
    driver = StreamDriver(MACHINE, Script(Chunk(LINE)))
    outcome = pending(driver.pump())

    assert (outcome.meta.chunks_consumed, outcome.meta.bytes_consumed) == (1, 10)
    assert outcome.reason is PendingReason.INPUT_EXHAUSTED
    assert not driver.idle


def test_a_feeder_that_awaits_makes_a_pause_that_says_so() -> None:
    driver = StreamDriver(MACHINE, Script(Chunk(LINE), Await()))
    driver.pump()
    outcome = pending(driver.pump())

    assert driver.idle
    assert outcome.reason is PendingReason.FEEDER_AWAIT
    assert (outcome.demand.reason, outcome.demand.action) == ("feeder.await", Action.CONTINUE)
    assert outcome.demand is outcome.continuation.meta.resume_hint
    assert outcome.meta.await_count == 1


def test_what_waits_when_the_feeder_closes_is_parsed_before_the_end() -> None:
    feeder = Script(Chunk(TEXT), Closed())
    driver = StreamDriver(MACHINE, feeder, flowing())
    steps = 0
    while isinstance(outcome := driver.pump(), Pending):
        steps += 1
        assert steps <= len(TEXT)

    assert outcome.result == run(MACHINE, TEXT)
    assert steps >= len(TEXT) // 10 - 1
    assert len(feeder.asked) == 2


def test_an_end_in_the_middle_of_something_is_a_diagnostic() -> None:
    outcome = completed(run_stream(MACHINE, Script(Chunk(b"fn f {"), Closed())))

    assert outcome.result == run(MACHINE, b"fn f {")
    assert len(outcome.result.diagnostics) == 1


def test_the_end_stays_the_end() -> None:
    feeder = Script(Closed(), Chunk(LINE))
    driver = StreamDriver(MACHINE, feeder)
    first = driver.pump()

    assert driver.pump() is first
    assert len(feeder.asked) == 1


@pytest.mark.parametrize("answers", [[Closed()], [GONE], [Chunk(b""), None], [Await()], []])
def test_a_feeder_is_released_when_it_will_not_be_asked_again(answers) -> None:
    feeder, closings = Script(*answers), []
    feeder.close = lambda: closings.append(1)  # type: ignore[attr-defined]
    driver = StreamDriver(MACHINE, feeder)
    for _ in answers:
        driver.pump()
    driver.cancel()
    driver.pump()

    assert closings == [1]


def test_a_file_is_closed_when_its_stream_is_cancelled(tmp_path) -> None:
    path = tmp_path / "source"
    path.write_bytes(TEXT)
    feeder = from_file(path)
    driver = StreamDriver(MACHINE, feeder, flowing(mode="pull"))
    driver.pump()
    driver.cancel()

    assert ask(feeder, DemandHint(64)) == Closed()


def test_a_feeder_that_cannot_be_closed_does_no_harm() -> None:
    feeder = Script(Closed())
    feeder.close = lambda: 1 / 0  # type: ignore[attr-defined]

    assert completed(run_stream(MACHINE, feeder)).result == run(MACHINE, b"")


def test_every_outcome_goes_to_the_sink() -> None:
    sunk: list = []
    driver = StreamDriver(MACHINE, Script(Chunk(LINE), Closed()), sink=sunk.append)
    outcomes = [driver.pump(), driver.pump()]

    assert sunk == outcomes


def test_a_cancelled_stream_ends_with_what_was_parsed() -> None:
    driver = StreamDriver(MACHINE, Script(Chunk(LINE * 3)), flowing())
    driver.pump()
    outcome = driver.cancel("the editor was closed")

    assert driver.state is DriverState.DRAINING
    assert [error.kind for error in outcome.result.errors] == [StreamErrorKind.USER_CANCELLED]
    assert outcome.result.value == run(MACHINE, LINE).value
    assert outcome.result.diagnostics[-1].message == "the editor was closed"
    assert driver.pump() is outcome


# ----------------------------------------------------------------------------------------------------------- run_stream
@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_a_stream_equals_a_run(size: int) -> None:
    parts = [TEXT[i : i + size] for i in range(0, len(TEXT), size)]
    outcome = completed(run_stream(MACHINE, from_pieces(parts)))

    assert outcome.result == run(MACHINE, TEXT)
    assert outcome.meta.chunks_consumed == len(parts)
    assert outcome.meta.bytes_consumed == len(TEXT)


def test_a_stream_that_pauses_goes_on_by_resume() -> None:
    feeder = Script(Chunk(TEXT[:50]), Await())
    waiting = pending(run_stream(MACHINE, feeder))

    assert closed(pending(resume(waiting.continuation, TEXT[50:])).continuation).result == run(MACHINE, TEXT)


def test_a_stream_that_pauses_goes_on_with_its_feeder() -> None:
    feeder = Script(Chunk(TEXT[:50]), Await(), Chunk(TEXT[50:]), Closed())
    waiting = pending(run_stream(MACHINE, feeder))
    outcome = completed(run_stream(MACHINE, feeder, since=waiting.continuation))

    assert outcome.result == run(MACHINE, TEXT)
    assert (outcome.meta.chunks_consumed, outcome.meta.await_count) == (2, 1)


def test_a_stream_that_changes_hands_counts_on() -> None:
    feeder = Script(*[Chunk(LINE * 4)] * 4)
    config = flowing(high_watermark=30, low_watermark=0)
    first = pending(run_stream(MACHINE, feeder, config))
    second = pending(run_stream(MACHINE, Script(*[Chunk(LINE * 4)] * 4), since=first.continuation))

    assert first.meta.backpressure_events > 0
    assert second.meta.backpressure_events == 2 * first.meta.backpressure_events
    assert second.meta.chunks_consumed == 8
    assert second.meta.await_count == first.meta.await_count + 1


def test_a_driver_that_goes_on_counts_a_resume_and_its_latency() -> None:
    clock = Clock()
    driver = StreamDriver(MACHINE, Script(Await(), Await(), Chunk(LINE)), StreamingConfig(clock=clock))
    driver.pump()
    clock.now += 40
    driver.pump()
    clock.now += 2
    meta = pending(driver.pump()).meta

    assert (meta.await_count, meta.resume_count, meta.resume_latency_ns) == (2, 1, 42)


def test_a_configuration_that_cannot_be_honoured_ends_before_the_feeder_is_asked() -> None:
    feeder = Script(Chunk(LINE))
    outcome = completed(run_stream(MACHINE, feeder, flowing(high_watermark=1, low_watermark=2)))

    assert [error.kind for error in outcome.result.errors] == [StreamErrorKind.FEEDER_BUG]
    assert feeder.asked == []


def test_the_first_demand_is_the_high_watermark_and_the_set_boundary() -> None:
    feeder = Script()
    config = RunConfig(extensions={"stream.demand": {"frame_boundary": "span:Let"}})
    run_stream(MACHINE, feeder, config)
    (demand,) = feeder.asked

    assert (demand.min_bytes, demand.preferred_bytes) == (64, 65_536)
    assert demand.frame_boundary == SpanBoundary("Let")
    assert (demand.reason, demand.action) == ("input.exhausted", Action.CONTINUE)


# ----------------------------------------------------------------------------------------------------------------- flow
def test_a_fast_feeder_is_stopped_at_the_high_watermark_and_asked_again_at_the_low_one() -> None:
    feeder = Script(*[Chunk(LINE * 4)] * 8)
    driver = StreamDriver(MACHINE, feeder, flowing(high_watermark=100, low_watermark=20))
    asked, waiting = [], []
    for _ in range(20):
        driver.pump()
        asked.append(len(feeder.asked))
        waiting.append(pending(driver.pump()).continuation.trail.waiting)

    peak = max(sum(map(len, chunks)) for chunks in waiting)
    assert peak <= 100 + 40 + 10
    assert pending(driver.pump()).meta.backpressure_events >= 2
    assert asked[-1] < 20


def test_with_nothing_left_to_parse_a_throttled_stream_pauses_until_a_time() -> None:
    clock = Clock(0)
    feeder = Script(Chunk(LINE), Chunk(LINE))
    driver = StreamDriver(MACHINE, feeder, flowing(clock, policy={"backpressure": {"throttle": 50}}))
    driver.pump()
    held = pending(driver.pump())

    assert (held.reason, held.until) == (PendingReason.THROTTLE, 50)
    assert held.demand.action is Action.PAUSE
    assert len(feeder.asked) == 1
    clock.now = 50
    assert pending(driver.pump()).meta.chunks_consumed == 2


def test_a_debounced_stream_parses_what_came_in_one_go_when_it_is_quiet() -> None:
    clock = Clock(0)
    feeder = Script(Chunk(b"let"), Await(), Chunk(b" x"), Await())
    driver = StreamDriver(MACHINE, feeder, flowing(clock, "pull", policy={"backpressure": {"debounce": 10}}))
    driver.pump()
    held = pending(driver.pump())
    assert (held.reason, held.until) == (PendingReason.DEBOUNCE, 10)
    assert held.continuation.cursor.tail == ""
    clock.now = 9
    driver.pump()
    clock.now = 18
    held = pending(driver.pump())
    assert (held.reason, held.until) == (PendingReason.DEBOUNCE, 19)
    clock.now = 19
    driver.pump()
    driver.pump()

    assert pending(driver.pump()).continuation.cursor.tail == "let x"


def test_text_that_waits_is_part_of_the_continuation() -> None:
    clock = Clock(0)
    config = flowing(clock, "pull", policy={"backpressure": {"debounce": 10}})
    held = pending(run_stream(MACHINE, Script(Chunk(TEXT[:50]), Await()), config))

    assert held.continuation.cursor.tail == ""
    assert closed(pending(resume(held.continuation, TEXT[50:])).continuation).result == run(MACHINE, TEXT)
    assert closed(held.continuation).result == run(MACHINE, TEXT[:50])
    waited = pending(resume(held.continuation, Await()))
    again = completed(run_stream(MACHINE, from_text(TEXT[50:]), since=waited.continuation))
    assert again.result == run(MACHINE, TEXT)


def test_a_manual_flow_asks_for_what_is_granted() -> None:
    feeder = Script(Chunk(LINE), Chunk(LINE), Chunk(LINE))
    driver = StreamDriver(MACHINE, feeder, flowing(policy={"kind": "manual"}))
    held = pending(driver.pump())
    assert (held.reason, held.demand.action) == (PendingReason.DEMAND, Action.PAUSE)
    driver.grant(Demand(bytes=15))
    driver.pump()
    driver.pump()
    held = pending(driver.pump())

    assert held.meta.chunks_consumed == 2
    assert held.reason is PendingReason.DEMAND
    assert feeder.asked[0].preferred_bytes == 64  # never below the minimum
    assert held.meta.lag_nanos is None


def test_a_feeder_may_declare_who_sets_the_pace() -> None:
    feeder = Script(Chunk(LINE * 2), Chunk(LINE * 2))
    feeder.flow_mode = FlowMode.PUSH  # type: ignore[attr-defined]
    driver = StreamDriver(MACHINE, feeder, flowing(mode="auto"))
    driver.pump()
    driver.pump()

    assert len(feeder.asked) == 2


def test_a_pulling_driver_asks_only_when_all_is_parsed() -> None:
    feeder = Script(Chunk(LINE * 3), Chunk(LINE))
    driver = StreamDriver(MACHINE, feeder, flowing(mode="pull"))
    asked = []
    for _ in range(4):
        driver.pump()
        asked.append(len(feeder.asked))

    assert asked == [1, 1, 1, 2]


def test_text_that_lags_stops_its_feeder() -> None:
    clock = Clock(0)
    feeder = Script(*[Chunk(LINE * 3)] * 9)
    driver = StreamDriver(MACHINE, feeder, flowing(clock, policy={"backpressure": {"max_lag": 5}}))
    driver.pump()
    clock.now = 6
    outcome = pending(driver.pump())

    assert len(feeder.asked) == 1
    assert (outcome.meta.lag_nanos, outcome.meta.backpressure_events) == (6, 1)
    assert outcome.meta.buffer_fill_ratio is not None


# ------------------------------------------------------------------------------------------------------------- timeouts
def test_a_feeder_that_awaits_too_long_ends_the_stream() -> None:
    clock = Clock()
    driver = StreamDriver(MACHINE, Script(Chunk(LINE)), StreamingConfig(timeout=100, clock=clock))
    driver.pump()
    driver.pump()
    clock.now += 60
    assert isinstance(driver.pump(), Pending)
    clock.now += 41
    outcome = completed(driver.pump())

    assert outcome.result.errors[0].kind is StreamErrorKind.IO_FAILED
    assert outcome.result.value == run(MACHINE, LINE).value


def test_text_that_comes_late_but_comes_is_taken() -> None:
    clock = Clock()
    driver = StreamDriver(MACHINE, Script(Await(), Chunk(LINE)), StreamingConfig(timeout=100, clock=clock))
    driver.pump()
    clock.now += 1000

    assert pending(driver.pump()).meta.chunks_consumed == 1


# --------------------------------------------------------------------------------------------------------------- events
def test_an_observer_sees_progress_pauses_and_the_end() -> None:
    events: list = []
    clock = Clock(0)
    extensions = {"stream": {"chunk_size": 15}}
    config = StreamingConfig(RunConfig(extensions=extensions), clock=clock, on_diagnostic=events.append)
    driver = StreamDriver(MACHINE, Script(Chunk(LINE * 2), Await(), Closed()), config)
    for _ in range(4):
        clock.now += 5
        driver.pump()

    assert [type(event) for event in events] == [Progress, Progress, Paused, Figures]
    assert [(event.consumed, event.produced, event.lap) for event in events[:2]] == [(15, 0, 5), (20, 0, 5)]
    assert events[0].encoded()["event"] == "parser.stream.progress"
    assert events[2].reason == "feeder.await"
    assert events[3].meta.await_count == 1


def test_the_lineage_of_a_driven_stream_tells_its_pauses() -> None:
    driver = StreamDriver(MACHINE, Script(Chunk(LINE), Await(), Chunk(LINE), Await()))
    for _ in range(5):
        outcome = driver.pump()

    assert pending(outcome).continuation.meta.resume_lineage == ("await@10", "await@20")
