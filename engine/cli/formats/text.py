"""The report for people: what and where on one line, the source with carets, related places, suggested fixes.

Colours and the terminal's width are the writer's business.
Invariant: the first line of a finding is `path:line:column: severity: message [code]`, so that editors can jump to it.
"""

from __future__ import annotations

from typing import Final

from engine.cli.display import printable
from engine.cli.excerpt import changed_excerpt, excerpt
from engine.cli.findings import Finding, Totals
from engine.cli.styled import Line, LineWriter
from engine.parse.diagnostics import FixIt, Related, Severity
from engine.parse.source import Position

__all__ = ["Text", "summary_line"]

#: fixes shown for one finding
_FIXES: Final = 3
_INDENT: Final = "  "


class Text:
    """The report of `--format text`."""

    def __init__(self, out: LineWriter, *, summary: bool = True) -> None:
        self._out = out
        self._summary = summary

    def add(self, finding: Finding) -> None:
        """Writes a finding in several lines."""
        said = finding.diagnostic
        severity = str(said.severity)
        message = printable(said.message.replace("\n", " "))
        self._out.write(
            [
                (_where(finding.path, said.span.start), "path"),
                (": ", ""),
                (severity, severity),
                (f": {message} ", "strong"),
                (f"[{said.code}]", "code"),
            ]
        )
        for line in excerpt(finding.view, said.span, self._width, severity):
            self._write_indented(line)
        for place in said.related:
            self._write_related(finding, place)
        for fix in said.fixes[:_FIXES]:
            self._write_fix(finding, fix)

    def close(self, totals: Totals) -> None:
        """Writes the sums."""
        if self._summary:
            self._out.write([(summary_line(totals), "strong" if totals.errors or totals.warnings else "good")])

    @property
    def _width(self) -> int:
        return self._out.width - len(_INDENT)

    def _write_indented(self, line: Line) -> None:
        self._out.write([(_INDENT, ""), *line])

    def _write_related(self, finding: Finding, place: Related) -> None:
        where = _where(finding.path, place.span.start)
        self._write_indented([("note: ", "information"), (f"{where}: ", "path"), (printable(place.message), "")])
        for line in excerpt(finding.view, place.span, self._width, "information", context=0):
            self._write_indented(line)

    def _write_fix(self, finding: Finding, fix: FixIt) -> None:
        self._write_indented([("fix: ", "fix"), (printable(fix.title), "")])
        edits = [(edit.span, edit.text) for edit in fix.edits]
        if edits:
            for line in changed_excerpt(finding.view, edits, self._width):
                self._write_indented(line)


def _where(path: str, position: Position) -> str:
    return f"{printable(path)}:{position.line + 1}:{position.column + 1}"


def summary_line(totals: Totals) -> str:
    """The sums in one sentence."""
    counts = [_counted(number, severity) for severity in Severity if (number := totals.by_severity[severity])]
    return f"{_counted(totals.files, 'file')} checked: {', '.join(counts) or 'nothing found'}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 or noun == Severity.INFORMATION else 's'}"
