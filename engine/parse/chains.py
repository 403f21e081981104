"""Chains that grow at one end: what a cursor adds to without changing the cursors before it.

Both reach back from what came last.  Invariant: a link never changes, so any number of cursors may share it.
"""
from __future__ import annotations

from engine.parse.diagnostics import Diagnostic

__all__ = ["Rest", "Said", "forgotten"]


class Said:
    """Diagnostics so far, latest first, and their number."""

    __slots__ = ("count", "diagnostics", "previous")

    def __init__(self, diagnostics: tuple[Diagnostic, ...], previous: Said | None) -> None:
        self.diagnostics, self.previous = diagnostics, previous
        self.count: int = len(diagnostics) + (previous.count if previous is not None else 0)


def forgotten(said: Said | None) -> Said | None:
    """No diagnostics, but their number."""
    if said is None or not said.diagnostics:
        return said
    empty = Said((), None)
    empty.count = said.count
    return empty


class Rest:
    """A long unfinished piece: parts, latest first, joined only when a further segment may be complete."""

    __slots__ = ("length", "part", "previous", "retry_at")

    def __init__(self, part: str, previous: Rest | None, retry_at: int) -> None:
        self.part, self.previous, self.retry_at = part, previous, retry_at
        self.length: int = len(part) + (previous.length if previous is not None else 0)

    def joined(self) -> str:
        """The whole piece."""
        parts = []
        rest: Rest | None = self
        while rest is not None:
            parts.append(rest.part)
            rest = rest.previous
        return "".join(reversed(parts))
