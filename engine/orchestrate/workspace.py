"""One repository with everything a command needs to know about it: where things are, and the settings in force.

Opening it starts nothing and writes nothing. Invariant: all commands and the Runner find the same folders, from any
sub-folder or worktree of the repository.
"""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.config import Settings
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.redact import Redactor
from engine.orchestrate.state import State
from engine.orchestrate.store.chain import Anchor
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.files import IntentFiles
from engine.orchestrate.store.locations import Locations, locations
from engine.orchestrate.store.record_key import made_key
from engine.orchestrate.store.records import Records
from engine.orchestrate.store.retention import Bounds, Plan, plan

__all__ = ["Workspace"]

#: bytes; systems allow 104 or 108
_LONGEST_SOCKET: Final = 100


@dataclass(frozen=True, slots=True)
class Workspace:
    """A repository, its Intents' files, the folders of its state, and the settings."""

    repository: Repository
    files: IntentFiles
    locations: Locations
    settings: Settings

    @classmethod
    def open(cls, folder: Path, settings: Settings, environment: Mapping[str, str] = os.environ) -> Workspace:
        """The workspace that a folder lies in. Raises `GitError` for a folder that is in no usable repository."""
        repository = Repository.open(folder, environment)
        where = settings.run.worktree_dir
        trees = (repository.root / where).resolve() if where else None
        places = locations(repository.common_dir, environment, worktrees=trees)
        return cls(repository, IntentFiles(repository.root), places, settings)

    @property
    def socket(self) -> Path:
        """Where a runner of this repository listens: in the state folder, or where a socket's path is short enough."""
        path = self.locations.state / "socket"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET:
            return path
        return Path(tempfile.gettempdir()) / f"penstock-{os.geteuid()}" / self.locations.state.name

    def open_log(self) -> EventLog:
        """The log, to be written by this process alone; its lock lies where users with other state folders see it too.

        Raises `LockedLog` while another process writes, `DamagedLog`, `LocationsError`.
        """
        self.locations.create()
        key = made_key(self.locations.keys, keyring=self.locations.keyring)
        records = Records(key, Anchor(self.locations.head), Redactor(os.environ))
        return EventLog.open(self.locations.database, write=True, lock=self.locations.lock, records=records)

    @property
    def identity(self) -> str:
        """Who the person here is, by git's configuration or else by the system's."""
        name, address = self.repository.setting("user.name"), self.repository.setting("user.email")
        return f"{name} <{address}>" if name and address else name or address or getpass.getuser()

    def past_keeping(self, state: State) -> Plan:
        """What of the log and of agents' output the settings keep no longer. Raises `DamagedLog`, FileNotFoundError."""
        kept = self.settings.records
        bounds = Bounds(kept.keep_days or None, kept.max_megabytes * 1_000_000 or None)
        return plan(self.locations.database, state.runs, self.locations.logs, bounds, datetime.now(UTC))

    def state(self) -> State:
        """What the log says, whoever writes it; nothing yet if there is none. Raises `DamagedLog`."""
        try:
            log = EventLog.open(self.locations.database, write=False)
        except FileNotFoundError:
            return State()
        with log:
            return log.state()
