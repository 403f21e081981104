"""Checking a text while it is read, in memory that does not grow with it.

A `Checker` is fed bytes or text in any chunks and gives diagnostics as they become certain: the parser's with the line,
a unit's when the unit is complete, comparisons between units at the end.

Invariant: the diagnostics, sorted, are those of `analysis.Analysis` for the same text.
"""
from __future__ import annotations

from typing import Final

from engine.languages.facts import CLASHES_KEPT, NAMES_KEPT, UnitChecks, in_order, names_limit, placed
from engine.languages.language import CheckSettings, Language
from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic
from engine.parse.machine import AnyState
from engine.parse.runs import Run
from engine.parse.units import begins_unit

__all__ = ["Checker"]

#: Transitions and texts of tokens the machine may remember while a text streams by: its lines are seldom seen twice.
MEMO_KEPT: Final = 60_000


class Checker:
    """One text, once through."""

    def __init__(self, language: Language, settings: CheckSettings | None = None) -> None:
        self.machine = language.machine()
        self.checks = UnitChecks(language, settings or CheckSettings())
        self.cursor = Cursor.begin(self.machine, collect=False, remember=False)
        self._looks_at_units = language.check_unit is not None
        self._unit: list[str] = []
        self._unit_size = 0
        self._unit_at: tuple[AnyState, int, int] | None = None
        self._once: set[str] = set()
        self._flags: set[str] = set()
        self._names: set[str] = set()
        self._name_count = 0
        self._clashes: list[tuple[str, Diagnostic]] = []

    def feed(self, more: bytes | str) -> list[Diagnostic]:
        """Some more of the text; what became certain by it."""
        return self.follow(self.cursor.feed(more))

    @property
    def waiting(self) -> tuple[Diagnostic, ...]:
        """What may still be said at the end, of places that have been read."""
        return tuple(finding for _, finding in self._clashes)

    def finish(self, finished: Cursor | None = None) -> list[Diagnostic]:
        """The end of the text (or a cursor somebody else has finished); everything that was still open."""
        found = self.follow(self.cursor.finish() if finished is None else finished)
        found += self._unit_over(at_end=True)
        found += [finding for name, finding in self._clashes if name in self._names]
        if self._name_count > NAMES_KEPT:
            found.append(names_limit())
        return in_order(found)

    def break_off(self) -> list[Diagnostic]:
        """The text cannot be read any further; what was found so far, and nothing of the end."""
        return self.follow(self.cursor.broken_off())

    def follow(self, cursor: Cursor) -> list[Diagnostic]:
        """The same for a cursor that somebody else has fed; it must come from the last one followed."""
        since, self.cursor = self.cursor, cursor
        found = cursor.new_diagnostics(since)
        if self._looks_at_units:
            for run in cursor.new_runs(since):
                if self._unit_at is None or not self.checks.language.whole_text_is_unit:
                    found += self._look_at(run)
                elif self._unit_size <= self.checks.language.unit_limit:
                    for piece in run.pieces:
                        self._add(piece)
        if self.machine.entries + len(self.machine.lexer) > MEMO_KEPT:
            self.machine.clear()
        return in_order(found)

    def _look_at(self, run: Run) -> list[Diagnostic]:
        """Find the units that begin in a run, and what those say that end in it."""
        found: list[Diagnostic] = []
        for piece, state, (line, column) in zip(run.pieces, run.states, run.places, strict=False):
            if begins_unit(self.machine, state, piece):
                found += self._unit_over(at_end=False)
                self._unit_at = state, line, column
            self._add(piece)
        return found

    def _add(self, piece: str) -> None:
        """Keep a unit's text, but no more than decides that it is too large."""
        if self._unit_at is not None and self._unit_size <= self.checks.language.unit_limit:
            self._unit.append(piece)
            self._unit_size += len(piece)

    def _unit_over(self, *, at_end: bool) -> list[Diagnostic]:
        if self._unit_at is None:
            return []
        state, line, column = self._unit_at
        facts = self.checks.facts(self._unit, state, at_end=at_end)
        self._unit, self._unit_size, self._unit_at = [], 0, None
        self._flags |= facts.sets
        found = [*facts.findings, *(f for flag, f in facts.unless if flag not in self._flags)]
        for finding in facts.once:
            if finding.code not in self._once:
                self._once.add(finding.code)
                found.append(finding)
        room = max(0, NAMES_KEPT - self._name_count)
        self._names.update(facts.names[:room])
        self._name_count += len(facts.names)
        for name, finding in facts.clashes:
            if len(self._clashes) < CLASHES_KEPT:
                self._clashes.append((name, placed(finding, line, column)))
        return [placed(finding, line, column) for finding in found]
