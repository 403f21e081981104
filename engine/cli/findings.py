"""What a check found, on its way to a report: values shared by the formats.

Knows no format. Invariant: counts are by severity; which of them fails the command is decided by `Totals.failed`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from engine.parse.diagnostics import Diagnostic, Severity
from engine.source_view import SourceView

__all__ = ["Finding", "Report", "Totals"]

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic in a file: the path as the user gave it, the language's name if it is known, and the text around."""

    path: str
    language: str | None
    diagnostic: Diagnostic
    view: SourceView


@dataclass(slots=True)
class Totals:
    """The sums of a whole check."""

    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    by_severity: Counter[Severity] = field(default_factory=Counter)

    @property
    def errors(self) -> int:
        """The number of errors."""
        return self.by_severity[Severity.ERROR]

    @property
    def warnings(self) -> int:
        """The number of warnings."""
        return self.by_severity[Severity.WARNING]

    def failed(self, fail_on: Severity) -> bool:
        """Whether something was found that is at least as severe."""
        return any(count and _RANK[severity] <= _RANK[fail_on] for severity, count in self.by_severity.items())


class Report(Protocol):
    """A format of output. Findings are written as they come, so that a stream of them needs no memory."""

    def add(self, finding: Finding) -> None:
        """Writes a finding."""

    def close(self, totals: Totals) -> None:
        """Writes what comes after the last finding."""
