"""Recordings: what is written is what happened, and what is read back is checked line by line."""

from __future__ import annotations

import json

import pytest

from engine.parse import recording as recording_module
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.extensions import STREAM_FIELDS, SWITCHES, decode_run_config, encode_run_config, stream_fields
from engine.parse.recording import Recorder, digests, read_recording
from engine.parse.recovery import INVALID_UTF8
from engine.parse.run import run
from engine.parse.source import Span
from engine.parse.stream import open_stream, resume
from tests.parse.streams import Clock, closed, pending
from tests.parse.toy_language import SAMPLE, toy_machine
from tests.recordings import Record, as_bytes, of_kind, recorded


@pytest.fixture(scope="module")
def good() -> list[Record]:
    return recorded()


def problems(content: bytes) -> list[tuple[int, str]]:
    lines = content.splitlines(keepends=True)
    return [(line.line, problem) for line in read_recording(lines) for problem in line.problems]


# -------------------------------------------------------------------------------------------------------------- writing
def test_what_is_written_is_read_without_a_problem(good: list[Record]) -> None:
    read = list(read_recording(as_bytes(good).splitlines(keepends=True)))

    assert [line.problems for line in read] == [()] * len(good)
    assert [line.record for line in read] == good
    assert [line.line for line in read] == list(range(1, len(good) + 1))


def test_each_stream_is_told_from_its_configuration_to_its_outcome(good: list[Record]) -> None:
    for number in range(1, len(of_kind(good, "stream")) + 1):
        own = [record for record in good if record["stream"] == number]
        events = [record["event"] for record in own if record["kind"] == "event"]

        assert own[0]["kind"] == "stream"
        assert own[-1]["kind"] == "outcome"
        assert events[0] == "parser.stream.progress"
        assert events[-2:] == ["parser.stream.pending", "parser.stream.metrics"]


def test_the_configuration_is_whole_before_and_after(good: list[Record]) -> None:
    for record in [*of_kind(good, "stream"), *of_kind(good, "outcome")]:
        config, odd = decode_run_config(record["run_config"])

        assert odd == ()
        assert tuple(stream_fields(config.extensions)) == STREAM_FIELDS
        assert tuple(record["run_config"]["switches"]) == SWITCHES
    assert of_kind(good, "outcome")[0]["run_config"]["extensions"]["stream"]["resume_reason"] == "feeder.await"


def test_the_switches_are_those_of_a_run() -> None:
    assert tuple(encode_run_config(RunConfig())["switches"]) == SWITCHES  # type: ignore[arg-type]


def test_a_stream_that_is_pushed_can_be_recorded() -> None:
    written: list[str] = []
    recording = Recorder(written.append).begin("by hand", "toy", RunConfig())
    first = pending(open_stream(toy_machine(), StreamingConfig(on_diagnostic=recording.event, clock=Clock())))
    closed(pending(resume(first.continuation, SAMPLE)).continuation)

    assert [json.loads(line).get("event") for line in written] == [
        None,
        "parser.stream.pending",
        "parser.stream.metrics",
    ]
    assert problems("".join(written).encode()) == []


def test_only_syntax_errors_are_written() -> None:
    written: list[str] = []
    recording = Recorder(written.append).begin("x", "toy", RunConfig())
    (error,) = run(toy_machine(), "let = 1\n").diagnostics[:1]
    at = Span.on_line(0, 0, 1)
    warning, bytes_ = (
        Diagnostic("x", Severity.WARNING, "", at),
        Diagnostic(INVALID_UTF8, Severity.ERROR, "", at),
    )
    recording.errors([warning, bytes_, error])

    (record,) = [json.loads(line) for line in written[1:]]
    assert record["code"] == error.code
    assert record["span"] == [0, error.span.start.column, 0, error.span.end.column]
    assert record["expected"]["alternatives"]


@pytest.mark.parametrize(
    ("text", "other", "differ"),
    [
        ("let x = 1\n", "let x = 1\n", set()),
        ("let x = 1\n", "let x = 2\n", {"value"}),
        ("let x = 1\n", "let x = 10\n", {"value"}),
        ("let x = 1\n", "let x = 1\nlet y = 2\n", {"value", "extent"}),
        ("let x = 1\n", "let x = )\n", {"value", "diagnostics", "recovery"}),
    ],
)
def test_digests_tell_which_parts_of_two_results_differ(text: str, other: str, differ: set[str]) -> None:
    one, two = (digests(run(toy_machine(), each)) for each in (text, other))

    assert {part for part in one if one[part] != two[part]} == differ


def test_the_tree_of_a_large_text_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "let x = 1\n"
    monkeypatch.setattr(recording_module, "TREE_LIMIT", len(text))

    assert set(digests(run(toy_machine(), text))) - set(digests(run(toy_machine(), text * 2))) == {"value"}


# -------------------------------------------------------------------------------------------------------------- reading
@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{\n", "is not JSON"),
        (b'{"kind"', "is cut short, the recording was not finished"),
        (b"\xff\xfe\n", "is not JSON"),
        (b"[" * 100_000 + b"\n", "is not JSON"),
        (b"[]\n", "must hold an object, not list"),
        (b"{}\n", "kind must be one of stream, event, diagnostic, outcome, not null"),
        (b'{"kind":["stream"]}\n', "kind must be one of"),
        (b'{"kind":"event"}\n', "schema_version must be 1, not null"),
        (b'{"kind":"event","schema_version":2}\n', "schema_version must be 1, not 2"),
        (b'{"kind":"event","schema_version":1,"stream":"1"}\n', 'stream must be a count, not "1"'),
        (b'{"kind":"event","schema_version":1,"stream":9}\n', "stream 9 has not begun"),
        (b'{"kind":"stream","schema_version":1,"stream":1}\n', "stream 1 has begun before"),
    ],
)
def test_what_is_no_line_of_a_recording_is_said(good: list[Record], line: bytes, says: str) -> None:
    ((number, problem),) = problems(as_bytes(good[:2]) + line)

    assert number == 3
    assert says in problem


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("stream", {"source": 3}, "source must be a text, not 3"),
        ("outcome", {"streamed": {"value": 3}}, 'streamed must be an object of texts, not {"value": 3}'),
        ("outcome", {"batch": None}, "batch must be an object of texts, not null"),
        ("outcome", {"resume_lineage": "await@3"}, "resume_lineage must be a list of texts"),
        ("outcome", {"memo_bytes": -1}, "memo_bytes must be a count, not -1"),
        ("diagnostic", {"span": [1, 2, 3]}, "span must be four counts"),
        ("parser.stream.pending", {"event": "parser.stream.idle"}, "event must be one of parser.stream.progress,"),
        ("parser.stream.pending", {"event": {}}, "event must be one of"),
        ("parser.stream.progress", {"lap": 1.5}, "lap must be a count, not 1.5"),
        ("parser.stream.progress", {"lap": "x" * 99}, "…"),
        ("parser.stream.metrics", {"stream_meta": {}}, "stream_meta: bytes_consumed is missing"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(good: list[Record], kind: str, change: Record, says: str) -> None:
    begun = good[0] if kind != "stream" else {**good[0], "stream": 99}

    found = problems(as_bytes([begun, {**of_kind(good, kind)[0], "stream": 1, **change}]))

    assert {number for number, _ in found} == {2}
    assert says in found[0][1]
    assert len(found[0][1]) < 200


@pytest.mark.parametrize("kind", ["stream", "outcome", "diagnostic", "parser.stream.pending", "parser.stream.metrics"])
def test_a_line_needs_what_no_metric_looks_for(good: list[Record], kind: str) -> None:
    judged = {"run_config", "resume_hint", "expected"}
    whole = {**of_kind(good, kind)[0], "stream": 1}
    before = [] if kind == "stream" else [good[0]]

    for key in whole:
        left = {name: value for name, value in whole.items() if name != key}
        optional = key in judged or key in {"trace_label", "last_checkpoint", "note"}
        assert bool(problems(as_bytes([*before, left]))) is not optional, key


def test_a_broken_line_costs_only_itself(good: list[Record]) -> None:
    content = as_bytes(good[:3]) + b"\n{oops}\n" + as_bytes(good[3:])

    read = list(read_recording(content.splitlines(keepends=True)))

    assert [line.record for line in read if not line.problems] == good
    assert [line.line for line in read if line.problems] == [5]
