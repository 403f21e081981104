"""SARIF 2.1.0, for code-scanning dashboards.

Results are written as they come; the rules they name follow them, so a run of any length is written in little memory.
Columns count code points (`columnKind`). Source: OASIS "Static Analysis Results Interchange Format Version 2.1.0",
sections 3.14 (run), 3.27 (result), 3.30 (region), 3.55 (fix).
Invariant: each result's `ruleIndex` points at the rule with its `ruleId`.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import IO, Any, Final
from urllib.parse import quote

from engine import __version__
from engine.cli.findings import Finding, Totals
from engine.cli.formats.json_lines import clean
from engine.cli.pages import page, title_of
from engine.parse.diagnostics import FixIt, Severity
from engine.parse.source import Span
from engine.source_view import SourceView

__all__ = ["Sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_OPENING: Final = (
    f'{{"$schema":{json.dumps(_SCHEMA)},"version":"2.1.0","runs":[{{"columnKind":"unicodeCodePoints","results":[\n'
)
_LEVEL: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "note",
    Severity.HINT: "note",
}


class Sarif:
    """The report of `--format sarif`: one run in one document."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._rules: dict[str, int] = {}
        self._before = _OPENING  # nothing is written before there is something to write

    def add(self, finding: Finding) -> None:
        """Writes one result."""
        said = finding.diagnostic
        result: dict[str, Any] = {
            "ruleId": said.code,
            "ruleIndex": self._rules.setdefault(said.code, len(self._rules)),
            "level": _LEVEL[said.severity],
            "message": {"text": clean(said.message)},
            "locations": [_location(finding, said.span)],
        }
        if said.related:
            result["relatedLocations"] = [
                {"id": number, **_location(finding, place.span), "message": {"text": clean(place.message)}}
                for number, place in enumerate(said.related)
            ]
        if said.fixes:
            result["fixes"] = [_fix(fix, finding) for fix in said.fixes]
        self._out.write(self._before + json.dumps(result, separators=(",", ":")))
        self._before = ",\n"

    def close(self, totals: Totals) -> None:
        """Writes the rules and ends the document."""
        driver = {"name": "Penstock", "version": __version__, "rules": [_rule(code) for code in self._rules]}
        sums = {"files": totals.files, "bytes": totals.bytes, "seconds": round(totals.seconds, 3)}
        rest = {
            "tool": {"driver": driver},
            "invocations": [{"executionSuccessful": True}],
            "properties": sums,
        }
        if not self._rules:
            self._out.write(self._before)
        self._out.write("\n]," + json.dumps(rest, separators=(",", ":"))[1:] + "]}\n")


def _rule(code: str) -> dict[str, Any]:
    text = page(code)
    rule: dict[str, Any] = {"id": code}
    if text is not None:
        rule |= {"shortDescription": {"text": title_of(code, text)}, "help": {"text": text, "markdown": text}}
    return rule


def _location(finding: Finding, span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(finding.path), "region": _region(span, finding.view)}}


def _artifact(path: str) -> dict[str, str]:
    """The file as a URI: relative as it was given, absolute ones with their scheme."""
    named = PurePath(path)
    if named.is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(named.as_posix(), safe="/", errors="surrogateescape")}


def _region(span: Span, view: SourceView) -> dict[str, int]:
    region = {
        "startLine": span.start.line + 1,
        "startColumn": span.start.column + 1,
        "endLine": span.end.line + 1,
        "endColumn": span.end.column + 1,
    }
    start, end = view.byte_at(span.start), view.byte_at(span.end)
    if start is not None and end is not None:
        region |= {"byteOffset": start, "byteLength": end - start}
    return region


def _fix(fix: FixIt, finding: Finding) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(edit.span, finding.view), "insertedContent": {"text": clean(edit.text)}}
        for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(finding.path), "replacements": replacements}
    return {"description": {"text": clean(fix.title)}, "artifactChanges": [change]}
