"""What the pages say is true: their samples run, their tables and limits are those of the program."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from engine.cli.check import check
from engine.cli.pages import page
from engine.cli.process import BROKEN_PIPE, INTERNAL_FAILURE, INTERRUPTED, USAGE
from engine.config import decode
from engine.config_files import load
from engine.languages.facts import CLASHES_KEPT, NAMES_KEPT
from engine.parse.config import PENDING_TIMEOUT
from engine.parse.metrics import FAILURES_KEPT, METRICS
from engine.parse.recording import EVENTS, KINDS, TREE_LIMIT
from engine.source_view import WINDOW
from tests.cli.command import invoke, lines, write


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page(name) or "", re.MULTILINE | re.DOTALL)


def test_the_samples_of_the_streaming_guide_run() -> None:
    samples = blocks("streaming", "python")
    names: dict[str, Any] = {}

    for sample in samples:
        exec(compile(sample, "streaming.md", "exec"), names)

    assert len(samples) == 5
    assert sum(sample.count("assert ") for sample in samples) > 10


def test_the_streaming_guide_names_every_option_and_its_key() -> None:
    guide = page("streaming") or ""
    options = [
        option for option in check.params if isinstance(option, click.Option) and "stream" in (option.name or "")
    ]

    assert len(options) == 7
    for option in options:
        for name in option.opts:
            assert f"`{name}`" in guide


def test_the_streaming_guides_limits_are_the_programs() -> None:
    guide = page("streaming") or ""

    assert f"at most {CLASHES_KEPT} are kept" in guide
    assert f"at most {NAMES_KEPT:,} names".replace(",", " ") in guide
    assert WINDOW // 1000 in range(250, 270)
    assert PENDING_TIMEOUT == 600 * 10**9


def test_the_sample_of_the_metrics_page_runs() -> None:
    (sample,) = blocks("metrics", "python")

    exec(compile(sample, "metrics.md", "exec"), {})

    assert sample.count("assert ") == 3


def test_the_metrics_page_lists_each_metric_and_each_kind_of_line() -> None:
    guide = page("metrics") or ""

    assert re.findall(r"^\| `(parser\.[\w.]+)`", guide, re.MULTILINE) == list(METRICS)
    assert re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE) == list(KINDS)
    assert all(f"`{event}`" in guide for event in EVENTS)
    assert f"up to {TREE_LIMIT:,} bytes".replace(",", " ") in guide
    assert f"the first {('no', 'one', 'two', 'three', 'four', 'five')[FAILURES_KEPT]} are listed" in guide


def test_the_metrics_page_shows_real_output(tmp_path: Path) -> None:
    shown = [json.loads(line) for line in blocks("metrics", "json")[0].splitlines()]
    path = write(tmp_path, {"a.jsonl": "{}\n"}) / "a.jsonl"
    real = {each["kind"]: each for each in lines(invoke("metrics", path, "--format", "json").stdout)}

    assert [each["kind"] for each in shown] == list(real)
    assert all(list(each) == list(real[each["kind"]]) for each in shown)


def test_the_page_on_exit_codes_has_them_all() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page("exit-codes") or "", re.MULTILINE)}

    assert listed == {0, 1, USAGE, INTERNAL_FAILURE, INTERRUPTED, BROKEN_PIPE}


def test_the_page_on_output_shows_real_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, {"a.json": "[1,]\n"}))
    monkeypatch.setenv("HOME", str(tmp_path))

    shown = [json.loads(line) for line in blocks("output", "json")[0].splitlines()]
    real = lines(invoke("check", "a.json", "--format", "json").stdout)

    assert [list(each) for each in shown] == [list(each) for each in real]
    for each, other in zip(shown, real, strict=True):
        same = set(each) - {"message", "seconds", "expected", "fixes"}
        assert {key: each[key] for key in same} == {key: other[key] for key in same}


def test_the_sample_of_the_settings_page_is_valid(tmp_path: Path) -> None:
    (sample,) = blocks("settings", "toml")
    write(tmp_path, {"penstock.toml": sample})

    assert load(tmp_path).problems == ()
    assert load(tmp_path).settings.check.fail_on == "warning"


@pytest.mark.parametrize("code", ["config.unknown_key", "config.bad_value", "config.syntax"])
def test_the_example_of_a_settings_page_gives_its_code(tmp_path: Path, code: str) -> None:
    write(tmp_path, {"penstock.toml": blocks(code, "toml")[0]})

    assert [problem.diagnostic.code for problem in load(tmp_path).problems] == [code]


def test_the_values_called_bad_are_bad() -> None:
    for table in ({"chunk_size": "64k"}, {"enabled": "yes"}, {"flow": {"high_watermark": 1, "low_watermark": 2}}):
        assert [fault.code for fault in decode({"stream": table})[1]] == ["config.bad_value"]
