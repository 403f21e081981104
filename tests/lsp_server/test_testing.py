"""The ledger that watches all other tests: that it sees each way of breaking the protocol."""

from __future__ import annotations

import sys

import pytest

from lsp_server.testing import Ledger, ServerProcess

URI = "file:///a"


def sent(method: str, which: object = None, **params: object) -> dict:
    return {"jsonrpc": "2.0", "method": method, "params": params} | ({} if which is None else {"id": which})


def document(method: str, version: int | None = None) -> dict:
    return sent(method, textDocument={"uri": URI} | ({} if version is None else {"version": version}))


def reply(which: object, **outcome: object) -> dict:
    return {"jsonrpc": "2.0", "id": which} | (outcome or {"result": None})


def published(version: int | None, *diagnostics: str) -> dict:
    params = {"uri": URI, "diagnostics": list(diagnostics)} | ({} if version is None else {"version": version})
    return {"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params}


def settled(version: int) -> dict:
    return {"jsonrpc": "2.0", "method": "penstock/settled", "params": {"uri": URI, "version": version}}


def progress(kind: str) -> dict:
    return {"jsonrpc": "2.0", "method": "$/progress", "params": {"token": "t", "value": {"kind": kind}}}


START = [("sent", sent("initialize", 0)), ("received", reply(0))]
OPEN = [*START, ("sent", document("textDocument/didOpen", 1))]


def ledger(*steps: tuple[str, dict]) -> Ledger:
    made = Ledger()
    for way, message in steps:
        made.note_sent(message) if way == "sent" else made.note_received(message)
    return made


CLEAN = [
    pytest.param(
        [*START, ("sent", sent("a", 1)), ("sent", sent("b", "1")), ("received", reply("1")), ("received", reply(1))],
        id="replies in any order",
    ),
    pytest.param([("received", sent("window/logMessage")), *START], id="a log message before initialize"),
    pytest.param(
        [
            *OPEN,
            ("received", published(1)),
            ("received", settled(1)),
            ("sent", document("textDocument/didChange", 2)),
            ("received", published(2, "x")),
            ("received", settled(2)),
            ("sent", document("textDocument/didClose")),
            ("received", published(None)),
            ("sent", document("textDocument/didOpen", 1)),
            ("received", published(1)),
        ],
        id="the life of a document",
    ),
    pytest.param(
        [
            *OPEN,
            ("sent", document("textDocument/didChange", 2)),
            ("received", published(1)),
            ("received", published(2)),
        ],
        id="diagnostics that were under way",
    ),
    pytest.param(
        [*START, ("received", progress("begin")), ("received", progress("report")), ("received", progress("end"))],
        id="progress",
    ),
    pytest.param([*START, ("received", reply(None, error={"code": -32700, "message": ""}))], id="error without an id"),
]

BROKEN = [
    pytest.param([("sent", sent("initialize", 0)), ("received", settled(1))], "before the reply", id="too early"),
    pytest.param([*START, ("received", reply(0))], "second reply", id="two replies"),
    pytest.param([*START, ("received", reply("never"))], "to no request", id="reply to nothing"),
    pytest.param(
        [*START, ("sent", sent("a", 1)), ("received", reply(1, result=1, error={}))], "either", id="both outcomes"
    ),
    pytest.param(
        [*START, ("sent", sent("a", 1)), ("received", {"jsonrpc": "2.0", "id": 1})], "either", id="no outcome"
    ),
    pytest.param([*START, ("received", {"method": "a"})], "not JSON-RPC", id="no version of JSON-RPC"),
    pytest.param([*OPEN, ("received", published(2))], "has not sent", id="diagnostics of the future"),
    pytest.param([*START, ("received", published(1))], "has not sent", id="diagnostics of an unopened document"),
    pytest.param(
        [
            *OPEN,
            ("sent", document("textDocument/didChange", 2)),
            ("received", published(2)),
            ("received", published(1)),
        ],
        "older version",
        id="stale diagnostics",
    ),
    pytest.param([*OPEN, ("received", published(None, "x"))], "without a version", id="diagnostics without a version"),
    pytest.param(
        [*OPEN, ("sent", document("textDocument/didChange", 2)), ("received", published(2)), ("received", settled(1))],
        "settled with an older",
        id="settled too late",
    ),
    pytest.param([*START, ("received", progress("report"))], "progress report after created", id="report before begin"),
    pytest.param(
        [*START, ("received", progress("begin")), ("received", progress("begin"))], "begin after begin", id="two begins"
    ),
    pytest.param(
        [*START, *[("received", progress(kind)) for kind in ("begin", "end", "report")]],
        "after end",
        id="after the end",
    ),
    pytest.param(
        [*START, *[("received", progress(kind)) for kind in ("begin", "end", "end")]], "end after end", id="two ends"
    ),
    pytest.param([*START, ("received", sent("a", 5)), ("received", sent("a", 5))], "used twice", id="an id used twice"),
]


@pytest.mark.parametrize("steps", CLEAN)
def test_what_is_right_leaves_no_fault(steps: list[tuple[str, dict]]) -> None:
    assert ledger(*steps).faults == []


@pytest.mark.parametrize(("steps", "fault"), BROKEN)
def test_what_is_wrong_is_a_fault(steps: list[tuple[str, dict]], fault: str) -> None:
    faults = ledger(*steps).faults

    assert len(faults) == 1
    assert fault in faults[0]


def test_what_is_missing_is_listed() -> None:
    found = ledger(*START, ("sent", sent("a", 1)), ("received", progress("begin")))

    assert (found.unanswered(), found.unfinished_progress()) == (["a"], ["t"])


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("import sys; sys.stdin.buffer.read(1)", "no reply to initialize"),
        ("print('hello'); input()", "something other than a message"),
        ("import os; os.write(1, b'Content-Length: 5\\r\\n\\r\\n{'); input()", "ended within a message"),
        ("import sys; sys.stdin.buffer.read(1); raise ValueError", "a traceback on standard error"),
    ],
)
def test_a_process_that_is_no_server_is_found_out(script: str, fault: str) -> None:
    server = ServerProcess([sys.executable, "-c", script])
    server.begin("initialize", {})
    server.end_input()

    assert fault in " ".join(server.end())


def test_a_condition_that_never_holds_ends_with_the_transcript(penstock: ServerProcess) -> None:
    with pytest.raises(AssertionError, match=r"waited .* for the impossible; received:\n.*capabilities"):
        penstock.wait_for(lambda: False, "the impossible", seconds=0.01)


def test_the_server_can_be_used_as_a_context_manager() -> None:
    with ServerProcess() as server:
        server.initialize()

    assert server.ended_with == 0
