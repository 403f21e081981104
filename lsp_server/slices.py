"""Parses large documents a few milliseconds at a time, so that everything else is served in between.

The document that was touched last comes first.  From time to time what is known so far is shown; the complete list is
shown once, last.  Knows no protocol: `show` publishes, `call_soon` is the loop's.
Invariant: while a document is loading it is in the queue, and while the queue is not empty a turn is scheduled.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lsp_server.documents import Documents, OpenDocument

__all__ = ["SliceQueue"]

SLICE_SECONDS = 0.004
"""How long one slice should take."""
PART_SECONDS = 0.25
"""How long nothing new is shown while slices are parsed."""
FIRST_CHARACTERS = 16_000
"""The length of the first slice; later ones follow from how long it took."""
LEAST_CHARACTERS, MOST_CHARACTERS = 2_000, 200_000
"""The bounds of a slice's length."""


class SliceQueue:
    """The documents that are loading."""

    def __init__(
        self,
        documents: Documents,
        show: Callable[[OpenDocument], None],
        call_soon: Callable[[Callable[[], None]], object],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._documents = documents
        self._show = show
        self._call_soon = call_soon
        self._clock = clock
        self._queue: list[OpenDocument] = []
        self._characters = FIRST_CHARACTERS
        self._shown_at = 0.0

    def add(self, document: OpenDocument) -> None:
        """Puts a document that is loading first; one that is not is left alone."""
        if not document.is_loading:
            return
        if not self._queue:
            self._shown_at = self._clock()
            self._call_soon(self._take_turn)
        self._queue = [*(other for other in self._queue if other is not document), document]

    def _take_turn(self) -> None:
        document = self._queue[-1]
        if self._is_wanted(document):
            self._parse_slice(document)
        if not self._is_wanted(document):
            self._queue = [other for other in self._queue if other is not document]
        if self._queue:
            self._call_soon(self._take_turn)

    def _is_wanted(self, document: OpenDocument) -> bool:
        return document.is_loading and self._documents.get(document.uri) is document

    def _parse_slice(self, document: OpenDocument) -> None:
        before = self._clock()
        self._documents.grow(document, self._characters)
        after = self._clock()
        wanted = self._characters * SLICE_SECONDS / max(after - before, SLICE_SECONDS / 4)
        self._characters = int(min(max(wanted, LEAST_CHARACTERS), MOST_CHARACTERS))
        if not document.is_loading or after - self._shown_at > PART_SECONDS:
            self._show(document)
            self._shown_at = self._clock()
