"""One repository with everything a command needs to know about it: where things are, and the settings in force.

Opening it starts nothing and writes nothing. Invariant: all commands and the Runner find the same folders, from any
sub-folder or worktree of the repository.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.config import Settings
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.redact import Redactor
from engine.orchestrate.state import State
from engine.orchestrate.store.chain import Anchor
from engine.orchestrate.store.elsewhere import Elsewhere
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.files import IntentFiles
from engine.orchestrate.store.locations import Locations, locations
from engine.orchestrate.store.record_key import made_key
from engine.orchestrate.store.records import Records
from engine.orchestrate.store.retention import Bounds, Plan, plan
from engine.orchestrate.trust import digest_of

__all__ = ["Workspace"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """A repository, its Intents' files, the folders of its state, and the settings."""

    repository: Repository
    files: IntentFiles
    locations: Locations
    settings: Settings
    claims: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def open(
        cls, folder: Path, settings: Settings, environment: Mapping[str, str] = os.environ,
        claims: Mapping[str, Any] | None = None,
    ) -> Workspace:  # fmt: skip
        """The workspace that a folder lies in. Raises `GitError` for a folder that is in no usable repository.

        `claims`: what of the settings is the repository's own and needs trust.
        """
        repository = Repository.open(folder, environment)
        places = locations(repository.common_dir, environment, worktrees=_worktrees(repository, settings))
        return cls(repository, IntentFiles(repository.root), places, settings, claims or {})

    def seen_from(self, folder: Path, settings: Settings, environment: Mapping[str, str]) -> Workspace:
        """The same workspace from a checkout of it, with other settings; its state stays where it is.

        Raises `GitError` for a folder that is in no usable checkout of this repository.
        """
        repository = Repository.open(folder, environment)
        if repository.common_dir != self.repository.common_dir:
            raise GitError("this is another repository", where=folder, next_action="run penstock in that one")
        trees = _worktrees(repository, settings) or self.locations.state / "worktrees"
        return Workspace(repository, IntentFiles(repository.root), replace(self.locations, worktrees=trees), settings)

    @property
    def socket(self) -> Path:
        """Where the runner of this repository listens."""
        return self.locations.socket

    def open_log(self) -> EventLog:
        """The log, to be written by this process alone; its lock lies where users with other state folders see it too.

        Raises `LockedLog` while another process writes, `DamagedLog`, `LocationsError`.
        """
        self.locations.create()
        key = made_key(self.locations.keys, keyring=self.locations.keyring)
        records = Records(key, Anchor(self.locations.head), Redactor(os.environ), self.elsewhere())
        return EventLog.open(self.locations.database, write=True, lock=self.locations.lock, records=records)

    def elsewhere(self) -> Elsewhere | None:
        """Where the head of the records is kept besides, if it is."""
        kept = self.settings.records
        file = Path(kept.anchor_file).expanduser() if kept.anchor_file else None
        return Elsewhere(file, kept.anchor_command) if file or kept.anchor_command else None

    @property
    def identity(self) -> str:
        """Who the person here is, by git's configuration or else by the system's."""
        name, address = self.repository.setting("user.name"), self.repository.setting("user.email")
        return f"{name} <{address}>" if name and address else name or address or getpass.getuser()

    @property
    def untrusted(self) -> bool:
        """Whether the repository's own settings claim what the person has not trusted as it is. Raises `DamagedLog`."""
        return bool(self.claims) and digest_of(self.claims) not in self.state().trusted

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


def _worktrees(repository: Repository, settings: Settings) -> Path | None:
    """The folder of the worktrees that the settings give, if they do."""
    where = settings.run.worktree_dir
    return (repository.root / where).resolve() if where else None
