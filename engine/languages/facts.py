"""Facts of units, and what follows from all of them together.

`UnitChecks` runs a language's check on one unit and remembers the answer by the unit's text.  The functions below place
what a unit says in the text and decide what depends on other units, the same for a document and for a stream.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from engine.languages.language import CheckSettings, Language, UnitFacts
from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.machine import AnyState
from engine.parse.source import Position, Span
from engine.parse.tree import build

__all__ = ["CLASHES_KEPT", "NAMES_KEPT", "NOTHING", "UnitChecks", "in_order", "names_limit", "placed",
           "shared_checks"]

#: Definitions of a text that are remembered for comparison, and comparisons that wait for the end of it.
NAMES_KEPT: Final = 100_000
CLASHES_KEPT: Final = 1_000
#: Units remembered by their text, and the characters of all of them together.
_UNITS_KEPT: Final = 20_000
_TEXT_KEPT: Final = 16_000_000

NOTHING: Final = UnitFacts()


class UnitChecks:
    """What a language says of single units, remembered by their text."""

    def __init__(self, language: Language, settings: CheckSettings) -> None:
        self.language, self.settings = language, settings
        self.checked = 0
        """Units that were really looked at: the counter that shows an edit to be local."""
        self._memo: dict[str, UnitFacts] = {}
        self._size = 0

    @property
    def kept(self) -> int:
        """The units remembered."""
        return len(self._memo)

    def facts(self, pieces: Sequence[str], state: AnyState, *, at_end: bool) -> UnitFacts:
        """The facts of the unit that consists of `pieces` and follows `state`."""
        check, worth = self.language.check_unit, self.language.worth_checking
        if check is None:
            return NOTHING
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        if worth is not None and not worth(text):
            return NOTHING
        quick = self.language.quick_facts(text) if self.language.quick_facts is not None else None
        if quick is not None:
            return quick or NOTHING
        if len(text) > self.language.unit_limit:
            return _too_large(self.language.unit_limit)
        known = self._memo.get(text)
        if known is None:
            self.checked += 1
            known = check(build(self.language.machine(), pieces, state, at_end=at_end), self.settings)
            self._remember(text, known)
        return known

    def _remember(self, text: str, facts: UnitFacts) -> None:
        if len(self._memo) >= _UNITS_KEPT or self._size > _TEXT_KEPT:
            self._memo.clear()
            self._size = 0
        self._memo[text] = facts
        self._size += len(text)


@lru_cache(maxsize=8)
def shared_checks(language: Language, settings: CheckSettings) -> UnitChecks:
    """The checks of all open documents of a language: each keystroke makes a new unit, one bound is for all."""
    return UnitChecks(language, settings)


def placed(diagnostic: Diagnostic, line: int, column: int) -> Diagnostic:
    """A unit's diagnostic at the place of the unit; `column` is where its first line begins in a divided line."""
    if not column:
        return diagnostic.shifted(line)

    def at(position: Position) -> Position:
        return Position(position.line + line, position.column + (0 if position.line else column))

    def over(span: Span) -> Span:
        return Span(at(span.start), at(span.end))
    return replace(
        diagnostic, span=over(diagnostic.span),
        fixes=tuple(FixIt(fix.title, tuple(TextEdit(over(edit.span), edit.text) for edit in fix.edits))
                    for fix in diagnostic.fixes),
        related=tuple(Related(over(place.span), place.message) for place in diagnostic.related))


def _too_large(limit: int) -> UnitFacts:
    message = f"this is longer than {limit} characters: its syntax is checked, nothing else"
    return UnitFacts(findings=(Diagnostic("check.unit.limit", Severity.INFORMATION, message, Span.on_line(0, 0, 1)),))


def names_limit() -> Diagnostic:
    """Said once of a text with more definitions than are remembered."""
    message = f"only the first {NAMES_KEPT} definitions are compared with each other"
    return Diagnostic("check.names.limit", Severity.INFORMATION, message, Span.on_line(0, 0, 0))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By position, then by code, so that the order does not depend on who said it first."""
    return sorted(diagnostics, key=lambda d: (d.span, d.code, d.message))
