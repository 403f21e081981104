"""`penstock doctor`: whether everything that runs need is here, each finding with what to do.

Invariant: it changes nothing, and says what it could not look at instead of stopping there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.orchestrate.git.health import Finding
    from engine.orchestrate.workspace import Workspace

__all__ = ["doctor"]

_STYLES: Final = {"ok": "good", "warning": "warning", "problem": "error"}


@click.command(short_help="See whether everything that runs need is here.")
@common_options
@click.pass_context
def doctor(context: click.Context) -> int:
    """See whether everything that runs need is here, and what to do if something is not.

    Exit codes: 0 all is well, 1 there is a problem, 2 this is no place for runs.
    """
    from engine.cli.runs.opened import opened
    from engine.cli.styled import line_writer
    from engine.orchestrate.git.health import git_health

    workspace = opened(options_of(context))
    found = [
        *git_health(Path(), workspace.locations.worktrees, base_branch=workspace.settings.run.base_branch),
        *_of_the_state(workspace),
        *_of_the_log(workspace),
        *_of_the_runner(workspace),
    ]
    out = line_writer(sys.stdout)
    for each in found:
        text = f"{each.text}; {each.next_action}" if each.next_action else each.text
        out.write([(f"{each.state:<8}", _STYLES[each.state]), (f"{each.subject}: ", "strong"), (text, "")])
    return int(any(each.state == "problem" for each in found))


def _of_the_state(workspace: Workspace) -> Iterator[Finding]:
    from engine.orchestrate.git.health import Finding
    from engine.orchestrate.store.locations import STATE_VARIABLE

    folder = workspace.locations.state
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK) and os.statvfs(place).f_blocks):
        yield Finding("state", "problem", f"{folder} cannot be used", f"set {STATE_VARIABLE} to a folder that can")


def _of_the_log(workspace: Workspace) -> Iterator[Finding]:
    from engine.orchestrate.git.health import Finding
    from engine.orchestrate.store.event_log import DamagedLog

    try:
        state = workspace.state()
    except DamagedLog as error:
        yield Finding("log", "problem", str(error))
        return
    yield Finding("log", "ok", f"{state.sequence} events in {workspace.locations.database}")
    if state.runs:
        waiting = sum(run.status == "waiting_approval" for run in state.runs.values())
        yield Finding("runs", "ok", f"{len(state.runs)} have not ended, {waiting} of them wait for you")


def _of_the_runner(workspace: Workspace) -> Iterator[Finding]:
    from engine.cli.runs.runner import described, found_runner
    from engine.orchestrate.git.health import Finding
    from engine.orchestrate.wire import Refused

    try:
        found = found_runner(workspace.socket)
    except Refused as refused:
        yield Finding("runner", "problem", refused.message, refused.next_action)
        return
    yield Finding("runner", "ok", described(found) if found else "none is running; penstock run starts one")
