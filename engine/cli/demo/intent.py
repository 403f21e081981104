"""The demo's second half: an Intent with two Tasks, run for real in a repository that is thrown away afterwards.

Real git, real processes, no model and no account. Invariant: nothing outside of the given folder is written, and the
result is right only if both Tasks landed in order.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from engine.cli.runs.view import View
    from engine.orchestrate.workspace import Workspace

__all__ = ["play_intent"]

#: one Task writes a file, the other works on what the first one made; `verify` looks at both
INTENT: Final = """\
title: Write a greeting, then say it twice
tasks:
  - {id: write, title: Write a greeting, run: "echo 'Hello from an agent' > greeting.txt"}
  - {id: twice, title: Say it twice, run: "cat greeting.txt greeting.txt > twice.txt", depends_on: [write]}
verify: ["test -s greeting.txt"]
"""
_IDENTITY: Final = {
    "GIT_AUTHOR_NAME": "Penstock demo", "GIT_AUTHOR_EMAIL": "demo@localhost",
    "GIT_COMMITTER_NAME": "Penstock demo", "GIT_COMMITTER_EMAIL": "demo@localhost",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


def play_intent(folder: Path, out: IO[str], *, quiet: bool) -> str | None:
    """Runs the Intent in a new repository below `folder` and shows where its commits are; what is wrong, or None."""
    if sys.platform == "win32" or shutil.which("git") is None:
        why = "the Runner works on Linux and macOS" if sys.platform == "win32" else "there is no git on the PATH"
        click.echo(f"\n== an Intent: left out, {why}", file=out)
        return None
    from engine.cli.runs.view import view_for
    from engine.orchestrate.store.locations import KEYS_VARIABLE, STATE_VARIABLE

    folders = {STATE_VARIABLE: str(folder / "state"), KEYS_VARIABLE: str(folder / "keys")}
    environment = {**os.environ, **_IDENTITY, **folders}
    root = folder / "project"
    _repository(root, environment)
    if not quiet:
        click.echo("\n== an Intent with two Tasks, the second on what the first one made", file=out)
        click.echo(_indented(INTENT), file=out)
    with view_for(out, quiet=quiet) as view:
        asyncio.run(_run(root, environment, view))
    ends = [run.state for run in view.board.runs.values()]
    if ends != ["succeeded"]:
        return f"the Intent ended as {', '.join(ends) or 'nothing'}"
    twice = _git(root, environment, "show", "penstock/landed:twice.txt")
    if not quiet:
        commits = _git(root, environment, "log", "--format=%h %s", "main..penstock/landed")
        click.echo(f"\nits commits are on the branch penstock/landed:\n{_indented(commits)}", file=out)
    return None if twice.splitlines() == ["Hello from an agent"] * 2 else f"twice.txt holds {twice!r}"


async def _run(root: Path, environment: Mapping[str, str], view: View) -> None:
    from engine.config import Settings
    from engine.orchestrate.host import open_host
    from engine.orchestrate.workspace import Workspace

    workspace = Workspace.open(root, Settings(), environment)
    _approved(workspace)
    async with open_host(workspace, environment) as host:
        host.runner.watch(view.see)
        await host.start()
        await host.runner.until_still()


def _approved(workspace: Workspace) -> None:
    """Writes the Intent and approves it, as `penstock new` and `penstock approve` do."""
    from engine.orchestrate import verdicts
    from engine.orchestrate.appending import append
    from engine.orchestrate.verdicts import Person

    workspace.files.make_folders()
    workspace.files.path("greeting").write_text(INTENT, encoding="utf-8")
    document = workspace.files.load("greeting")
    append(workspace, verdicts.approve(document, workspace.state(), Person("the demo", "cli"), again=False))


def _repository(root: Path, environment: Mapping[str, str]) -> None:
    root.mkdir()
    _git(root, environment, "init", "--quiet", "-b", "main")
    _git(root, environment, "commit", "--quiet", "--allow-empty", "-m", "start")


def _git(root: Path, environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")


def _indented(text: str) -> str:
    return "".join(f"   {line}\n" for line in text.splitlines()).rstrip("\n")
