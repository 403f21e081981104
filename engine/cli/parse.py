"""`penstock parse`: the tree of a file, for people and for programs.

The tree comes from the same document that diagnostics come from; what is wrong with the text goes to standard error.
Invariant: exit code 1 if the text has errors; the tree is written all the same.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.languages.analysis import Analysis

__all__ = ["parse"]

_FORMATS: Final = ("tree", "json", "events")


@click.command(short_help="Show the tree of a file.")
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False))
@click.option("--language", metavar="NAME", help="The file's language, instead of the one its name tells.")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="tree", show_default=True, help="How to show it."
)
@common_options
@click.pass_context
def parse(context: click.Context, file: str, language: str | None, form: str) -> int:
    """Show the tree of FILE (`-` is standard input).

    `tree` is for reading, `json` is one JSON document, `events` is one JSON object per step: open, token, close. Exit
    code 1 if the text has errors, which are reported on standard error.
    """
    from engine.cli.languages import language_of_file, language_of_option
    from engine.cli.settings import in_force
    from engine.cli.trees import written
    from engine.languages.analysis import Analysis

    found = language_of_option(language) if language else language_of_file(None if file == "-" else file)
    settings, _ = in_force(options_of(context), {})
    text = _text(file)
    analysis = Analysis(found, text, settings.check.settings())
    for part in written(analysis.document.tree(), text, form):
        sys.stdout.write(part)
    sys.stdout.flush()
    return int(_report_errors(file, analysis, text))


def _text(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.FileError(click.format_filename(file), error.strerror) from error
    return content.decode("utf-8", "surrogateescape")


def _report_errors(file: str, analysis: Analysis, text: str) -> bool:
    """Reports what is wrong with the text on standard error; is any of it an error?"""
    from engine.cli.findings import Finding
    from engine.cli.formats.text import Text
    from engine.cli.styled import line_writer
    from engine.parse.diagnostics import Severity
    from engine.source_view import WholeView

    report, view = Text(line_writer(sys.stderr)), WholeView(text)
    found = analysis.diagnostics()
    for diagnostic in found:
        report.add(Finding(file, analysis.language.name, diagnostic, view))
    return any(diagnostic.severity is Severity.ERROR for diagnostic in found)
