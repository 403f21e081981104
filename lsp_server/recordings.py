"""The streams of open documents, written down for `penstock metrics` when the server is started with `--record`.

A document is a stream that its editor feeds: after each version it stands still where its text ends.  Whenever it is
saved or closed, and at the end of the session, what its edits have led to is compared with its text in one piece; that
takes as long as parsing it, so it is not done while somebody types.
Knows no protocol.  Invariant: what fails here is logged and costs a line of the recording, never the document.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.languages.analysis import Analysis
from engine.languages.facts import in_order
from engine.parse.audit import Figures, Paused
from engine.parse.cursor import Cursor
from engine.parse.extensions import with_stream_extension
from engine.parse.feeder import PendingReason
from engine.parse.flow import FlowController
from engine.parse.meta import StreamMeta, lengthened
from engine.parse.recording import TREE_LIMIT, Recorder, StreamRecording, digest, digests
from engine.parse.run import run
from engine.parse.session import NEVER, Session
from engine.parse.source import utf8_length
from engine.parse.stream import Continuation, Pending, Trail
from lsp_server.logs import log_failure

if TYPE_CHECKING:
    from lsp_server.documents import OpenDocument
    from lsp_server.settings import ServerSettings

__all__ = ["DocumentRecordings"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stream:
    """The recording of a document and how it came to be what it is."""

    document: OpenDocument
    recording: StreamRecording
    versions: int = 0
    lineage: str = ""


class DocumentRecordings:
    """The recordings of all open documents; `settings` gives those of the moment."""

    def __init__(self, recorder: Recorder, settings: Callable[[], ServerSettings]) -> None:
        self._recorder = recorder
        self._settings = settings
        self._streams: dict[str, _Stream] = {}

    def settled(self, document: OpenDocument) -> None:
        """Everything about a version was said: the document waits for its editor."""
        if document.analysis is not None:
            self._attempt(lambda: self._pause(document))

    def compare(self, document: OpenDocument) -> None:
        """Writes what came of a document so far, beside what its text gives in one piece."""
        stream = self._streams.get(document.uri)
        if stream is not None and document.analysis is not None and not document.is_parsing:
            self._attempt(lambda: self._compare(stream))

    def close(self, document: OpenDocument) -> None:
        """Compares a document for the last time and writes what it has cost."""
        self.compare(document)
        stream = self._streams.pop(document.uri, None)
        if stream is not None and document.analysis is not None:
            self._attempt(lambda: self._tell_figures(stream))

    def close_all(self) -> None:
        """The same for every document that is still open."""
        for stream in list(self._streams.values()):
            self.close(stream.document)

    # -- what is written

    def _pause(self, document: OpenDocument) -> None:
        stream = self._streams.get(document.uri)
        if stream is None or stream.document is not document:
            assert document.language is not None
            recording = self._recorder.begin(document.uri, document.language.name, self._settings().run_config())
            stream = self._streams[document.uri] = _Stream(document, recording)
        stream.versions += 1
        stream.lineage = lengthened(stream.lineage, f"version@{document.version}")
        stream.recording.event(Paused(PendingReason.FEEDER_AWAIT.value, self._pending(stream).continuation.meta))

    def _pending(self, stream: _Stream) -> Pending:
        """The document as a stream that stands still at the end of its text."""
        analysis = stream.document.analysis
        assert analysis is not None
        document = analysis.document
        session = Session(document.machine, self._settings().run_config(), flow=FlowController())
        cursor = Cursor.begin(document.machine, collect=False, state=document.state_at(document.end), says=False)
        trail = Trail(reason=PendingReason.FEEDER_AWAIT, paused=PendingReason.FEEDER_AWAIT, lineage=stream.lineage)
        return Pending(Continuation(session, cursor, trail, 0, NEVER, 0))

    def _compare(self, stream: _Stream) -> None:
        analysis = stream.document.analysis
        assert analysis is not None
        document, pending = analysis.document, self._pending(stream)
        found = document.diagnostics()
        stream.recording.errors(found)
        edited = {"diagnostics": digest(tuple(found)), "findings": digest(in_order(analysis.diagnostics()))}
        text, memo_bytes = document.text(), pending.meta.memo_bytes
        if utf8_length(text) <= TREE_LIMIT:
            edited["value"] = digest(document.tree())
        document.machine.clear()  # what the edits have left in the memo must not decide what they are compared with
        whole = digests(run(document.machine, text, pending.continuation.config))
        findings = Analysis(analysis.language, text, analysis.checks.settings).diagnostics()
        batch = {**{part: whole[part] for part in edited if part in whole}, "findings": digest(in_order(findings))}
        left = with_stream_extension(pending.continuation.config, pending.settings)
        stream.recording.outcome(edited, batch, pending.continuation.meta.resume_lineage, memo_bytes, left)

    def _tell_figures(self, stream: _Stream) -> None:
        analysis = stream.document.analysis
        assert analysis is not None
        meta = StreamMeta(
            bytes_consumed=utf8_length(analysis.document.text()),
            chunks_consumed=stream.versions,
            await_count=stream.versions,
            resume_count=stream.versions - 1,
            last_reason=PendingReason.FEEDER_AWAIT.value,
            memo_bytes=self._pending(stream).meta.memo_bytes,
        )
        stream.recording.event(Figures(meta))

    @staticmethod
    def _attempt(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever a language can do
            log_failure(log, "a document could not be recorded", error)
