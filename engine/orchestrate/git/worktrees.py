"""Folders for Tasks: git worktrees outside the user's checkout, each with a branch of its own.

A worktree of ours can be thrown away at any time, commits cannot: before a branch moves off a commit, a ref below
`refs/penstock/kept/` holds it. Worktrees of the user are never pruned, locked or moved, and neither the repository's
configuration nor its `info/exclude` is written.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final

from engine.orchestrate.git.combining import merge
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.history import find_step_commit
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.git.repository import OUR_BRANCHES, RefUpdate, Repository
from engine.orchestrate.git.submodules import fill_submodules

__all__ = ["KEPT_REFS", "TASK_FOLDER", "Worktree", "Worktrees", "place_task_file"]

KEPT_REFS: Final = "refs/penstock/kept/"
#: Below the worktree; ignores itself, so the tree stays clean and no configuration of the user's is touched.
TASK_FOLDER: Final = Path(".penstock", "task")

#: Adding a worktree takes as long as a checkout, and eight may wait for each other.
_LOCK_SECONDS: Final = 300.0
_LOCK_PAUSE_SECONDS: Final = 0.005
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Git takes over such a name as it is.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_REMOVED: Final = ".removed-"
#: folders without a name of their own; those right below ours belong to no run, and to whoever holds the lock of merges
_SCRATCH: Final = "at-"
_ADDING: Final = ".lock"
_MERGING: Final = ".merge.lock"


@dataclass(frozen=True, slots=True)
class Worktree:
    """A worktree at the start of a step. `branch`: None for a detached one (a review's, a replay's).

    `finished`: the commit that a step with the same key left behind, if it was done before; HEAD is on it then.
    `notes`: what a person might want to know, such as a submodule that stays empty.
    """

    path: Path
    branch: str | None
    start_commit: str
    finished: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Worktrees:
    """All worktrees of a repository below one `folder`. May be used from several threads and processes at once."""

    repository: Repository
    folder: Path
    _turn: Lock = field(default_factory=Lock, repr=False, compare=False)

    def create(self, key: str, branch: str | None, start_commit: str, *, name: str | None = None) -> Worktree:
        """A clean worktree for the step `key` with `branch` at `start_commit`; without a branch a detached one.

        Whatever an interrupted attempt left is thrown away, its commits are kept below `refs/penstock/kept/`. If the
        branch holds the commit of a finished step with this key, the worktree is on that. `name`: the folder below
        ours, else the branch's. Raises `GitError` (unknown commit, a checkout of the user's has the branch, disk).
        """
        start = self.repository.commit_of(start_commit)
        path = self._path(name or _name_for(key, branch))
        with self._lock():
            finished = self._settle(key, branch, start, path)
            self._add(path, branch, finished or start)
            return Worktree(path, branch, start, finished, tuple(fill_submodules(self.repository, path)))

    def resume(self, branch: str, start_commit: str) -> Worktree | None:
        """The branch's worktree just as the last attempt left it, uncommitted changes, ignored files and all, so that
        an agent can mend what a refusal (a failing hook, a secret) complained of; None if it is not sound.
        """
        path = self._path(_name_for("", branch))
        repository = self.repository
        if not (path / ".git").is_file() or path not in self.existing():
            return None
        (repository.git_dir(path) / "index.lock").unlink(missing_ok=True)
        if repository.current_branch(path) != branch or repository.operation(path):
            return None
        start = repository.resolve(start_commit)
        sound = start and repository.is_ancestor(start, f"refs/heads/{branch}")
        return Worktree(path, branch, start) if start and sound else None

    def start_point(self, base: str, heads: Sequence[str]) -> str | Conflict:
        """The commit that contains `base` and all `heads` (of the Tasks depended on): one of them if it can be, else a
        merge, the same one whenever asked. Raises `GitError`.
        """
        repository = self.repository
        tops = repository.tops(*heads, base)
        if len(tops) == 1:
            return tops[0]
        with self._held(_MERGING):  # others may be at the very same merge
            scratch = self.create("merge " + " ".join(tops), None, tops[0])
            try:
                for other in tops[1:]:
                    conflict = merge(repository, scratch.path, other, "Combine what a Task depends on")
                    if conflict:
                        return conflict
                return repository.run_git("rev-parse", "HEAD", cwd=scratch.path).line
            finally:
                self.remove(scratch.path)

    def remove(self, path: Path) -> None:
        """Throw a worktree of ours away with all that is uncommitted in it; branches and commits stay. It may be
        damaged or gone already. Raises `GitError` if `path` is not one of ours or cannot be removed.
        """
        if self.folder.resolve() not in path.resolve().parents:
            raise GitError("this is not a worktree of Penstock's", where=path)
        with self._lock():
            self._discard(path)

    def existing(self) -> list[Path]:
        """The worktrees of ours that are there."""
        folder = self.folder.resolve()
        return [path for path in self.repository.checkouts() if folder in path.resolve().parents]

    def stale(self) -> list[Path]:
        """Worktrees of ours that git knows and whose folder is gone or no worktree any more."""
        folder = self.folder.resolve()
        return [path for _, path in self._entries() if folder in path.parents and not (path / ".git").is_file()]

    def prune(self) -> list[Path]:
        """Forget worktrees of ours whose folder is gone, and finish merges and removals that were interrupted. What
        was pruned.
        """
        with self._held(_MERGING), self._lock():
            gone = [*self.stale(), *self.folder.resolve().glob(f"{_SCRATCH}*")]
            for path in gone:
                self._discard(path)
            for rest in self.folder.glob(f"{_REMOVED}*"):
                _remove_tree(rest)
        return gone

    def keep(self, branch: str, commit: str) -> str:
        """The ref that keeps `commit`, of a branch that is about to leave it. Making it twice is no harm."""
        ref = f"{KEPT_REFS}{branch.removeprefix(OUR_BRANCHES)}/{commit[:12]}"
        if self.repository.resolve(ref) is None:
            self.repository.update_refs([RefUpdate(ref, None, commit)], reason=f"kept from {branch}")
        return ref

    def _path(self, name: str) -> Path:
        if not all(_NAME.fullmatch(part) for part in name.split("/")):
            raise GitError(f"{name!r} cannot be the name of a worktree", where=self.folder)
        return self.folder.resolve().joinpath(*name.split("/"))

    def _settle(self, key: str, branch: str | None, start: str, path: Path) -> str | None:
        """Make sure that `branch` can be put on `start`; the finished commit of `key` if there is one."""
        if branch is None:
            return None
        (self.repository.common_dir / "refs" / "heads" / f"{branch}.lock").unlink(missing_ok=True)
        tip = self.repository.tip(branch)
        if tip is None:
            return None
        others = [found for found in self.repository.checkouts(branch) if found.resolve() != path]
        if others:
            raise GitError(f"{branch} is checked out", where=others[0], next_action="switch to another branch there")
        finished = find_step_commit(self.repository, tip, key, after=start)
        if tip not in {start, finished}:
            self.keep(branch, tip)
        return finished

    def _add(self, path: Path, branch: str | None, commit: str) -> None:
        self._discard(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._hide_from_checkout()
        how = ["--no-track", "-B", branch] if branch else ["--detach"]
        self.repository.run_git("worktree", "add", "--quiet", *how, str(path), commit)

    def _discard(self, path: Path) -> None:
        """Remove a folder and what git knows of it, sound or not; the folder is out of the way at once."""
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            digest = hashlib.sha256(f"{path}{time.time_ns()}".encode()).hexdigest()[:16]
            away = self.folder.resolve() / f"{_REMOVED}{digest}"
            path.rename(away)
            _remove_tree(away)
        for entry, known in self._entries(path.name if _PLAIN.fullmatch(path.name) else ""):
            if known == path:
                _remove_tree(entry)

    def _entries(self, begin: str = "") -> Iterator[tuple[Path, Path]]:
        """Git's folder for each linked worktree, and where that worktree is or was. Git names the folder after the
        worktree's and adds a number if need be; `begin` spares reading a thousand others.
        """
        folder = self.repository.common_dir / "worktrees"
        for name in os.listdir(folder) if folder.is_dir() else ():  # noqa: PTH208 - a path for each would take long
            if not name.startswith(begin):
                continue
            entry = folder / name
            pointer = entry / "gitdir"
            if pointer.is_file():
                text = pointer.read_text(encoding="utf-8", errors="surrogateescape")
                yield entry, Path(text.removesuffix("\n")).parent

    def _hide_from_checkout(self) -> None:
        """Inside the user's checkout, the folder of worktrees ignores itself."""
        if self.repository.root.resolve() in self.folder.resolve().parents:
            (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One at a time adds or removes: git's own files of worktrees stand no company.

        Threads of this process wait for each other; only for another process is it looked again and again.
        """
        with self._turn, self._held(_ADDING):
            yield

    @contextmanager
    def _held(self, lock: str) -> Iterator[None]:
        """A lock that each process, and each thread, waits for."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / lock).open("w") as file:
            deadline = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise GitError("another process keeps the worktrees locked", where=self.folder) from None
                    time.sleep(_LOCK_PAUSE_SECONDS)
            yield


def place_task_file(worktree: Path, text: str, *, name: str = "task.json") -> Path:
    """Write the Task's file into the worktree, unseen by git. Raises `GitError` if a link leads elsewhere."""
    folder = worktree / TASK_FOLDER
    if folder.is_symlink() or folder.parent.is_symlink():
        raise GitError("a symbolic link stands where the Task's file goes", where=folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in ((folder / ".gitignore", "*\n"), (folder / name, text)):
        file.unlink(missing_ok=True)  # never write through a link
        file.write_text(content, encoding="utf-8")
    return folder / name


def _name_for(key: str, branch: str | None) -> str:
    if branch:
        return branch.removeprefix(OUR_BRANCHES)
    run, slash, _ = key.partition("/")  # below the run's folder, so that it is cleared up with the run
    return (f"{run}/" if slash else "") + _SCRATCH + hashlib.sha256(key.encode()).hexdigest()[:16]


def _remove_tree(folder: Path) -> None:
    """Remove a folder, also where something in it is write-protected. Raises `GitError` if it resists."""

    def loosen(remove: Callable[[str], Any], path: str, _: object) -> None:
        parent = Path(path).parent
        parent.chmod(parent.stat().st_mode | stat.S_IRWXU)
        remove(path)

    how: dict[str, Any] = {"onexc" if sys.version_info >= (3, 12) else "onerror": loosen}
    try:
        shutil.rmtree(folder, **how)
    except OSError as problem:
        raise GitError(f"the folder cannot be removed: {problem.strerror}", where=folder) from problem
