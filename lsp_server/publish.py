"""Sends diagnostics; the only place that does.

What is published carries the version it was computed from and goes out in the same turn of the loop, so nothing stale
can be sent.  Each version is published once and followed by ``penstock/settled``; one that is parsed in slices may be
published in parts before that, and a client that has stopped reading gets only the newest.
The JSON is written by hand (a test compares it with the typed objects).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lsp_server.features.diagnostics import quoted
from lsp_server.frames import notification

__all__ = ["Publisher"]


class Publisher:
    """Writes diagnostics and the settled signal for a connection."""

    def __init__(self, send: Callable[[bytes, str | None], None]) -> None:
        self._send = send

    def publish(self, uri: str, version: int, entries: Iterable[str], is_complete: bool = True) -> None:
        """Sends the list of a version, each diagnostic as JSON text; if it is complete, says that this was all."""
        listed = ",".join(entries)
        diagnostics = notification(
            "textDocument/publishDiagnostics", f'{{"uri":{quoted(uri)},"version":{version},"diagnostics":[{listed}]}}'
        )
        self._send(diagnostics + self._settled(uri, version) if is_complete else diagnostics, uri)

    def settle(self, uri: str, version: int) -> None:
        """Says that a version has no diagnostics to wait for, without publishing any."""
        self._send(self._settled(uri, version), f"settled {uri}")  # must not supersede diagnostics

    def clear(self, uri: str) -> None:
        """Takes all diagnostics of a document back; it no longer has a version."""
        self._send(notification("textDocument/publishDiagnostics", f'{{"uri":{quoted(uri)},"diagnostics":[]}}'), uri)

    @staticmethod
    def _settled(uri: str, version: int) -> bytes:
        return notification("penstock/settled", f'{{"uri":{quoted(uri)},"version":{version}}}')

