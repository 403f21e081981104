"""What went over a connection, and every way in which the server broke the protocol.

A pure record: messages go in as they are sent and received, faults come out as sentences.
Invariant: a clean ledger means one reply for each request, nothing out of turn, no stale diagnostics, sound progress.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Ledger"]

_BEFORE_INITIALIZED = {
    "window/showMessage",
    "window/logMessage",
    "window/showMessageRequest",
    "telemetry/event",
    "$/progress",
}


@dataclass
class Ledger:
    """Notes all messages of a connection, seen from the client."""

    faults: list[str] = field(default_factory=list)
    replies: dict[str | int, dict[str, Any]] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    """Replies without an id: to what could not be read."""
    received: list[dict[str, Any]] = field(default_factory=list)
    """Everything the server sent, in order."""
    _open_requests: dict[str | int, str] = field(default_factory=dict)
    _initialized: bool = False
    _versions: dict[str, int] = field(default_factory=dict)
    _published: dict[str, int] = field(default_factory=dict)
    _settled: dict[str, int] = field(default_factory=dict)
    _progress: dict[str | int, str] = field(default_factory=dict)
    _ids_of_server: Counter[str | int] = field(default_factory=Counter)

    def note_sent(self, message: dict[str, Any]) -> None:
        """Notes a message of the client's."""
        method, which = message.get("method"), message.get("id")
        if method is not None and which is not None:
            self._open_requests[which] = method
        params = message.get("params")
        document = params.get("textDocument") if isinstance(params, dict) else None
        if not isinstance(document, dict) or not isinstance(uri := document.get("uri"), str):
            return
        if method in {"textDocument/didOpen", "textDocument/didClose"}:
            self._published.pop(uri, None)
            self._settled.pop(uri, None)
        version = document.get("version")
        if isinstance(version, int):
            before = version if method == "textDocument/didOpen" else self._versions.get(uri, version)
            self._versions[uri] = max(version, before)

    def note_received(self, message: dict[str, Any]) -> None:
        """Notes a message of the server's."""
        self.received.append(message)
        if message.get("jsonrpc") != "2.0":
            self._blame("a message is not JSON-RPC 2.0", message)
        if "method" not in message:
            self._note_reply(message)
            return
        if not self._initialized and message["method"] not in _BEFORE_INITIALIZED:
            self._blame("sent before the reply to `initialize`", message)
        if "id" in message:
            self._ids_of_server[message["id"]] += 1
            if self._ids_of_server[message["id"]] > 1:
                self._blame("an id of the server's was used twice", message)
        params: Any = message.get("params")
        if message["method"] == "textDocument/publishDiagnostics":
            self._note_diagnostics(params)
        elif message["method"] == "penstock/settled":
            self._note_settled(params)
        elif message["method"] == "$/progress":
            self._note_progress(params)
        elif message["method"] == "window/workDoneProgress/create":
            self._progress[params["token"]] = "created"

    def unanswered(self) -> list[str]:
        """The methods of requests that have no reply."""
        return list(self._open_requests.values())

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """All publications for a document, in order."""
        return [
            message["params"]
            for message in self.received
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
        ]

    def settled_version(self, uri: str) -> int | None:
        """The newest version of an open document for which everything is out."""
        return self._settled.get(uri)

    def _note_reply(self, message: dict[str, Any]) -> None:
        which = message.get("id")
        if ("result" in message) == ("error" in message):
            self._blame("a reply needs either a result or an error", message)
        if which is None:
            self.errors.append(message)
        elif which not in self._open_requests:
            self._blame("a second reply, or one to no request", message)
        else:
            if self._open_requests.pop(which) == "initialize" and "result" in message:
                self._initialized = True
            self.replies[which] = message

    def _note_diagnostics(self, params: Any) -> None:
        uri, version = params["uri"], params.get("version")
        if version is None:
            if params["diagnostics"]:
                self._blame("diagnostics without a version", params)
            return
        if version > self._versions.get(uri, version - 1):
            self._blame("diagnostics of a version that the client has not sent", params)
        if version < self._published.get(uri, version):
            self._blame("diagnostics of an older version than the last", params)
        self._published[uri] = version

    def _note_settled(self, params: Any) -> None:
        uri, version = params["uri"], params["version"]
        if version < max(self._settled.get(uri, version), self._published.get(uri, version)):
            self._blame("settled with an older version", params)
        self._settled[uri] = version

    def _note_progress(self, params: Any) -> None:
        token, value = params["token"], params["value"]
        kind = value.get("kind") if isinstance(value, dict) else None
        state = self._progress.get(token, "created")
        allowed = {"begin": {"created"}, "report": {"begin", "report"}, "end": {"begin", "report"}}
        if kind in allowed:
            if state not in allowed[kind]:
                self._blame(f"progress {kind} after {state}", params)
            self._progress[token] = kind

    def unfinished_progress(self) -> list[str | int]:
        """Tokens of progress that has begun and not ended."""
        return [token for token, state in self._progress.items() if state in {"begin", "report"}]

    def _blame(self, what: str, message: object) -> None:
        self.faults.append(f"{what}: {str(message)[:300]}")
