"""Writing the histories of Intents as their runs end.

Invariant: a history that cannot be written now, for a crash or a full disk, is written by a later runner.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.orchestrate.events import Event
from engine.orchestrate.origins import Origins
from engine.orchestrate.store.atomic import ChangedMeanwhile
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.history import add_to_history

__all__ = ["Histories"]


class Histories:
    """The histories beside a log; `note` is told what could not be written, in words."""

    def __init__(self, log: EventLog, origins: Origins, note: Callable[[str], None]) -> None:
        self._log = log
        self._origins = origins
        self._note = note
        self._all_written = True
        self.grown = False
        """Whether a run has ended; who looks may take that back."""

    def bring_up_to_date(self) -> None:
        """Adds the runs whose histories could not be written when they ended."""
        self._all_written = True
        for event in self._log.without_history():
            self.see(event)

    def see(self, event: Event) -> None:
        """Adds a run that has ended to its Intent's history."""
        if event.type != "run.end" or event.run_id is None:
            return
        files = self._origins.of(event.run_id).workspace.files
        self.grown = True
        try:
            add_to_history(files.folder / "history", self._log.read(run_id=event.run_id))
        except (OSError, ChangedMeanwhile) as error:
            self._all_written = False
            self._note(f"the history of {event.run_id} waits for the next runner: {error}")
        except ValueError as error:
            self._note(f"the history of {event.run_id} was not written: {error}")
        finally:
            self._origins.forget(event.run_id)
        if self._all_written:
            self._log.has_history(event.sequence)
