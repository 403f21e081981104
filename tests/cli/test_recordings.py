"""`penstock check --record`: what is recorded, and that nobody's file is lost for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.parse.recording import read_recording
from tests.cli.command import diagnostics, invoke, run, write
from tests.recordings import SOURCES, of_kind

pytestmark = pytest.mark.usefixtures("here")

GOOD, BAD = '{"a": [1, 2]}\n', '{"a": [1, 2}\n'


def records(path: str = "r.jsonl") -> list[dict[str, Any]]:
    """The lines of a recording, which must all be right."""
    with Path(path).open("rb") as file:
        read = list(read_recording(file))
    assert [line.problems for line in read] == [()] * len(read)
    return [dict(line.record) for line in read]


def test_a_recorded_check_says_what_every_check_says() -> None:
    recorded = invoke("check", SOURCES, "--format", "json", "--record", "r.jsonl")
    plain = invoke("check", SOURCES, "--format", "json")

    assert recorded.exit_code == plain.exit_code == 1
    assert diagnostics(recorded.stdout) == diagnostics(plain.stdout)
    assert len(of_kind(records(), "stream")) == len(list(SOURCES.iterdir()))


def test_every_file_is_a_stream_under_its_name(here: Path) -> None:
    write(here, {"a.json": GOOD, "sub/b.jsonl": BAD})

    invoke("check", "a.json", "sub", "-", "--stdin-filename", "c.reml", "--record", "r.jsonl", stdin=b"let x = 1\n")

    begun = [(record["source"], record["language"]) for record in of_kind(records(), "stream")]
    assert begun == [("a.json", "json"), (str(Path("sub", "b.jsonl")), "jsonl"), ("c.reml", "reml")]
    assert all(record["streamed"] == record["batch"] for record in of_kind(records(), "outcome"))
    assert len(of_kind(records(), "outcome")) == 3


def test_the_options_reach_the_recorded_stream(here: Path) -> None:
    write(here, {"a.jsonl": GOOD * 50})
    options = ["--chunk-size", "10", "--stream-checkpoint", "here", "--stream-flow-policy", "manual"]
    demand = ["--stream-demand-min-bytes", "30", "--stream-demand-preferred-bytes", "100"]

    invoke("check", "a.jsonl", "--record", "r.jsonl", *options, *demand, "--allow-top-level-expr")

    first, pauses = records()[0], of_kind(records(), "parser.stream.pending")
    assert first["run_config"]["extensions"]["stream"]["chunk_size"] == 10
    assert first["run_config"]["extensions"]["stream"]["checkpoint"] == "here"
    assert first["run_config"]["extensions"]["stream.flow"]["policy"]["kind"] == "manual"
    assert first["run_config"]["switches"]["allow_top_level_expr"] is True
    assert {pause["pending.reason"] for pause in pauses} == {"pending.backpressure.demand", "feeder.await"}
    assert {pause["resume_hint"]["min_bytes"] for pause in pauses} == {30}
    assert len(of_kind(records(), "parser.stream.progress")) == 70


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file here that opens but cannot be read")
def test_a_stream_is_recorded_to_its_end_when_it_fails(here: Path) -> None:
    (here / "a.json").symlink_to("/proc/self/mem")

    code = invoke("check", "a.json", "--record", "r.jsonl").exit_code

    (failed,) = of_kind(records(), "parser.stream.error")
    assert code == 1
    assert failed["error"]["kind"] == "io_failed"
    assert of_kind(records(), "outcome") == []
    assert of_kind(records(), "diagnostic")[-1]["code"] == "parser.stream.io_failed"


def test_the_recording_is_not_checked_itself(here: Path) -> None:
    write(here, {"a.json": GOOD})

    for _ in range(2):
        result = invoke("check", ".", "--record", "r.jsonl")

        assert result.exit_code == 0
        assert result.stdout == "1 file checked: nothing found\n"
    assert len(of_kind(records(), "stream")) == 1


@pytest.mark.parametrize("content", [GOOD, "let x = 1\n", "\n"])
def test_a_file_that_is_no_recording_is_never_overwritten(here: Path, content: str) -> None:
    write(here, {"a.json": content})

    done = run("check", "a.json", "--record", "a.json", cwd=here)

    assert done.returncode == 2
    assert b"a.json is no recording, so it is not overwritten" in done.stderr
    assert (here / "a.json").read_text() == content


def test_an_older_recording_and_an_empty_file_are_overwritten(here: Path) -> None:
    write(here, {"a.json": GOOD, "r.jsonl": ""})
    invoke("check", "a.json", "a.json", "--record", "r.jsonl")
    first = records()

    invoke("check", "a.json", "--record", "r.jsonl")

    assert [record["kind"] for record in records()] == [record["kind"] for record in first]


@pytest.mark.parametrize("path", ["no/such/folder/r.jsonl", "."])
def test_a_recording_that_cannot_be_opened_is_wrong_usage(here: Path, path: str) -> None:
    done = run("check", "--record", path, cwd=write(here, {"a.json": BAD}))

    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device here that is always full")
def test_a_full_disk_costs_the_recording_not_the_findings(here: Path) -> None:
    done = run("check", "a.json", "--record", "/dev/full", cwd=write(here, {"a.json": BAD}))

    assert done.returncode == 2
    assert done.stdout.startswith(b"a.json:1:12: error: ")
    assert done.stderr == b"Error: the recording /dev/full is not complete: No space left on device\n"


def test_without_the_option_nothing_is_recorded(here: Path) -> None:
    write(here, {"a.json": BAD})

    invoke("check", "--stream", "a.json")

    assert [path.name for path in here.iterdir()] == ["a.json"]


def test_the_lines_are_ascii_whatever_the_text(here: Path) -> None:
    write(here, {"größe.reml": 'let 水 = "👨\u200d👩" )\n'})

    invoke("check", "größe.reml", "--record", "r.jsonl")

    content = Path("r.jsonl").read_bytes()
    assert content.isascii()
    assert json.loads(content.splitlines()[0])["source"] == "größe.reml"
