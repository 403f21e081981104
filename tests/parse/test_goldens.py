"""Outcomes and configurations as they are written, compared with files.

`PENSTOCK_UPDATE_GOLDENS=1` writes the files anew; look at the difference before you keep it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.parse.config import LeftRecursion, RunConfig, StreamingConfig
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


def outcome() -> tuple[Completed, RunConfig]:
    """A stream with an error, a pause and a resume, and its configuration as it was at the pause."""
    text, clock = (SAMPLE + "let y = )\n").encode(), Clock(0)
    answers: Iterator[FeederYield] = iter([Chunk(text[:40]), Await(), Chunk(text[40:]), Closed()])
    run = CONFIGS["runconfig-stream"]
    driver = StreamDriver(toy_machine(), lambda _: next(answers), StreamingConfig(run, clock=clock))
    driver.pump()
    projected = with_stream_extension(run, pending(driver.pump()).settings)
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


def test_written_figures_are_valid() -> None:
    written = json.loads((FOLDER / "streaming-outcome.json").read_text(encoding="utf-8"))

    assert stream_meta_problems(written["stream_meta"]) == []
    assert decode_run_config(written["run_config"])[1] == ()
