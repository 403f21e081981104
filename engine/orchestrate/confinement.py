"""Where the agent or command of a role may write, by the mode that the policy gives the role.

`read-only`: caches and temporary files. `workspace-write`: also its worktree, and of git's folder what a commit on its
own branch needs, which is neither settings nor hooks nor anybody else's branches. `full-access`: anywhere. What the
settings name in `paths` is added. Paths are followed to where they really are, so that no symbolic link leads out.
Whether the system keeps a process to it is for the guard to say (`agents/landlock.py`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.config_tables import Mode, PolicyTable
from engine.orchestrate.agents import landlock
from engine.orchestrate.git.repository import Repository

__all__ = ["added_paths", "in_words", "led_out", "mode_of", "scratch_of", "shown_policy", "writable"]

#: devices, and what programs share memory by; of /dev itself only what is there
_DEVICES: Final = (Path("/dev"), Path("/dev/shm"), Path("/proc"))
_TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"))
#: what a commit on a branch of Penstock's writes in git's folder
_GIT: Final = ("objects", "refs/heads/penstock", "logs/refs/heads/penstock", "lfs")


def mode_of(policy: PolicyTable, role: str) -> Mode:
    """What a role may do; one that the settings do not know only reads."""
    mode: Mode = getattr(policy.mode, role, "read-only")
    return mode


def shown_policy(policy: PolicyTable) -> dict[str, Any]:
    """A policy as it is shown and recorded: modes, what is added, rules, and how writes elsewhere are kept out."""
    return {
        **{f"mode.{role}": mode for role, mode in policy.mode.model_dump().items()},
        "paths": list(policy.paths),
        "commands": dict(policy.commands),
        "checkout_changes": policy.checkout_changes,
        "writes": "prevented" if landlock.version() else "compared afterwards",
    }


def in_words(shown: Mapping[str, Any]) -> str:
    """The modes in one line: `analyze read-only, implement workspace-write, review read-only; writes …`."""
    modes = ", ".join(f"{name.removeprefix('mode.')} {shown[name]}" for name in shown if name.startswith("mode."))
    return f"{modes}; writes elsewhere are {shown.get('writes')}"


def writable(
    mode: Mode, worktree: Path, repository: Repository, environ: Mapping[str, str], added: Sequence[Path], scratch: Path
) -> list[Path] | None:
    """Where a process that works in a worktree may write; None for anywhere.

    `added`: folders that the settings add. `scratch`: a folder of ours for temporary files.
    """
    if mode == "full-access":
        return None
    places = [*_DEVICES, *_temporary(repository, environ), *_caches(environ), *added, scratch]
    if mode == "workspace-write":
        places += [worktree, *_of_git(worktree, repository.common_dir)]
    return [Path(os.path.realpath(place)) for place in places]


def scratch_of(repository: Repository, environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The variables that lead temporary files into `scratch` where their usual folder may not be written to."""
    usual = Path(environ.get("TMPDIR") or _TEMPORARY[0])
    return {} if usual in _temporary(repository, environ) else {"TMPDIR": str(scratch)}


def added_paths(policy: PolicyTable, root: Path) -> list[Path]:
    """The folders that the settings add; relative ones are the repository's."""
    return [root / Path(path).expanduser() for path in policy.paths]


def led_out(worktree: Path, files: Sequence[str], added: Sequence[Path]) -> list[str]:
    """Of a Task's files, symbolic links that lead out of the worktree to where nobody said that it might go."""
    allowed = [os.path.realpath(place) for place in (worktree, *added)]
    links = (name for name in files if (worktree / name).is_symlink())
    return [name for name in links if not any(_below(os.path.realpath(worktree / name), place) for place in allowed)]


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _temporary(repository: Repository, environ: Mapping[str, str]) -> list[Path]:
    """Folders of temporary files, but for one that the repository lies in."""
    folders = [*_TEMPORARY, *([Path(environ["TMPDIR"])] if environ.get("TMPDIR") else [])]
    own = [os.path.realpath(repository.root), os.path.realpath(repository.common_dir)]
    return [folder for folder in folders if not any(_below(path, os.path.realpath(folder)) for path in own)]


def _caches(environ: Mapping[str, str]) -> Iterator[Path]:
    home, cache = environ.get("HOME"), environ.get("XDG_CACHE_HOME")
    if cache:
        yield Path(cache)
    elif home:
        yield Path(home) / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _of_git(worktree: Path, common_dir: Path) -> Iterator[Path]:
    for name in _GIT:
        folder = common_dir / name
        if name.endswith("penstock"):
            folder.mkdir(parents=True, exist_ok=True)
        yield folder
    try:
        said = (worktree / ".git").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    yield Path(worktree, said.removeprefix("gitdir:").strip())
