"""`penstock init` and `penstock new`: a repository set up for Intents, and an Intent written.

Invariant: nothing that is there is overwritten.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.orchestrate.store.files import IntentFiles

__all__ = ["init", "new"]

_EXAMPLE: Final = "example"
_TYPES: Final = "feature, fix, refactor, test, audit, skill_extraction, or a Flow of your own"


@click.command(short_help="Set a repository up for Intents.")
@common_options
@click.pass_context
def init(context: click.Context) -> int:
    """Set this repository up for Intents: the folder .penstock, settings with comments, and an example.

    What is there already stays as it is. Exit codes: 0 done, 2 not in a repository, or nothing can be written.
    """
    from engine.cli.intents.place import files_here, told
    from engine.cli.runs.opened import Unusable
    from engine.orchestrate.store.files import FilesError

    files = files_here()
    try:
        made = [*files.make_folders(), *_settings(files.root), *_example(files)]
    except FilesError as error:
        raise Unusable(str(error)) from error
    for path in made:
        click.echo(f"made {told(path)}{'/' if path.is_dir() else ''}")
    if not made:
        click.echo("everything is there already")
    if not options_of(context).quiet:
        click.echo(_NEXT if files.path(_EXAMPLE) in made else _NEXT_WITHOUT_EXAMPLE)
    return 0


@click.command(short_help="Write an Intent: what you want done.")
@click.argument("title")
@click.option(
    "--body", default="", help="Why, what, and anything an agent should know; `-` reads it from standard input."
)
@click.option("--type", "type_", help=f"What kind of change: {_TYPES}.")
@click.option("--risk", type=click.Choice(["low", "med", "high"]), help="How much could go wrong.")
@click.option("--run", "run", multiple=True, metavar="CMD", help="A command that does it, one Task each; repeatable.")
@click.option("--verify", multiple=True, metavar="CMD", help="A command that must succeed afterwards; repeatable.")
@click.option("--draft", is_flag=True, help="Write a draft in Markdown instead, to go on with in your editor.")
@common_options
@click.pass_context
def new(context: click.Context, /, title: str, body: str, type_: str | None, draft: bool, **given: Any) -> int:
    """Write an Intent with this TITLE, which waits for your approval.

    Exit codes: 0 written, 2 not in a repository, or a value that an Intent cannot have.
    """
    from pydantic import ValidationError

    from engine.cli.intents.place import files_here, told
    from engine.cli.runs.opened import Unusable
    from engine.orchestrate.store.files import FilesError

    files = files_here()
    values: dict[str, Any] = {key: value for key, value in given.items() if value}
    values |= {"title": title, "body": sys.stdin.read() if body == "-" else body, "type": type_}
    try:
        if draft:
            path = files.drafts / f"{files.create_draft(values).id}.md"
        else:
            now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            path = files.path(files.create({**values, "created_at": now}).id)
    except ValidationError as error:
        raise click.UsageError(_refused(error), context) from error
    except UnicodeError as error:
        raise click.UsageError("the text is not UTF-8", context) from error
    except (FilesError, ValueError) as error:
        raise Unusable(str(error)) from error
    click.echo(f"wrote {told(path)}")
    if not options_of(context).quiet:
        steps = (
            "edit it; `penstock run` makes an Intent of it" if draft else f"approve it: penstock approve {path.stem}"
        )
        click.echo(steps)
    return 0


def _refused(error: Any) -> str:
    """What of the values cannot be, in the words that a file's problems have."""
    from engine.languages.intent.document import reason_of

    return "; ".join(reason_of(entry) for entry in error.errors(include_url=False))


def _settings(root: Path) -> list[Path]:
    """Writes settings with comments, unless the repository has some."""
    from engine.config_files import CONFIG_NAME, find_config
    from engine.orchestrate.store import atomic
    from engine.orchestrate.store.files import FilesError

    if find_config(root) is not None:
        return []
    try:
        return [root / CONFIG_NAME] if atomic.create(root / CONFIG_NAME, _SETTINGS.encode()) else []
    except OSError as error:
        raise FilesError(f"{root / CONFIG_NAME} cannot be written: {error.strerror}") from error


def _example(files: IntentFiles) -> list[Path]:
    """Writes an example, unless there are Intents already."""
    from engine.orchestrate.store import atomic
    from engine.orchestrate.store.files import FilesError

    if any(files.intents.iterdir()):
        return []
    path = files.path(_EXAMPLE)
    try:
        return [path] if atomic.create(path, _INTENT.encode()) else []
    except OSError as error:
        raise FilesError(f"{path} cannot be written: {error.strerror}") from error


_NEXT: Final = """\
next: look at .penstock/intents/example.yaml, then
    penstock approve example
    penstock run example"""
_NEXT_WITHOUT_EXAMPLE: Final = 'next: penstock new "what you want done", or penstock status'

_INTENT: Final = """\
# What you want done. The id of an Intent is the name of its file; only the title is required.
title: Note down who works with Penstock
body: |
  An example that needs no model: the command below makes a file, and the check looks at it.
  Remove this file when you have seen it run.
type: feature                 # feature, fix, refactor, test, audit, skill_extraction
risk: low                     # low, med, high
status: proposed              # nothing runs before you approve it: penstock approve example
agent: command                # who does it; `command` runs the lines of `run`
run: ["echo 'We work with Penstock.' > PENSTOCK.txt"]
verify: ["test -s PENSTOCK.txt"]    # all of these must succeed before anything lands
"""

_SETTINGS: Final = """\
# Settings of Penstock for this repository. What is commented out has its default.

[run]
# agent = "command"            # who does an Intent that names nobody
# base_branch = "main"         # by default the branch that is checked out
# integrate = "branch"         # where commits land: branch (penstock/landed), base, pr
# worktree_setup = []          # commands that make a new worktree ready
# max_parallel_roles = 4
# max_retries_per_role = 2
# max_review_retries = 2
# max_cycle_count = 3

# [agents.mine]                # an agent under a name of your own
# command = "my-agent"
# args = []
# env_allow = ["MY_AGENT_KEY"]

[policy]
# checkout_changes = "ask"     # your checkout changed while a step was at work: ask, or record
"""
