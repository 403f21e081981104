"""What a worktree shares with the user's checkout, and an agent in it can change: settings, hooks, excludes, the stash.

Compared around a step, it shows that somebody's `git config`, `git stash` or new hook reached beyond the worktree. The
user may have done it themselves at the same time, so a difference is a question to a person and not a verdict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.orchestrate.git.repository import Repository

__all__ = ["SharedState", "shared_state"]

#: Below the common git folder.
_FILES: Final = ("config", "info/exclude", "info/attributes")


@dataclass(frozen=True, slots=True)
class SharedState:
    """A fingerprint by name: `config`, `info/exclude`, `hooks/pre-commit`, `stash`."""

    marks: Mapping[str, str]

    def differences(self, later: SharedState) -> list[str]:
        """The names of what changed, came or went until `later`, in order."""
        names = self.marks.keys() | later.marks.keys()
        return sorted(name for name in names if self.marks.get(name) != later.marks.get(name))


def shared_state(repository: Repository) -> SharedState:
    """The state of what all worktrees share, now. Reads only. Raises `GitError` if git does not answer."""
    folder = repository.common_dir
    files = [*(folder / name for name in _FILES), *(folder / "hooks").glob("*")]
    marks = {str(path.relative_to(folder)): _mark(path) for path in files if path.is_file()}
    stash = repository.resolve("refs/stash")
    return SharedState({**marks, **({"stash": stash} if stash else {})})


def _mark(path: Path) -> str:
    """Of its content and of whether it may be run."""
    return f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
