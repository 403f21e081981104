"""Repairs as values: errors, the changes that mend them, and the words a language has for them (`Advise`).

`search` finds repairs, `fixes` writes them down.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.parse.diagnostics import Severity
from engine.parse.machine import Settled

__all__ = ["Advice", "Advise", "Change", "Damage", "Found", "Located", "Op", "Proposal", "Repair", "Situation"]

Op = Literal["insert", "delete", "replace"]


@dataclass(frozen=True, slots=True)
class Located:
    """A token near an error: `line_offset` is 0 on the error's line, negative above it.

    Columns are the line's, but the piece's on the error's line (negative if the token is in an earlier segment of it).
    """

    kind: str
    text: str
    line_offset: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of a repair: the kind inserted or deleted, and how far from the unexpected token (0: right there)."""

    op: Op
    kind: str
    offset: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that advice may depend on."""

    piece: str
    """The line, or the segment of a long one, with its line end."""
    start: int
    end: int
    """The unexpected token in it; both the piece's length at the end of the text."""
    kind: str
    text: str
    expected: tuple[str, ...]
    """Kinds and labels that could stand here."""
    context: tuple[str, ...]
    """Names of the open rules, outer to inner."""
    before: tuple[Located, ...]
    """Up to two tokens before it, nearest first."""
    after: tuple[str, ...]
    """Kinds of up to six tokens behind it on the piece."""
    code: str
    """The code it is reported with unless the advice has another."""
    repair: tuple[Proposal, ...] = ()
    """The best repair that was found."""
    bracketed: tuple[Located, ...] = ()
    """Of an opening bracket: the tokens directly inside, last the one that closes it; none if that is not in sight."""

    def lacks(self, kind: str) -> bool:
        """Is the best repair to insert that kind, or is there none that leads on?"""
        return not self.repair or any(p.op != "delete" and p.kind == kind for p in self.repair)


@dataclass(frozen=True, slots=True)
class Advice:
    """A language's own words for an error; what is None stays as the engine has it.

    Columns are the piece's on the error's line, as in `Situation`.  `fixes`: pairs (title, edits), an edit being (line
    offset, start column, end column, text).
    """

    code: str | None = None
    message: str | None = None
    fixes: tuple[tuple[str, tuple[tuple[int, int, int, str], ...]], ...] = ()
    severity: Severity = Severity.ERROR
    only: bool = False
    """Are there to be no other fixes?"""
    first: bool = True
    """Do the fixes stand before those that the engine has found?"""
    part: tuple[int, int] | None = None
    """Columns of the part of a wrong token that is meant, where the whole token would say too little."""


Advise = Callable[[Situation], Advice | None]


@dataclass(frozen=True, slots=True)
class Damage:
    """An error: kinds of tokens around it, line breaks too, and the states before each up to the unexpected one."""

    states: tuple[Settled, ...]
    kinds: tuple[int, ...]

    @property
    def at(self) -> int:
        """The index of the unexpected token."""
        return len(self.states) - 1


@dataclass(frozen=True, slots=True)
class Change:
    """Insert a token of `kind` before the token at `index`, delete that one (which is of `kind`), or put one there.

    `below`: insert behind the line break in front of that token, not before it.
    """

    op: Op
    kind: int
    index: int
    below: bool = False


Repair = tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A repair; `clean` if there is no other error behind it, as far as is looked."""

    changes: Repair
    clean: bool
    cost: int
