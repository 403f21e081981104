"""Feeders that lie: nothing hangs, nothing raises, what was good is kept."""

from __future__ import annotations

import itertools

import pytest

from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.driver import EMPTY_CHUNKS, StreamDriver, run_stream
from engine.parse.feeder import Await, Chunk, Closed, FeederError, StreamError, StreamErrorKind
from engine.parse.flow import Demand
from engine.parse.run import run
from engine.parse.sources import from_file, from_pieces
from engine.parse.stream import Completed
from tests.parse.streams import completed
from tests.parse.toy_language import toy_machine

MACHINE = toy_machine()
GOOD = b"let x = 1\nlet y"


def kinds(outcome: Completed) -> list[str]:
    return [error.kind.value for error in outcome.result.errors]


def check_ends_with(feeder, kind: str, kept: bytes = GOOD, config=None) -> Completed:
    """The stream ends by an error of this kind, after the diagnostics and with the value of what it had given."""
    outcome = completed(run_stream(MACHINE, feeder, config))

    assert kinds(outcome) == [kind]
    assert outcome.result.value == run(MACHINE, kept).value
    assert outcome.result.diagnostics[:-1] == run(MACHINE, kept).diagnostics
    assert outcome.result.diagnostics[-1].code == f"parser.stream.{kind}"
    return outcome


def playing(*answers):
    """A feeder that gives these answers; exceptions among them are raised; then it complains about being asked."""
    rest = iter(answers)

    def feeder(_demand):
        answer = next(rest, AssertionError("asked after its end"))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return feeder


@pytest.mark.parametrize(
    "answer, kind",
    [
        (OSError(5, "Input/output error"), "io_failed"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "odd"), "decoder_failed"),
        (ValueError("nonsense"), "feeder_bug"),
        (RecursionError("deep"), "feeder_bug"),
        (None, "feeder_bug"),
        (b"bare bytes", "feeder_bug"),
        (Chunk([1, 2]), "feeder_bug"),  # type: ignore[arg-type]
        (Chunk(None), "feeder_bug"),  # type: ignore[arg-type]
        (FeederError(StreamError(StreamErrorKind.DECODER_FAILED, "bad frame")), "decoder_failed"),
    ],
)
def test_a_feeder_that_goes_wrong_ends_the_stream_with_a_value(answer, kind: str) -> None:
    check_ends_with(playing(Chunk(GOOD), answer), kind)


def test_a_feeder_that_goes_wrong_at_once_leaves_an_empty_text() -> None:
    check_ends_with(playing(ValueError("nonsense")), "feeder_bug", b"")


def test_a_feeder_that_gives_nothing_for_ever_is_stopped() -> None:
    asked = itertools.count()

    def feeder(_demand):
        next(asked)
        return Chunk(b"")

    check_ends_with(feeder, "feeder_bug", b"")
    assert next(asked) == EMPTY_CHUNKS + 1


def test_a_few_empty_chunks_between_others_are_forgiven() -> None:
    parts = [b"", *[b""] * (EMPTY_CHUNKS - 1), GOOD[:4], *[b""] * EMPTY_CHUNKS, GOOD[4:], b""]
    outcome = completed(run_stream(MACHINE, from_pieces(parts)))

    assert outcome.result == run(MACHINE, GOOD)
    assert outcome.meta.chunks_consumed == 2


def test_a_feeder_that_exceeds_the_cap_is_stopped() -> None:
    config = StreamingConfig(demand_cap=Demand(bytes=100))

    outcome = check_ends_with(playing(Chunk(GOOD), Chunk(b"x" * 101)), "feeder_bug", GOOD, config)
    assert "101" in outcome.result.errors[0].message


def test_without_a_cap_more_than_was_asked_for_is_parsed_in_steps() -> None:
    text = b"let x = 1\n" * 1000
    config = RunConfig(extensions={"stream": {"chunk_size": 100}, "stream.flow": {"high_watermark": 64}})
    outcome = completed(run_stream(MACHINE, from_pieces([text]), config))

    assert outcome.result == run(MACHINE, text)


@pytest.mark.parametrize("last", [Closed(), FeederError(StreamError(StreamErrorKind.IO_FAILED, "gone"))])
def test_a_feeder_is_never_asked_after_its_end(last) -> None:
    config = RunConfig(extensions={"stream": {"chunk_size": 3}, "stream.flow": {"mode": "push"}})
    driver = StreamDriver(MACHINE, playing(Chunk(GOOD), last), config)
    outcome = driver.pump()
    for _ in range(20):
        outcome = driver.pump()

    assert "feeder_bug" not in kinds(completed(outcome))


def test_a_feeder_that_awaits_for_ever_never_blocks_its_caller() -> None:
    driver = StreamDriver(MACHINE, lambda _: Await(), StreamingConfig(timeout=None))
    outcomes = [driver.pump() for _ in range(50)]

    assert all(not isinstance(outcome, Completed) for outcome in outcomes)
    assert driver.idle


def test_a_file_that_vanishes_between_two_reads_ends_the_stream(tmp_path) -> None:
    path = tmp_path / "source"
    path.write_bytes(GOOD)
    whole = completed(run_stream(MACHINE, from_file(path)))
    path.unlink()
    gone = check_ends_with(from_file(path), "io_failed", b"")

    assert whole.result == run(MACHINE, GOOD)
    assert gone.result.errors[0].cause == "errno 2"


def test_an_interrupt_reaches_the_caller() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_stream(MACHINE, playing(Chunk(GOOD), KeyboardInterrupt()))


def test_the_first_error_is_the_one_that_counts() -> None:
    driver = StreamDriver(MACHINE, playing(Chunk(GOOD * 50), OSError("first")))
    driver.pump()
    driver.pump()

    assert kinds(driver.cancel()) == ["io_failed"]
