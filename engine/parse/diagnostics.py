"""What is said about a text: diagnostics, their fixes and related places.

Values only; they are made by `render` for syntax and by the languages' checks for everything else.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.parse.source import Span

if TYPE_CHECKING:
    from engine.parse.expected import ExpectationSummary

__all__ = ["Diagnostic", "FixIt", "Related", "Severity", "TextEdit"]


class Severity(StrEnum):
    """How much a diagnostic matters, most first."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Put `text` in place of `span`; an empty span inserts, an empty text deletes."""

    span: Span
    text: str

    def shifted(self, lines: int) -> TextEdit:
        """The same edit, `lines` further down."""
        return TextEdit(self.span.shifted(lines), self.text)


@dataclass(frozen=True, slots=True)
class FixIt:
    """A change that mends what a diagnostic is about; its edits do not overlap."""

    title: str
    edits: tuple[TextEdit, ...]

    def shifted(self, lines: int) -> FixIt:
        """The same fix, `lines` further down."""
        return FixIt(self.title, tuple(edit.shifted(lines) for edit in self.edits))


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has to do with a diagnostic."""

    span: Span
    message: str

    def shifted(self, lines: int) -> Related:
        """The same place, `lines` further down."""
        return Related(self.span.shifted(lines), self.message)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something wrong or worth knowing; `span` is where, `fixes` the best first."""

    code: str
    severity: Severity
    message: str
    span: Span
    expected: ExpectationSummary | None = None
    fixes: tuple[FixIt, ...] = ()
    related: tuple[Related, ...] = ()

    def shifted(self, lines: int) -> Diagnostic:
        """The same diagnostic, `lines` further down."""
        if not lines:
            return self
        return replace(self, span=self.span.shifted(lines), fixes=tuple(fix.shifted(lines) for fix in self.fixes),
                       related=tuple(place.shifted(lines) for place in self.related))
