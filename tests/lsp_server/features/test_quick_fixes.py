"""Quick fixes over the wire: what is offered mends what was reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lsp_server.testing import ServerProcess
from lsp_server.testing.client import USUAL_CAPABILITIES

URI = "file:///w/a.reml"
BROKEN = "fn main() = {\n  let x = (1 + 2\n  x\n}\n"


def without(path: str) -> dict[str, Any]:
    """The usual capabilities without one of them."""
    group, feature, name = path.split(".")
    return USUAL_CAPABILITIES | {group: USUAL_CAPABILITIES[group] | {feature: {
        key: value for key, value in USUAL_CAPABILITIES[group][feature].items() if key != name
    }}}  # fmt: skip


def actions(server: ServerProcess, diagnostics: list[dict], where: dict | None = None, **context: Any) -> list[dict]:
    found: list[dict] = server.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": URI},
            "range": where or diagnostics[0]["range"],
            "context": {"diagnostics": diagnostics, **context},
        },
    )
    return found


def apply(server: ServerProcess, edits: list[dict]) -> list[dict]:
    """Makes the edits as an editor would, the last in the text first, and waits for what is left."""
    ordered = sorted(edits, key=lambda edit: (edit["range"]["start"]["line"], edit["range"]["start"]["character"]))
    server.change(URI, *({"range": edit["range"], "text": edit["newText"]} for edit in reversed(ordered)))
    return server.settled(URI)


@pytest.fixture(scope="module", params=["utf-8", "utf-16", "utf-32"])
def encoded(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A server that counts in one of the encodings."""
    with ServerProcess() as started:
        started.initialize(USUAL_CAPABILITIES | {"general": {"positionEncodings": [request.param]}})
        yield started


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (BROKEN, "reml"),
        ('fn main() = {\n  let s = "é😀"; foo(1, "漢"\n}\n', "reml"),
        ('{"a": [1, 2}\n', "json"),
        ('{"a": 1 "b": 2}\n', "json"),
    ],
)
def test_applying_the_preferred_fix_leaves_a_clean_document(encoded: ServerProcess, text: str, language: str) -> None:
    server = encoded
    server.open(URI, text, language)
    reported = server.settled(URI)
    assert len(reported) == 1

    preferred = [action for action in actions(server, reported) if action.get("isPreferred")]

    assert [action["kind"] for action in preferred] == ["quickfix"]
    assert preferred[0]["diagnostics"] == reported
    change = preferred[0]["edit"]["documentChanges"][0]
    assert change["textDocument"] == {"uri": URI, "version": 1}
    assert apply(server, change["edits"]) == []
    server.close(URI)


def test_the_diagnostic_itself_carries_its_fix(penstock: ServerProcess) -> None:
    penstock.open(URI, BROKEN)
    reported = penstock.settled(URI)

    fix = reported[0]["data"]["fixes"][0]

    assert fix["title"] == actions(penstock, reported)[0]["title"]
    assert apply(penstock, fix["edits"]) == []


def test_a_client_without_versioned_edits_gets_plain_ones(start_penstock) -> None:
    server = start_penstock()
    server.initialize(without("workspace.workspaceEdit.documentChanges"))
    server.open(URI, BROKEN)

    edit = actions(server, server.settled(URI))[0]["edit"]

    assert list(edit) == ["changes"]
    assert apply(server, edit["changes"][URI]) == []


def test_a_client_that_knows_only_commands_is_offered_nothing(start_penstock) -> None:
    server = start_penstock()
    server.initialize(without("textDocument.codeAction.codeActionLiteralSupport"))
    server.open(URI, BROKEN)

    assert actions(server, server.settled(URI)) == []


def test_a_client_without_preferred_actions_sees_no_preference(start_penstock) -> None:
    server = start_penstock()
    server.initialize(without("textDocument.codeAction.isPreferredSupport"))
    server.open(URI, BROKEN)

    assert all("isPreferred" not in action for action in actions(server, server.settled(URI)))


@pytest.mark.parametrize(
    ("only", "offered"),
    [(None, True), (["quickfix"], True), ([""], True), (["refactor"], False), (["quickfix.other"], False), ([], False)],
)
def test_only_the_kinds_that_are_asked_for_are_offered(
    penstock: ServerProcess, only: list[str] | None, offered: bool
) -> None:
    penstock.open(URI, BROKEN)
    reported = penstock.settled(URI)

    asked = {} if only is None else {"only": only}
    found = actions(penstock, reported, None, **asked)

    assert bool(found) == offered


def test_without_diagnostics_in_the_request_the_place_decides(penstock: ServerProcess) -> None:
    penstock.open(URI, BROKEN)
    where = penstock.settled(URI)[0]["range"]
    elsewhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}

    assert actions(penstock, [], where) != []
    assert actions(penstock, [], elsewhere) == []


def test_a_diagnostic_that_is_no_longer_there_has_no_fix(penstock: ServerProcess) -> None:
    penstock.open(URI, BROKEN)
    reported = penstock.settled(URI)
    penstock.change(
        URI, {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "\n"}
    )

    assert actions(penstock, reported, reported[0]["range"]) == []


@pytest.mark.parametrize(
    "where",
    [
        {"start": {"line": 9, "character": 9}, "end": {"line": 0, "character": 0}},
        {"start": {"line": 999, "character": 0}, "end": {"line": 999, "character": 5}},
    ],
)
def test_a_senseless_range_offers_nothing(penstock: ServerProcess, where: dict) -> None:
    penstock.open(URI, BROKEN)
    penstock.settled(URI)

    assert actions(penstock, [], where) == []


def test_a_document_that_is_lost_or_not_open_offers_nothing(penstock: ServerProcess) -> None:
    anywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    assert actions(penstock, [], anywhere) == []
    penstock.open(URI, BROKEN)
    penstock.change(
        URI, {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "x"}
    )

    assert actions(penstock, [], anywhere) == []
