"""`penstock lsp --record`: what documents go through, written down, and judged by the metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from engine.languages.language import CheckSettings
from engine.parse.metrics import Metric, Tally
from engine.parse.recording import Recorder, read_recording
from lsp_server.documents import Documents
from lsp_server.positions import Positions
from lsp_server.recordings import DocumentRecordings
from lsp_server.settings import ServerSettings
from lsp_server.sync import Opened
from lsp_server.testing import ServerProcess
from lsp_server.testing.client import COMMAND
from tests.lsp_server.recorded_session import TYPED, record_session
from tests.recordings import SOURCES, of_kind

URI = "file:///w/a.reml"
Started = Callable[..., ServerProcess]


def read(path: Path) -> tuple[list[dict[str, Any]], dict[str, Metric]]:
    """The lines of a recording, all of them right, and its metrics."""
    records, tally = [], Tally()
    with path.open("rb") as file:
        for line in read_recording(file):
            assert line.problems == ()
            records.append(dict(line.record))
            tally.add(line.record, str(line.line))
    return records, {metric.name: metric for metric in tally.metrics()}


def test_a_session_of_typing_is_recorded_and_all_metrics_are_1(tmp_path: Path) -> None:
    record_session(tmp_path / "r.jsonl")

    records, metrics = read(tmp_path / "r.jsonl")

    count = len(list(SOURCES.iterdir()))
    assert [name for name, metric in metrics.items() if not metric.succeeds] == []
    assert len(of_kind(records, "stream")) == len(of_kind(records, "parser.stream.metrics")) == count
    assert len(of_kind(records, "outcome")) == 2 * count
    assert len(of_kind(records, "parser.stream.pending")) == (len(TYPED) + 2) * count
    assert len(of_kind(records, "diagnostic")) > count


def test_a_document_that_stays_open_is_compared_at_the_end(start_penstock: Started, tmp_path: Path) -> None:
    server = start_penstock([*COMMAND, "--record", str(tmp_path / "r.jsonl")])
    server.initialize()
    server.open(URI, "fn f( = 1\n", "reml")
    server.settled(URI)
    assert server.end() == []

    records, metrics = read(tmp_path / "r.jsonl")

    assert [record["kind"] for record in records][-2:] == ["outcome", "event"]
    assert of_kind(records, "outcome")[0]["resume_lineage"] == ["version@1"]
    assert [name for name, metric in metrics.items() if not metric.succeeds] == []


def test_the_recorded_configuration_is_that_of_the_settings(start_penstock: Started, tmp_path: Path) -> None:
    server = start_penstock([*COMMAND, "--record", str(tmp_path / "r.jsonl")])
    stream = {"chunkSize": 512, "demandMinBytes": 100, "demandPreferredBytes": 300}
    settings = {"stream": stream, "check": {"allowTopLevelExpr": True}}
    server.initialize(initializationOptions=settings)
    server.open(URI, "let x = 1\n", "reml")
    server.settled(URI)
    server.close(URI)
    assert server.end() == []

    records, _ = read(tmp_path / "r.jsonl")

    config, (pause,) = records[0]["run_config"], of_kind(records, "parser.stream.pending")
    assert config["switches"]["allow_top_level_expr"] is True
    assert {key: config["extensions"]["stream"][key] for key in ("enabled", "chunk_size")} == {
        "enabled": True,
        "chunk_size": 512,
    }
    assert (pause["resume_hint"]["min_bytes"], pause["resume_hint"]["preferred_bytes"]) == (100, 300)


def test_a_large_document_pauses_when_all_of_it_is_parsed(start_penstock: Started, tmp_path: Path) -> None:
    server = start_penstock([*COMMAND, "--record", str(tmp_path / "r.jsonl")])
    server.initialize()
    server.open(URI, "let x = (1, 2)\n" * 20_000, "reml")
    server.settled(URI)
    server.close(URI)
    assert server.end() == []

    records, metrics = read(tmp_path / "r.jsonl")

    assert len(of_kind(records, "parser.stream.pending")) == 1
    assert of_kind(records, "parser.stream.metrics")[0]["stream_meta"]["bytes_consumed"] == 300_000
    assert [name for name, metric in metrics.items() if not metric.succeeds] == []


@pytest.mark.parametrize("language", ["markdown", "plaintext"])
def test_a_document_without_a_language_is_no_stream(start_penstock: Started, tmp_path: Path, language: str) -> None:
    server = start_penstock([*COMMAND, "--record", str(tmp_path / "r.jsonl")])
    server.initialize()
    server.open("file:///w/a.txt", "text", language)
    server.settled("file:///w/a.txt")
    server.close("file:///w/a.txt")
    assert server.end() == []

    assert read(tmp_path / "r.jsonl")[0] == []


def test_what_cannot_be_recorded_is_logged_and_costs_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    documents = Documents(Positions(types.PositionEncodingKind.Utf16), CheckSettings())
    document = documents.open(Opened(uri=URI, language_id="reml", version=1, text="let x = 1\n"))

    def full(_line: str) -> None:
        raise OSError("no space")

    recordings = DocumentRecordings(Recorder(full), ServerSettings)
    recordings.settled(document)
    recordings.close(document)

    (logged,) = [record.message for record in caplog.records]
    assert logged.startswith("a document could not be recorded: OSError at ")


def test_a_file_that_is_no_recording_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine\n", encoding="utf-8")
    server = ServerProcess([*COMMAND, "--record", str(tmp_path / "notes.txt")])

    assert server.exit_code() == 2
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine\n"
