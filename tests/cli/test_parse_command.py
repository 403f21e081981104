"""`penstock parse`: three forms of one tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.trees import written
from engine.parse.tree import Node, Token
from tests.cli.command import invoke, lines, run, write

TEXT = '{"é🌊": [1,\r\n\ttrue]}\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, {"a.json": TEXT})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tokens(tree: Any) -> list[dict[str, Any]]:
    if "children" not in tree:
        return [tree]
    return [token for child in tree["children"] for token in tokens(child)]


def test_the_tree_is_shown_indented() -> None:
    output = invoke("parse", "a.json").stdout

    assert output.startswith("Root\n  ")
    assert '1:2 STRING "é🌊"\n' in output
    assert "2:2 true true\n" in output


def test_every_form_has_the_same_tokens() -> None:
    nested = tokens(json.loads(invoke("parse", "a.json", "--format", "json").stdout))
    events = [e for e in lines(invoke("parse", "a.json", "--format", "events").stdout) if e["event"] == "token"]
    shown = [line.split(None, 2) for line in invoke("parse", "a.json").stdout.splitlines() if line.strip()[0].isdigit()]

    assert [t["text"] for t in nested] == ["{", '"é🌊"', ":", "[", "1", ",", "true", "]", "}"]
    assert [{**e, "event": None} for e in events] == [{**t, "event": None} for t in nested]
    assert [(kind, text) for _, kind, text in shown] == [(t["kind"], t["text"]) for t in nested]


def test_every_token_stands_where_it_says() -> None:
    source = TEXT.encode()

    for token in tokens(json.loads(invoke("parse", "a.json", "--format", "json").stdout)):
        start, end = token["range"]["start"], token["range"]["end"]
        assert source[start["byte"] : end["byte"]].decode() == token["text"]
        line = TEXT.replace("\r\n", "\n").split("\n")[start["line"] - 1]
        assert line[start["column"] - 1 : end["column"] - 1] == token["text"]


def test_a_node_reaches_from_its_first_token_to_its_last() -> None:
    root = json.loads(invoke("parse", "a.json", "--format", "json").stdout)

    assert root["range"]["start"] == {"line": 1, "column": 1, "byte": 0}
    assert root["range"]["end"] == {"line": 2, "column": 8, "byte": len(TEXT.encode()) - 1}


def test_every_opened_event_is_closed() -> None:
    open_rules: list[str] = []
    for event in lines(invoke("parse", "a.json", "--format", "events").stdout):
        if event["event"] == "open":
            open_rules.append(event["rule"])
        elif event["event"] == "close":
            assert open_rules.pop() == event["rule"]

    assert open_rules == []


def test_errors_go_to_standard_error_and_exit_1(here: Path) -> None:
    done = run("parse", "-", "--language", "json", cwd=here, stdin=b'{"a": [1, 2}')

    assert done.returncode == 1
    assert done.stdout.startswith(b"Root\n")
    assert done.stderr.startswith(b"-:1:12: error: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.json"], "gone.json"),
        (["a.unknown"], "give --language"),
        (["-"], "needs --language"),
        (["a.json", "--format", "xml"], "xml"),
        (["a.json", "--language", "lisp"], "there is no language `lisp`"),
        (["."], "is a directory"),
    ],
)
def test_wrong_usage_says_what_is_wrong(here: Path, arguments: list[str], words: str) -> None:
    done = run("parse", *arguments, cwd=here)

    assert done.returncode in {1, 2}
    assert words in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize("form", ["tree", "json", "events"])
def test_a_tree_may_be_deeper_than_the_interpreters_stack(form: str) -> None:
    depth = 20_000
    root: Node | Token = Token("X", "x", 0, 0)
    for _ in range(depth):
        root = Node("R", [root])
    assert isinstance(root, Node)

    output = "".join(written(root, "x", form))

    assert output.count("R") >= depth


@pytest.mark.parametrize("form", ["tree", "json", "events"])
def test_bytes_that_are_no_text_do_not_break_the_output(form: str) -> None:
    root = Node("Root", [Token("ERROR", "\udcff\x1b", 0, 0)])

    output = "".join(written(root, "\udcff\x1b", form))

    output.encode()
    assert "\x1b" not in output
