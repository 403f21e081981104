"""Outcomes and configurations as they are written, compared with files.

`PENSTOCK_UPDATE_GOLDENS=1` writes the files anew; look at the difference before you keep it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.parse.audit import StreamEvent
from engine.parse.config import LeftRecursion, RunConfig, StreamingConfig, unobserved
from engine.parse.driver import StreamDriver
from engine.parse.extensions import (
    STREAM_FIELDS,
    decode_run_config,
    encode_run_config,
    stream_fields,
    with_stream_extension,
)
from engine.parse.feeder import Await, Chunk, Closed, FeederYield
from engine.parse.meta import stream_meta_problems
from engine.parse.metrics import Tally
from engine.parse.recording import Recorder, digests, read_recording
from engine.parse.run import run
from engine.parse.stream import Completed
from tests.parse.streams import Clock, pending
from tests.parse.toy_language import SAMPLE, toy_machine

FOLDER = Path(__file__).parent / "golden"

STREAM = {"enabled": True, "checkpoint": "unit-test", "demand_min_bytes": 4, "demand_preferred_bytes": 8, "stats": True}
CONFIGS = {
    "runconfig-default": RunConfig(),
    "runconfig-stream": RunConfig(
        extensions={
            "stream": STREAM,
            "stream.demand": {"frame_boundary": "token:NL"},
            "lex": {"profile": "strict_json"},
        }
    ),
    "runconfig-switches": RunConfig(False, False, LeftRecursion.OFF, True, False, True, "en-US", True),
}


def check_golden(name: str, found: dict[str, Any]) -> None:
    """What was found is what the file says."""
    path = FOLDER / f"{name}.json"
    if os.environ.get("PENSTOCK_UPDATE_GOLDENS"):
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")

    assert json.loads(path.read_text(encoding="utf-8")) == found


TEXT = SAMPLE + "let y = )\n"


def outcome(observer: Callable[[StreamEvent], None] = unobserved) -> tuple[Completed, RunConfig]:
    """A stream with an error, a pause and a resume, and its configuration as it was at the pause."""
    text, clock = TEXT.encode(), Clock(0)
    answers: Iterator[FeederYield] = iter([Chunk(text[:40]), Await(), Chunk(text[40:]), Closed()])
    config = CONFIGS["runconfig-stream"]
    streaming = StreamingConfig(config, clock=clock, on_diagnostic=observer)
    driver = StreamDriver(toy_machine(), lambda _: next(answers), streaming)
    driver.pump()
    projected = with_stream_extension(config, pending(driver.pump()).settings)
    clock.now += 25
    while not isinstance(reached := driver.pump(), Completed):
        assert not driver.idle
    return reached, projected


def test_the_outcome_of_a_stream_is_written_as_it_was() -> None:
    completed, projected = outcome()
    result = completed.result
    meta = completed.meta.encoded()
    del meta["memo_bytes"]  # an estimate, which differs between versions of Python
    found = {
        "run_config": encode_run_config(projected),
        "parse_result": {"recovered": result.recovered, "packrat_stats": result.packrat._asdict()},
        "stream_meta": meta,
        "diagnostics": [
            {
                "code": d.code,
                "severity": d.severity.value,
                "message": d.message,
                "start": [d.span.start.line, d.span.start.column],
            }
            for d in result.diagnostics
        ],
    }

    check_golden("streaming-outcome", found)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_is_written_as_it_was(name: str) -> None:
    check_golden(name, encode_run_config(CONFIGS[name]))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_written_configuration_is_read_without_a_problem(name: str) -> None:
    written = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    config, problems = decode_run_config(written)

    assert problems == ()
    assert encode_run_config(config) == written
    assert tuple(stream_fields(config.extensions)) == STREAM_FIELDS


def test_a_recording_is_written_as_it_was() -> None:
    lines: list[str] = []
    recording = Recorder(lines.append).begin("sample", "toy", CONFIGS["runconfig-stream"])
    completed, projected = outcome(recording.event)
    recording.errors(completed.result.diagnostics)
    streamed, batch = digests(completed.result), digests(run(toy_machine(), TEXT))
    recording.outcome(streamed, batch, ["await@40"], 0, projected)
    found = [json.loads(line) for line in lines]
    (meta,) = [record["stream_meta"] for record in found if "stream_meta" in record]
    del meta["memo_bytes"]
    for side in ("streamed", "batch"):  # digests change with every word of a message; that they are equal counts
        found[-1][side] = dict.fromkeys(found[-1][side], "")

    assert streamed == batch
    check_golden("recording", {"lines": found})


def test_a_written_recording_is_read_without_a_problem() -> None:
    written = json.loads((FOLDER / "recording.json").read_text(encoding="utf-8"))["lines"]
    lines = [json.dumps(record).encode() for record in written]
    tally = Tally()
    for number, record, problems in read_recording(lines):
        assert problems == ()
        tally.add(record, str(number))

    assert [metric.name for metric in tally.metrics() if not metric.succeeds] == []


def test_written_figures_are_valid() -> None:
    written = json.loads((FOLDER / "streaming-outcome.json").read_text(encoding="utf-8"))

    assert stream_meta_problems(written["stream_meta"]) == []
    assert decode_run_config(written["run_config"])[1] == ()
