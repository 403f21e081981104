"""What `penstock run` was asked to do, and what has come of it so far, wherever it is done.

It is done by the runner's process (`attached.py`), or in this one (`foreground.py`).
Invariant: the watchers are told of each event of its runs once and in order, whoever they come from.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.orchestrate.events import Event
    from engine.orchestrate.prompting import Prompt
    from engine.orchestrate.starting import Started
    from engine.orchestrate.workspace import Workspace

__all__ = ["Errand"]


class Errand:
    """Intents to run, or a `prompt`, `watchers` who are told of what happens, and what came of it.

    `wanted`: the Intents that are still to be run. `started`: the runs, and why other Intents wait. `seen`: the last
    event in the log that was told. `ended_by`: the signal that ended it, if one did. `stopped`: the runner was.
    """

    def __init__(
        self, workspace: Workspace, intents: Sequence[str], watchers: Sequence[Callable[[Event], None]],
        prompt: Prompt | None = None,
    ) -> None:  # fmt: skip
        from engine.orchestrate.starting import Started

        self.workspace = workspace
        self.prompt = prompt
        self.wanted = list(intents)
        self.started: Started = Started()
        self.seen = 0
        self.ended_by: signal.Signals | None = None
        self.stopped = False
        self._watchers = watchers

    def took_up(self, started: Started) -> None:
        """Adds what was started."""
        self.started.runs.update(started.runs)
        self.started.waits.update(started.waits)
        self.started.own |= started.own
        for note in started.notes:
            self.note(note)

    def see(self, event: Event) -> None:
        """Tells the watchers; raises what they raise."""
        self.seen = event.sequence
        for watcher in self._watchers:
            watcher(event)

    def note(self, text: str) -> None:
        """Tells that an Intent's file could not be brought up to date."""
        click.echo(f"the file stays as it is: {text}", err=True)

    def catch_up(self) -> None:
        """Sees what a runner that has gone did last; what is wanted from now on is what it left undone."""
        from engine.orchestrate.store.event_log import EventLog

        runs = frozenset(self.started.runs.values())
        with EventLog.open(self.workspace.locations.database, write=False) as log:
            for event in log.read(after=self.seen):
                if event.run_id in runs:
                    self.see(event)
            left = {name for name, run in log.state().runs.items() if run.status != "waiting_approval"}
        if runs:
            self.wanted = [intent for intent, run in self.started.runs.items() if run in left]
