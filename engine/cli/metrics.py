"""`penstock metrics`: the metrics of streams that were recorded with `--record`.

Recordings are read and the formulas are written in `engine.parse`; here is how they are shown, and the exit code.
Invariant: with `--require-success`, exit code 0 means that every line was read and every required metric is 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.app import common_options, options_of
from engine.cli.display import printable

if TYPE_CHECKING:
    from engine.parse.metrics import Metric, Tally

__all__ = ["metrics"]

SCHEMA_VERSION: Final = 1
_FAILED, _UNREADABLE = 1, 2
#: problems of a file that are told one by one
_TOLD: Final = 10


@click.command(short_help="Show the metrics of recorded streams.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to show them."
)
@click.option("--require-success", is_flag=True, help="Exit with 1 if a metric is missing or below 1.")
@common_options
@click.pass_context
def metrics(context: click.Context, files: tuple[str, ...], form: str, require_success: bool) -> int:
    """Show the metrics of the streams in recordings, which `penstock check --record` and `penstock lsp --record` write.

    Each is a share, of all FILEs together (`-` is standard input); `penstock explain metrics` tells what they mean.
    Exit codes: 0, 1 as --require-success says, 2 for a file that cannot be read or a line that is no part of a
    recording.
    """
    from engine.parse.metrics import Tally

    tally, reading = Tally(), _Reading()
    for name in files:
        reading.add(name, tally)
    (_show_json if form == "json" else _show_text)(tally, reading, quiet=options_of(context).quiet)
    sys.stdout.flush()
    if reading.problems:
        return _UNREADABLE
    return _FAILED if require_success and not all(metric.succeeds for metric in tally.metrics()) else 0


@dataclass(slots=True)
class _Reading:
    """What was read, and what could not be: the first problems of each file, and the number of all."""

    lines: int = 0
    problems: int = 0
    told: list[tuple[str, int | None, str]] = field(default_factory=list)

    def add(self, name: str, tally: Tally) -> None:
        """Reads a file into the tally."""
        from engine.parse.recording import read_recording

        before = self.problems
        try:
            with _opened(name) as file:
                for number, record, problems in read_recording(file):
                    self.lines += 1
                    if not problems:
                        tally.add(record, f"{name}:{number}")
                    for problem in problems:
                        self._problem(name, number, problem, before)
        except OSError as error:
            self._problem(name, None, f"cannot be read: {error.strerror}", before)

    def _problem(self, name: str, line: int | None, what: str, before: int) -> None:
        self.problems += 1
        if self.problems - before <= _TOLD:
            self.told.append((name, line, what))

    def sentences(self) -> Iterator[str]:
        """The problems, one a line."""
        for name, line, what in self.told:
            yield f"{name}: {what}" if line is None else f"{name}:{line}: {what}"
        if self.problems > len(self.told):
            yield f"and {self.problems - len(self.told)} more"


def _opened(name: str) -> Any:
    return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


def _show_text(tally: Tally, reading: _Reading, quiet: bool) -> None:
    found = tally.metrics()
    width = max(len(metric.name) for metric in found)
    for metric in found:
        print(f"{metric.name:{width}}  {_value(metric):>7}  {_counted(metric)}")
        for failure in metric.failures:
            print(f"  {printable(failure)}")
        if metric.failing > len(metric.failures):
            print(f"  and {metric.failing - len(metric.failures)} more")
    for sentence in reading.sentences():
        click.echo(printable(sentence), err=True)
    if not quiet:
        print(_summary(tally, reading))


def _value(metric: Metric) -> str:
    """The share, rounded down, so that what is not 1 does not look like it."""
    return "missing" if metric.value is None else f"{int(metric.value * 10_000) / 10_000:.4f}"


def _counted(metric: Metric) -> str:
    note = "" if metric.is_required else " (reported only)"
    return f"{metric.passed} of {metric.total} {metric.meaning}{note}"


def _summary(tally: Tally, reading: _Reading) -> str:
    failing = [metric.name for metric in tally.metrics() if not metric.succeeds]
    streams = f"{tally.streams} stream{'' if tally.streams == 1 else 's'}"
    outcome = f"failing: {', '.join(failing)}" if failing else "all required metrics are 1"
    lost = f"; {reading.problems} of {reading.lines} lines are no part of a recording" if reading.problems else ""
    return f"{streams}, {outcome}{lost}"


def _show_json(tally: Tally, reading: _Reading, quiet: bool) -> None:  # noqa: ARG001 - programs get all of it
    for metric in tally.metrics():
        _write(
            {
                "kind": "metric",
                "schema_version": SCHEMA_VERSION,
                "name": metric.name,
                "value": metric.value,
                "passed": metric.passed,
                "total": metric.total,
                "required": metric.is_required,
                "success": metric.succeeds,
                "failures": metric.failures,
            }
        )
    for path, line, message in reading.told:
        _write(
            {
                "kind": "problem",
                "schema_version": SCHEMA_VERSION,
                "path": path,
                "line": line,
                "message": message,
            }
        )
    _write(
        {
            "kind": "summary",
            "schema_version": SCHEMA_VERSION,
            "streams": tally.streams,
            "lines": reading.lines,
            "problems": reading.problems,
            "success": not reading.problems and all(metric.succeeds for metric in tally.metrics()),
        }
    )


def _write(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
