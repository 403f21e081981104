"""Putting changes together in a worktree of ours: merge, pick commits one after the other, or take them back.

Works where it is told, on a detached HEAD, and leaves that checkout clean: a conflict is undone and returned, with the
files. A commit that changes nothing any more is left out. Anything else that git says raises, and is undone as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from engine.orchestrate.git.call import COMMAND_SECONDS
from engine.orchestrate.git.errors import GitCommandFailed
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.git.repository import RefUpdate, Repository

__all__ = ["Rebased", "apply_commits", "conflict_between", "linear", "merge", "rebase"]

#: What each of many commits may take beyond that: hooks run, and it may be signed.
_COMMIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Rebased:
    """Where a Task's commits stand now: those after `start_commit` up to `commit`. `moved`: they are new ones."""

    start_commit: str
    commit: str
    moved: bool


def merge(repository: Repository, checkout: Path, other: str, message: str) -> Conflict | None:
    """Merge `other` into the detached HEAD of `checkout`; the conflict, if there is one. The same parents always make
    the same merge commit (unless it is signed). Raises `GitCommandFailed`.
    """
    before = _head(repository, checkout)
    dates = repository.run_git("show", "--no-patch", "--format=%ct", before, other, "--").out.split()
    moment = f"{max(map(int, dates))} +0000"
    variables = {**repository.identity(), "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
    done = repository.run_git(
        "merge", "--quiet", "--no-ff", "--no-verify", "--no-log", "-m", message, other,
        cwd=checkout, check=False, variables=variables,
    )  # fmt: skip
    if done.ok:
        return None
    files = _unmerged(repository, checkout)
    _undo(repository, checkout, "merge", before)
    if files:
        return Conflict(files, before, commit=other)
    raise GitCommandFailed(["merge", other], done.code, done.err or done.out, checkout)


def conflict_between(repository: Repository, one: str, other: str) -> Conflict | None:
    """The conflict that a merge of two commits would have. Needs no checkout and moves nothing; None where git cannot
    tell that way (before 2.38).
    """
    if repository.version < (2, 38):
        return None
    asked = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", one, other]
    done = repository.run_git(*asked, check=False)
    if done.code == 1:
        return Conflict(tuple(done.fields[1:]), one, commit=other)
    return None


def linear(repository: Repository, start: str, end: str) -> list[str]:
    """The commits after `start` up to `end`, oldest first. If there are merges among them, one commit with the same
    result stands for all, because a merge cannot be picked.
    """
    listed = repository.run_git("rev-list", "--reverse", "--topo-order", "--parents", end, f"^{start}", "--")
    found = [line.split() for line in listed.out.splitlines()]
    if all(len(parents) <= 1 for _, *parents in found):
        return [commit for commit, *_ in found]
    written = repository.run_git("log", "--reverse", "--no-merges", "--format=%B", f"{start}..{end}", "--").out
    shown = ["show", "--no-patch", "--format=%an%n%ae%n%ad%n%cd", "--date=raw", end, "--"]
    who = repository.run_git(*shown).out.split("\n")
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")
    variables = {**repository.identity(), **dict(zip(names, who, strict=False))}
    made = repository.run_git("commit-tree", f"{end}^{{tree}}", "-p", start, input=written, variables=variables)
    return [made.line]


def apply_commits(
    repository: Repository, checkout: Path, wanted: Sequence[str], how: Literal["cherry-pick", "revert"] = "cherry-pick"
) -> Conflict | None:
    """Put `wanted` on the detached HEAD of `checkout` in this order (`revert`: take them back); the first conflict,
    with HEAD where it was before. Raises `GitCommandFailed`.
    """
    if not wanted:
        return None
    before, variables = _head(repository, checkout), repository.identity()
    options = ["--allow-empty", "--allow-empty-message"] if how == "cherry-pick" else ["--no-edit"]
    seconds = COMMAND_SECONDS + _COMMIT_SECONDS * len(wanted)
    done = repository.run_git(how, *options, *wanted, cwd=checkout, check=False, variables=variables, timeout=seconds)
    while not done.ok:
        stopped_at = repository.run_git("rev-parse", "--verify", "--quiet", _MARK[how], cwd=checkout, check=False)
        files = _unmerged(repository, checkout)
        if files or not stopped_at.ok or _staged(repository, checkout):
            _undo(repository, checkout, how, before)
            if files:
                return Conflict(files, before, commit=stopped_at.line or None)
            raise GitCommandFailed([how, *wanted], done.code, done.err or done.out, checkout)
        done = repository.run_git(how, "--skip", cwd=checkout, check=False, variables=variables, timeout=seconds)
    return None


def rebase(repository: Repository, worktree: Path, branch: str, start: str, onto: str) -> Rebased | Conflict | Refusal:
    """Move the commits of `branch` after `start` onto `onto`, in the clean worktree that has the branch.

    `onto` should contain `start` (see `Worktrees.start_point`), else what `start` brought is left behind. The branch
    moves at the very end; after a conflict or a refusal it is where it was, and checked out. Raises `GitCommandFailed`.
    """
    if repository.current_branch(worktree) != branch:
        return Refusal("wrong-branch", f"the worktree is not on its branch {branch}")
    unfinished = repository.operation(worktree)
    if unfinished:
        return Refusal("operation", f"a {unfinished} was begun in the worktree and not ended")
    if repository.is_dirty(worktree):
        return Refusal("dirty", "there are uncommitted changes in the worktree")
    old = repository.commit_of(f"refs/heads/{branch}")
    if repository.is_ancestor(onto, start):
        return Rebased(start, old, moved=False)
    wanted = linear(repository, start, old)
    repository.run_git("checkout", "--quiet", "--detach", onto, cwd=worktree)
    try:
        conflict = apply_commits(repository, worktree, wanted)
        if conflict:
            return conflict
        new = _head(repository, worktree)
        if not repository.update_refs([RefUpdate(f"refs/heads/{branch}", old, new)], reason="rebase"):
            return Refusal("moved", f"the branch {branch} moved during the rebase")
        return Rebased(repository.commit_of(onto), new, moved=True)
    finally:
        repository.run_git("checkout", "--quiet", branch, cwd=worktree)


_MARK = {"cherry-pick": "CHERRY_PICK_HEAD", "revert": "REVERT_HEAD", "merge": "MERGE_HEAD"}


def _head(repository: Repository, checkout: Path) -> str:
    return repository.run_git("rev-parse", "HEAD", cwd=checkout).line


def _unmerged(repository: Repository, checkout: Path) -> tuple[str, ...]:
    found = repository.run_git("diff", "--name-only", "--diff-filter=U", "-z", cwd=checkout, check=False)
    return tuple(dict.fromkeys(found.fields))


def _staged(repository: Repository, checkout: Path) -> bool:
    return not repository.run_git("diff", "--cached", "--quiet", "HEAD", cwd=checkout, check=False).ok


def _undo(repository: Repository, checkout: Path, how: str, before: str) -> None:
    """Back to `before`, whatever state git left the checkout in; it is ours, so nothing of value is in it."""
    repository.run_git(how, "--abort" if how == "merge" else "--quit", cwd=checkout, check=False)
    repository.run_git("reset", "--quiet", "--hard", before, cwd=checkout)
