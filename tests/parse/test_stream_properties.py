"""The laws of streaming: however a text is cut, fed, paused or broken off, the outcome is that of a batch run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.driver import StreamDriver, run_stream
from engine.parse.feeder import Await, Chunk, Closed, FeederError, StreamError, StreamErrorKind
from engine.parse.machine import Limits
from engine.parse.result import ParseResult
from engine.parse.run import run
from engine.parse.sources import from_pieces
from engine.parse.stream import Completed, resume
from tests.parse.streams import Clock, closed, completed, cut, opened, pending, pushed
from tests.parse.toy_language import SAMPLE, toy_machine

MACHINE = toy_machine()
GONE = FeederError(StreamError(StreamErrorKind.IO_FAILED, "gone"))

#: what goes wrong at the edges of chunks: line ends, long characters, openers and closers of what spans lines
NASTY = [
    "\r",
    "\n",
    "\r\n",
    "é",
    "😀",
    "\u2028",
    "\x0c",
    "\0",
    "\ufeff",
    '"',
    '"""',
    "/*",
    "*/",
    "//",
    " ",
    "\t",
    "->",
    "-",
]
WORDS = [
    "let",
    "fn",
    "x",
    "a.b",
    "=",
    "+",
    "1",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    '"s"',
    "let x = 1\n",
    "fn f {\n",
    "}\n",
]
texts = st.lists(st.sampled_from(NASTY + WORDS), max_size=30).map(lambda parts: "".join(parts).encode())
raw = texts | st.binary(max_size=40) | st.tuples(texts, st.binary(max_size=3), texts).map(b"".join)
long_lines = st.lists(st.sampled_from([*WORDS[:-3], *NASTY[3:]]), min_size=100, max_size=300).map(
    lambda parts: " ".join(parts).encode()
)
sizes = st.lists(st.integers(0, 5), max_size=60)


def check_equal(result: ParseResult, text: bytes, config: RunConfig | None = None) -> None:
    """Value, diagnostics, recovery, trace and extent are those of a batch run."""
    batch = run(MACHINE, text, config)

    assert result.diagnostics == batch.diagnostics
    assert result == batch


@given(raw, sizes)
def test_any_cut_gives_the_result_of_a_run(text: bytes, parts) -> None:
    check_equal(closed(pushed(opened(MACHINE), cut(text, parts))).result, text)


@given(raw)
def test_single_bytes_give_the_result_of_a_run(text: bytes) -> None:
    check_equal(closed(pushed(opened(MACHINE), cut(text, [1] * len(text)))).result, text)


@given(long_lines, st.lists(st.integers(0, 120), max_size=40))
@settings(max_examples=25)
def test_lines_that_are_divided_into_segments_are_divided_alike(text: bytes, parts) -> None:
    check_equal(closed(pushed(opened(MACHINE), cut(text, parts))).result, text)


@given(raw, sizes)
@settings(max_examples=30)
def test_what_other_texts_have_left_in_the_memo_plays_no_part(text: bytes, parts) -> None:
    stream = closed(pushed(opened(toy_machine()), cut(text, parts)))
    batch = run(toy_machine(), text)

    assert stream.result.diagnostics == batch.diagnostics == run(MACHINE, text).diagnostics
    assert stream.result == batch
    assert stream.result.packrat == batch.packrat


@given(st.lists(raw, min_size=2, max_size=6).map(b"\n".join), sizes)
@settings(max_examples=30)
def test_a_memo_that_forgets_all_the_time_plays_no_part(text: bytes, parts) -> None:
    forgetful = toy_machine(Limits(entries=5, piece_bytes=20))

    check_equal(closed(pushed(opened(forgetful), cut(text, parts))).result, text)
    check_equal(closed(pushed(opened(forgetful), [SAMPLE.encode()] * 3)).result, SAMPLE.encode() * 3)
    assert forgetful.clears > 0


@given(texts, sizes)
def test_a_trace_does_not_depend_on_the_cut(text: bytes, parts) -> None:
    config = RunConfig(trace=True)
    result = closed(pushed(opened(MACHINE, config), cut(text, parts))).result

    assert result.span_trace == run(MACHINE, text, config).span_trace
    check_equal(result, text, config)


@given(texts, sizes)
def test_what_is_left_over_does_not_depend_on_the_cut(text: bytes, parts) -> None:
    config = RunConfig(require_eof=False)

    check_equal(closed(pushed(opened(MACHINE, config), cut(text, parts))).result, text, config)


@given(st.text(max_size=30), st.integers(0, 30))
def test_characters_may_be_pushed_instead_of_bytes(text: str, at: int) -> None:
    result = closed(pushed(opened(MACHINE), [text[:at], text[at:]])).result

    assert result == run(MACHINE, text)


@given(raw, raw, sizes)
def test_resuming_twice_gives_equal_outcomes(text: bytes, more: bytes, parts) -> None:
    place = pushed(opened(MACHINE), cut(text, parts))
    first, second = pending(resume(place, more)), pending(resume(place, more))

    assert first == second
    assert first.demand == second.demand
    assert first.continuation.meta == second.continuation.meta
    assert closed(first.continuation).result == closed(second.continuation).result
    check_equal(closed(place).result, text)


@given(texts, st.integers(0, 200))
def test_looking_changes_nothing(text: bytes, at: int) -> None:
    start = opened(MACHINE)
    place, looked = pushed(start, [text[:at]]), pushed(start, [text[:at]])
    _ = looked.meta, looked.demand, pending(resume(looked, b"")).meta, pending(resume(looked, b"let")).settings

    assert resume(place, text[at:]) == resume(looked, text[at:])


@given(raw, st.integers(0, 60), sizes)
def test_an_error_at_any_point_keeps_what_came_before(text: bytes, at: int, parts) -> None:
    outcome = completed(resume(pushed(opened(MACHINE), cut(text[:at], parts)), GONE))
    batch = run(MACHINE, text[:at])

    assert outcome.result.diagnostics[:-1] == batch.diagnostics
    assert outcome.result.diagnostics[-1].code == "parser.stream.io_failed"
    assert outcome.result.value == batch.value
    assert outcome.meta.bytes_consumed == len(text[:at])


# ------------------------------------------------------------------------------------------------------------ drivers
flows = st.fixed_dictionaries(
    {"mode": st.sampled_from(["auto", "push", "pull", "hybrid"])},
    optional={
        "high_watermark": st.integers(0, 40),
        "policy": st.fixed_dictionaries(
            {},
            optional={
                "backpressure": st.fixed_dictionaries(
                    {}, optional={name: st.integers(0, 5) for name in ("max_lag", "debounce", "throttle")}
                )
            },
        ),
    },
)


def driven(driver: StreamDriver, clock: Clock, most: int) -> Completed:
    """The end of a driven stream, within `most` steps, on a clock that runs on a little with every step."""
    for _ in range(most):
        clock.now += 1
        outcome = driver.pump()
        if isinstance(outcome, Completed):
            return outcome
    raise AssertionError(f"no end after {most} steps")


@given(raw, sizes, flows, st.integers(1, 30), st.data())
def test_any_flow_and_any_pauses_give_the_result_of_a_run(text: bytes, parts, flow, chunk_size: int, data) -> None:
    answers: list = []
    for part in cut(text, parts):
        answers += [Await()] * data.draw(st.integers(0, 2)) + [Chunk(part)] * bool(part)
    answers.append(Closed())
    clock, total = Clock(), len(answers) + len(text)
    config = RunConfig(extensions={"stream": {"chunk_size": chunk_size}, "stream.flow": flow})
    driver = StreamDriver(
        MACHINE, lambda _: answers.pop(0), StreamingConfig(config, clock=clock, timeout=None, demand_cap=None)
    )
    outcome = driven(driver, clock, 12 * total + 50)

    check_equal(outcome.result, text, config)
    assert outcome.meta.bytes_consumed == len(text)


@given(raw, sizes, st.integers(0, 20))
def test_a_stream_may_change_hands_at_every_pause(text: bytes, parts, at: int) -> None:
    answers = [Chunk(part) for part in cut(text, parts) if part]
    answers[at:at] = [Await()]  # type: ignore[list-item]
    answers.append(Closed())  # type: ignore[arg-type]

    def feeder(_demand):
        return answers.pop(0)

    first = run_stream(MACHINE, feeder)
    outcome = first if isinstance(first, Completed) else run_stream(MACHINE, feeder, since=first.continuation)

    check_equal(completed(outcome).result, text)


answers_ = st.one_of(
    texts.map(Chunk),
    st.just(Chunk(b"")),
    st.just(Await()),
    st.just(Closed()),
    st.just(GONE),
    st.sampled_from([None, 3, b"raw", Chunk(None), Chunk(bytearray(b"let"))]),  # type: ignore[arg-type]
    st.sampled_from([OSError(5, "io"), ValueError("bug"), UnicodeDecodeError("utf-8", b"x", 0, 1, "odd")]),
)


@given(st.lists(answers_, max_size=12), st.integers(1, 9))
def test_no_feeder_makes_a_driver_raise_or_hang(answers, chunk_size: int) -> None:
    rest = iter(answers)

    def feeder(_demand):
        answer = next(rest, Closed())
        if isinstance(answer, Exception):
            raise answer
        return answer

    config = RunConfig(extensions={"stream": {"chunk_size": chunk_size}})
    clock = Clock()
    driver = StreamDriver(MACHINE, feeder, StreamingConfig(config, clock=clock))
    outcome = driven(driver, clock, 2000)

    assert len(outcome.result.errors) <= 1
    assert driver.pump() is outcome


# ------------------------------------------------------------------------------------------------------------- corpora
@pytest.mark.parametrize("size", range(1, 9))
def test_every_cut_of_short_nasty_texts_gives_the_result_of_a_run(size: int) -> None:
    text = 'é\r\n"a"/*\r\r*/😀'.encode()
    for start in range(size):
        check_equal(closed(pushed(opened(MACHINE), cut(text, [start, *[size] * 20]))).result, text)


def test_a_long_text_in_small_parts_takes_each_piece_once() -> None:
    machine, text = toy_machine(), (SAMPLE * 100).encode()
    outcome = closed(pushed(opened(machine), cut(text, [64] * (len(text) // 64))))

    assert outcome.result.diagnostics == ()
    assert outcome.meta.packrat.queries == text.count(b"\n") + 1


def test_deep_nesting_is_cut_anywhere_without_recursion() -> None:
    text = b"let x = " + b"[" * 3000 + b"1" + b"]" * 3000 + b"\n" + b"let y = [\n" * 500
    result = closed(pushed(opened(MACHINE), cut(text, [97] * 60))).result

    check_equal(result, text)


def test_ten_megabytes_cost_what_their_pieces_cost() -> None:
    machine, block = toy_machine(), b"let x = [1, 2, 3]\nfn f { a.b = x }\n" * 1000
    blocks = 10_000_000 // len(block)
    outcome = completed(run_stream(machine, from_pieces([block] * blocks), StreamingConfig(collect=False)))

    assert outcome.result.diagnostics == ()
    assert outcome.meta.bytes_consumed == blocks * len(block)
    assert outcome.meta.packrat.queries == blocks * 2000 + 1
    assert outcome.meta.packrat.queries - outcome.meta.packrat.hits < 10
    assert machine.entries < 100
