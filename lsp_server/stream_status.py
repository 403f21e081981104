"""Tells the client how far the parsing of a large document is: ``penstock/streamStatus``.

Only of documents that are parsed in slices or whose changes are merged; a keystroke that is answered at once says
nothing.  The last notification of a stretch of slices is always sent, all others at a bounded rate.  Knows no loop.
Invariant: the last one of a document that stays open says ``awaiting``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.parse.driver import DriverState
from engine.parse.feeder import Action, DemandHint, PendingReason, to_symbol
from lsp_server.features.diagnostics import quoted
from lsp_server.frames import notification

if TYPE_CHECKING:
    from lsp_server.documents import OpenDocument

__all__ = ["STATUS_NS", "StreamStatus"]

STATUS_NS = 100_000_000
"""Nanoseconds between two notifications about a document that is still being parsed."""


class StreamStatus:
    """Writes the status of documents for a connection; `clock` gives nanoseconds."""

    def __init__(self, send: Callable[[bytes, str | None], None], clock: Callable[[], int]) -> None:
        self._send = send
        self._clock = clock
        self._told: dict[str, int] = {}  # when, for the documents whose last state was "parsing"
        self._rested: dict[str, int] = {}  # when, for those that had come to rest

    def tell(self, document: OpenDocument) -> None:
        """Tells of a document as it is now, if there is something to tell and it is time."""
        now, uri = self._clock(), document.uri
        if document.is_parsing or document.feeder.held is not None:
            last = self._told.get(uri, self._rested.get(uri))
            if last is None or now - last >= STATUS_NS:
                self._told[uri] = now
                self._rested.pop(uri, None)
                self._send_status(document, DriverState.PARSING)
        elif uri in self._told:
            del self._told[uri]
            self._rested[uri] = now
            self._send_status(document, DriverState.AWAITING)

    def forget(self, uri: str) -> None:
        """Forgets a document that is closed."""
        self._told.pop(uri, None)
        self._rested.pop(uri, None)

    def _send_status(self, document: OpenDocument, state: DriverState) -> None:
        text, feeder = document.text, document.feeder
        is_pending = state is DriverState.PARSING
        demand, reason = "null", PendingReason.FEEDER_AWAIT
        if is_pending:
            reason = feeder.held or PendingReason.INPUT_EXHAUSTED
            hint = text.demand if text is not None and document.lost is None else None
            demand = "null" if hint is None else _demand_json(hint, reason)
        buffered = feeder.size + (text.waiting_bytes if text is not None else 0)
        params = (
            f'{{"uri":{quoted(document.uri)},"version":{document.version},"state":"{state.value}","demand":{demand},'
            f'"bufferedBytes":{buffered},"pending":{str(is_pending).lower()},"reason":"{reason.value}"}}'
        )
        self._send(notification("penstock/streamStatus", params), f"status {document.uri}")


def _demand_json(hint: DemandHint, reason: PendingReason) -> str:
    action = Action.CONTINUE if reason is PendingReason.INPUT_EXHAUSTED else Action.PAUSE
    boundary = "null" if hint.frame_boundary is None else quoted(to_symbol(hint.frame_boundary))
    preferred = "null" if hint.preferred_bytes is None else hint.preferred_bytes
    return (
        f'{{"minBytes":{hint.min_bytes},"preferredBytes":{preferred},"frameBoundary":{boundary},'
        f'"reason":"{reason.value}","action":"{action.value}"}}'
    )
