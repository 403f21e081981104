"""The open documents: the client's text, kept by its edits, and what the engine says about each.

A batch of edits is taken as a whole or not at all.  One that cannot be applied leaves the text as it was and the
document *lost*: it is not checked until the client sends its full text, saves it or opens it again.
Knows no JSON and publishes nothing.  Invariant: a document that is not lost has exactly the text that the client has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from engine.languages import language_for_id
from engine.parse.source import Position, Span
from engine.parse.work import Work
from lsp_server.feeder import FLOW, EditFeeder
from lsp_server.kept import KeptDiagnostics
from lsp_server.loading import MOST_SHOWN, LoadingText
from lsp_server.logs import log_failure
from lsp_server.positions import Lines, Positions
from lsp_server.sync import Changed, Edit, Opened, Unreadable
from lsp_server.uris import posix_path

if TYPE_CHECKING:
    from engine.languages.analysis import Analysis
    from engine.languages.language import CheckSettings, Language

__all__ = ["Documents", "OpenDocument"]

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class OpenDocument:
    """A document that the client holds.

    `version` is the newest that the client has told of.  `text` is None where no language is known for it: such a
    document is followed and never checked.  `lost` says why its text is no longer known; None while it is.
    `kept` is what was last written of its diagnostics, `feeder` what changes of it wait.
    """

    __slots__ = ("feeder", "kept", "language", "lost", "text", "uri", "version")

    def __init__(self, uri: str, version: int, language: Language | None, feeder: EditFeeder) -> None:
        self.uri = uri
        self.version = version
        self.language = language
        self.text: LoadingText | None = None
        self.lost: str | None = None
        self.kept = KeptDiagnostics()
        self.feeder = feeder

    @property
    def analysis(self) -> Analysis | None:
        """What is known of the text as far as it is parsed; None when there is nothing to rely on."""
        return None if self.text is None or self.lost is not None else self.text.analysis

    @property
    def is_parsing(self) -> bool:
        """Whether a part of the text is still to be parsed or checked, or to be so again."""
        return self.text is not None and self.lost is None and not self.text.is_complete

    @property
    def is_loading(self) -> bool:
        """Whether a part of the text waits to be parsed for the first time."""
        return self.text is not None and self.lost is None and not self.text.is_read

    @property
    def lacks_words(self) -> bool:
        """Whether everything is parsed and words for what is wrong are still missing."""
        return self.text is not None and self.lost is None and self.text.lacks_words

    @property
    def stages(self) -> int:
        """How much is known that is worth being shown at once: the part that is seen, the syntax of the whole text."""
        text = self.text
        return text.is_seen + text.is_parsed if text is not None and self.lost is None else 0


class Documents:
    """All open documents by URI, each an exact string of the client's."""

    def __init__(self, positions: Positions, settings: CheckSettings) -> None:
        self.positions = positions
        self.flow = FLOW
        """How the changes of documents that are opened from now on flow."""
        self._settings = settings
        self._most = MOST_SHOWN
        self._open: dict[str, OpenDocument] = {}

    def get(self, uri: str) -> OpenDocument | None:
        """The open document of that URI."""
        return self._open.get(uri)

    def open(self, opened: Opened) -> OpenDocument:
        """Takes a document over; one that was open already starts anew."""
        if opened.uri in self._open:
            log.warning("a document was opened twice; it starts anew with version %d", opened.version)
        language = language_for_id(opened.language_id, posix_path(opened.uri))
        document = OpenDocument(opened.uri, opened.version, language, EditFeeder(self.flow))
        self._open[opened.uri] = document
        self.reread(document, opened.text)
        return document

    def change(self, changed: Changed | Unreadable) -> OpenDocument | None:
        """Applies a batch of edits, or marks its document as lost; None when that is not open."""
        document = self._open.get(changed.uri) if changed.uri is not None else None
        if document is None:
            log.warning("a change to a document that is not open was ignored")
            return None
        if isinstance(changed, Unreadable):
            self._lose(document, "a change that is not what the protocol says", changed.version)
        elif changed.version <= document.version:
            self._lose(document, f"version {changed.version} after version {document.version}", None)
        else:
            self._apply(document, changed)
        return document

    def close(self, uri: str) -> OpenDocument | None:
        """Forgets a document; None when it was not open."""
        document = self._open.pop(uri, None)
        if document is None:
            log.warning("a document that is not open was closed")
        return document

    def checked(self) -> list[OpenDocument]:
        """The documents whose text is known and belongs to a language."""
        return [document for document in self._open.values() if document.analysis is not None]

    def reread(self, document: OpenDocument, text: str) -> None:
        """Starts a document over from its full text."""
        document.lost = None
        document.kept.clear()
        language = document.language
        if language is not None:
            document.text = self._attempt(
                document,
                "a text could not be taken in",
                lambda: LoadingText(language, text, self._settings, self._most),
            )

    def advance(self, document: OpenDocument, amount: float) -> None:
        """Does so much work on a document that is being parsed."""
        text = document.text
        if text is not None and document.lost is None:
            work = Work(text.analysis.document.machine, amount)
            self._attempt(document, "a part of a text could not be taken in", lambda: text.advance(work))

    def described(self, document: OpenDocument, describe: Callable[[], list[str]]) -> list[str]:
        """What `describe` says of a document; if it fails, the document is lost and is described as such."""
        described = self._attempt(document, "a document could not be described", describe)
        return describe() if described is None else described

    def use(self, settings: CheckSettings) -> list[OpenDocument]:
        """Checks by other settings from now on; the documents this may concern, which are still to be checked anew."""
        if settings == self._settings:
            return []
        self._settings = settings
        for document in self.checked():
            assert document.analysis is not None
            document.analysis.reconfigure(settings)
        return self.checked()

    def show(self, most: int) -> list[OpenDocument]:
        """Puts so many diagnostics of a document into words from now on; the documents this may concern."""
        self._most = most
        for document in self.checked():
            assert document.text is not None
            document.text.most = most
        return self.checked()

    def _apply(self, document: OpenDocument, changed: Changed) -> None:
        document.version = changed.version
        edits = changed.edits
        whole = max((index for index, edit in enumerate(edits) if edit.whole), default=None)
        if whole is not None:  # what came before it is gone
            edits = edits[whole:]
        elif document.lost is not None:
            return
        document.lost = None
        refusal = self._attempt(document, "a change could not be taken in", lambda: self._refusal(document, edits))
        if refusal is not None:
            self._lose(document, f"{refusal} in version {changed.version}", None)

    def _refusal(self, document: OpenDocument, edits: tuple[Edit, ...]) -> str | None:
        """Applies all edits, or none of them and says why."""
        before = document.text
        if edits and edits[0].whole and document.language is not None:
            document.text = LoadingText(document.language, edits[0].text, self._settings, self._most)
            document.kept.clear()
            edits = edits[1:]
        text = document.text
        if text is None:
            return None
        undo = _Undo(text) if len(edits) > 1 and text is before else None
        for edit in edits:
            span = self.positions.span(text, edit.start, edit.end)
            if isinstance(span, str):
                if undo is not None:
                    undo.apply()
                document.text = before
                document.kept.clear()
                return span
            span, new = _with_halves(text, span, edit.text)
            if undo is not None:
                undo.note(span)
            count = text.line_count
            text.edit(span, new)
            document.kept.forget(span.start.line - 1, span.end.line + 1, text.line_count != count)
        return None

    def _attempt(self, document: OpenDocument, failed: str, work: Callable[[], _T]) -> _T | None:
        """The result of some work; a fault in a language costs only this document, until its next full text."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever a language can do
            log_failure(log, failed, error)
            document.text = None
            self._lose(document, "an internal error", None)
            return None

    def _lose(self, document: OpenDocument, reason: str, version: int | None) -> None:
        log.warning("a document is out of sync: %s", reason)
        document.lost = reason
        if version is not None and version > document.version:
            document.version = version


class _Undo:
    """Takes a batch of edits back: before each, the lines around it are kept.

    One line more on both sides, because an edit may join a ``\\r`` and a ``\\n`` into one line end.
    """

    def __init__(self, text: LoadingText) -> None:
        self._text = text
        self._steps: list[tuple[int, int, int, str]] = []

    def note(self, span: Span) -> None:
        """Keeps the lines that an edit of this span can touch."""
        text = self._text
        first, last = max(0, span.start.line - 1), min(text.line_count - 1, span.end.line + 1)
        kept = "".join(text.line(index) for index in range(first, last + 1))
        self._steps.append((first, last, text.line_count, kept))

    def apply(self) -> None:
        """Puts everything back, the last edit first."""
        for first, last, count, kept in reversed(self._steps):
            after = last + 1 + self._text.line_count - count
            self._text.edit(Span(Position(first, 0), _start_of(self._text, after)), kept)


def _start_of(lines: Lines, index: int) -> Position:
    """The start of a line; of the line after the last one, the end of the text."""
    last = lines.line_count - 1
    return Position(index, 0) if index <= last else Position(last, len(lines.line(last)))


def _with_halves(lines: Lines, span: Span, text: str) -> tuple[Span, str]:
    """The same edit, widened where it joins the two halves of a surrogate pair that came in different messages."""
    start, end = span.start, span.end
    before = lines.line(start.line)[max(0, start.column - 1) : start.column]
    after = lines.line(end.line)[end.column : end.column + 1]
    if (before + text[:1] + text[-1:] + after).isascii():
        return span, text
    if _is_pair(before + (text + after)[:1]):
        start, text = Position(start.line, start.column - 1), before + text
    if _is_pair(text[-1:] + after):
        end, text = Position(end.line, end.column + 1), text + after
    if (start, end) == (span.start, span.end):
        return span, text
    return Span(start, end), text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _is_pair(text: str) -> bool:
    return len(text) == 2 and "\ud800" <= text[0] <= "\udbff" and "\udc00" <= text[1] <= "\udfff"
