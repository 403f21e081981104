"""What lies between two commits: the commits, the files, the lines, the text; and the commit that a step left behind.

Reads only. A range is always `start` (not included) to `end`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.orchestrate.git.repository import Repository

__all__ = ["DIFF_BYTES", "TRAILER", "DiffText", "FileChanges", "commits", "diff_text",
           "file_changes", "find_step_commit"]  # fmt: skip

#: Stands in the message of a commit that a step made: `Penstock-Step: <key>`.
TRAILER: Final = "Penstock-Step"
#: Of a diff that is shown or handed to an agent.
DIFF_BYTES: Final = 200_000
#: No program of the user's changes what a diff says.
PLAIN_DIFF: Final = ("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short")


@dataclass(frozen=True, slots=True)
class FileChanges:
    """The repository-relative paths that differ (both names of a renamed file), and the lines added and removed in
    them; binary files count as none.
    """

    files: tuple[str, ...]
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class DiffText:
    """A unified diff. If `truncated`, it was cut after a whole line."""

    text: str
    truncated: bool


def commits(repository: Repository, start: str, end: str) -> list[str]:
    """The ids of the commits in `end` that are not in `start`, oldest first. Raises `GitError` on an unknown one."""
    return repository.run_git("rev-list", "--reverse", "--topo-order", end, f"^{start}", "--").out.split()


def file_changes(repository: Repository, start: str, end: str) -> FileChanges:
    """What `end` changes in `start`, in git's order of paths."""
    listed = repository.run_git("diff", "--numstat", "--no-renames", "-z", *PLAIN_DIFF, start, end, "--").fields
    rows = [entry.split("\t", 2) for entry in listed]
    added, removed = (sum(int(row[column]) for row in rows if row[column] != "-") for column in (0, 1))
    return FileChanges(tuple(row[2] for row in rows), added, removed)


def diff_text(repository: Repository, start: str, end: str, *, limit: int = DIFF_BYTES) -> DiffText:
    """The unified diff from `start` to `end`, at most `limit` bytes, cut at the end of a line."""
    found = repository.run_git("diff", *PLAIN_DIFF, start, end, "--", limit=limit)
    if not found.truncated:
        return DiffText(found.out, truncated=False)
    return DiffText(found.out[: found.out.rfind("\n") + 1], truncated=True)


def find_step_commit(repository: Repository, ref: str, key: str, *, after: str | None = None) -> str | None:
    """The newest commit in `ref` with the trailer `Penstock-Step: <key>`, or None; the whole key must be equal.

    `after`: look only at commits that are not in this one, which keeps it quick in a long history.
    """
    if repository.resolve(ref) is None:
        return None
    shown = f"--format=%H%x01%(trailers:key={TRAILER},valueonly,separator=%x01)%x00"
    asked = ["log", "--fixed-strings", f"--grep={TRAILER}: {key}", shown, ref, *([f"^{after}"] if after else []), "--"]
    for entry in repository.run_git(*asked).fields:
        commit, *keys = entry.strip("\n").split("\1")
        if key in keys:
            return commit
    return None
