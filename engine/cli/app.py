"""The `penstock` command and how its subcommands are found.

Ours are named here with one line each and imported when they are run; others come from installed packages by the
entry-point group `penstock.commands`, so that nothing here imports them (the language server is one).
Invariant: showing the help imports none of our commands; a package whose command cannot be loaded breaks only that.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from engine import __version__

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Options", "common_options", "options_of", "penstock"]

GROUP: Final = "penstock.commands"

_OURS: Final = {
    "check": ("engine.cli.check:check", "Report what is wrong in files, folders or standard input."),
    "parse": ("engine.cli.parse:parse", "Show the tree of a file."),
    "explain": ("engine.cli.explain:explain", "Explain a diagnostic's code or a topic."),
    "metrics": ("engine.cli.metrics:metrics", "Show the metrics of recorded streams."),
    "init": ("engine.cli.intents.writing:init", "Set a repository up for Intents."),
    "new": ("engine.cli.intents.writing:new", "Write an Intent: what you want done."),
    "status": ("engine.cli.intents.status:status", "Show how each Intent stands."),
    "inbox": ("engine.cli.intents.status:inbox", "Show what waits for you."),
    "approve": ("engine.cli.intents.verdicts:approve", "Approve Intents, so that they may run."),
    "reject": ("engine.cli.intents.verdicts:reject", "Reject an Intent."),
    "answer": ("engine.cli.intents.verdicts:answer", "Answer a question about an Intent."),
    "history": ("engine.cli.intents.status:history", "Show the runs there have been."),
    "run": ("engine.cli.runs.run:run", "Run approved Intents."),
    "resume": ("engine.cli.runs.run:resume", "Go on with a run that was interrupted."),
    "audit": ("engine.cli.runs.run:audit", "Have an agent look for what should be better."),
    "trust": ("engine.cli.runs.trust:trust", "Trust what this repository's settings set."),
    "runner": ("engine.cli.runs.runner:runner", "See or stop the process that runs Intents."),
    "logs": ("engine.cli.runs.logs:logs", "Show what a run has done."),
    "cancel": ("engine.cli.runs.logs:cancel", "End a run, verified."),
    "diff": ("engine.cli.runs.landing:diff", "Show what a run changed."),
    "land": ("engine.cli.runs.landing:land", "Bring a run to the base branch."),
    "revert": ("engine.cli.runs.landing:revert", "Take a run back."),
    "clean": ("engine.cli.runs.landing:clean", "Remove what ended runs have left."),
    "records": ("engine.cli.runs.records:records", "Look at the audit records, and check them."),
    "doctor": ("engine.cli.runs.doctor:doctor", "See whether everything that runs need is here."),
    "demo": ("engine.cli.demo:demo", "Watch the language server and the Runner at work."),
}

_F = TypeVar("_F", bound=Callable[..., Any])


class CommandUnavailable(click.ClickException):
    """An installed package offers a command that cannot be loaded."""

    exit_code = 3


@dataclass(slots=True)
class Options:
    """What every command takes."""

    config: Path | None = None
    quiet: bool = False
    verbose: bool = False


def options_of(context: click.Context) -> Options:
    """The options given so far, before or after the command's name."""
    return context.find_root().ensure_object(Options)


def common_options(command: _F) -> _F:
    """Gives a command the options that all take; they are kept in its context, not passed to it."""
    for option in reversed(_COMMON):
        command = option(command)
    return command


def _keeps(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(options_of(context), name, value)

    return keep


_COMMON: Final = (
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        expose_value=False,
        callback=_keeps("config"),
        help="Settings to use instead of the nearest penstock.toml or pyproject.toml.",
    ),
    click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_keeps("quiet"), help="Say only what matters."
    ),
    click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=_keeps("verbose"), help="Say more."),
)


class _Commands(click.Group):
    """The subcommands, loaded when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [*_OURS, *sorted(set(_others()) - set(_OURS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in _OURS:
            module, _, name = _OURS[cmd_name][0].partition(":")
            return _as_command(getattr(import_module(module), name), cmd_name)
        other = _others().get(cmd_name)
        return _loaded(other) if other else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0][:1] != "-" and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(_unknown(args[0], self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _OURS[name][1] if name in _OURS else _help_of(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _others() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # takes as long to import as all else here

    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> click.Command:
    try:
        return _as_command(point.load(), point.name)
    except Exception as error:
        raise CommandUnavailable(f"the command `{point.name}` ({point.value}) cannot be loaded: {error}") from error


def _as_command(value: object, name: str) -> click.Command:
    if not isinstance(value, click.Command):
        raise TypeError(f"`{name}` is no Click command")
    return value


def _help_of(name: str) -> str:
    try:
        return _loaded(_others()[name]).get_short_help_str(limit=120)
    except click.ClickException as error:
        return f"({error.message})"


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known)}."
    if name == "lsp":
        hint = ": it comes with the installed package, which this copy of Penstock is not (pip install penstock)."
    return f"there is no command `{name}`{hint}"


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="penstock", message="%(prog)s %(version)s")
@common_options
def penstock() -> None:
    """Penstock checks your code as you type.

    Exit codes: 0 nothing wrong, 1 findings, 2 wrong usage or settings, 3 internal failure.
    """
