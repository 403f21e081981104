"""A document with everything its language says about it, kept up to date by edits.

The parser's diagnostics come from the document; what the checks say is kept as a note at the piece where a unit begins.
An edit has the units checked again that it touched, and no others.  Parsing comes first; what is still to be checked is
marked by a note of its own, so both can be done in as many steps as one likes.

Invariant: once settled, the diagnostics are those of `stream.Checker` for the same text (a test compares them).
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from engine.languages.facts import CLASHES_KEPT, NAMES_KEPT, NOTHING, in_order, names_limit, placed, shared_checks
from engine.languages.language import CheckSettings, Language, UnitFacts
from engine.parse.blocks import Place
from engine.parse.diagnostics import Diagnostic
from engine.parse.document import Document
from engine.parse.rerun import Change
from engine.parse.source import Position, Span
from engine.parse.work import Work

__all__ = ["Analysis"]


class _Note:
    """The facts of the unit that begins here; true if it may have something to report."""

    __slots__ = ("facts", "says")

    def __init__(self, facts: UnitFacts) -> None:
        self.facts = facts
        self.says = bool(facts.findings or facts.once or facts.clashes or facts.sets or facts.unless)

    def __bool__(self) -> bool:
        return self.says


_DUE: Final = _Note(NOTHING)
"""The note of a unit that is still to be checked."""


class Analysis:
    """A document of a language and its diagnostics.

    `_head` blocks at the beginning and `_tail` blocks at the end hold no unit that is still to be checked.
    """

    def __init__(self, language: Language, text: str = "", settings: CheckSettings | None = None) -> None:
        self.language = language
        self.checks = shared_checks(language, settings or CheckSettings())
        self.document = Document(language.machine())
        self._names: Counter[str] = Counter()
        self._name_count = 0
        self._head = self._tail = 0
        self.replace(text)

    def replace(self, text: str) -> None:
        """Put another text in place of the whole one."""
        self.document.replace(text)
        self._names.clear()
        self._name_count = 0
        self._head = self._tail = 0
        self._mark(self.document.blocks.flagged("units"))
        self.settle()

    def reconfigure(self, settings: CheckSettings) -> None:
        """Have everything checked again under other settings, by `settle`; the parse stays."""
        if settings != self.checks.settings:
            self.checks = shared_checks(self.language, settings)
            self.document.blocks.forget_others()
            self._mark(self.document.blocks.flagged("units"))

    def edit(self, span: Span, text: str) -> Change:
        """Put `text` in place of `span`.  Raises `ValueError` for a span that is reversed or outside the text."""
        self.settle()
        change, work = self.begin_edit(span, text), Work(self.document.machine)
        while (more := self.document.step(work)) is not None:
            self._take(more)
            change = change.and_then(more)
        self.check(work)
        return change

    def begin_edit(self, span: Span, text: str) -> Change:
        """Put `text` in place of `span` and leave all that follows from it to `settle`; raises like `edit`."""
        change = self.document.edit(span, text, settle=False)
        self._take(change)
        return change

    def extend(self, end: Position, text: str, work: Work, *, is_last: bool) -> None:
        """Put `text` at the end, of which more comes unless it is the last; only where all before is parsed.

        A unit that may go on in what comes is checked when that is there.
        """
        change = self.document.edit(Span(end, end), text, settle=False)
        work.ran(change.run, len(text))
        self._take(change if is_last else change._replace(is_open=True))

    @property
    def is_settled(self) -> bool:
        """Is everything parsed and checked as from scratch?"""
        return self.document.is_settled and self._head + self._tail >= len(self.document.blocks.blocks)

    def settle(self, work: Work | None = None) -> bool:
        """Parse on where edits have left off, then check, until that is done or the work used up; is all done?"""
        work = work or Work(self.document.machine)
        return self.run_on(work) and self.check(work)

    def run_on(self, work: Work) -> bool:
        """Parse on where edits have left off; is everything parsed?"""
        while not work.is_done:
            change = self.document.step(work)
            if change is None:
                return True
            self._take(change)
        return self.document.is_settled

    def check(self, work: Work, lines: tuple[int, int] | None = None) -> bool:
        """Check units that have changed, all of them or those about some lines; is that done?"""
        blocks = self.document.blocks
        count = len(blocks.blocks)
        first, stop = self._head, count - self._tail
        if lines is not None:
            first = max(first, blocks.line_start(lines[0]).block)
            stop = min(stop, blocks.line_start(lines[1]).block + 1)
        for number in range(first, stop):
            notes, at = blocks.blocks[number].notes, 0
            while _DUE in notes:
                if work.is_done:
                    return False
                at = notes.index(_DUE, at)
                self._check(Place(number, at), work)
            if lines is None:
                self._head = number + 1
        if lines is None:
            self._head = self._tail = count
        return True

    def _take(self, change: Change) -> None:
        """Have the units checked that a change touched."""
        for note in change.dropped:
            self._forget(note.facts.names)
        for note in change.regained:
            self._keep(note.facts.names)
        self._reach(change.place.block)
        self._mark(self._touched(change))

    def _touched(self, change: Change) -> Iterable[Place]:
        """The units that begin in the changed pieces, and the one that reaches into them."""
        blocks = self.document.blocks
        before = blocks.prior(change.place)
        reaching = blocks.unit_before(before) if before is not None else None
        out = [reaching] if reaching is not None else []
        if change.doubtful is not None:
            return [*out, *change.doubtful]
        last = blocks.moved(change.place, change.run)
        for place in blocks.flagged("units", change.place):
            if last is not None and place >= last:
                break
            out.append(place)
        return out[:-1] if change.is_open else out       # the last one goes on behind the seam: later

    def _mark(self, units: Iterable[Place]) -> None:
        """Note that units are to be checked."""
        if self.language.check_unit is None:
            return
        blocks = self.document.blocks
        for place in units:
            old = blocks.note(place)
            if old is not None:
                self._forget(old.facts.names)
            blocks.set_note(place, _DUE)
            self._reach(place.block)

    def _reach(self, block: int) -> None:
        """Note that something in a block may still be to be checked."""
        self._head = min(self._head, block)
        self._tail = min(self._tail, len(self.document.blocks.blocks) - 1 - block)

    def _check(self, place: Place, work: Work) -> None:
        """Check a unit that is marked."""
        document, blocks, checked = self.document, self.document.blocks, self.checks.checked
        pieces, at_end = document.unit_pieces(place, self.language.unit_limit)
        facts = self.checks.facts(pieces, blocks.state(place), at_end=at_end)
        blocks.set_note(place, _Note(facts) if facts is not NOTHING else None)
        self._keep(facts.names)
        work.looked(sum(map(len, pieces)), is_new=self.checks.checked > checked)

    def _keep(self, names: tuple[str, ...]) -> None:
        self._name_count += len(names)
        for name in names:
            self._names[name] += 1

    def _forget(self, names: tuple[str, ...]) -> None:
        self._name_count -= len(names)
        for name in names:
            self._names[name] -= 1
            if not self._names[name]:
                del self._names[name]

    # ------------------------------------------------------------------------------------------------ diagnostics
    def diagnostics(self, limit: int | None = None, *, at_end: bool = True, known: bool = False) -> list[Diagnostic]:
        """Everything there is to say, in order of position; at most `limit` of it.

        Without `at_end`, nothing of the text ending where it does: more of it is to come.  With `known`, only what
        there are words for already.
        """
        found = self.document.diagnostics(limit, at_end=at_end, known=known)
        said = self._said(limit)
        if said or len(found) > 1:
            found = in_order([*found, *said])
        return found if limit is None else found[:limit]

    def count_diagnostics(self, limit: int) -> int:
        """How many there are in all at most, counted up to `limit`; the parser's are not put into words for that."""
        return min(limit, self.document.count_diagnostics(limit) + len(self._said(limit)))

    def _said(self, limit: int | None) -> list[Diagnostic]:
        """What the checks say, in about the order of position; at least the first `limit` of it."""
        blocks = self.document.blocks
        said: list[Diagnostic] = []
        once: set[str] = set()
        flags: set[str] = set()
        clashes: list[tuple[str, Diagnostic]] = []
        for place in blocks.flagged("said"):
            if limit is not None and len(said) >= limit:
                break                                    # all others stand below
            facts = blocks.note(place).facts
            line, column = blocks.line_of(place), blocks.column_of(place)
            flags |= facts.sets
            said += (placed(finding, line, column) for finding in facts.findings)
            for finding in facts.once:
                if finding.code not in once:
                    once.add(finding.code)
                    said.append(placed(finding, line, column))
            said += (placed(finding, line, column) for flag, finding in facts.unless if flag not in flags)
            clashes += [(name, placed(finding, line, column)) for name, finding in facts.clashes]
        names = self._compared()
        said += (finding for name, finding in clashes[:CLASHES_KEPT] if names[name] > 0)
        if self._name_count > NAMES_KEPT:
            said.append(names_limit())
        return said

    def _compared(self) -> Counter[str]:
        """The definitions that are compared: all, or the first `NAMES_KEPT` in the text."""
        if self._name_count <= NAMES_KEPT:
            return self._names
        blocks = self.document.blocks
        kept: list[str] = []
        for place in blocks.flagged("units"):
            note = blocks.note(place)
            kept += note.facts.names if note is not None else ()
            if len(kept) >= NAMES_KEPT:
                break
        return Counter(kept[:NAMES_KEPT])
