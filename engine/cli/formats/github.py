"""GitHub annotations: workflow commands that the runner of GitHub Actions turns into notes on a pull request.

Source: GitHub's documentation "Workflow commands", with the escapes of `actions/toolkit`.
Invariant: one finding is one line, whatever its message holds.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import IO, Final

from engine.cli.display import printable
from engine.cli.findings import Finding, Totals
from engine.parse.diagnostics import Severity

__all__ = ["GitHub"]

_COMMAND: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "notice",
    Severity.HINT: "notice",
}


class GitHub:
    """The report of `--format github`."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def add(self, finding: Finding) -> None:
        """Writes one annotation. The runner takes columns only of an annotation that stays on its line."""
        said = finding.diagnostic
        start, end = said.span.start, said.span.end
        properties = {"file": PurePath(finding.path).as_posix(), "line": str(start.line + 1)}
        if end.line > start.line:
            properties["endLine"] = str(end.line + 1)
        else:
            properties |= {"col": str(start.column + 1), "endColumn": str(max(end.column, start.column + 1))}
        properties["title"] = said.code
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        message = said.message + "".join(f"\nfix: {fix.title}" for fix in said.fixes[:1])
        self._out.write(f"::{_COMMAND[said.severity]} {listed}::{_text(message)}\n")

    def close(self, totals: Totals) -> None:
        """Writes nothing: annotations have no summary."""


def _text(text: str) -> str:
    lines = "\n".join(printable(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
