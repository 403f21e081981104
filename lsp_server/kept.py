"""Diagnostics that are already written as text, kept for as long as neither they nor their lines change.

With a hundred mistakes in a document a keystroke changes one of them; the engine gives the others as the same objects
again.  Knows neither the text nor how a diagnostic is written.
Invariant: what is kept was written of the same object, and no line it speaks of has been edited or moved since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.parse.diagnostics import Diagnostic
from engine.parse.source import Span

__all__ = ["KeptDiagnostics"]


class KeptDiagnostics:
    """The texts of a document's last list of diagnostics."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Diagnostic, int, int, str]] = {}

    def forget(self, first: int, last: int, is_moved: bool) -> None:
        """Says that the lines `first` to `last` were edited, and whether those behind them have moved."""
        if self._kept:
            self._kept = {
                key: kept for key, kept in self._kept.items() if kept[2] < first or (not is_moved and kept[1] > last)
            }

    def clear(self) -> None:
        """Forgets everything."""
        self._kept = {}

    def written(self, diagnostics: list[Diagnostic], write: Callable[[Diagnostic], str]) -> list[str]:
        """The texts of a list, written anew where they are not kept; keeps exactly these."""
        before, self._kept = self._kept, {}
        texts = []
        for diagnostic in diagnostics:
            kept = before.get(id(diagnostic))
            if kept is None or kept[0] is not diagnostic:
                lines = [line for span in _spans(diagnostic) for line in (span.start.line, span.end.line)]
                kept = (diagnostic, min(lines), max(lines), write(diagnostic))
            self._kept[id(diagnostic)] = kept
            texts.append(kept[3])
        return texts


def _spans(diagnostic: Diagnostic) -> Iterator[Span]:
    yield diagnostic.span
    yield from (edit.span for fix in diagnostic.fixes for edit in fix.edits)
    yield from (place.span for place in diagnostic.related)
