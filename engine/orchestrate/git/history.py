"""What lies between two commits: the commits, the files, the lines, the text; and the commit that a step left behind.

Reads only. A range is always `start` (not included) to `end`. Renames count as one file under its new name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.orchestrate.git.repository import Repository

__all__ = ["DIFF_BYTES", "TRAILER", "DiffText", "LineCounts", "changed_files", "commits", "diff_text",
           "find_step_commit", "line_counts"]  # fmt: skip

#: Stands in the message of a commit that a step made: `Penstock-Step: <key>`.
TRAILER: Final = "Penstock-Step"
#: Of a diff that is shown or handed to an agent.
DIFF_BYTES: Final = 200_000
#: No program of the user's changes what a diff says.
PLAIN_DIFF: Final = ("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short")


@dataclass(frozen=True, slots=True)
class LineCounts:
    """Lines added and removed; binary files count as none."""

    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class DiffText:
    """A unified diff. If `truncated`, it was cut after a whole line."""

    text: str
    truncated: bool


def commits(repository: Repository, start: str, end: str, *, merges: bool = True) -> list[str]:
    """The ids of the commits in `end` that are not in `start`, oldest first. Raises `GitError` on an unknown one."""
    asked = ["rev-list", "--reverse", "--topo-order", *([] if merges else ["--no-merges"]), end, f"^{start}"]
    return repository.run_git(*asked, "--").out.split()


def changed_files(repository: Repository, start: str, end: str) -> list[str]:
    """The repository-relative paths that differ between two commits; both names of a renamed file, in git's order."""
    return repository.run_git("diff", "--name-only", "--no-renames", "-z", *PLAIN_DIFF, start, end, "--").fields


def line_counts(repository: Repository, start: str, end: str) -> LineCounts:
    """How many lines `end` has more and fewer than `start`."""
    listed = repository.run_git("diff", "--numstat", "--no-renames", "-z", *PLAIN_DIFF, start, end, "--").fields
    pairs = [entry.split("\t", 2)[:2] for entry in listed]
    return LineCounts(*(sum(int(pair[i]) for pair in pairs if pair[i] != "-") for i in (0, 1)))


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
