"""`penstock check`: what is asked for on the command line, turned into a check and an exit code.

The checking is `engine.check`, the formats are `engine.cli.formats`; here the two meet.
Invariant: exit code 0 means that every file named or found was read and nothing in it fails the check.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final

import click

from engine.cli.app import Options, common_options, options_of
from engine.cli.recordings import RecordingFile, record_option
from engine.cli.stream_options import stream_layer, stream_options

if TYPE_CHECKING:
    from engine.check import Checking
    from engine.cli.findings import Report, Totals
    from engine.cli.progress import Progress
    from engine.cli.walk import Target
    from engine.config import Settings
    from engine.config_files import Loaded
    from engine.languages.language import Language
    from engine.parse.recording import Recorder

__all__ = ["check"]

_FORMATS: Final = ("text", "json", "sarif", "github")


@click.command(short_help="Report what is wrong in files, folders or standard input.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--language", metavar="NAME", help="Check as this language: named files whatever they are, in folders its files."
)
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to report."
)
@click.option(
    "--fail-on", type=click.Choice(["error", "warning"]), help="The least severity that fails.  [default: error]"
)
@click.option(
    "--stdin-filename", metavar="FILE", help="Standard input's name: for the report, and to tell its language."
)
@click.option("--allow-top-level-expr", is_flag=True, default=None, help="Accept expressions at the top level in Reml.")
@stream_options
@record_option("Stream, write down what happens in the streams (for `penstock metrics`), and compare with a batch run.")
@common_options
@click.pass_context
def check(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    language: str | None,
    format_: str,
    stdin_filename: str | None,
    record: Path | None,
    **flags: Any,
) -> int:
    """Report what is wrong in files, in the files of folders, or in standard input (`-`).

    Without PATH the current folder is checked. Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage
    or settings, 3 internal failure.
    """
    from engine.cli.languages import language_of_option
    from engine.cli.settings import in_force

    options = options_of(context)
    named = language_of_option(language) if language else None
    report = _report(format_, sys.stdout, options)
    flags["stream"] = flags["stream"] or (True if record else None)
    settings, loaded = in_force(options, _layer(flags), report)
    targets = _targets(paths, named, settings, loaded)
    if named is None:
        _require_languages(targets, stdin_filename)
    with RecordingFile(record) as recording:
        targets = [target for target in targets if not recording.is_file(target.name)]
        return _Run(report, settings, named, stdin_filename, options, recording.recorder).of(targets)


def _layer(flags: dict[str, Any]) -> dict[str, Any]:
    """The settings that the given options stand for."""
    table = {"fail_on": flags["fail_on"], "allow_top_level_expr": flags["allow_top_level_expr"]}
    return {"check": {key: value for key, value in table.items() if value is not None}, "stream": stream_layer(flags)}


def _report(format_: str, out: IO[str], options: Options) -> Report:
    match format_:
        case "json":
            from engine.cli.formats.json_lines import JsonLines

            return JsonLines(out)
        case "sarif":
            from engine.cli.formats.sarif import Sarif

            return Sarif(out)
        case "github":
            from engine.cli.formats.github import GitHub

            return GitHub(out)
        case _:
            from engine.cli.formats.text import Text
            from engine.cli.styled import line_writer

            return Text(line_writer(out), summary=not options.quiet)


def _targets(paths: tuple[str, ...], named: Language | None, settings: Settings, loaded: Loaded) -> list[Target]:
    from engine.cli.walk import Walk
    from engine.languages import language_for, languages

    def is_known(path: str) -> bool:
        found = language_for(path)
        return found is not None if named is None else found is named

    parts = (part for language in languages() for glob in language.filenames for part in glob.split("/")[:-1])
    hidden = [part for part in parts if part.startswith(".")]
    walk = Walk(is_known, hidden, settings.check.exclude, loaded.root)
    return list(walk.targets(paths or (".",)))


def _require_languages(targets: list[Target], stdin_filename: str | None) -> None:
    """Raises UsageError for a file that was named and is there, but whose language nobody can tell."""
    from engine.cli.languages import language_of_file
    from engine.cli.walk import STDIN, is_there

    for target in targets:
        if target.name == STDIN:
            language_of_file(stdin_filename)
        elif target.named and is_there(target.name):
            language_of_file(target.name)


@dataclass(slots=True)
class _Run:
    """A check of several files under one set of options."""

    report: Report
    settings: Settings
    named: Language | None
    stdin_filename: str | None
    options: Options
    recorder: Recorder | None = None
    clock: Callable[[], float] = time.perf_counter
    totals: Totals = field(init=False)
    progress: Progress = field(init=False)

    def of(self, targets: list[Target]) -> int:
        """Checks the targets and returns the exit code."""
        from engine.cli.findings import Totals
        from engine.cli.progress import Progress
        from engine.parse.diagnostics import Severity

        began = self.clock()
        self.totals = Totals()
        self.progress = Progress(sys.stderr, enabled=not self.options.quiet)
        try:
            for index, target in enumerate(targets):
                self._one(target, index, len(targets))
        finally:
            self.progress.clear()
        self.totals.seconds = self.clock() - began
        self.report.close(self.totals)
        sys.stdout.flush()
        if not targets and not self.options.quiet:
            click.echo("no file of a known language was found", err=True)
        return int(self.totals.failed(Severity(self.settings.check.fail_on)))

    def _one(self, target: Target, index: int, count: int) -> None:
        from engine.cli.display import printable
        from engine.cli.findings import Finding

        name = target.name if target.name != "-" else self.stdin_filename or target.name
        began = self.clock()
        self.progress.show(index / count, name)
        checking = self._checking(target, name, lambda share: self._advanced(name, share, index, count))
        language = checking.language.name if checking.language else None
        found = 0
        for diagnostic in checking.diagnostics:
            found += 1
            self.progress.clear()
            self.totals.by_severity[diagnostic.severity] += 1
            self.report.add(Finding(name, language, diagnostic, checking.view))
        if found:
            sys.stdout.flush()
        self.totals.files += 1
        self.totals.bytes += checking.size
        if self.options.verbose:
            self.progress.clear()
            took = self.clock() - began
            what = f"{language or 'no language'}, {checking.size} bytes, {found} found, {took:.3f} s"
            click.echo(f"{printable(name)}: {what}", err=True)

    def _advanced(self, name: str, share: float | None, index: int, count: int) -> None:
        """More of a stream is about to be read, which may wait: what was found in it so far is shown now."""
        sys.stdout.flush()
        self.progress.show(None if share is None and count == 1 else (index + (share or 0)) / count, name)

    def _checking(self, target: Target, name: str, advanced: Callable[[float | None], None]) -> Checking:
        from engine import check as checks
        from engine.cli.walk import STDIN
        from engine.languages import language_for

        language = self.named or language_for(name)
        settings = self.settings.check.settings()
        if target.error is not None or language is None:
            return checks.refused(target.error or _why_not_there(name), language)
        path = None if target.name == STDIN else Path(target.name)
        if self.settings.stream.enabled:
            return _streaming(path, name, language, self.settings, advanced, self.recorder)
        if path is None:
            return checks.check_bytes(language, sys.stdin.buffer.read(), settings)
        return checks.check_file(path, language, settings)


def _why_not_there(name: str) -> OSError:
    """What keeps one from a file that was named and is not there, or not for us."""
    try:
        Path(name).stat()
    except OSError as error:
        return error
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _streaming(
    path: Path | None,
    name: str,
    language: Language,
    settings: Settings,
    advanced: Callable[[float | None], None],
    recorder: Recorder | None,
) -> Checking:
    """The check of a file, or of standard input, piece by piece."""
    from engine.check import check_stream

    size = _size_of(path)

    def opened() -> BinaryIO:
        return sys.stdin.buffer if path is None else path.open("rb", buffering=0)

    def on_read(done: int) -> None:
        advanced(done / size if size else None)

    return check_stream(
        language,
        opened,
        settings.check.settings(),
        settings.stream.extensions(),
        again=size is not None,
        on_read=on_read,
        record=None if recorder is None else partial(recorder.begin, name, language.name),
    )


def _size_of(path: Path | None) -> int | None:
    """The size of a regular file, None for anything that has none or cannot be read twice."""
    try:
        return path.stat().st_size if path is not None and path.is_file() else None
    except OSError:
        return None
