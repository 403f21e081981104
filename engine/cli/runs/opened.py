"""The workspace that a command works in, or a clear end of the command.

Invariant: what is wrong with the place, the settings or the platform ends a command with exit code 2 and says what to
do; nothing is started.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.app import Options

if TYPE_CHECKING:
    from engine.orchestrate.workspace import Workspace

__all__ = ["Unusable", "clear_end", "opened"]


class Unusable(click.ClickException):
    """The command cannot work here; the message says why and what to do."""

    exit_code = 2


def opened(options: Options, flags: Mapping[str, Any] | None = None) -> Workspace:
    """The workspace of the current folder, with the flags over its settings. Raises `Unusable`."""
    if sys.platform == "win32":
        raise Unusable("the Runner works on Linux and macOS; here `penstock check`, `parse` and `lsp` do")
    from engine.cli.settings import in_force
    from engine.orchestrate.git.errors import GitError
    from engine.orchestrate.workspace import Workspace

    settings, _ = in_force(options, flags or {})
    try:
        return Workspace.open(Path(), settings)
    except GitError as error:
        raise Unusable(str(error)) from error


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
