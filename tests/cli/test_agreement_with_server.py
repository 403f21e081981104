"""The command line and the language server say the same about a text: codes, places, expected sets, fixes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from engine.cli.demo.client import Client
from tests.cli.command import diagnostics, invoke

SERVER = [sys.executable, "-P", "-m", "lsp_server", "--stdio"]
TEXTS = [
    ("a.json", '{"a": [1, 2}\n'),
    ("a.json", ""),
    ("a.json", '["Å", "👨\u200d👩\u200d👧", oops]'),
    ("a.jsonl", '{"a":1}\r\n{"b":\r\n[]\r\n'),
    ("a.jsonc", '{"a": 1, // one\n "a": 2 }'),
    ("a.reml", "fn f(a: Int -> Int = a\nfn g() = 1\n"),
    ("a.reml", 'let 水 = "👨\u200d👩\u200d👧" )\n1 + 2\nlet = 3\n'),
    ("a.reml", "fn f() {\n  let x = (1, [2, 3)\n"),
    ("a.reml", "/* no end"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("workspace")
    with Client(SERVER, folder, patience=30) as connection:
        connection.start(folder)
        yield connection


def from_server(said: dict[str, Any]) -> dict[str, Any]:
    """A diagnostic as the server has it, in the terms of the command line; columns are negotiated to be code points."""
    places = {end: {"line": at["line"] + 1, "column": at["character"] + 1} for end, at in said["range"].items()}
    severity = ["error", "warning", "information", "hint"][said["severity"] - 1]
    expected = (said.get("data") or {}).get("expected", [])
    return {"code": said["code"], "severity": severity, "range": places, "expected": expected}


def from_command(said: dict[str, Any]) -> dict[str, Any]:
    places = {end: {key: at[key] for key in ("line", "column")} for end, at in said["range"].items()}
    return {"code": said["code"], "severity": said["severity"], "range": places, "expected": said["expected"]}


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_command_line_and_server_say_the_same(server: Client, tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())

    answer = server.open(path.as_uri(), {"a.reml": "reml"}.get(name, name.partition(".")[2]), text)
    checked = diagnostics(invoke("check", "--format", "json", path).stdout)

    assert [from_server(said) for said in answer.diagnostics] == [from_command(said) for said in checked]
    assert len(checked) > 0


def test_something_is_expected_in_most_of_these_texts(tmp_path: Path) -> None:
    """So that the comparison above compares expected sets, and not only empty lists."""
    sets = []
    for number, (name, text) in enumerate(TEXTS):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(text.encode())
        sets += [said["expected"] for said in diagnostics(invoke("check", "--format", "json", path).stdout)]

    assert sum(map(bool, sets)) > len(TEXTS) // 2
