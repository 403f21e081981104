"""The workspace that a command works in, or a clear end of the command.

Invariant: what is wrong with the place, the settings or the platform ends a command with exit code 2 and says what to
do; nothing is started.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.app import Options

if TYPE_CHECKING:
    from engine.orchestrate.workspace import Workspace

__all__ = ["Unusable", "clear_end", "for_a_person", "opened"]


class Unusable(click.ClickException):
    """The command cannot work here; the message says why and what to do."""

    exit_code = 2


def opened(options: Options, flags: Mapping[str, Any] | None = None) -> Workspace:
    """The workspace of the current folder, with the flags over its settings. Raises `Unusable`."""
    if sys.platform == "win32":
        raise Unusable("the Runner works on Linux and macOS; here `penstock check`, `parse` and `lsp` do")
    from engine.cli.settings import in_force
    from engine.orchestrate.git.errors import GitError
    from engine.orchestrate.trust import claims_of
    from engine.orchestrate.workspace import Workspace

    settings, loaded = in_force(options, flags or {})
    try:
        return Workspace.open(Path(), settings, claims=claims_of(loaded.project))
    except GitError as error:
        raise Unusable(str(error)) from error


def for_a_person(options: Options, action: str, intent_ids: Sequence[str | None] = (None,)) -> Workspace:
    """The workspace, for what only a person may do; an agent that tries is recorded, for each Intent it is about.

    Raises `Unusable`.
    """
    from engine.orchestrate.appending import append
    from engine.orchestrate.policy import acting_agent
    from engine.orchestrate.verdicts import refusal_event
    from engine.orchestrate.wire import Refused

    workspace = opened(options)
    step = acting_agent(os.environ)
    if step is None:
        return workspace
    for intent_id in intent_ids:
        try:
            append(workspace, refusal_event(action, intent_id, step))
        except Refused as refused:
            click.echo(f"it could not be recorded: {refused}", err=True)
    raise Unusable(f"an agent may not {action} anything; that is for people, and it was recorded")


def clear_end(error: Exception) -> click.ClickException | None:
    """How a command ends that met this: a place that cannot be used (2), a log that fails (3); None for any other."""
    from engine.orchestrate.git.errors import GitError
    from engine.orchestrate.store.event_log import DamagedLog, LockedLog, UnwrittenEvent
    from engine.orchestrate.store.files import FilesError
    from engine.orchestrate.store.locations import LocationsError
    from engine.orchestrate.wire import Refused

    if isinstance(error, Refused) and error.kind == "system":
        return _Failing(str(error))
    if isinstance(error, GitError | LocationsError | FilesError | Refused):
        return Unusable(str(error))
    if isinstance(error, DamagedLog | LockedLog | UnwrittenEvent):
        return _Failing(str(error))
    return None


class _Failing(click.ClickException):
    """The system does not let a command do its work."""

    exit_code = 3
