"""A small editor without a screen: it speaks LSP with a server process and measures how fast that answers.

Own framing over the process's pipes, one reader thread, one bounded queue. Every wait ends after a stated time, and the
process is gone when the client is closed, whatever state it was in.
Knows no language and imports no server. Source: LSP 3.17, "Base Protocol".
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from engine.parse.source import units_from_column

__all__ = ["Answer", "Client", "NoAnswer"]

#: messages that may wait between the reader and us; a server that sends more without being asked has to wait
QUEUED: Final = 4096
#: seconds a server gets to end by itself
GOODBYE: Final = 5.0

Message = dict[str, Any]


class NoAnswer(Exception):
    """The server did not answer in time, or has gone; the text says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said about one version of a document, and how many seconds after it was told."""

    version: int
    diagnostics: tuple[Message, ...]
    seconds: float


class Client:
    """A conversation with a language server about one document.

    `patience` is how many seconds each wait may take.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, patience: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._inbox: queue.Queue[tuple[float, Message | None]] = queue.Queue(QUEUED)
        self._requests = 0
        self._diagnostics: dict[str, tuple[Message, ...]] = {}
        self._versions: set[int] = set()
        self.on_status: Callable[[Message], None] = lambda _status: None
        """Called with what `penstock/streamStatus` says, while something else is awaited."""
        self._encoding = "utf-16"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=folder
        )
        threading.Thread(target=self._read, name="penstock-demo-reader", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, folder: Path, settings: Message | None = None) -> float:
        """Introduces itself with settings of its own; the seconds the server took to answer. Raises `NoAnswer`."""
        began = self._clock()
        capabilities = {
            "general": {"positionEncodings": ["utf-32", "utf-16"]},
            "textDocument": {"publishDiagnostics": {"versionSupport": True, "dataSupport": True}},
        }
        params = {
            "processId": os.getpid(),
            "rootUri": folder.as_uri(),
            "capabilities": capabilities,
            "initializationOptions": settings or {},
        }
        result = self.request("initialize", params)
        self._encoding = result.get("capabilities", {}).get("positionEncoding", "utf-16")
        self.notify("initialized", {})
        return self._clock() - began

    def open(self, uri: str, language: str, text: str) -> Answer:
        """Opens the document as version 1. Raises `NoAnswer`."""
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        return self._settled("textDocument/didOpen", {"textDocument": item}, uri, 1)

    def change(self, uri: str, version: int, line: str, place: tuple[int, int, int], text: str) -> Answer:
        """Puts `text` in place of columns of a line, as one version. Raises `NoAnswer`.

        `place` is (line, first column, last column) in code points of `line`, which is the line as it was.
        """
        number, *columns = place
        start, end = (
            {"line": number, "character": units_from_column(line, column, self._encoding)} for column in columns
        )
        params = {
            "textDocument": {"uri": uri, "version": version},
            "contentChanges": [{"range": {"start": start, "end": end}, "text": text}],
        }
        return self._settled("textDocument/didChange", params, uri, version)

    def change_all(self, uri: str, first: int, edits: Sequence[tuple[tuple[int, int, int], str]]) -> tuple[Answer, int]:
        """Sends edits in ASCII lines, a version each, without a pause; what is said of the last one.

        Also how many of the versions diagnostics were sent for. Raises `NoAnswer`.
        """
        self._versions.clear()
        answer = Answer(first, (), 0.0)
        began = self._clock()
        last = first + len(edits) - 1
        for version, ((line, start, end), text) in enumerate(edits, first):
            span = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
            document = {"uri": uri, "version": version}
            params = {"textDocument": document, "contentChanges": [{"range": span, "text": text}]}
            if version < last:
                self.notify("textDocument/didChange", params)
            else:
                answer = self._settled("textDocument/didChange", params, uri, version)
        shown = len(self._versions & set(range(first, last + 1)))
        return replace(answer, seconds=self._clock() - began), shown

    def request(self, method: str, params: Message | None) -> Message:
        """The result of a request. Raises `NoAnswer`, also when the server answers with an error."""
        self._requests += 1
        number = self._requests
        self._send({"id": number, "method": method, "params": params})
        for _, message in self._messages(method):
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise NoAnswer(f"the server refused {method}: {message['error'].get('message')}")
                return message.get("result") or {}
        raise NoAnswer(f"no answer to {method}")

    def notify(self, method: str, params: Message | None) -> None:
        """Sends a notification."""
        self._send({"method": method, "params": params})

    def close(self) -> int:
        """Ends the server, by force if it does not do so by itself; its exit code."""
        try:
            if self._process.poll() is None:
                self.request("shutdown", None)
                self.notify("exit", None)
            return self._process.wait(min(GOODBYE, self._patience))
        except (NoAnswer, subprocess.TimeoutExpired):
            self._process.kill()
            return self._process.wait(GOODBYE)
        finally:
            for stream in (self._process.stdin, self._process.stdout, self._log):
                if stream is not None:
                    _close(stream)

    def log(self) -> str:
        """What the server wrote to its standard error so far."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def _settled(self, method: str, params: Message, uri: str, version: int) -> Answer:
        began = self._clock()
        self.notify(method, params)
        for arrived, message in self._messages(f"version {version}"):
            said = message.get("params") or {}
            if message.get("method") == "penstock/settled" and said.get("version") == version and said["uri"] == uri:
                return Answer(version, self._diagnostics.get(uri, ()), arrived - began)
        raise NoAnswer(f"nothing about version {version}")

    def _messages(self, awaited: str) -> Any:
        """The messages as they come, each with its time; requests of the server are answered on the way."""
        deadline = self._clock() + self._patience
        while True:
            try:
                arrived, message = self._inbox.get(timeout=max(0.0, deadline - self._clock()))
            except queue.Empty:
                raise NoAnswer(f"no answer to {awaited} within {self._patience:g} s") from None
            if message is None:
                self._inbox.put((arrived, None))  # for whoever asks next
                raise NoAnswer(f"the server ended while {awaited} was awaited (exit code {self._process.poll()})")
            if message.get("method") == "textDocument/publishDiagnostics":
                self._diagnostics[message["params"]["uri"]] = tuple(message["params"]["diagnostics"])
                self._versions.add(message["params"].get("version"))
            if message.get("method") == "penstock/streamStatus":
                self.on_status(message["params"])
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            yield arrived, message

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        if stream is None:
            raise NoAnswer("the server has no input")
        try:
            stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            stream.flush()
        except OSError as error:
            raise NoAnswer(f"the server does not listen any more: {error.strerror}") from error

    def _read(self) -> None:
        """The reader thread: messages into the inbox, None after the last."""
        stream = self._process.stdout
        try:
            while stream is not None and (message := _message(stream)) is not None:
                self._inbox.put((self._clock(), message))
        except (OSError, ValueError):  # the pipe was closed, or carries no LSP
            pass
        self._inbox.put((self._clock(), None))


def _message(stream: IO[bytes]) -> Message | None:
    """The next message, None at the end. Raises ValueError for what is none."""
    length = -1
    while (line := stream.readline()) not in {b"\r\n", b"\n"}:
        if not line:
            return None
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    body = stream.read(length) if length >= 0 else b""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a message must be an object")
    return message


def _close(stream: Any) -> None:
    try:
        stream.close()
    except OSError:  # it had unwritten bytes for a server that is gone
        pass
