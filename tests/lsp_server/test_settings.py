"""Settings from files, options and the editor, and that they reach the documents."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.parse.flow import Auto
from lsp_server.feeder import FLOW
from lsp_server.settings import ServerSettings, decoded, file_layer, layer_of
from lsp_server.testing import ServerProcess
from lsp_server.testing.client import USUAL_CAPABILITIES

URI = "file:///w/a.json"
MISTAKES = "[" + "1 1,\n" * 5 + "1]"
PULLING = USUAL_CAPABILITIES | {
    "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
}


@pytest.mark.parametrize(
    ("layers", "most", "targets", "faults"),
    [
        ([], 500, {"cli"}, 0),
        ([{}, {}], 500, {"cli"}, 0),
        ([{"lsp": {"max_diagnostics": 3}}], 3, {"cli"}, 0),
        ([{"lsp": {"maxDiagnostics": 3}}], 3, {"cli"}, 0),
        ([{"lsp": {"max_diagnostics": 3}}, {"lsp": {"maxDiagnostics": 4}, "check": {"targets": ["a"]}}], 4, {"a"}, 0),
        ([{"lsp": {"max_diagnostic": 3}}], 500, {"cli"}, 1),
        ([{"lsp": {"max_diagnostics": "3"}, "check": {"targets": ["a"]}, "x": 1}], 500, {"a"}, 2),
    ],
)
def test_layers_are_decoded_together(layers: list[dict], most: int, targets: set[str], faults: int) -> None:
    settings, complaints = decoded(layers)

    assert (settings.max_diagnostics, set(settings.check.targets), len(complaints)) == (most, targets, faults)


@pytest.mark.parametrize(
    ("flow", "high", "low", "debounce"),
    [
        ({}, FLOW.high_watermark, FLOW.low_watermark, None),
        ({"highWatermark": 500}, 500, 500, None),
        ({"high_watermark": 9000, "low_watermark": 8000}, 9000, 8000, None),
        ({"low_watermark": 8000}, 8000, 8000, None),
        ({"policy": {"backpressure": {"debounce": 20_000_000}}}, FLOW.high_watermark, FLOW.low_watermark, 20_000_000),
    ],
)
def test_the_flow_of_changes_can_be_set(flow: dict, high: int, low: int, debounce: int | None) -> None:
    chosen = decoded([{"stream": {"flow": flow}}])[0].flow

    assert (chosen.high_watermark, chosen.low_watermark) == (high, low)
    assert isinstance(chosen.policy, Auto)
    assert chosen.policy.backpressure.debounce == debounce


@pytest.mark.parametrize(
    ("value", "layer"),
    [
        (None, {}),
        (5, {}),
        ([], {}),
        ({}, {}),
        ({"lsp": {}}, {"lsp": {}}),
        ({"penstock": {"lsp": {}}, "other": 1}, {"lsp": {}}),
    ],
)
def test_the_editors_value_is_taken_with_or_without_our_section(value: Any, layer: dict) -> None:
    assert layer_of(value) == layer


def test_settings_files_are_found_from_the_workspace_upwards(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "penstock.toml").write_text("[lsp]\nmax_diagnostics = 7\n", encoding="utf-8")

    layer, faults = file_layer(tmp_path / "sub", None)

    assert (decoded([layer])[0].max_diagnostics, faults) == (7, [])
    (tmp_path / "penstock.toml").write_text("[lsp]\nmax = 7\n", encoding="utf-8")
    assert len(file_layer(tmp_path, None)[1]) == 1


def test_without_settings_the_model_is_not_loaded() -> None:
    probe = (
        "import sys; from lsp_server.settings import decoded, ServerSettings; "
        "assert decoded([{}, {}]) == (ServerSettings(), []); print('pydantic' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-P", "-c", probe], capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"
    assert decoded([])[0] == ServerSettings()


def log_messages(server: ServerProcess) -> list[str]:
    return [one["params"]["message"] for one in server.ledger.received if one.get("method") == "window/logMessage"]


def shown(server: ServerProcess, uri: str = URI) -> int:
    return len(server.ledger.diagnostics(uri)[-1]["diagnostics"])


def test_initialization_options_are_in_force_before_the_first_document(start_penstock) -> None:
    server = start_penstock()
    server.initialize(initializationOptions={"lsp": {"maxDiagnostics": 2}})
    server.open(URI, MISTAKES, "json")

    assert [one["code"] for one in server.settled(URI)][-1] == "lsp.more_diagnostics"


def test_the_editors_settings_are_asked_for_and_followed(start_penstock) -> None:
    settings: dict[str, Any] = {"lsp": {"maxDiagnostics": 2}}
    asked: list[Any] = []

    def answer(method: str, params: Any) -> Any:
        asked.append((method, params))
        return [settings] if method == "workspace/configuration" else None

    server = start_penstock(answer=answer)
    server.initialize(PULLING)
    server.open(URI, MISTAKES, "json")
    server.wait_for(lambda: server.ledger.diagnostics(URI) and shown(server) == 3, "two and a rest")
    settings["lsp"] = {"maxDiagnostics": 1}
    server.notify("workspace/didChangeConfiguration", {"settings": None})
    server.wait_for(lambda: shown(server) == 2, "one and a rest")

    assert [method for method, _ in asked] == [
        "client/registerCapability", "workspace/configuration", "workspace/configuration",
    ]  # fmt: skip
    assert asked[0][1]["registrations"][0]["registerOptions"] == {"section": "penstock"}
    assert asked[1][1] == {"items": [{"section": "penstock"}]}


def test_settings_that_are_pushed_are_followed(penstock: ServerProcess) -> None:
    penstock.open(URI, MISTAKES, "json")
    assert len(penstock.settled(URI)) == 5
    penstock.notify("workspace/didChangeConfiguration", {"settings": {"penstock": {"lsp": {"max_diagnostics": 1}}}})
    penstock.wait_for(lambda: shown(penstock) == 2, "one and a rest")

    assert {one.get("version") for one in penstock.ledger.diagnostics(URI)} == {1}


def test_a_faulty_key_is_told_and_the_others_count(start_penstock) -> None:
    server = start_penstock()
    server.initialize(initializationOptions={"lsp": {"maxDiagnostics": 1}, "chekc": {}})
    server.open(URI, MISTAKES, "json")

    assert len(server.settled(URI)) == 2
    assert ["`check`" in one for one in log_messages(server)] == [True]


def test_a_client_that_refuses_to_tell_its_settings_is_served(start_penstock) -> None:
    server = start_penstock(answer=lambda method, params: "nonsense")
    server.initialize(PULLING)
    server.open(URI, MISTAKES, "json")

    assert len(server.settled(URI)) == 5


def test_the_workspaces_file_counts_and_the_editor_wins(start_penstock, tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("[lsp]\nmax_diagnostics = 2\n[check]\ntargets = ['x']\n", encoding="utf-8")
    server = start_penstock(env={"HOME": str(tmp_path)})
    server.initialize(rootUri=tmp_path.as_uri(), workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "w"}])
    server.open(URI, MISTAKES, "json")
    server.wait_for(lambda: server.ledger.diagnostics(URI) and shown(server) == 3, "two and a rest")
    assert server.ledger.diagnostics(URI)[-1]["diagnostics"][-1]["code"] == "lsp.more_diagnostics"

    server.notify("workspace/didChangeConfiguration", {"settings": {"lsp": {"maxDiagnostics": 1}}})
    server.wait_for(lambda: shown(server) == 2, "one and a rest")


def test_settings_that_change_the_checks_check_open_documents_again(penstock: ServerProcess) -> None:
    uri = "file:///w/a.reml"
    penstock.open(uri, "1 + 2\n")
    assert penstock.settled(uri) != []
    penstock.notify("workspace/didChangeConfiguration", {"settings": {"check": {"allowTopLevelExpr": True}}})
    penstock.wait_for(lambda: shown(penstock, uri) == 0, "the expression to be accepted")
    penstock.notify("workspace/didChangeConfiguration", {"settings": json.loads('{"check": {}}')})
    penstock.wait_for(lambda: shown(penstock, uri) != 0, "the expression to be refused again")

    assert len(penstock.ledger.diagnostics(uri)) == 3
