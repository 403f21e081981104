"""The same session with the capabilities that different editors announce."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lsp_server.testing import ServerProcess

URI = "file:///w/a.json"
SYNC = {"didSave": True, "dynamicRegistration": True, "willSave": True, "willSaveWaitUntil": True}
ACTIONS = {
    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}},
    "isPreferredSupport": True,
    "dataSupport": True,
    "resolveSupport": {"properties": ["edit", "command"]},
}
DIAGNOSTICS = {
    "relatedInformation": True,
    "versionSupport": True,
    "codeDescriptionSupport": True,
    "dataSupport": True,
    "tagSupport": {"valueSet": [1, 2]},
}

VS_CODE = {
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
        "workspaceFolders": True,
        "diagnostics": {"refreshSupport": True},
    },
    "textDocument": {
        "synchronization": SYNC,
        "publishDiagnostics": DIAGNOSTICS,
        "codeAction": ACTIONS,
        "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": False},
    },
    "window": {"workDoneProgress": True, "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}}},
    "general": {
        "staleRequestSupport": {"cancel": True, "retryOnContentModified": []},
        "positionEncodings": ["utf-16"],
        "markdown": {"parser": "marked", "version": "1.1.0"},
    },
    "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
}
NEOVIM = {
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": False},
        "workspaceFolders": True,
    },
    "textDocument": {
        "synchronization": {"didSave": True, "dynamicRegistration": False},
        "publishDiagnostics": {"relatedInformation": True, "dataSupport": True, "tagSupport": {"valueSet": [1, 2]}},
        "codeAction": ACTIONS,
        "diagnostic": {"dynamicRegistration": False},
    },
    "window": {"workDoneProgress": True},
    "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
}
EMACS = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}, "configuration": True},
    "textDocument": {
        "synchronization": {"didSave": True, "dynamicRegistration": False},
        "publishDiagnostics": {"relatedInformation": False, "codeDescriptionSupport": False},
        "codeAction": ACTIONS,
    },
    "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
}

PROFILES: dict[str, tuple[dict[str, Any], str, int]] = {
    "VS Code": (VS_CODE, "utf-16", 11),
    "Neovim": (NEOVIM, "utf-8", 16),
    "Emacs": (EMACS, "utf-32", 10),
    "nothing at all": ({}, "utf-16", 11),
}
"""Capabilities, the encoding that follows, and where that puts the mistake in `TEXT`."""

TEXT = '["é漢😀", 1 2]\n'


@pytest.fixture(params=PROFILES, scope="module")
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(profile: str) -> Iterator[ServerProcess]:
    """A server that was initialized by that editor."""
    capabilities, encoding, _ = PROFILES[profile]
    with ServerProcess() as started:
        result = started.initialize(capabilities, trace="off", clientInfo={"name": profile}, workspaceFolders=None)
        assert result["capabilities"]["positionEncoding"] == encoding
        yield started


def test_what_is_announced_is_the_same_for_all(server: ServerProcess) -> None:
    announced = server.ledger.replies[1]["result"]["capabilities"]

    sync = {key: value for key, value in announced["textDocumentSync"].items() if value is not False}
    assert sync == {"openClose": True, "change": 2, "save": {"includeText": False}}
    assert announced["codeActionProvider"] == {"codeActionKinds": ["quickfix"]}
    assert announced.keys() == {"positionEncoding", "textDocumentSync", "codeActionProvider", "workspace"}


def test_a_mistake_behind_wide_characters_is_where_the_editor_looks_for_it(server: ServerProcess, profile: str) -> None:
    column = PROFILES[profile][2]
    server.open(URI, TEXT, "json")

    found = server.settled(URI)

    start, end = found[0]["range"]["start"], found[0]["range"]["end"]
    assert (start, end) == ({"line": 0, "character": column}, {"line": 0, "character": column + 1})
    server.change(URI, {"range": {"start": start, "end": end}, "text": ""})
    assert server.settled(URI) == []
    server.close(URI)


def test_only_what_the_editor_can_show_is_sent(server: ServerProcess, profile: str) -> None:
    server.open(URI, TEXT, "json")

    found = server.settled(URI)[0]
    server.close(URI)

    takes = PROFILES[profile][0].get("textDocument", {}).get("publishDiagnostics", {})
    assert ("codeDescription" in found) == bool(takes.get("codeDescriptionSupport"))
    assert "relatedInformation" not in found or takes.get("relatedInformation")
    assert found["source"] == "penstock"


def test_the_server_asks_only_for_what_the_editor_offers(server: ServerProcess, profile: str) -> None:
    server.open(URI, TEXT, "json")
    server.settled(URI)
    server.close(URI)
    offers = PROFILES[profile][0].get("workspace", {})

    asked = {one["method"] for one in server.ledger.received if "id" in one and "method" in one}

    expected = {"workspace/configuration"} if offers.get("configuration") else set()
    if offers.get("didChangeConfiguration", {}).get("dynamicRegistration"):
        expected.add("client/registerCapability")
    assert asked == expected
