"""The run that a person means on the command line: by its own id, or by its Intent's, whose newest run it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.orchestrate.workspace import Workspace

__all__ = ["found_run"]


def found_run(workspace: Workspace, name: str) -> str:
    """The id of a run. Raises `UsageError` when nothing of that name has run."""
    from engine.orchestrate.store.event_log import EventLog

    newest = None
    if workspace.locations.database.exists():
        with EventLog.open(workspace.locations.database, write=False) as log:
            for event in log.read():
                if event.run_id == name:
                    return name
                if event.type in {"run.start", "run.end"} and event.intent_id == name:
                    newest = event.run_id
    if newest is None:
        raise click.UsageError(f"there is no run `{name}` (penstock history lists them)")
    return newest
