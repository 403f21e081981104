"""One client's session: everything that the server remembers about it.

The handlers of the protocol end here: they change the session in the turn of the loop in which their message came, and
publish what follows from that.  Slow things (settings files, re-reading a saved file) happen in threads and come back
as a call on the loop.  Invariant: no other module keeps state.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from engine.languages import language_faults
from engine.parse.source import BOM
from lsp_server import memory, sync
from lsp_server.capabilities import ClientTraits
from lsp_server.documents import Documents, OpenDocument
from lsp_server.features.diagnostics import Shape, diagnostics_json
from lsp_server.features.quick_fixes import quick_fixes
from lsp_server.logs import log_failure
from lsp_server.positions import Positions
from lsp_server.publish import Publisher
from lsp_server.settings import ServerSettings, decoded, file_layer, layer_of
from lsp_server.slices import SliceQueue
from lsp_server.stream_status import StreamStatus
from lsp_server.uris import path_of

if TYPE_CHECKING:
    from engine.parse.recording import Recorder
    from lsp_server.recordings import DocumentRecordings

__all__ = ["Session"]

log = logging.getLogger(__name__)


class Session:
    """What is known of a client and its documents."""

    def __init__(
        self,
        traits: ClientTraits,
        send: Callable[[bytes, str | None], None],
        burst: Callable[[], int | None] = lambda: None,
        recorder: Recorder | None = None,
    ) -> None:
        """`burst` numbers the run of messages that is being handled, and is None when no other message waits."""
        self.traits = traits
        self.settings = ServerSettings()
        self.documents = Documents(Positions(traits.encoding), self.settings.check)
        self._publisher = Publisher(send)
        call_later = asyncio.get_running_loop().call_later
        self._status = StreamStatus(send, time.monotonic_ns)
        self._slices = SliceQueue(
            self.documents,
            self._publish,
            self._apply,
            self._status.tell,
            call_later,
            time.monotonic_ns,
            time.thread_time_ns,
        )
        self._burst = burst
        self._fresh: set[str] = set()  # documents that were opened, and never yet parsed to the end
        self._changed_in: tuple[str, int] | None = None
        self._language_faults_told = False
        self._layers: dict[str, Mapping[str, Any]] = {"files": {}, "options": {}, "editor": {}}
        self._recordings = _recordings(recorder, lambda: self.settings) if recorder else None

    def end(self) -> None:
        """The connection is over: what is recorded of open documents is brought to its end."""
        if self._recordings is not None:
            self._recordings.close_all()

    # -- documents

    def did_open(self, params: Any) -> None:
        """Takes a document over and checks it."""
        opened = sync.opened(params)
        if isinstance(opened, sync.Unreadable):
            log.warning("a malformed textDocument/didOpen was ignored")
        else:
            document = self.documents.open(opened)
            self._fresh.add(document.uri)
            self._begin(document)

    def new_language_faults(self) -> tuple[str, ...]:
        """What is wrong with languages of other packages; the first time only."""
        told, self._language_faults_told = self._language_faults_told, True
        return () if told else language_faults()

    def did_change(self, params: Any) -> None:
        """Edits a document and checks what that touched; behind a backlog, when its turn comes."""
        changed = sync.changed(params)
        if changed.uri is None:
            log.warning("a malformed textDocument/didChange was ignored")
            return
        document = self.documents.get(changed.uri)
        if document is not None and self._must_wait(document):
            self._slices.feed(document, changed)
        else:
            self._apply(changed)

    def catch_up(self) -> None:
        """Applies all changes that wait: what comes next may rely on them."""
        self._slices.flush()

    def _must_wait(self, document: OpenDocument) -> bool:
        """Whether a change comes behind a backlog: slices of its document, or others of the same burst."""
        if document in self._slices:
            return True
        burst = self._burst()
        if burst is None:
            return False
        before, self._changed_in = self._changed_in, (document.uri, burst)
        return before == self._changed_in

    def _apply(self, changed: sync.Changed | sync.Unreadable) -> None:
        known = self.documents.get(changed.uri) if changed.uri is not None else None
        was_lost = known is not None and known.lost is not None
        document = self.documents.change(changed)
        if document is None:
            return
        if document.lost is not None and was_lost:  # the notice is out already, and there is nothing to add to it
            self._publisher.settle(document.uri, document.version)
        else:
            self._begin(document)

    def did_close(self, params: Any) -> None:
        """Forgets a document and takes its diagnostics back."""
        closed = sync.closed(params)
        if isinstance(closed, sync.Unreadable):
            log.warning("a malformed textDocument/didClose was ignored")
        elif (document := self.documents.close(closed.uri)) is not None:
            self._status.forget(document.uri)
            self._fresh.discard(document.uri)
            if document.language is not None:
                self._publisher.clear(document.uri)
                if self._recordings is not None:
                    self._recordings.close(document)

    def did_show(self, params: Any) -> None:
        """Has the lines checked first that the client shows."""
        seen = sync.seen(params)
        if isinstance(seen, sync.Unreadable):
            log.warning("a malformed penstock/visibleRange was ignored")
        elif (document := self.documents.get(seen.uri)) is not None and document.text is not None:
            document.text.see(seen.first, seen.last)
            self._slices.add(document)

    def did_save(self, uri: str) -> None:
        """Puts a lost document right: the file now has the client's text."""
        document, path = self.documents.get(uri), path_of(uri)
        if document is not None and self._recordings is not None:
            self._recordings.compare(document)
        if document is None or document.lost is None or path is None:
            return
        version = document.version

        def take(content: bytes) -> None:
            # a change that came meanwhile may or may not be in the file, so only an untouched document can be put right
            if self.documents.get(uri) is document and document.lost is not None and document.version == version:
                self.documents.reread(document, content.decode("utf-8", "surrogateescape").removeprefix(BOM))
                self._begin(document)

        in_thread(path.read_bytes, take, "a saved file could not be read")

    def _begin(self, document: OpenDocument) -> None:
        """Publishes what a text is about after one slice; the rest follows in further ones."""
        self._slices.begin(document)

    def _publish(self, document: OpenDocument) -> None:
        if document.language is None:
            self._publisher.settle(document.uri, document.version)
            return
        shape = Shape(self.traits.shows_code_links, self.traits.shows_related_places, self.settings.max_diagnostics)
        positions = self.documents.positions
        if not document.is_parsing:
            document.feeder.rest()
        self._status.tell(document)
        entries = self.documents.described(document, lambda: diagnostics_json(document, positions, shape))
        self._publisher.publish(document.uri, document.version, entries, is_complete=not document.is_parsing)
        if self._recordings is not None and not document.is_parsing:
            self._recordings.settled(document)
        if document.uri in self._fresh and not document.is_parsing:
            self._fresh.discard(document.uri)
            memory.rest()

    def quick_fixes(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """The fixes for a place in a document."""
        document = self.documents.get(params.text_document.uri)
        if document is None or not self.traits.takes_code_actions:
            return []
        return quick_fixes(document, self.documents.positions, params, self.traits, self.settings.max_diagnostics)

    # -- settings

    def read_settings_files(self, root: Path, explicit: Path | None) -> None:
        """Takes the workspace's settings files into account, once they are read."""

        def take(found: tuple[Mapping[str, Any], list[str]]) -> None:
            layer, faults = found
            for fault in faults:
                log.warning("settings file: %s", fault)
            self.set_layer("files", layer)

        in_thread(lambda: file_layer(root, explicit), take, "the settings files could not be read")

    def set_layer(self, name: str, value: Any) -> list[str]:
        """Puts the settings of one source (`files`, `options`, `editor`) in force; says what is wrong with them."""
        layer = layer_of(value)
        if self._layers[name] == layer:
            return []
        self._layers[name] = layer
        before = self.settings
        self.settings, faults = decoded([self._layers[one] for one in ("files", "options", "editor")])
        self.documents.flow = self.settings.flow
        concerned = self.documents.use(self.settings.check)
        if self.settings.max_diagnostics != before.max_diagnostics:
            concerned = self.documents.show(self.settings.max_diagnostics + 1)
        for document in concerned:
            self._begin(document)
        return faults


def _recordings(recorder: Recorder, settings: Callable[[], ServerSettings]) -> DocumentRecordings:
    from lsp_server.recordings import DocumentRecordings

    return DocumentRecordings(recorder, settings)


def in_thread(work: Callable[[], Any], take: Callable[[Any], None], failed: str) -> None:
    """Does slow work in a thread of its own and gives the result to `take` on the loop; a failure is logged.

    Not the loop's executor: the process must be able to end while a thread hangs in a dead file system.
    """
    loop = asyncio.get_running_loop()

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whatever the file system or a settings file can do
            log_failure(log, failed, error)
            return
        if not loop.is_closed():
            loop.call_soon_threadsafe(take, result)

    threading.Thread(target=run, name="penstock-slow", daemon=True).start()
