"""`penstock metrics`: what it shows of recordings and which exit code that is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.parse.metrics import AWAITS, HINTS, METRICS, OUTCOMES
from tests.cli.command import invoke, lines, run
from tests.recordings import BREAKS, SOURCES, Record, as_bytes, of_kind, recorded


@pytest.fixture(scope="module")
def content() -> bytes:
    return as_bytes(recorded())


@pytest.fixture
def good(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "good.jsonl"
    path.write_bytes(content)
    return path


def broken(content: bytes, name: str, folder: Path) -> Path:
    """The recording, with a metric's break in it."""
    records: list[Record] = [json.loads(line) for line in content.splitlines()]
    BREAKS[name](records)
    path = folder / "broken.jsonl"
    path.write_bytes(as_bytes(records))
    return path


def test_a_good_recording_succeeds(good: Path) -> None:
    result = invoke("metrics", good, "--require-success")

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()[:-1]] == list(METRICS)
    assert [line.split()[1] for line in result.stdout.splitlines()[: len(BREAKS)]] == ["1.0000"] * len(BREAKS)
    assert result.stdout.splitlines()[-1] == "5 streams, all required metrics are 1"
    assert result.stderr == ""


@pytest.mark.parametrize("name", BREAKS)
def test_a_metric_that_fell_fails_when_success_is_required(tmp_path: Path, content: bytes, name: str) -> None:
    path = broken(content, name, tmp_path)

    required, shown = invoke("metrics", path, "--require-success"), invoke("metrics", path)

    assert (required.exit_code, shown.exit_code) == (1, 0)
    assert required.stdout == shown.stdout
    assert shown.stdout.splitlines()[-1] == f"5 streams, failing: {name}"
    (failure,) = [line for line in shown.stdout.splitlines() if line.startswith("  ")]
    assert failure.startswith(f"  {path}:")


@pytest.mark.parametrize("content_of_file", [b"", b"\n\n"])
def test_a_metric_without_anything_to_measure_is_missing(tmp_path: Path, content_of_file: bytes) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(content_of_file)

    result = invoke("metrics", path, "--require-success")

    assert result.exit_code == 1
    assert result.stdout.count("missing") == len(METRICS)
    assert invoke("metrics", path).exit_code == 0


def test_one_metric_that_is_missing_fails(tmp_path: Path, content: bytes) -> None:
    """As it is when a check was stopped before any stream came to its end."""
    records: list[Record] = [json.loads(line) for line in content.splitlines()]
    path = tmp_path / "stopped.jsonl"
    path.write_bytes(as_bytes(record for record in records if record["kind"] != "outcome"))

    result = invoke("metrics", path, "--require-success")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == f"5 streams, failing: {OUTCOMES}"


def test_several_files_are_measured_together(tmp_path: Path, good: Path, content: bytes) -> None:
    path = broken(content, HINTS, tmp_path)

    result = invoke("metrics", good, path, "--format", "json")

    hints = next(each for each in lines(result.stdout) if each.get("name") == HINTS)
    pauses = content.count(b'"parser.stream.pending"')
    assert (hints["passed"], hints["total"]) == (2 * pauses - 1, 2 * pauses)
    assert 0 < hints["value"] < 1
    assert lines(result.stdout)[-1]["streams"] == 10


def test_a_share_that_is_nearly_1_is_not_shown_as_1(tmp_path: Path, content: bytes) -> None:
    begin = json.loads(content.splitlines()[0])
    pause = of_kind([json.loads(line) for line in content.splitlines()], "parser.stream.pending")[0]
    path = tmp_path / "many.jsonl"
    path.write_bytes(as_bytes([begin, {**pause, "resume_hint": None}, *[pause] * 30_000]))

    result = invoke("metrics", path)

    assert f"{HINTS}        0.9999  30000 of 30001" in result.stdout


def test_for_programs_there_is_an_object_for_each_metric_and_a_summary(good: Path) -> None:
    *metrics, summary = lines(invoke("metrics", good, "--format", "json").stdout)

    assert [each["name"] for each in metrics] == list(METRICS)
    assert {tuple(each) for each in metrics} == {
        ("kind", "schema_version", "name", "value", "passed", "total", "required", "success", "failures")
    }
    assert [each["name"] for each in metrics if not each["required"]] == [AWAITS]
    assert summary == {
        "kind": "summary",
        "schema_version": 1,
        "streams": 5,
        "lines": len(good.read_bytes().splitlines()),
        "problems": 0,
        "success": True,
    }


def test_standard_input_is_a_dash(content: bytes) -> None:
    result = invoke("metrics", "-", "--require-success", stdin=content)

    assert result.exit_code == 0


# ------------------------------------------------------------------------------------------------- what is no recording
def test_lines_that_are_no_recording_are_said_and_the_rest_is_measured(tmp_path: Path, good: Path) -> None:
    good.write_bytes(good.read_bytes() + b'{"kind":"event"}\n{"kind":"str')

    result = invoke("metrics", good, "--require-success")

    count = len(good.read_bytes().splitlines())
    assert result.exit_code == 2
    assert result.stdout.splitlines()[-1] == (
        f"5 streams, all required metrics are 1; 2 of {count} lines are no part of a recording"
    )
    assert result.stderr.splitlines() == [
        f"{good}:{count - 1}: schema_version must be 1, not null",
        f"{good}:{count}: is not JSON; it is cut short, the recording was not finished",
    ]


def test_programs_get_the_problems_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"kind": "diagnostic", "schema_version": 1}\n')

    result = invoke("metrics", path, "--format", "json")
    problem, summary = lines(result.stdout)[-2:]

    assert result.exit_code == 2
    assert problem == {
        "kind": "problem",
        "schema_version": 1,
        "path": str(path),
        "line": 1,
        "message": "stream must be a count, not null",
    }
    assert (summary["problems"], summary["success"]) == (1, False)


def test_a_file_of_something_else_does_not_flood_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"words\n" * 1000)

    result = invoke("metrics", path)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 11
    assert result.stderr.splitlines()[-1] == "and 990 more"


def test_what_a_recording_says_reaches_no_terminal_as_it_is(tmp_path: Path, content: bytes) -> None:
    records: list[Record] = [json.loads(line) for line in content.splitlines()]
    of_kind(records, "diagnostic")[0].update(code="\x1b[31m", expected=None)
    path = tmp_path / "a.jsonl"
    path.write_bytes(as_bytes(records))

    assert "\x1b" not in invoke("metrics", path).stdout


@pytest.mark.parametrize("name", ["gone.jsonl", "."])
def test_a_file_that_cannot_be_read_is_2(tmp_path: Path, name: str) -> None:
    done = run("metrics", name, "--require-success", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"{name}: cannot be read: ")


def test_no_file_is_wrong_usage(tmp_path: Path) -> None:
    done = run("metrics", cwd=tmp_path)

    assert done.returncode == 2
    assert b"FILE" in done.stderr


def test_the_command_is_listed_and_explains_itself() -> None:
    assert "metrics" in invoke("--help").stdout
    assert "--require-success" in invoke("metrics", "--help").stdout


def test_from_a_check_to_its_metrics(tmp_path: Path) -> None:
    checked = run("check", SOURCES, "--record", "streams.jsonl", cwd=tmp_path)
    judged = run("metrics", "streams.jsonl", "--require-success", cwd=tmp_path)

    assert checked.returncode == 1
    assert (judged.returncode, judged.stderr) == (0, b"")
