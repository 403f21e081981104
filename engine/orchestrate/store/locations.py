"""Where everything that is not people's own files lies: state, worktrees, logs, the event log, the lock.

One state folder per repository, named after its git folder with symbolic links resolved, so that sub-folders, worktrees
and two windows agree. The lock lies in the git folder itself: it holds even between users with other state folders.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

__all__ = ["KEYS_VARIABLE", "STATE_VARIABLE", "Locations", "LocationsError", "locations", "make_private"]

#: A folder that replaces the platform's for all repositories.
STATE_VARIABLE: Final = "PENSTOCK_STATE_DIR"
#: A folder that replaces the platform's for the key of the audit records and their heads.
KEYS_VARIABLE: Final = "PENSTOCK_KEYS_DIR"
#: bytes; systems allow 104 or 108
_LONGEST_SOCKET: Final = 100


class LocationsError(Exception):
    """A folder of ours cannot be made, or is not ours."""


@dataclass(frozen=True, slots=True)
class Locations:
    """The paths of one repository. `create` makes the folders; the files are made by whoever writes them.

    `keys`: the folder of the audit records' key, which all repositories share; `keyring`: the key may be in the
    system's keyring instead, for nobody gave the folder. `head`: where the head of this repository's records is kept.
    """

    state: Path
    worktrees: Path
    logs: Path
    database: Path
    lock: Path
    keys: Path
    keyring: bool
    head: Path

    @property
    def socket(self) -> Path:
        """Where the runner listens: in the state folder, or where a socket's path is short enough.

        Not below `TMPDIR`: two terminals may have different ones, and what an agent starts has one of its own.
        """
        path = self.state / "socket"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET:
            return path
        return Path("/tmp", f"penstock-{os.geteuid()}", self.state.name)

    def create(self) -> None:
        """Make the folders, readable by this user only. Raises `LocationsError` if one cannot be, or is another's."""
        for folder in (self.state, self.worktrees, self.logs):
            make_private(folder)


def locations(
    common_dir: Path, environment: Mapping[str, str] | None = None, *, worktrees: Path | None = None
) -> Locations:
    """Where things lie for the repository with this git folder. `worktrees` replaces the folder of worktrees."""
    top = _folder(environment, STATE_VARIABLE) or platformdirs.user_state_path("penstock", appauthor=False)
    given = _folder(environment, KEYS_VARIABLE)
    keys = given or platformdirs.user_config_path("penstock", appauthor=False) / "keys"
    real = common_dir.resolve()
    state = top / _name(real)
    return Locations(
        state=state,
        worktrees=worktrees or state / "worktrees",
        logs=state / "logs",
        database=state / "events.sqlite",
        lock=real / "penstock.lock",
        keys=keys,
        keyring=given is None,
        head=keys / f"{_name(state.resolve())}.head",
    )


def _folder(environment: Mapping[str, str] | None, variable: str) -> Path | None:
    given = (os.environ if environment is None else environment).get(variable)
    return Path(given).expanduser().absolute() if given else None


def _name(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def make_private(folder: Path) -> None:
    """Make a folder that only this user can look into. Raises `LocationsError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise LocationsError(f"{folder} belongs to another user; set {STATE_VARIABLE} to a folder of your own")
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as problem:
        raise LocationsError(
            f"{folder} cannot be used: {problem.strerror}; set {STATE_VARIABLE} to a folder that can"
        ) from problem
