"""A session with the real process: what is published, when, and for which version."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from engine.languages import language_named
from engine.languages.analysis import Analysis
from engine.parse.source import Position
from lsp_server.testing import ServerProcess
from lsp_server.testing.client import USUAL_CAPABILITIES

URI = "file:///w/a.json"


def at(line: int, start: int, end: int | None = None, text: str = "", end_line: int | None = None) -> dict[str, Any]:
    last = {"line": line if end_line is None else end_line, "character": start if end is None else end}
    return {"range": {"start": {"line": line, "character": start}, "end": last}, "text": text}


def versions(server: ServerProcess, uri: str = URI) -> list[tuple[int | None, int]]:
    """All publications so far: version and number of diagnostics."""
    return [(one.get("version"), len(one["diagnostics"])) for one in server.ledger.diagnostics(uri)]


def codes(found: list[dict]) -> list[str]:
    return [one["code"] for one in found]


def barrier(server: ServerProcess) -> None:
    """Everything sent so far has been dealt with when this returns."""
    server.reply(server.begin("penstock/unknown"))


def test_each_version_is_published_once_and_then_settled(penstock: ServerProcess) -> None:
    penstock.open(URI, "[1]", "json")
    penstock.change(URI, at(0, 2, text=" 2"))
    penstock.change(URI, at(0, 2, text=","))
    penstock.change(URI, at(0, 0))
    penstock.settled(URI)
    penstock.close(URI)
    barrier(penstock)

    assert versions(penstock) == [(1, 0), (2, 1), (3, 0), (4, 0), (None, 0)]
    order = [(one["method"], one["params"].get("version")) for one in penstock.ledger.received if "method" in one]
    assert order == [
        entry
        for version in (1, 2, 3, 4)
        for entry in (("textDocument/publishDiagnostics", version), ("penstock/settled", version))
    ] + [("textDocument/publishDiagnostics", None)]


def test_several_edits_in_one_message_are_one_version(penstock: ServerProcess) -> None:
    penstock.open(URI, "[1]", "json")
    penstock.change(URI, at(0, 2, text=", 2"), at(0, 5, text=", 3"), at(0, 0, text="\n"))
    assert penstock.settled(URI) == []
    penstock.change(URI, version=9)

    assert penstock.settled(URI) == []
    assert versions(penstock) == [(1, 0), (2, 0), (9, 0)]


def test_a_full_text_replaces_everything(penstock: ServerProcess) -> None:
    penstock.open(URI, "[1 2]", "json")
    penstock.change(URI, {"text": "[1]"})
    assert penstock.settled(URI) == []
    penstock.change(URI, at(0, 2, text=" 2"), {"text": "[]"}, at(0, 1, text="3"))

    assert penstock.settled(URI) == []


def test_two_documents_do_not_disturb_each_other(penstock: ServerProcess) -> None:
    other = "file:///w/b.json"
    penstock.open(URI, "[1 2]", "json")
    penstock.open(other, "[1]", "json", version=7)
    penstock.change(other, at(0, 1, text="0"))
    penstock.change(URI, at(0, 2, text=","))

    assert (penstock.settled(URI), len(penstock.settled(other))) == ([], 1)
    assert versions(penstock, other) == [(7, 0), (8, 1)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"changes": [at(0, 2, 1, "x")]}, id="reversed range"),
        pytest.param({"changes": [at(0, 3, 3, "x")]}, id="inside a surrogate pair"),
        pytest.param({"changes": [at(0, 1, text="5,"), at(0, 2, 1)]}, id="the second of two"),
        pytest.param({"changes": [{"text": 5}]}, id="malformed"),
        pytest.param({"changes": [at(0, 1, text="5,")], "version": 1}, id="the same version again"),
        pytest.param({"changes": [at(0, 1, text="5,")], "version": -4}, id="an older version"),
    ],
)
def test_a_refused_change_gets_one_notice_and_nothing_until_the_next_full_text(
    penstock: ServerProcess, change: dict[str, Any]
) -> None:
    penstock.open(URI, '["😀" 1]', "json", version=1)
    assert len(penstock.settled(URI)) == 1
    penstock.change(URI, *change["changes"], version=change.get("version"))
    barrier(penstock)
    notice = penstock.ledger.diagnostics(URI)[-1]
    assert (codes(notice["diagnostics"]), notice["diagnostics"][0]["range"]["start"]["line"]) == (
        ["lsp.out_of_sync"],
        0,
    )
    before = len(versions(penstock))

    penstock.change(URI, at(0, 0, text=" "), version=10)
    penstock.change(URI, at(5, 0, 0, end_line=0), version=11)
    penstock.notify("textDocument/didSave", {"textDocument": {"uri": "file:///w/other.json"}})
    barrier(penstock)
    assert penstock.ledger.settled_version(URI) == 11
    assert len(versions(penstock)) == before

    penstock.change(URI, {"text": "[1 2]"}, version=12)
    assert codes(penstock.settled(URI)) != ["lsp.out_of_sync"]
    penstock.change(URI, at(0, 2, text=","), version=13)
    assert penstock.settled(URI) == []
    assert not [one for one in penstock.ledger.received if one.get("method", "").startswith("window/")]


def test_a_lost_document_is_found_again_when_it_is_saved(penstock: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "a b.json"
    penstock.open(file.as_uri(), "[1]", "json")
    penstock.change(file.as_uri(), at(0, 2, 1))
    penstock.settled(file.as_uri())

    file.write_bytes(b"\xef\xbb\xbf[1 2]\r\n")
    penstock.notify("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
    penstock.wait_for(lambda: len(versions(penstock, file.as_uri())) == 3, "the saved text to be checked")
    found = penstock.ledger.diagnostics(file.as_uri())[-1]["diagnostics"]
    assert found[0]["range"]["start"] == {"line": 0, "character": 3}

    penstock.change(file.as_uri(), at(0, 2, text=","))
    assert penstock.settled(file.as_uri()) == []


def test_a_lost_document_is_found_again_when_it_is_opened_again(penstock: ServerProcess) -> None:
    penstock.open(URI, "[1]", "json")
    penstock.change(URI, at(0, 2, 1))
    penstock.settled(URI)
    penstock.close(URI)
    penstock.open(URI, "[1]", "json")

    assert penstock.settled(URI) == []


def test_a_save_that_cannot_be_read_leaves_the_document_lost(penstock: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "none.json"
    penstock.open(file.as_uri(), "[1]", "json")
    penstock.change(file.as_uri(), at(0, 2, 1))
    penstock.settled(file.as_uri())
    penstock.notify("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
    penstock.wait_for(lambda: "could not be read" in penstock.stderr(), "the failure in the log")

    assert codes(penstock.ledger.diagnostics(file.as_uri())[-1]["diagnostics"]) == ["lsp.out_of_sync"]


def test_a_document_of_an_unknown_language_is_settled_and_never_published(penstock: ServerProcess) -> None:
    uri = "file:///w/a.unknown"
    penstock.open(uri, "x", "unknown")
    penstock.change(uri, {"text": "y"})

    assert penstock.settled(uri) == []
    penstock.close(uri)
    barrier(penstock)
    assert versions(penstock, uri) == []


ALPHABET = '[]{}:,"1a é漢😀\n\r'


def edited(lines: list[str], start: tuple[int, int], end: tuple[int, int], text: str) -> str:
    """The text after an edit; positions count code points."""
    head = "".join(lines[: start[0]]) + lines[start[0]][: start[1]]
    return head + text + lines[end[0]][end[1] :] + "".join(lines[end[0] + 1 :])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_after_many_edits_the_diagnostics_are_those_of_the_final_text(start_penstock, encoding: str, seed: int) -> None:
    server = start_penstock()
    server.initialize(USUAL_CAPABILITIES | {"general": {"positionEncodings": [encoding]}})
    codec, size = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    random_choice = random.Random(seed)
    text = '{"a": [1, 2, "é😀"]}\n' * 3
    server.open(URI, text, "json")
    for _ in range(150):
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = [line + "\n" for line in lines[:-1]] + lines[-1:]
        text = "".join(lines)  # only plain line ends, so that the arithmetic here stays simple
        line = random_choice.randrange(len(lines))
        content = lines[line].rstrip("\n")
        start = random_choice.randint(0, len(content))
        end = random_choice.randint(start, min(len(content), start + 3))
        new = "".join(random_choice.choices(ALPHABET.replace("\r", ""), k=random_choice.randint(0, 3)))
        units = [len(content[:column].encode(codec)) // size for column in (start, end)]
        server.change(URI, at(line, units[0], units[1], new))
        text = edited(lines, (line, start), (line, end), new)

    language = language_named("json")
    assert language is not None
    fresh = Analysis(language, text)

    def place(position: Position) -> dict[str, int]:
        head = fresh.document.line(position.line)[: position.column]
        return {"line": position.line, "character": len(head.encode(codec)) // size}

    assert [(one["code"], one["range"]["start"], one["range"]["end"]) for one in server.settled(URI)] == [
        (one.code, place(one.span.start), place(one.span.end)) for one in fresh.diagnostics(500)
    ]


def test_a_client_that_does_not_read_gets_the_newest_diagnostics_and_every_reply(penstock: ServerProcess) -> None:
    penstock.open(URI, "[" + "1 1,\n" * 100 + "1]", "json")
    penstock.settled(URI)
    penstock.stop_reading()
    asked = []
    for _ in range(200):
        penstock.change(URI, at(0, 1, text=" "))
        asked.append(penstock.begin("penstock/unknown"))
    penstock.notify("textDocument/didClose")  # malformed, so that the log tells when everything before it is done
    penstock.wait_for(lambda: "malformed textDocument/didClose" in penstock.stderr(), "the server to get through")
    penstock.go_on_reading()

    assert len(penstock.settled(URI)) == 100
    assert [penstock.reply(which)["error"]["code"] for which in asked] == [-32601] * 200
    published = [version or 0 for version, _ in versions(penstock)]
    assert published == sorted(published)
    assert published[-1] == 201
    assert len(published) < 100


def test_ten_thousand_edits_leave_nothing_behind(penstock: ServerProcess) -> None:
    penstock.open(URI, "[1]\n", "json")
    penstock.settled(URI)
    threads_before, size_before = process_size(penstock)
    for _ in range(5_000):
        penstock.change(URI, at(0, 1, text="2"))
        penstock.change(URI, at(0, 1, 2))
    penstock.settled(URI)
    threads, size = process_size(penstock)

    assert threads == threads_before
    assert size < size_before * 1.3 + 20_000_000


def process_size(server: ServerProcess) -> tuple[int, int]:
    """Threads and resident bytes of the server."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("this system has no /proc to read the size of a process from")
    fields = dict(line.split(":\t", 1) for line in status.read_text(encoding="ascii").splitlines())
    return int(fields["Threads"]), int(fields["VmRSS"].split()[0]) * 1024
