"""The end of a recorded check: what is compared, and what has no outcome."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from engine.check import check_stream
from engine.languages import language_named
from engine.languages.language import CheckSettings
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.metrics import OUTCOMES, Tally
from engine.parse.recording import Recorder, read_recording
from engine.parse.stream import Pending, open_stream, resume
from engine.recorded import record_failure, record_outcome
from tests.recordings import of_kind

JSON = language_named("json")
assert JSON is not None
TEXT = b'{"a": [1, 2], "a": 3}\n'


def outcome_of(streamed: bytes, whole: bytes) -> tuple[dict[str, Any], float | None]:
    """The line of a stream that has read one text and is compared with another, and the metric of it."""
    assert JSON is not None
    lines: list[str] = []
    recording = Recorder(lines.append).begin("x", "json", RunConfig())
    first = open_stream(JSON.machine(), StreamingConfig(on_diagnostic=recording.event))
    assert isinstance(first, Pending)
    last = resume(first.continuation, streamed)
    record_outcome(recording, last, whole, [], JSON, CheckSettings())
    tally = Tally()
    for line in read_recording(line.encode() for line in lines):
        assert line.problems == ()
        tally.add(line.record, "x")
    metric = next(metric for metric in tally.metrics() if metric.name == OUTCOMES)
    return json.loads(lines[-1]), metric.value


def recorded(content: Any, extensions: Any = None) -> tuple[list[str], list[dict[str, Any]]]:
    """The codes of a recorded check, and the recording."""
    assert JSON is not None
    lines: list[str] = []

    def begin(run: RunConfig) -> Any:
        return Recorder(lines.append).begin("x", "json", run)

    checking = check_stream(JSON, lambda: content, extensions=extensions, record=begin)
    return [said.code for said in checking.diagnostics], [json.loads(line) for line in lines]


def test_a_stream_that_read_the_text_is_consistent_with_it() -> None:
    _, value = outcome_of(b"[1, 2]\n", b"[1, 2]\n")

    assert value == 1


@pytest.mark.parametrize(
    ("streamed", "differ"),
    [
        (b"[1, 2", {"value", "diagnostics", "recovery", "extent"}),
        (b"[1, 3]\n", {"value"}),
        (b"[1, 22]\n", {"value"}),
        (b"[1, 2]", {"extent"}),
    ],
)
def test_a_stream_that_lost_or_changed_a_byte_is_not(streamed: bytes, differ: set[str]) -> None:
    outcome, value = outcome_of(streamed, b"[1, 2]\n")

    assert value == 0
    assert {part for part in outcome["batch"] if outcome["batch"][part] != outcome["streamed"][part]} == differ


def test_a_finding_that_the_stream_did_not_make_is_missed() -> None:
    outcome, value = outcome_of(TEXT, TEXT)  # the language's check says that a key comes twice; no finding was passed

    assert value == 0
    assert outcome["streamed"]["findings"] != outcome["batch"]["findings"]
    assert outcome["streamed"]["diagnostics"] == outcome["batch"]["diagnostics"]
    assert recorded(io.BytesIO(TEXT))[0] == ["json.duplicate_key"]


def test_a_configuration_that_cannot_be_honoured_has_no_outcome() -> None:
    codes, records = recorded(io.BytesIO(TEXT), {"stream.flow": {"high_watermark": 1, "low_watermark": 2}})

    assert "parser.stream.feeder_bug" in codes
    assert of_kind(records, "outcome") == []
    assert of_kind(records, "parser.stream.error")[0]["error"]["kind"] == "feeder_bug"


class Failing(io.RawIOBase):
    """An input that gives some bytes and then an error."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        if not self._content:
            raise OSError(5, "Input/output error")
        self._content, given = b"", self._content
        return given


def test_an_input_that_breaks_off_has_an_error_and_no_outcome() -> None:
    codes, records = recorded(Failing(b"[1, "))

    (failed,) = of_kind(records, "parser.stream.error")
    assert "io.unreadable" in codes
    assert failed["error"]["message"] == "Input/output error"
    assert failed["stream.last_reason"]
    assert of_kind(records, "outcome") == []
    assert len(of_kind(records, "parser.stream.metrics")) == 1


def test_a_stream_that_was_over_before_its_input_failed_stays_over() -> None:
    assert JSON is not None
    lines: list[str] = []
    recording = Recorder(lines.append).begin("x", "json", RunConfig())
    over = open_stream(JSON.machine(), RunConfig(extensions={"stream": {"chunk_size": 0}}))

    record_failure(recording, over, OSError(5, "gone"))

    assert len(lines) == 1
