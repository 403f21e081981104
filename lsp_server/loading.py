"""A text that is parsed in slices: its beginning is in an analysis, its end still waits.

Small texts are taken at once.  Of a large one the analysis grows by some lines at a time, each slice resuming the
parser where the last one ended; in between the text can be edited anywhere, parsed or not.  What an edit changes far
behind it is worked off in slices as well, before the analysis grows further: it is nearer to where somebody types.
Knows no clock and no loop: who calls `advance` decides when.
Invariant: the parsed part and what waits concatenate to the text, and no line end is divided between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.languages.analysis import Analysis
from engine.parse.source import Position, Span
from engine.parse.stream import Continuation
from lsp_server.waiting import WaitingText

if TYPE_CHECKING:
    from engine.languages.language import CheckSettings, Language
    from engine.parse.feeder import DemandHint
    from engine.parse.work import Work

__all__ = ["AT_ONCE", "LoadingText"]

AT_ONCE = 16_000
"""Characters up to which a text is parsed in one go, in some milliseconds if it is like others that were parsed."""
SEEN = (0, 50)
"""The first and the last line that are seen, as long as nobody tells."""
MOST_SHOWN = 501
"""How many diagnostics are put into words where nobody tells: those that are shown, and where the next one is."""
LEAST, MOST = 500, 64_000
"""Characters that are taken at a time within a slice; in between, what the last ones took decides."""


class LoadingText:
    """The lines of a document, all of them, and the analysis of those that are parsed.

    `seen` are the first and the last line that somebody looks at, `is_seen` says whether those are parsed and checked.
    `most` is how many of the diagnostics are put into words.
    """

    __slots__ = ("_asked", "_characters", "_column", "_waiting", "analysis", "is_seen", "most", "seen")

    def __init__(self, language: Language, text: str, settings: CheckSettings, most: int = MOST_SHOWN) -> None:
        is_small = len(text) <= AT_ONCE
        self.analysis = Analysis(language, text if is_small else "", settings)
        self._waiting = WaitingText("" if is_small else text)
        self._column = 0  # where the parsed part ends in its last line: to ask for that would cost a walk over the line
        self._characters = LEAST
        self._asked: tuple[int, str] | None = None
        self.seen, self.is_seen = SEEN, False
        self.most = most

    @property
    def is_read(self) -> bool:
        """Whether nothing waits any more."""
        return not self._waiting

    @property
    def is_complete(self) -> bool:
        """Whether everything is parsed, put into words and checked, and as if that had been done from scratch."""
        return self.is_parsed and self.analysis.is_settled

    @property
    def is_parsed(self) -> bool:
        """Whether everything is parsed and put into words, so that only checks are left."""
        return self._is_run and self._is_worded

    @property
    def lacks_words(self) -> bool:
        """Whether everything is parsed and words for what is wrong are still missing."""
        return self._is_run and not self._is_worded

    @property
    def _is_run(self) -> bool:
        return not self._waiting and self.analysis.document.is_settled

    @property
    def _is_worded(self) -> bool:
        """Whether all mistakes that are parsed are put into words, as far as they are shown."""
        return self.analysis.document.wording.is_done(self.most)

    @property
    def line_count(self) -> int:
        """How many lines there are, parsed or not."""
        return self.analysis.document.line_count + self._waiting.line_ends

    @property
    def waiting_bytes(self) -> int:
        """About how many bytes wait to be parsed."""
        return self._waiting.size

    @property
    def demand(self) -> DemandHint:
        """What the parser wants next, where it stands."""
        document = self.analysis.document
        place = document.pending.continuation if document.pending is not None else None
        return (place or Continuation.at(document.machine, document.blocks.end)).demand

    def line(self, index: int) -> str:
        """One line with its line end. The same one is asked for several times in a row, so it is kept."""
        if self._asked is None or self._asked[0] != index:
            self._asked = index, self._found(index)
        return self._asked[1]

    def _found(self, index: int) -> str:
        parsed = self.analysis.document.line_count - 1
        if self._waiting and index > parsed:
            return self._waiting.line(index - parsed)
        line = self.analysis.document.line(index)
        return line + self._waiting.line(0) if self._waiting and index == parsed else line

    def text(self) -> str:
        """The whole text."""
        return self.analysis.document.text() + self._waiting.text()

    def advance(self, work: Work) -> None:
        """Goes on until that much work is done: parses, and checks what is seen once it is parsed; then all checks.

        What is wrong is put into words before more is parsed: it is what comes first in the text.
        """
        self._asked = None
        while not work.is_done:
            self._check_seen(work)
            if not (self.analysis.run_on(work) and self._word(work)):
                return
            if not self._waiting:
                self.analysis.check(work)
                return
            if not work.is_done:
                self._grow(work)

    def _word(self, work: Work) -> bool:
        """Puts what is wrong into words as far as nothing that waits can change it; whether that is done."""
        return self.analysis.document.wording.word(work, self.most, (0, self.sure_lines - 1))

    @property
    def sure_lines(self) -> int:
        """How many lines what waits can change nothing about: the last unit that is parsed may well go on."""
        blocks = self.analysis.document.blocks
        if self.is_read:
            return blocks.line_count
        place = blocks.unit_before(blocks.line_start(blocks.line_count - 1))
        return 0 if place is None else blocks.line_of(place)

    def _check_seen(self, work: Work) -> None:
        first, last = self.seen
        end = self.analysis.document.line_count - 1
        if first <= end:
            is_checked = self.analysis.check(work, (first, min(last, end)))
            self.is_seen = is_checked and (last < end or not self._waiting)

    def see(self, first: int, last: int) -> None:
        """Takes note of which lines are seen: they are checked first."""
        self.seen, self.is_seen = (first, max(first, last)), False

    def _grow(self, work: Work) -> None:
        """Parses some characters more; what they take decides about the next ones."""
        before = work.left
        end = Position(self.analysis.document.line_count - 1, self._column)
        slice_ = self._waiting.take(self._characters)
        line_end = max(slice_.rfind("\n"), slice_.rfind("\r"))
        self._column = len(slice_) - 1 - line_end + (self._column if line_end < 0 else 0)
        self.analysis.extend(end, slice_, work, is_last=not self._waiting)
        wanted = work.left / 2 * len(slice_) / max(1.0, before - work.left)
        self._characters = int(max(LEAST, min(wanted, 4 * self._characters, MOST)))

    def edit(self, span: Span, text: str) -> None:
        """Puts `text` in place of `span`, which must lie in the text; what that changes behind it is left for later."""
        self._asked = None
        parsed = self.analysis.document.line_count - 1
        if not self._waiting or span.end.line < parsed:
            self.analysis.begin_edit(span, text)
        else:
            self._edit_waiting(span, text, parsed)

    def _edit_waiting(self, span: Span, text: str, parsed: int) -> None:
        """An edit that reaches into what waits; `parsed` is the last line of the analysis."""
        # One line more on both sides, because a "\r" and a "\n" that come together are one line end.
        first = min(max(span.start.line - 1, 0), parsed) if span.start.line <= parsed else span.start.line - 1
        last = min(span.end.line + 1, self.line_count - 1)
        head = "".join(self.line(index) for index in range(first, span.start.line))
        tail = "".join(self.line(index) for index in range(span.end.line + 1, last + 1))
        start, end = self.line(span.start.line)[: span.start.column], self.line(span.end.line)[span.end.column :]
        new = head + start + text + end + tail
        if first <= parsed:  # what is parsed from there on waits again
            self.analysis.begin_edit(Span(Position(first, 0), Position(parsed, self._column)), "")
            first, self._column = parsed, 0
        self._waiting.replace(first - parsed, last - parsed, new)
        self._asked = None
