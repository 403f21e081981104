"""What `penstock doctor` says about git: findings, each with what to do about it.

Changes nothing and raises nothing: what cannot be looked at is a finding as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from engine.orchestrate.git.combining import conflict_between
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.integration import LANDED_BRANCH, merge_by_hand
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.worktrees import Worktrees

__all__ = ["Finding", "git_health"]

#: Below this, checkouts and commits are likely to fail in the middle.
_LEAST_FREE_BYTES: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do if it is not well."""

    subject: str
    state: Literal["ok", "warning", "problem"]
    text: str
    next_action: str = ""


def git_health(
    path: Path, worktrees: Path, environment: Mapping[str, str] | None = None, base_branch: str | None = None
) -> list[Finding]:
    """The findings on the repository around `path`, whose worktrees go below the folder `worktrees`.

    `base_branch`: the branch that the settings name.
    """
    try:
        repository = Repository.open(path, environment)
    except GitError as problem:
        return [Finding("git", "problem", problem.message, problem.next_action)]
    found = [Finding("git", "ok", "git " + ".".join(map(str, repository.version)))]
    for look in (_base, _identity, _worktrees, _landed, _submodules):
        try:
            found += look(repository, worktrees, base_branch)
        except GitError as problem:
            if all(problem.message != told.text for told in found):  # two look at the base branch
                found.append(Finding(look.__name__.strip("_"), "problem", problem.message, problem.next_action))
    return found + list(_space(worktrees))


def _base(repository: Repository, _: Path, branch: str | None) -> Iterator[Finding]:
    base = repository.base(branch)
    remote = repository.remote(base.branch)
    yield Finding("base branch", "ok", f"{base.branch} at {base.commit[:12]}")
    yield Finding("remote", "ok", remote or 'none (fine, except for integrate = "pr")')
    if repository.is_shallow():
        yield Finding("history", "ok", "a shallow clone: older commits are missing, which runs do not need")


def _identity(repository: Repository, *_: object) -> Iterator[Finding]:
    if repository.identity():
        advice = "git config --global user.name NAME, and user.email"
        yield Finding("identity", "warning", "git does not know who you are: commits are by Penstock", advice)
    else:
        yield Finding("identity", "ok", repository.run_git("var", "GIT_AUTHOR_IDENT").line.rpartition(">")[0] + ">")
    if repository.setting("commit.gpgsign") in {"true", "yes", "on", "1"}:
        yield Finding("signing", "ok", "commits are signed; the key has to be unlocked while runs commit")


def _worktrees(repository: Repository, folder: Path, _: object) -> Iterator[Finding]:
    own = Worktrees(repository, folder)
    stale = own.stale()
    yield Finding("worktrees", "ok", f"{len(own.existing())} in {folder}")
    if stale:
        yield Finding("stale worktrees", "warning", f"{len(stale)} are registered and gone", "penstock clean")


def _landed(repository: Repository, _: Path, branch: str | None) -> Iterator[Finding]:
    tip = repository.tip(LANDED_BRANCH)
    if tip is None:
        yield Finding(LANDED_BRANCH, "ok", "does not exist yet; the first landing makes it")
        return
    base = repository.base(branch)
    ahead = repository.run_git("rev-list", "--count", "--no-merges", f"{base.commit}..{tip}", "--").line
    yield Finding(LANDED_BRANCH, "ok", f"{ahead} commits that {base.branch} does not have")
    conflict = conflict_between(repository, tip, base.commit)
    if conflict is not None:
        text = f"{base.branch} conflicts with it in {', '.join(conflict.files[:5])}: no Intent can start"
        yield Finding(LANDED_BRANCH, "problem", text, merge_by_hand(base.branch))
    for checkout in repository.checkouts(LANDED_BRANCH):
        yield Finding(LANDED_BRANCH, "warning", f"checked out in {checkout}: landing asks first", "git switch another")


def _submodules(repository: Repository, *_: object) -> Iterator[Finding]:
    if (repository.root / ".gitmodules").is_file():
        yield Finding("submodules", "ok", "worktrees get those that this clone has; the others stay empty")


def _space(folder: Path) -> Iterator[Finding]:
    place = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(place).free
    state: Literal["ok", "warning"] = "warning" if free < _LEAST_FREE_BYTES else "ok"
    yield Finding("disk", state, f"{free / 1e9:.1f} GB free for worktrees", "free some space" if state != "ok" else "")
