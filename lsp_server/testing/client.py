"""A small synchronous client that runs the real server as a process and notes everything in a ledger.

Each wait is for a stated condition with a generous limit; when the limit is reached the transcript is in the exception.
Knows no feature of the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from lsp_server.frames import FrameDecoder, Message, frame
from lsp_server.testing.ledger import Ledger

__all__ = ["COMMAND", "USUAL_CAPABILITIES", "ServerProcess"]

COMMAND = (sys.executable, "-P", "-m", "lsp_server", "--stdio")

LIMIT_SECONDS = 60.0
"""How long a condition is waited for: far longer than it can take on a slow machine."""

USUAL_CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {"workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {
            "versionSupport": True,
            "relatedInformation": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
        },
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}},
            "isPreferredSupport": True,
            "dataSupport": True,
        },
    },
}


class ServerProcess:
    """A running server. As a context manager it ends the server and raises if the ledger is not clean."""

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        answer: Callable[[str, Any], Any] | None = None,
    ) -> None:
        self.ledger = Ledger()
        self.ended_with: int | None = None
        self._answer = answer or _usual_answer
        self._stderr = bytearray()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
        )
        self._changed = threading.Condition()
        self._may_read = threading.Event()
        self._may_read.set()
        self._writing = threading.Lock()
        self._number = 0
        self._input_ended = False
        self._versions: dict[str, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._log_reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self._log_reader.start()

    # -- messages

    def write(self, payload: bytes, ids: Mapping[str | int, str] | None = None) -> None:
        """Sends bytes as they are; `ids` names the requests among them, for the ledger."""
        with self._changed:
            for which, method in (ids or {}).items():
                self.ledger.note_sent({"id": which, "method": method})
        self._write(payload)

    def send(self, message: dict[str, Any]) -> None:
        """Sends one message."""
        with self._changed:
            self.ledger.note_sent(message)
        self._write(frame(json.dumps(message).encode()))

    def notify(self, method: str, params: Any = None) -> None:
        """Sends a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> int:
        """Sends a request; its id."""
        self._number += 1
        self.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def reply(self, which: str | int) -> dict[str, Any]:
        """The whole reply to a request, waited for."""
        self.wait_for(lambda: which in self.ledger.replies, f"the reply to {which!r}")
        return self.ledger.replies[which]

    def request(self, method: str, params: Any = None) -> Any:
        """The result of a request; AssertionError if it is an error."""
        reply = self.reply(self.begin(method, params))
        assert "result" in reply, reply
        return reply["result"]

    # -- life cycle

    def initialize(self, capabilities: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """Starts the session; the result of `initialize`."""
        offered = USUAL_CAPABILITIES if capabilities is None else capabilities
        usual = {"processId": os.getpid(), "rootUri": None, "capabilities": offered}
        result: dict[str, Any] = self.request("initialize", {**usual, **params})
        self.notify("initialized", {})
        return result

    def end_input(self) -> None:
        """Closes the server's standard input."""
        if not self._input_ended and self.process.stdin is not None:
            self._input_ended = True
            self.process.stdin.close()

    def exit_code(self) -> int:
        """The exit code, waited for."""
        code = self.process.wait(LIMIT_SECONDS)
        self._reader.join(LIMIT_SECONDS)
        self._log_reader.join(LIMIT_SECONDS)
        return code

    def _close_pipes(self) -> None:
        self.end_input()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def end(self) -> list[str]:
        """Ends the server in the orderly way unless it has ended; everything that was wrong."""
        self._may_read.set()
        if self.ended_with is None:
            if self.process.poll() is None and not self._input_ended:
                self._shut_down()
            self.end_input()
            self.ended_with = self.exit_code()
            self._close_pipes()
        faults = [*self.ledger.faults, *(f"no reply to {method}" for method in self.ledger.unanswered())]
        faults += [f"progress {token} never ended" for token in self.ledger.unfinished_progress()]
        if "Traceback" in self.stderr():
            faults.append(f"a traceback on standard error: {self.stderr()}")
        return faults

    def _shut_down(self) -> None:
        try:
            which = self.begin("shutdown")
            self.wait_for(lambda: which in self.ledger.replies or self._has_ended(), "the reply to shutdown")
            self.notify("exit")
        except OSError:  # it ended by itself, which the ledger will show
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        faults = self.end()
        if kind is None:
            assert faults == []

    # -- documents

    def open(self, uri: str, text: str, language_id: str = "reml", version: int = 1) -> None:
        """Opens a document."""
        self._versions[uri] = version
        document = {"uri": uri, "languageId": language_id, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, *changes: dict[str, Any], version: int | None = None) -> int:
        """Changes a document by content changes as the protocol has them; the new version."""
        version = self._versions[uri] + 1 if version is None else version
        self._versions[uri] = version
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})
        return version

    def close(self, uri: str) -> None:
        """Closes a document."""
        del self._versions[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def settled(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """The diagnostics of a document once everything about its newest (or the given) version is out."""
        wanted = self._versions[uri] if version is None else version
        self.wait_for(
            lambda: (self.ledger.settled_version(uri) or wanted - 1) >= wanted, f"version {wanted} of {uri} to settle"
        )
        published = self.ledger.diagnostics(uri)
        found: list[dict[str, Any]] = published[-1]["diagnostics"] if published else []
        return found

    # -- watching

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = LIMIT_SECONDS) -> None:
        """Blocks until a condition on what was received holds; AssertionError with the transcript if it never does."""
        with self._changed:
            if not self._changed.wait_for(condition, seconds):
                seen = "\n".join(str(message)[:200] for message in self.ledger.received[-30:])
                raise AssertionError(f"waited {seconds} s for {what}; received:\n{seen}\nstderr:\n{self.stderr()}")

    def stop_reading(self) -> None:
        """Takes nothing more from the server until `go_on_reading`."""
        self._may_read.clear()

    def go_on_reading(self) -> None:
        """Takes again what the server sends."""
        self._may_read.set()

    def stderr(self) -> str:
        """What the server wrote to standard error so far."""
        return bytes(self._stderr).decode(errors="replace")

    def _has_ended(self) -> bool:
        return not self._reader.is_alive()

    def _write(self, payload: bytes) -> None:
        assert self.process.stdin is not None
        view = memoryview(payload)
        with self._writing:
            while view:
                view = view[self.process.stdin.write(view) :]

    def _read(self) -> None:
        assert self.process.stdout is not None
        decoder = FrameDecoder()
        while chunk := self.process.stdout.read(1 << 16):
            self._may_read.wait()
            for item in decoder.feed(chunk):
                self._note(item.body if isinstance(item, Message) else None)
        with self._changed:
            if not decoder.close()[0]:
                self.ledger.faults.append("the output ended within a message")
            self._changed.notify_all()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        while chunk := self.process.stderr.read(1 << 16):
            with self._changed:
                self._stderr += chunk
                self._changed.notify_all()

    def _note(self, body: dict[str, Any] | None) -> None:
        with self._changed:
            if body is None:
                self.ledger.faults.append("something other than a message on standard output")
            else:
                self.ledger.note_received(body)
            self._changed.notify_all()
        if body is not None and "method" in body and "id" in body:
            self._reply_to(body)

    def _reply_to(self, request: dict[str, Any]) -> None:
        result = self._answer(request["method"], request.get("params"))
        answer = {"jsonrpc": "2.0", "id": request["id"], "result": result}
        try:
            self._write(frame(json.dumps(answer).encode()))
        except OSError:  # the server has ended meanwhile
            return


def _usual_answer(method: str, params: Any) -> Any:
    """What a client without settings says to a request of the server's."""
    return [None] * len(params["items"]) if method == "workspace/configuration" else None
