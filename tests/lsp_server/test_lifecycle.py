"""From the start of the process to its end: order of messages, exit codes, end of input, the editor's death, logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lsp_server.frames import frame
from lsp_server.testing import ServerProcess
from lsp_server.testing.client import COMMAND


def message(method: str, which: object = None, params: object = None) -> bytes:
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    return frame(json.dumps(body if which is None else body | {"id": which}).encode())


INITIALIZE = message("initialize", 1, {"processId": None, "capabilities": {}})
SHUTDOWN = message("shutdown", 2)
EXIT = message("exit")


@pytest.mark.parametrize(
    ("payload", "ids", "code"),
    [
        pytest.param(b"", {}, 1, id="nothing at all"),
        pytest.param(INITIALIZE, {1: "initialize"}, 1, id="end of input after initialize"),
        pytest.param(INITIALIZE + SHUTDOWN, {1: "initialize", 2: "shutdown"}, 0, id="end of input after shutdown"),
        pytest.param(INITIALIZE + SHUTDOWN + EXIT, {1: "initialize", 2: "shutdown"}, 0, id="shutdown and exit"),
        pytest.param(INITIALIZE + EXIT, {1: "initialize"}, 1, id="exit without shutdown"),
        pytest.param(EXIT, {}, 1, id="exit first"),
        pytest.param(INITIALIZE + SHUTDOWN + EXIT[:30], {1: "initialize", 2: "shutdown"}, 1, id="half a message"),
        pytest.param(INITIALIZE + b"junk", {1: "initialize"}, 1, id="junk at the end"),
        pytest.param(
            INITIALIZE + SHUTDOWN + EXIT + SHUTDOWN, {1: "initialize", 2: "shutdown"}, 0, id="more after exit"
        ),
    ],
)
def test_the_exit_code_says_whether_the_end_was_in_order(
    start_penstock, payload: bytes, ids: dict[str | int, str], code: int
) -> None:
    server = start_penstock()
    server.write(payload, ids)
    server.end_input()

    assert server.exit_code() == code
    assert server.ledger.unanswered() == []
    is_complete = payload.endswith((b"}", b"")) and not payload.endswith((b"junk", EXIT[:30]))
    assert [one["error"]["code"] for one in server.ledger.errors] == ([] if is_complete else [-32700])


def test_exit_ends_the_server_while_its_input_stays_open(start_penstock) -> None:
    server = start_penstock()
    server.initialize()
    server.request("shutdown")
    server.notify("exit")

    assert server.exit_code() == 0


def test_before_initialize_requests_are_refused_and_notifications_dropped(start_penstock) -> None:
    server = start_penstock()
    server.notify(
        "textDocument/didOpen", {"textDocument": {"uri": "u", "languageId": "json", "version": 1, "text": ""}}
    )
    early = [server.begin(method) for method in ("shutdown", "textDocument/codeAction", "penstock/unknown")]
    codes = [server.reply(which)["error"]["code"] for which in early]

    assert codes == [-32002, -32002, -32002]
    assert server.initialize()["serverInfo"]["name"] == "penstock"
    assert [one for one in server.ledger.received if "method" in one] == []


def test_a_malformed_initialize_can_be_repeated(start_penstock) -> None:
    server = start_penstock()
    malformed: list[object] = [None, [], {}, {"capabilities": 5}, {"processId": "x", "capabilities": {}}]
    for params in malformed:
        assert server.reply(server.begin("initialize", params))["error"]["code"] == -32602

    assert "capabilities" in server.initialize()


def test_after_shutdown_every_request_is_refused(start_penstock) -> None:
    server = start_penstock()
    server.initialize()
    server.request("shutdown")
    late = [
        server.begin(method) for method in ("shutdown", "initialize", "textDocument/codeAction", "penstock/unknown")
    ]

    assert [server.reply(which)["error"]["code"] for which in late] == [-32600] * 4
    server.notify("exit")
    assert server.exit_code() == 0


def test_a_request_cancelled_while_it_waits_is_not_run(start_penstock) -> None:
    server = start_penstock()
    server.initialize()
    params = {"textDocument": {"uri": "u"}, "range": _range(0), "context": {"diagnostics": []}}
    wanted = message("textDocument/codeAction", "a", params) + message("textDocument/codeAction", 7, params)
    cancel = message("$/cancelRequest", None, {"id": "a"}) + message("$/cancelRequest", None, {"id": 7})

    server.write(wanted + cancel, {"a": "textDocument/codeAction", 7: "textDocument/codeAction"})

    assert [server.reply(which)["error"]["code"] for which in ("a", 7)] == [-32800, -32800]


def test_a_cancellation_counts_for_the_request_that_was_sent_before_it(start_penstock) -> None:
    server = start_penstock()
    server.initialize()
    params = {"textDocument": {"uri": "u"}, "range": _range(0), "context": {"diagnostics": []}}
    server.write(
        message("$/cancelRequest", None, {"id": "a"}) + message("textDocument/codeAction", "a", params),
        {"a": "textDocument/codeAction"},
    )

    assert server.reply("a")["result"] == []


def _range(line: int) -> dict:
    return {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 0}}


SLOW_SERVER = """
import asyncio
from lsp_server.logs import start_logging
from lsp_server.server import PenstockServer, serve
from lsp_server.transport import StdioChannel
start_logging(None)
channel = StdioChannel()
server = PenstockServer()

@server.feature("test/forever")
async def forever(params):
    server.protocol.notify("test/started", {})
    await asyncio.Event().wait()

@server.feature("test/soon")
async def soon(params):
    for _ in range(100):
        await asyncio.sleep(0)
    return "done"

@server.feature("test/secret")
async def secret(params):
    raise ValueError("the payload: " + str(params))

@server.feature("test/endless")
def endless(params):
    value = []
    value.append(value)
    return value

@server.feature("test/print")
def print_something(params):
    import os, subprocess, sys
    print("printed")
    os.write(1, b"written")
    subprocess.run([sys.executable, "-c", "import sys; print('child', sys.stdin.read())"], check=False)
    return "printed"

raise SystemExit(asyncio.run(serve(server, channel)))
"""


@pytest.fixture
def slow(start_penstock) -> ServerProcess:
    """The real server with a few more methods, which take their time or fail."""
    server: ServerProcess = start_penstock([sys.executable, "-P", "-c", SLOW_SERVER])
    server.initialize()
    return server


def test_a_running_request_can_be_cancelled(slow: ServerProcess) -> None:
    which = slow.begin("test/forever")
    slow.wait_for(lambda: any(one.get("method") == "test/started" for one in slow.ledger.received), "the start")
    slow.notify("$/cancelRequest", {"id": which})

    assert slow.reply(which)["error"]["code"] == -32800
    slow.notify("$/cancelRequest", {"id": which})
    assert slow.request("test/soon") == "done"


def test_an_id_in_use_is_refused(slow: ServerProcess) -> None:
    slow.send({"jsonrpc": "2.0", "id": "twice", "method": "test/forever"})
    slow.wait_for(lambda: any(one.get("method") == "test/started" for one in slow.ledger.received), "the start")
    slow.write(message("test/soon", "twice"))

    assert slow.reply("twice")["error"]["code"] == -32600
    slow.ledger.note_sent({"id": "twice", "method": "test/forever"})  # the first one is still owed an answer
    slow.notify("$/cancelRequest", {"id": "twice"})
    slow.wait_for(lambda: slow.ledger.unanswered() == [], "the reply to the first")


def test_shutdown_cancels_what_is_running(slow: ServerProcess) -> None:
    which = slow.begin("test/forever")
    slow.request("shutdown")

    assert slow.reply(which)["error"]["code"] == -32800


@pytest.mark.parametrize("ending", [EXIT, b""])
def test_requests_before_the_end_are_answered(slow: ServerProcess, ending: bytes) -> None:
    soon, forever = message("test/soon", "soon"), message("test/forever", "forever")
    slow.write(soon + forever + ending, {"soon": "test/soon", "forever": "test/forever"})
    slow.end_input()

    assert slow.exit_code() == 1
    assert slow.reply("soon")["result"] == "done"
    assert slow.reply("forever")["error"]["code"] == -32800


def test_a_failing_request_gets_an_error_without_a_traceback_and_is_logged_without_its_payload(
    slow: ServerProcess,
) -> None:
    error = slow.reply(slow.begin("test/secret", {"word": "hidden"}))["error"]

    assert (error["code"], "data" in error, "hidden" in error["message"]) == (-32603, False, False)
    slow.wait_for(lambda: "ValueError at <string>" in slow.stderr(), "the failure in the log")
    assert "hidden" not in slow.stderr()


def test_a_result_that_cannot_be_written_is_an_error(slow: ServerProcess) -> None:
    assert slow.reply(slow.begin("test/endless"))["error"]["code"] == -32603
    assert slow.request("test/soon") == "done"


def test_nothing_printed_reaches_standard_output(slow: ServerProcess) -> None:
    assert slow.request("test/print") == "printed"
    assert slow.request("test/soon") == "done"


def test_malformed_messages_are_logged_without_their_payload(penstock: ServerProcess) -> None:
    penstock.write(frame(b"{hidden"))
    penstock.notify("textDocument/didOpen", {"hidden": 1})
    penstock.notify("textDocument/didChange", {"textDocument": {"uri": "file:///hidden", "version": 1}})
    assert penstock.reply(penstock.begin("textDocument/codeAction", {"range": "hidden"}))["error"]["code"] == -32602

    penstock.wait_for(lambda: penstock.stderr().count("WARNING") == 3, "the warnings in the log")
    assert "hidden" not in penstock.stderr()


def test_the_server_ends_with_the_editor_even_if_its_input_stays_open(start_penstock) -> None:
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server = start_penstock()
    server.initialize(processId=editor.pid)
    assert server.process.poll() is None

    editor.kill()
    editor.wait()

    assert server.exit_code() == 1
    assert "the editor's process has ended" in server.stderr()


def test_an_editor_that_cannot_be_seen_is_not_watched(start_penstock) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    server = start_penstock()
    server.initialize(processId=gone.pid)

    assert server.reply(server.begin("penstock/unknown"))["error"]["code"] == -32601


@pytest.mark.parametrize("pid", [0, -1, 2**31 - 1, 2**62])
def test_a_senseless_process_id_is_ignored(start_penstock, pid: int) -> None:
    server = start_penstock()

    assert "capabilities" in server.initialize(processId=pid)


def test_a_client_that_closes_its_output_side_ends_the_server() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write(INITIALIZE)
    process.stdin.flush()

    assert process.wait(60) == 1
    process.stdin.close()


def test_warnings_go_to_standard_error_and_more_to_a_file(start_penstock, tmp_path) -> None:
    log_file = tmp_path / "penstock.log"
    server = start_penstock([*COMMAND, "--log-file", str(log_file)])
    server.initialize()
    server.write(frame(b"{"))
    server.request("shutdown")
    server.notify("exit")
    assert server.exit_code() == 0

    assert "could not be read" in server.stderr()
    assert "INFO" not in server.stderr()
    assert "could not be read" in log_file.read_text(encoding="utf-8")
    assert "INFO lsp_server.server: initialized" in log_file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("option", "shown"), [("--quiet", []), ("-v", ["INFO", "WARNING"])])
def test_the_log_can_be_quieter_and_louder(start_penstock, option: str, shown: list[str]) -> None:
    server = start_penstock([*COMMAND, option])
    server.initialize()
    server.write(frame(b"{"))
    server.request("shutdown")
    server.notify("exit")
    assert server.exit_code() == 0

    assert [level for level in ("INFO", "WARNING") if f" {level} " in server.stderr()] == shown


@pytest.mark.parametrize(
    "arguments",
    [["--stdio", "--tcp", "0"], ["--tcp", "65536"], ["--tcp", "x"], ["--unknown"], ["--log-file", os.devnull + "/x"]],
)
def test_wrong_options_are_usage_errors(arguments: list[str]) -> None:
    ended = subprocess.run(
        [*COMMAND[:4], *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Usage:" in ended.stderr


def test_without_an_input_there_is_an_error_and_no_traceback() -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: no connection to a client")


@pytest.mark.parametrize("arguments", [[], ["--stdio"]])
def test_standard_input_and_output_are_the_default(start_penstock, arguments: list[str]) -> None:
    server = start_penstock([*COMMAND[:4], *arguments])

    assert "capabilities" in server.initialize()


def test_a_client_that_does_not_read_cannot_keep_the_server_from_ending() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    requests = (message("penstock/unknown", number) for number in range(10_000))
    process.stdin.write(INITIALIZE + b"".join(requests) + SHUTDOWN + EXIT)
    process.stdin.flush()

    assert process.wait(60) == 0
    process.communicate()
