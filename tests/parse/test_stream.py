"""Continuations: resuming, describing, ending."""

from __future__ import annotations

import gc
import json
import tracemalloc

import pytest

from engine.parse.audit import Failed, Figures, Paused
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.extensions import STREAM_FIELDS, decode_stream, stream_fields, with_stream_extension
from engine.parse.feeder import (
    Action,
    Await,
    Chunk,
    Closed,
    FeederError,
    PendingReason,
    StreamError,
    StreamErrorKind,
    TokenClass,
)
from engine.parse.flow import Demand
from engine.parse.meta import stream_meta_problems
from engine.parse.run import run
from engine.parse.source import Position, Span
from engine.parse.stream import Completed, Continuation, open_stream, resume
from tests.parse.streams import Clock, closed, completed, cut, opened, pending, pushed
from tests.parse.toy_language import SAMPLE, toy_machine

MACHINE = toy_machine()
TEXT = SAMPLE.encode()
GONE = StreamError(StreamErrorKind.IO_FAILED, "the line is dead", "errno 5")


# ------------------------------------------------------------------------------------------------------------- going on
def test_a_stream_that_is_fed_and_closed_gives_the_result_of_a_run() -> None:
    outcome = closed(pushed(opened(MACHINE), cut(TEXT, [7] * 5)))

    assert outcome.result == run(MACHINE, TEXT)
    assert outcome.result.diagnostics == ()
    assert outcome.meta.bytes_consumed == len(TEXT)


@pytest.mark.parametrize("more", [TEXT, SAMPLE, bytearray(TEXT), memoryview(TEXT), Chunk(TEXT), Chunk(SAMPLE)])
def test_every_way_to_hand_over_text_is_the_same(more) -> None:
    assert closed(pending(resume(opened(MACHINE), more)).continuation).result == run(MACHINE, TEXT)


def test_resuming_changes_nothing_so_it_can_be_done_again() -> None:
    place = pushed(opened(MACHINE), [TEXT[:40]])
    first = resume(place, TEXT[40:])
    closed(place)
    second = resume(place, TEXT[40:])

    assert first == second
    assert pending(first).continuation is not pending(second).continuation
    assert closed(pending(second).continuation).result == run(MACHINE, TEXT)


def test_different_text_leads_to_a_different_place() -> None:
    place = opened(MACHINE)

    assert resume(place, b"let x = 1\n") != resume(place, b"let x = 2")
    assert resume(place, b"let x = 1\n").__eq__(3) is False


def test_a_stream_can_be_resumed_from_after_every_byte() -> None:
    text = TEXT + "let ä = 1 + \r\n}".encode()
    place = opened(MACHINE)
    for size in range(len(text) + 1):
        assert closed(place).result == run(MACHINE, text[:size]), size
        assert closed(pending(resume(place, text[size:])).continuation).result == run(MACHINE, text), size
        place = pending(resume(place, text[size : size + 1])).continuation


def test_an_empty_text_is_no_end() -> None:
    place = pushed(opened(MACHINE), [b"let", b"", "", b" x = 1"])

    assert closed(place).result.diagnostics == ()
    assert place.steps == 4


def test_text_that_ends_too_early_is_completed_with_a_diagnostic() -> None:
    outcome = closed(pushed(opened(MACHINE), [b"fn main {\n"]))
    (diagnostic,) = outcome.result.diagnostics

    assert diagnostic.code == "parser.syntax.expected_tokens"
    assert diagnostic.span == Span(Position(1, 0), Position(1, 0))
    assert diagnostic.expected is not None
    assert "}" in [alternative.label for alternative in diagnostic.expected.alternatives]


def test_an_unfinished_character_at_the_end_is_reported_like_in_a_run() -> None:
    text = 'let x = "é"'.encode()[:-2]

    assert closed(pushed(opened(MACHINE), [text])).result == run(MACHINE, text)


# -------------------------------------------------------------------------------------------------------- other answers
def test_a_feeder_that_awaits_leaves_the_place_as_it_is() -> None:
    place = pushed(opened(MACHINE), [TEXT[:40]])
    waiting = pending(resume(place, Await()))

    assert waiting.reason is PendingReason.FEEDER_AWAIT
    assert waiting.demand.reason == "feeder.await"
    assert waiting.meta.await_count == 1
    assert closed(pushed(waiting.continuation, [TEXT[40:]])).result == run(MACHINE, TEXT)


@pytest.mark.parametrize("size", [0, 1, 30, 57, len(TEXT)])
def test_an_error_completes_a_stream_wherever_it_stands(size: int) -> None:
    outcome = completed(resume(pushed(opened(MACHINE), [TEXT[:size]]), FeederError(GONE)))
    *rest, last = outcome.result.diagnostics
    here = run(MACHINE, TEXT[:size])

    assert tuple(rest) == here.diagnostics
    assert outcome.result.value == here.value
    assert (last.code, last.message) == ("parser.stream.io_failed", "the line is dead (errno 5)")
    assert last.span.start == last.span.end == here.span.end
    assert last.expected is not None
    assert last.expected.alternatives
    assert outcome.result.errors == (GONE,)


@pytest.mark.parametrize("more", [None, 3, ["a"], Completed])
def test_what_is_no_text_is_a_feeder_bug(more) -> None:
    place = pushed(opened(MACHINE, StreamingConfig(on_diagnostic=lambda event: None)), [b"let"])
    outcome = completed(resume(place, more))

    assert [error.kind for error in outcome.result.errors] == [StreamErrorKind.FEEDER_BUG]


def test_a_configuration_that_cannot_be_honoured_completes_at_once() -> None:
    config = RunConfig(extensions={"stream.flow": {"high_watermark": 1, "low_watermark": 2}})
    outcome = completed(open_stream(MACHINE, config))

    assert [error.kind for error in outcome.result.errors] == [StreamErrorKind.FEEDER_BUG]
    assert "high_watermark" in outcome.result.diagnostics[-1].message


def test_a_frame_boundary_that_the_language_does_not_have_completes_at_once() -> None:
    config = RunConfig(extensions={"stream.demand": {"frame_boundary": "token:SEMICOLON"}})
    outcome = completed(open_stream(MACHINE, config))

    assert "token:SEMICOLON" in outcome.result.errors[0].message


# ----------------------------------------------------------------------------------------------------------------- time
def test_a_pause_that_is_too_long_is_over_for_good() -> None:
    clock = Clock()
    place = pushed(opened(MACHINE, StreamingConfig(timeout=1000, clock=clock)), [b"let x = 1\n"])
    clock.now += 1000
    in_time = resume(place, b"let y = 2\n")
    clock.now += 1
    late = completed(resume(place, b"let y = 2\n"))

    assert pending(in_time).timeout == 1000
    assert late.result.errors[0].kind is StreamErrorKind.IO_FAILED
    assert "nothing came for 1e-06 s" in late.result.errors[0].message
    assert late.result.value == run(MACHINE, "let x = 1\n").value


def test_an_end_that_comes_late_is_still_the_end() -> None:
    clock = Clock()
    place = pushed(opened(MACHINE, StreamingConfig(timeout=1000, clock=clock)), [TEXT])
    clock.now += 5000

    assert closed(place).result == run(MACHINE, TEXT)
    assert completed(resume(place, FeederError(GONE))).result.errors == (GONE,)
    assert completed(resume(place, Await())).result.errors[0].message == "nothing came for 1e-06 s"


def test_without_a_timeout_a_stream_waits_for_ever() -> None:
    clock = Clock()
    place = opened(MACHINE, StreamingConfig(timeout=None, clock=clock))
    clock.now += 10**18

    assert pending(resume(place, b"let x = 1\n")).timeout is None


def test_the_latency_is_the_time_from_the_pause_to_its_resume() -> None:
    clock = Clock()
    place = opened(MACHINE, StreamingConfig(clock=clock))
    clock.now += 70
    first = pending(resume(place, b"let"))
    clock.now += 30
    second = pending(resume(first.continuation, b" x"))

    assert (first.meta.resume_latency_ns, second.meta.resume_latency_ns) == (70, 30)


# ---------------------------------------------------------------------------------------------------------- description
def test_the_demand_is_the_very_hint_of_the_description() -> None:
    waiting = pending(resume(opened(MACHINE), b"let x = 1\nlet"))

    assert waiting.demand is waiting.continuation.meta.resume_hint
    assert waiting.demand is waiting.demand
    assert waiting.meta is waiting.meta
    assert (waiting.demand.min_bytes, waiting.demand.preferred_bytes) == (64, 256)
    assert waiting.demand.action is Action.CONTINUE


def test_settings_and_caps_shape_the_demand() -> None:
    least = RunConfig(extensions={"stream": {"demand_min_bytes": 4}, "stream.demand": {"frame_boundary": "token:NL"}})
    own = pending(resume(opened(MACHINE, least), b"let")).demand
    marked = pending(resume(opened(MACHINE, RunConfig(extensions={"stream.flow": {}})), b"let")).demand
    capped = pending(resume(opened(MACHINE, StreamingConfig(demand_cap=Demand(bytes=100))), b"let")).demand

    assert (own.min_bytes, own.preferred_bytes, own.frame_boundary) == (4, 16, TokenClass("NL"))
    assert (marked.min_bytes, marked.preferred_bytes) == (64, 65_536)
    assert (capped.min_bytes, capped.preferred_bytes) == (64, 100)


def test_a_description_says_what_may_come_next_and_where_the_parser_is_sure() -> None:
    meta = pushed(opened(MACHINE), [b"let x = 1\nfn f {\n  let yy ="]).meta

    assert meta.expected_tokens.humanized == "expected value"
    assert meta.trace_label == "Let"
    assert meta.commit_watermark == len("let x = 1\nfn f {\n")
    assert bytes(meta.buffered) == b"  let yy ="
    assert meta.last_checkpoint is None


def test_the_commit_watermark_waits_while_alternatives_are_undecided() -> None:
    decided, undecided = b"let x = 1\n", b"a.\nb.\n"
    place = pushed(opened(MACHINE), [decided, undecided])

    assert place.meta.commit_watermark == len(decided)
    assert pushed(place, [b"c = 3\n"]).meta.commit_watermark == len(decided + undecided) + len("c = 3\n")


def test_the_last_checkpoint_is_the_rule_that_was_finished_last() -> None:
    config = RunConfig(trace=True)
    place = pushed(opened(MACHINE, config), [b"let x = 1\nfn f {\n  let y = 2\n  let z = 3\n"])

    assert place.meta.last_checkpoint == Span(Position(2, 2), Position(2, 11))
    assert opened(MACHINE, config).meta.last_checkpoint is None
    (*_, last) = closed(place).result.span_trace or ()
    assert last.label == "Function"


def test_the_buffered_text_is_a_view_of_the_parsers_own() -> None:
    place = pushed(opened(MACHINE), ["let x = 1\nlet ä".encode()[:-1]])
    buffered = place.meta.buffered

    assert buffered.text is place.cursor.tail
    assert (buffered.text, buffered.held, len(buffered)) == ("let ", b"\xc3", 5)


def test_a_description_stays_small_however_long_the_stream_is() -> None:
    place = opened(MACHINE)
    for number in range(300):
        place = pushed(place, [b"let x = 1\n"] * (number % 5))
        place = pending(resume(place, Await())).continuation if number % 3 else place
    meta = place.meta

    assert meta.own_bytes <= 512
    assert len(meta.expected_tokens.alternatives) <= 12
    assert len(meta.resume_lineage) == 8
    assert len(json.dumps(Paused(place.reason.value, meta).encoded())) <= 1500


def test_the_lineage_tells_the_latest_pauses_and_resumes() -> None:
    place = pushed(opened(MACHINE), [b"let x = 1\n"] * 3)
    place = pending(resume(place, Await())).continuation
    place = pushed(place, [b"let x = 1\n"])

    assert place.meta.resume_lineage == ("resume*3", "await@30", "resume*1")


def test_the_note_of_a_pause_says_how_much_is_wanted_and_what_may_come() -> None:
    place = pushed(opened(MACHINE), [b"let x ="])
    note = place.meta.to_resume_note(place.cursor.position)

    assert note.code == "parser.stream.pending"
    assert note.severity.value == "hint"
    assert note.span == Span(Position(0, 7), Position(0, 7))
    assert note.message == "at least 64 more bytes are wanted (input.exhausted); expected value, in a let"
    assert note.expected is not None
    assert [alternative.label for alternative in note.expected.alternatives] == ["value"]


# -------------------------------------------------------------------------------------------------------------- figures
def test_the_figures_of_a_stream_are_exact() -> None:
    place = pushed(opened(toy_machine()), [b"let x = 1\n", b"let x = 1\nlet y", b" = )\n", b"let"])
    place = pending(resume(place, Await())).continuation
    meta = pending(resume(place, b" z")).meta

    assert meta.bytes_consumed == 35
    assert (meta.chunks_consumed, meta.await_count, meta.resume_count) == (5, 1, 5)
    assert (meta.backpressure_events, meta.last_reason) == (0, "input.exhausted")
    assert tuple(meta.packrat) == (3, 0)  # the first line of a text has a state of its own
    assert meta.diagnostics_pending == 1
    assert meta.memo_bytes > 0
    assert (meta.lag_nanos, meta.buffer_fill_ratio) == (None, None)
    assert stream_meta_problems(meta.encoded()) == []


def test_nothing_has_been_a_reason_before_the_first_pause() -> None:
    assert pending(open_stream(MACHINE)).meta.last_reason is None


def test_with_a_flow_that_runs_by_itself_lag_and_fill_are_known() -> None:
    config = RunConfig(extensions={"stream.flow": {"high_watermark": 10, "low_watermark": 0}})
    meta = pending(resume(opened(MACHINE, config), b"let x")).meta

    assert (meta.lag_nanos, meta.buffer_fill_ratio) == (0, 0.5)


def test_a_batch_and_a_stream_use_the_memo_alike() -> None:
    text = TEXT * 5 + b"let last = 1"
    batch = run(toy_machine(), text)
    place = opened(toy_machine())
    for part in cut(text, [11] * 40):
        place = pushed(place, [part])
        place.meta.expected_tokens.humanized.upper()  # looking must not count
    stream = closed(place)

    assert stream.result.packrat == batch.packrat == stream.meta.packrat
    assert batch.packrat.hits > 0


def test_the_memo_is_shared_by_all_streams_of_a_machine() -> None:
    machine, text = toy_machine(), b"let x = 1\nlet y = [1, 2]\n" * 4
    run(machine, text)
    again = closed(pushed(opened(machine), cut(text, [10] * 9)))

    assert again.meta.packrat.hits == again.meta.packrat.queries == 9


def test_without_packrat_the_memo_is_not_counted() -> None:
    outcome = closed(pushed(opened(MACHINE, RunConfig(packrat=False)), [TEXT]))

    assert tuple(outcome.meta.packrat) == (0, 0)
    assert outcome.result == run(MACHINE, TEXT)


def test_text_before_the_commit_watermark_is_let_go() -> None:
    line = b"let x = [1, 2, 3]\n"
    place = pushed(opened(MACHINE, StreamingConfig(collect=False)), [line * 100] * 20)
    gc.collect()
    tracemalloc.start()
    place = pushed(place, [line * 100] * 200)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert place.cursor.byte_offset == 220 * 100 * len(line)
    assert grown < 200_000  # of 360 000 bytes fed; what is kept is a bounded stretch for messages


# --------------------------------------------------------------------------------------------------------------- events
def test_an_observer_is_told_of_pauses_errors_and_figures() -> None:
    events: list = []
    config = StreamingConfig(RunConfig(trace=True), on_diagnostic=events.append, resume_notes=True)
    place = pushed(opened(MACHINE, config), [b"let x = 1\nlet y = 2\n", b"let"])
    outcome = completed(resume(place, FeederError(GONE)))

    assert [event.name for event in events] == [
        "parser.stream.pending",
        "parser.stream.pending",
        "parser.stream.error",
        "parser.stream.metrics",
    ]
    pause, failed, figures = events[1], events[2], events[3]
    assert isinstance(pause, Paused)
    assert pause.note is not None
    assert "expected name" in pause.note.message
    assert isinstance(failed, Failed)
    assert failed.diagnostic is outcome.result.diagnostics[-1]
    assert failed.last_checkpoint == Span(Position(0, 0), Position(0, 9))
    assert failed.encoded()["stream.last_reason"] == "input.exhausted"
    assert figures == Figures(outcome.meta)


def test_without_notes_switched_on_pauses_carry_none() -> None:
    events: list = []
    pushed(opened(MACHINE, StreamingConfig(on_diagnostic=events.append)), [b"let"])

    assert [event.note for event in events] == [None]


# ---------------------------------------------------------------------------------------------------------- projections
def test_the_state_after_a_resume_is_projected_into_the_configuration() -> None:
    config = RunConfig(extensions={"stream": {"chunk_size": 7}, "lex": {"profile": "ascii"}})
    waiting = pending(resume(pushed(opened(MACHINE, config), [b"let x = 1\nlet"]), Await()))
    projected = with_stream_extension(config, waiting.settings)

    assert tuple(stream_fields(projected.extensions)) == STREAM_FIELDS
    assert projected.extensions["stream"]["checkpoint"] == "byte:10"
    assert projected.extensions["stream"]["resume_reason"] == "feeder.await"
    assert projected.extensions["stream"]["chunk_size"] == 7
    assert projected.extensions["stream.demand"]["min_bytes"] == waiting.demand.min_bytes
    assert projected.extensions["lex"] == {"profile": "ascii"}
    assert decode_stream(projected.extensions)[1] == ()
    again = pushed(opened(MACHINE, projected), [b"let x = 1\n", b"let y = 2\n"])
    assert pending(resume(again, b"")).settings.checkpoint == "byte:20"


def test_a_checkpoint_with_a_name_keeps_it() -> None:
    config = RunConfig(extensions={"stream": {"checkpoint": "unit-test"}})

    assert pending(resume(opened(MACHINE, config), TEXT)).settings.checkpoint == "unit-test"


# ------------------------------------------------------------------------------------------------- places in a document
def test_a_place_in_a_document_is_resumed_with_complete_pieces() -> None:
    state = opened(MACHINE).cursor.feed("fn f {\n").state
    reached = resume(Continuation.at(MACHINE, state), ["let x = 1\n", "}\n"])

    assert reached.continuation.cursor.state is opened(MACHINE).cursor.feed("fn f {\nlet x = 1\n}\n").state
    assert resume(Continuation.at(MACHINE, state), []).continuation.cursor.state is state


def test_a_closed_stream_says_how_it_went_in_its_repr() -> None:
    place = pushed(opened(MACHINE), [b"let x = 1\nlet"])

    assert repr(pending(resume(place, b""))) == "Pending(Continuation(line 1, byte 10, input.exhausted))"
    assert repr(completed(resume(place, Closed())).result) == (
        "ParseResult(1 diagnostics, recovered=True, to Position(line=1, column=3))"
    )
