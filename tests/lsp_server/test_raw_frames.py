"""Bytes against the real process: whatever comes, each request gets one reply and the next good one is served."""

from __future__ import annotations

import json

import pytest

from lsp_server.frames import frame
from lsp_server.testing import ServerProcess

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": "start",
    "method": "initialize",
    "params": {"processId": None, "capabilities": {}},
}


def framed(value) -> bytes:
    return frame(json.dumps(value).encode())


def initialized(server: ServerProcess) -> None:
    server.send(INITIALIZE)
    server.reply("start")


BAD_FRAMES = [
    pytest.param(b"content-length: 2\r\n\r\n{}", -32600, id="lower-case header, not JSON-RPC"),
    pytest.param(b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", -32600, id="the same length twice"),
    pytest.param(b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", -32700, id="two lengths"),
    pytest.param(b"Content-Type: x\r\n\r\n{}", -32700, id="no length"),
    pytest.param(b"Content-Length: -1\r\n\r\n{}", -32700, id="negative length"),
    pytest.param(b"Content-Length: 2147483648\r\n\r\n{}", -32700, id="huge length"),
    pytest.param(b"Content-Length: 99999999999999999999\r\n\r\n", -32700, id="length beyond 64 bits"),
    pytest.param(b"Content-Length: 2 bytes\r\n\r\n{}", -32700, id="length with a unit"),
    pytest.param(b'Content-Length: 100\r\n\r\n{"jsonrpc":"2.0","id":1,', -32700, id="truncated"),
    pytest.param(b"Content-Length: 4\r\n\r\n{}", -32700, id="length one frame too long"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", -32700, id="http"),
    pytest.param(frame(b'"\xff\xfe"'), -32700, id="bad utf-8"),
    pytest.param(frame(b"{bad"), -32700, id="bad json"),
    pytest.param(frame(b""), -32700, id="empty"),
    pytest.param(frame(b"[" * 100_000 + b"]" * 100_000), -32700, id="100 000 brackets"),
    pytest.param(frame(b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
                 -32700, id="100 000 objects"),
    pytest.param(framed([]), -32600, id="empty batch"),
    pytest.param(framed([INITIALIZE]), -32600, id="batch"),
    pytest.param(framed("text"), -32600, id="string"),
    pytest.param(framed(None), -32600, id="null"),
    pytest.param(framed({}), -32600, id="empty object"),
    pytest.param(framed({"jsonrpc": "2.0"}), -32600, id="neither request nor response"),
    pytest.param(framed({"jsonrpc": "1.0", "method": "exit"}), -32600, id="wrong version"),
    pytest.param(framed({"method": "exit"}), -32600, id="no version"),
    pytest.param(framed({"jsonrpc": "2.0", "method": 5}), -32600, id="method is a number"),
    pytest.param(framed({"jsonrpc": "2.0", "method": None, "id": None}), -32600, id="method is null"),
    pytest.param(framed({"jsonrpc": "2.0", "id": None, "method": "shutdown"}), -32600, id="id is null"),
    pytest.param(framed({"jsonrpc": "2.0", "id": [1], "method": "shutdown"}), -32600, id="id is a list"),
    pytest.param(framed({"jsonrpc": "2.0", "id": 1.5, "method": "shutdown"}), -32600, id="id is a fraction"),
    pytest.param(framed({"jsonrpc": "2.0", "id": True, "method": "shutdown"}), -32600, id="id is true"),
]  # fmt: skip


@pytest.fixture(scope="module")
def survivor():
    """One server that goes through all of it."""
    with ServerProcess() as server:
        initialized(server)
        yield server


@pytest.mark.parametrize(("payload", "code"), BAD_FRAMES)
def test_a_bad_frame_gets_one_error_and_the_server_goes_on(survivor: ServerProcess, payload: bytes, code: int) -> None:
    before = len(survivor.ledger.errors)

    survivor.write(payload)
    which = survivor.begin("penstock/unknown")

    assert survivor.reply(which)["error"]["code"] == -32601
    assert [error["error"]["code"] for error in survivor.ledger.errors[before:]] == [code]


def asking(line: object = 0, diagnostics: object = ()) -> dict:
    """Parameters of a request for code actions, right but for what is given."""
    ends = {"start": {"line": line, "character": 0}, "end": {"line": 9, "character": 0}}
    return {"textDocument": {"uri": "u"}, "range": ends, "context": {"diagnostics": diagnostics}}


BAD_REQUESTS: list[tuple[str, object, int]] = [
    ("textDocument/codeAction", {}, -32602),
    ("textDocument/codeAction", None, -32602),
    ("textDocument/codeAction", [], -32602),
    ("textDocument/codeAction", "text", -32602),
    ("textDocument/codeAction", {"textDocument": {"uri": 5}, "range": {}, "context": {"diagnostics": []}}, -32602),
    ("textDocument/codeAction", asking(line=-1), -32602),
    ("textDocument/codeAction", asking(line=1.5), -32602),
    ("textDocument/codeAction", asking(line="1"), -32602),
    ("textDocument/codeAction", asking(line=True), -32602),
    ("textDocument/codeAction", asking(diagnostics=[{}]), -32602),
    ("workspace/executeCommand", {"command": "unknown"}, -32602),
    ("workspace/executeCommand", {}, -32602),
    ("initialize", {"processId": None, "capabilities": {}}, -32600),
    ("penstock/unknown", {"a": {"jsonrpc": "2.0", "method": "exit"}}, -32601),
    ("$/unknown", None, -32601),
    ("textDocument/didOpen", {}, -32601),
    ("exit", None, -32601),
    ("", None, -32601),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params", "code"), BAD_REQUESTS)
def test_a_bad_request_gets_one_reply_with_its_code(
    survivor: ServerProcess, method: str, params: object, code: int
) -> None:
    reply = survivor.reply(survivor.begin(method, params))

    assert reply["error"]["code"] == code
    assert "data" not in reply["error"]


@pytest.mark.parametrize(
    "message",
    [
        {"method": "penstock/unknown"},
        {"method": "$/unknown", "params": {}},
        {"method": "shutdown"},
        {"method": "textDocument/didOpen", "params": {"textDocument": {"uri": 5}}},
        {"method": "textDocument/didOpen"},
        {"method": "textDocument/didChange", "params": {"textDocument": {"uri": "file:///none", "version": 1},
                                                         "contentChanges": [{"text": "x"}]}},
        {"method": "textDocument/didChange", "params": [1]},
        {"method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///none"}}},
        {"method": "textDocument/didClose"},
        {"method": "textDocument/didSave", "params": {}},
        {"method": "textDocument/didSave", "params": {"textDocument": {"uri": "file:///none"}}},
        {"method": "workspace/didChangeConfiguration"},
        {"method": "$/setTrace", "params": {"value": "verbose"}},
        {"method": "$/setTrace", "params": {"value": "loud"}},
        {"method": "$/cancelRequest"},
        {"method": "$/cancelRequest", "params": {"id": "never used"}},
        {"method": "$/cancelRequest", "params": {"id": {}}},
        {"method": "window/workDoneProgress/cancel", "params": {"token": "never used"}},
        {"method": "workspace/didChangeWorkspaceFolders", "params": {"event": {"added": [], "removed": []}}},
        {"method": "notebookDocument/didClose",
         "params": {"notebookDocument": {"uri": "file:///none"}, "cellTextDocuments": []}},
        {"id": "never asked", "result": None},
        {"id": 12, "error": {"code": 1, "message": "x"}},
        {"id": 12, "error": None},
    ],
)  # fmt: skip
def test_a_useless_notification_or_response_is_ignored(survivor: ServerProcess, message: dict) -> None:
    before = len(survivor.ledger.received)

    survivor.send({"jsonrpc": "2.0", **message})
    survivor.reply(survivor.begin("penstock/unknown"))

    assert len(survivor.ledger.received) == before + 1


def test_params_null_counts_as_absent(survivor: ServerProcess) -> None:
    assert survivor.reply(survivor.begin("workspace/executeCommand", None))["error"]["code"] == -32602
    survivor.notify("initialized", None)
    assert survivor.reply(survivor.begin("penstock/unknown", None))["error"]["code"] == -32601


def test_ids_are_given_back_as_they_came(survivor: ServerProcess) -> None:
    for which in (0, -7, 2**53, "", "é😀", "7"):
        survivor.send({"jsonrpc": "2.0", "id": which, "method": "penstock/unknown"})

        assert survivor.reply(which)["id"] == which


def test_every_byte_may_come_alone(start_penstock) -> None:
    server = start_penstock()
    for at, payload in enumerate(
        [framed(INITIALIZE), framed({"jsonrpc": "2.0", "id": 2, "method": "penstock/unknown"})]
    ):
        ids = {("start", 2)[at]: "initialize"} if at == 0 else {2: "penstock/unknown"}
        server.write(payload[:1], ids)
        for byte in range(1, len(payload)):
            server.write(payload[byte : byte + 1])

    assert server.reply(2)["error"]["code"] == -32601


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_many_requests_in_one_write_are_all_answered(start_penstock, count: int) -> None:
    server = start_penstock()
    initialized(server)
    requests = [{"jsonrpc": "2.0", "id": number, "method": "penstock/unknown"} for number in range(count)]

    server.write(b"".join(map(framed, requests)), dict.fromkeys(range(count), "penstock/unknown"))

    server.wait_for(lambda: server.ledger.unanswered() == [], "all replies")
    assert list(server.ledger.replies) == ["start", *range(count)]
