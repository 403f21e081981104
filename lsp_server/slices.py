"""Parses large documents a slice at a time, so that everything else is served in between.

The document that was touched last comes first; in it the changes that wait, then what they change behind them, then
the rest of the text, then checks.  A slice is an amount of work, less where slices turn out to take long; what comes
out does not depend on it.  What is known is shown after the first slice, from time to time, and as soon as the part
that is seen or the whole syntax is known; the complete list is shown once, last.
Knows no protocol: `apply` changes a document, `show` publishes what is known of it, `tell` says how far it is while
that is still to come.
Invariant: while a document is being parsed or a change of it waits, it is in the queue, and a turn is scheduled.
"""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.documents import Documents, OpenDocument
from lsp_server.sync import Changed, Unreadable

__all__ = ["PART_NS", "SLICE_WORK", "Pace", "SliceQueue"]

SLICE_WORK = 5_000.0
"""How much is done in a slice (see `engine.parse.work`); the benchmark shows how long slices take."""
SLICE_NS, LEAST_WORK = 5_000_000, SLICE_WORK / 8
"""Nanoseconds of the processor that a slice should take: where it takes more, less is done, but at least so much."""
PART_NS = 250_000_000
"""How many nanoseconds nothing new is shown while slices are parsed."""


class Pace:
    """How much is done in a slice: as much as usual, less while slices take longer than they should."""

    __slots__ = ("work",)

    def __init__(self) -> None:
        self.work = SLICE_WORK

    def took(self, nanoseconds: int) -> None:
        """Learns from how long the last slice took."""
        wanted = self.work * SLICE_NS / max(1, nanoseconds)
        self.work = min(max(wanted, LEAST_WORK), 2 * self.work, SLICE_WORK)


class SliceQueue:
    """The documents that are being parsed.

    `clock` gives nanoseconds, `meter` those that this thread has had of the processor; `call_later` takes seconds.
    """

    def __init__(
        self,
        documents: Documents,
        show: Callable[[OpenDocument], None],
        apply: Callable[[Changed | Unreadable], None],
        tell: Callable[[OpenDocument], None],
        call_later: Callable[[float, Callable[[], None]], object],
        clock: Callable[[], int],
        meter: Callable[[], int],
    ) -> None:
        self._documents = documents
        self._show = show
        self._apply = apply
        self._tell = tell
        self._call_later = call_later
        self._clock = clock
        self._meter = meter
        self._pace = Pace()
        self._queue: list[OpenDocument] = []
        self._shown: dict[OpenDocument, int] = {}

    def __contains__(self, document: OpenDocument) -> bool:
        return document in self._queue

    def begin(self, document: OpenDocument) -> None:
        """Does the first slice for a text that is new or has changed, and shows what is known then.

        Of a large text that is new it is a small one, since most in it is new to the parser as well.
        That is left for a while if all that is missing are words: diagnostics would vanish for a moment.
        """
        self._documents.advance(document, LEAST_WORK if document.is_loading else SLICE_WORK)
        self.add(document)
        now = self._clock()
        if document.lacks_words and now - self._shown.setdefault(document, now) < PART_NS:
            return
        if document in self:
            self._shown[document] = now
        self._show(document)

    def add(self, document: OpenDocument) -> None:
        """Puts a document first if there is something to do for it."""
        if not self._is_wanted(document):
            return
        if not self._queue:
            self._call_later(0, self._take_turn)
        self._queue = [*(other for other in self._queue if other is not document), document]

    def feed(self, document: OpenDocument, changed: Changed | Unreadable) -> None:
        """Has a change of a document wait for its turn."""
        document.feeder.put(changed, self._clock())
        self.add(document)
        if document.feeder.held is not None:
            self._tell(document)

    def flush(self) -> None:
        """Applies all changes that wait now, merged: somebody needs the newest versions."""
        for document in self._queue:
            for changed in document.feeder.take_all():
                self._apply(changed)

    def _take_turn(self) -> None:
        document = self._queue[-1]
        delay = 0.0
        if self._is_wanted(document):
            delay = self._do_something(document)
            if document.is_parsing:
                self._tell(document)
        if not self._is_wanted(document):
            self._queue = [other for other in self._queue if other is not document]
            self._shown.pop(document, None)
        if self._queue:
            self._call_later(delay, self._take_turn)

    def _is_wanted(self, document: OpenDocument) -> bool:
        return (document.is_parsing or bool(document.feeder)) and self._documents.get(document.uri) is document

    def _do_something(self, document: OpenDocument) -> float:
        """Applies a change or parses a slice; seconds until there is more to do."""
        now = self._clock()
        until = document.feeder.hold_until(now)
        if document.feeder and until is None:
            self._apply(document.feeder.take(now))
        elif document.is_parsing:
            document.feeder.rest()
            self._parse_slice(document)
        elif until is not None:
            return (until - now) / 1e9
        return 0.0

    def _parse_slice(self, document: OpenDocument) -> None:
        before, began = document.stages, self._meter()
        self._documents.advance(document, self._pace.work)
        self._pace.took(self._meter() - began)
        now = self._clock()
        is_due = now - self._shown.get(document, now - PART_NS) >= PART_NS
        if is_due or not document.is_parsing or document.stages > before:
            self._shown[document] = now
            self._show(document)
