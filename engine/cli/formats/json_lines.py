"""JSON Lines: one object per finding and a summary, `schema_version` 1.

Lines and columns are 1-based, columns in code points, `byte` is the UTF-8 offset, ends are exclusive. The output is
ASCII; what has no place in JSON (bytes that are no UTF-8) is shown as U+FFFD, so that every reader accepts it.
Knows no files. Invariant: keys are added, never renamed or removed, within one schema version.
"""

from __future__ import annotations

import json
import re
from typing import IO, Any, Final

from engine.cli.findings import Finding, Totals
from engine.parse.diagnostics import FixIt
from engine.parse.source import Position, Span
from engine.source_view import SourceView

__all__ = ["JsonLines", "clean"]

SCHEMA_VERSION: Final = 1
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with U+FFFD for every lone surrogate, which strict JSON readers refuse."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


class JsonLines:
    """The report of `--format json`."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def add(self, finding: Finding) -> None:
        """Writes one diagnostic as one line."""
        said = finding.diagnostic
        self._write(
            {
                "kind": "diagnostic",
                "schema_version": SCHEMA_VERSION,
                "path": clean(finding.path),
                "language": finding.language,
                "severity": str(said.severity),
                "code": said.code,
                "message": clean(said.message),
                "range": _range(said.span, finding.view),
                "expected": [clean(what.label) for what in said.expected.alternatives] if said.expected else [],
                "fixes": [_fix(fix, finding.view) for fix in said.fixes],
            }
        )

    def close(self, totals: Totals) -> None:
        """Writes the summary."""
        self._write(
            {
                "kind": "summary",
                "schema_version": SCHEMA_VERSION,
                "files": totals.files,
                "errors": totals.errors,
                "warnings": totals.warnings,
                "bytes": totals.bytes,
                "seconds": round(totals.seconds, 3),
            }
        )

    def _write(self, value: dict[str, Any]) -> None:
        self._out.write(json.dumps(value, separators=(",", ":")) + "\n")


def _fix(fix: FixIt, view: SourceView) -> dict[str, Any]:
    edits = [{"range": _range(edit.span, view), "text": clean(edit.text)} for edit in fix.edits]
    return {"title": clean(fix.title), "edits": edits}


def _range(span: Span, view: SourceView) -> dict[str, Any]:
    return {"start": _place(span.start, view), "end": _place(span.end, view)}


def _place(position: Position, view: SourceView) -> dict[str, int | None]:
    return {"line": position.line + 1, "column": position.column + 1, "byte": view.byte_at(position)}
