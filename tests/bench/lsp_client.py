"""A client that does one thing at a time, and the servers that the latency benchmark starts with it.

Nothing of it stands between the write and the read.  The floor is a process that answers each change with an empty list
and does nothing else: what it takes is the machine's and the client's share.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lsp_server.frames import FrameDecoder, Message, frame
from lsp_server.testing.client import COMMAND

__all__ = ["BARE", "COMMAND", "FLOOR", "RUFF", "Client"]

_FLOOR = r"""
import json, os
buffer = bytearray()
while True:
    at = buffer.find(b"\r\n\r\n")
    length = int(buffer[:at].rpartition(b":")[2]) if at >= 0 else 0
    if at < 0 or len(buffer) < at + 4 + length:
        chunk = os.read(0, 1 << 20)
        if not chunk:
            break
        buffer += chunk
        continue
    message = json.loads(bytes(buffer[at + 4 : at + 4 + length]))
    del buffer[: at + 4 + length]
    document = (message.get("params") or {}).get("textDocument")
    if message["method"] == "exit":
        break
    if "id" in message:
        answers = [{"jsonrpc": "2.0", "id": message["id"], "result": {"capabilities": {}}}]
    elif document:
        said = {"uri": document["uri"], "version": document["version"]}
        answers = [
            {"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": {**said, "diagnostics": []}},
            {"jsonrpc": "2.0", "method": "penstock/settled", "params": said},
        ]
    else:
        continue
    parts = [json.dumps(answer).encode() for answer in answers]
    os.write(1, b"".join(b"Content-Length: %d\r\n\r\n" % len(part) + part for part in parts))
"""
FLOOR = (sys.executable, "-c", _FLOOR)
BARE = (
    sys.executable, "-P", "-c",
    'from pygls.lsp.server import LanguageServer\nLanguageServer("bare", "1").start_io()\n',
)
"""A pygls server without a feature."""
RUFF = (str(Path(sysconfig.get_path("scripts")) / "ruff"), "server")


class Client:
    """One server process and what it says."""

    def __init__(self, command: Sequence[str], options: object = None) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.to_server, self.from_server = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.options = options
        self.decoder = FrameDecoder()
        self.waiting: list[tuple[float, dict]] = []
        self.number = 0

    def send(self, message: dict) -> float:
        """Sends a message; the time at which that began."""
        view = memoryview(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()))
        began = time.perf_counter()
        while view:
            view = view[os.write(self.to_server, view) :]
        return began

    def messages(self) -> Iterator[tuple[float, dict]]:
        """What the server sends, each with the time at which it was there; its requests are answered with nothing."""
        while True:
            while self.waiting:
                came, message = self.waiting.pop(0)
                if "method" in message and "id" in message:
                    items = (message.get("params") or {}).get("items", [])
                    self.send({"id": message["id"], "result": [None] * len(items) if items else None})
                else:
                    yield came, message
            chunk = os.read(self.from_server, 1 << 20)
            if not chunk:
                raise EOFError("the server has ended")
            came = time.perf_counter()
            self.waiting += [(came, item.body) for item in self.decoder.feed(chunk) if isinstance(item, Message)]

    def request(self, method: str, params: object = None) -> float:
        """Sends a request and waits for the answer; the seconds that took."""
        self.number += 1
        began = self.send({"id": self.number, "method": method, "params": params})
        return next(came for came, message in self.messages() if message.get("id") == self.number) - began

    def notify(self, method: str, params: object) -> float:
        return self.send({"method": method, "params": params})

    def said(self, method: str, version: int) -> tuple[float, dict]:
        """The first message of that method about a version, waited for, and when it was there."""
        for came, message in self.messages():
            if message.get("method") == method and message["params"].get("version") == version:
                return came, message["params"]
        raise AssertionError("the messages have no end")

    def diagnostics(self, version: int) -> tuple[float, dict]:
        return self.said("textDocument/publishDiagnostics", version)

    def settled(self, version: int) -> float:
        return self.said("penstock/settled", version)[0]

    def start(self) -> float:
        """Starts the session; the seconds until `initialize` was answered."""
        who: dict = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
        seconds = self.request("initialize", {**who, "initializationOptions": self.options})
        self.notify("initialized", {})
        return seconds

    def open(self, uri: str, language: str, text: str) -> float:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        return self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, version: int, *edits: dict) -> float:
        where = {"uri": uri, "version": version}
        return self.notify("textDocument/didChange", {"textDocument": where, "contentChanges": list(edits)})

    def end(self) -> None:
        self.request("shutdown")
        self.send({"method": "exit"})
        self.process.wait()
