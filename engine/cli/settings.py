"""The settings in force for a command: files under flags, or the report of what is wrong with them and the end.

Invariant: a command runs with settings that have no fault, or not at all (exit code 2).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from engine.cli.app import Options
from engine.cli.findings import Finding, Report, Totals
from engine.cli.formats.text import Text
from engine.cli.styled import line_writer
from engine.config import Settings, decode
from engine.config_files import Loaded, Problem, load, user_config_folder
from engine.source_view import WholeView

__all__ = ["in_force"]


class BadSettings(click.ClickException):
    """The settings have faults, which have been reported."""

    exit_code = 2


def in_force(options: Options, flags: Mapping[str, Any], report: Report | None = None) -> tuple[Settings, Loaded]:
    """The settings of the current folder with the flags over them, and the files behind them.

    Raises `BadSettings` after what is wrong in the files went to the report (standard error if there is none), and
    `UsageError` for flags that do not go together.
    """
    loaded = load(Path(), options.config, user_config_folder())
    if loaded.problems:
        _say(loaded.problems, report or Text(line_writer(sys.stderr)))
        raise BadSettings("the settings are wrong; nothing was done")
    settings, faults = decode(loaded.layer, flags)
    if faults:
        raise click.UsageError("; ".join(fault.message for fault in faults))
    if options.verbose:
        names = ", ".join(_shown(path) for path in loaded.files) or "no file"
        click.echo(f"settings: {names}", err=True)
    return settings, loaded


def _say(problems: Sequence[Problem], report: Report) -> None:
    totals = Totals(files=len({problem.path for problem in problems}))
    for problem in problems:
        said = problem.diagnostic
        report.add(Finding(_shown(problem.path), "toml", said, WholeView(problem.text)))
        totals.by_severity[said.severity] += 1
    report.close(totals)


def _shown(path: Path) -> str:
    """The path relative to the current folder where it lies in it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
