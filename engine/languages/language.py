"""What a language is to the rest of the product.

A language brings a machine (lexer and grammar, compiled), what it says about one top-level unit at a time, and pages
that explain its diagnostics.  It knows neither documents nor editors; `analysis` puts the pieces together.

Invariant: `check_unit` is a pure function of the unit's tree and the settings, so its results are memoised and editing
cannot make them differ from a check from scratch.  What concerns several units goes through the fields of `UnitFacts`.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.parse.diagnostics import Diagnostic
    from engine.parse.machine import Machine
    from engine.parse.tree import Node

__all__ = ["CheckSettings", "CheckUnit", "Language", "UnitFacts"]


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What the user decides about checks; the same for all languages, each reads what concerns it."""

    allow_top_level_expr: bool = False
    targets: frozenset[str] = frozenset({"cli"})


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What one unit says; positions count lines from the unit's first line."""

    findings: tuple[Diagnostic, ...] = ()
    """Reported as they are."""
    once: tuple[Diagnostic, ...] = ()
    """Of each code, only the first in the text is reported."""
    names: tuple[str, ...] = ()
    """Functions and values defined at the top level here."""
    clashes: tuple[tuple[str, Diagnostic], ...] = ()
    """Reported if any unit of the text defines the name."""
    sets: frozenset[str] = frozenset()
    """Flags set for this unit and later ones."""
    unless: tuple[tuple[str, Diagnostic], ...] = ()
    """Reported unless the flag is set."""

    def __bool__(self) -> bool:
        return bool(self.findings or self.once or self.names or self.clashes or self.sets or self.unless)


CheckUnit = Callable[["Node", CheckSettings], UnitFacts]


@dataclass(frozen=True, slots=True)
class Language:
    """A language: how its files are called, how they are parsed, what is said about them."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    filenames: tuple[str, ...]
    """Patterns on the end of a path, in posix form (``.vscode/*.json``); they win over suffixes."""
    language_ids: tuple[str, ...]
    """What editors call it (``languageId`` of LSP)."""
    machine: Callable[[], Machine]
    """The one machine of the process, made on first use."""
    docs: str
    """The package that holds ``docs/<code>.md``."""
    check_unit: CheckUnit | None = None
    worth_checking: Callable[[str], bool] | None = None
    """Of a unit's text: may `check_unit` have anything to say?  Spares making the tree."""
    quick_facts: Callable[[str], UnitFacts | None] | None = None
    """Of a unit's text: its facts, if the text alone shows them, else None.  Spares making the tree."""
    unit_limit: int = 64_000
    """Characters of a unit beyond which it is parsed but not checked further (``check.unit.limit``)."""
    whole_text_is_unit: bool = False
    """The text is one unit (JSON), so no beginning of another has to be looked for."""

    def matches(self, path: str | PurePath) -> int:
        """How well a path fits: 2 by a file name's pattern, 1 by its suffix in upper or lower case, 0 not at all."""
        posix = PurePath(path).as_posix()
        if any(fnmatchcase(posix, pattern) or fnmatchcase(posix, f"*/{pattern}") for pattern in self.filenames):
            return 2
        return int(posix.lower().endswith(self.suffixes))
