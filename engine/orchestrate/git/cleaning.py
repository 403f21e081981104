"""Clearing up after runs that ended: their worktrees and branches. No commit is lost without a word and a ref.

A branch whose work landed nowhere is kept as a ref below `refs/penstock/kept/`; `git branch NAME REF` brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from engine.orchestrate.git.integration import Integration
from engine.orchestrate.git.repository import OUR_BRANCHES, RefUpdate

__all__ = ["Cleaned", "clean"]


@dataclass(slots=True)
class Cleaned:
    """What was cleared up. `kept`: by branch, the ref that holds commits which landed nowhere. `skipped`: branches that
    stay, each with the reason.
    """

    worktrees: list[Path] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def clean(integration: Integration, ended_runs: Iterable[str]) -> Cleaned:
    """Remove the worktrees and branches of runs that ended. Raises `GitError` if something resists."""
    cleaned = Cleaned()
    worktrees = integration.worktrees
    runs = list(ended_runs)
    for path in worktrees.existing():
        run = path.resolve().relative_to(worktrees.folder.resolve()).parts[0].removesuffix(".integration")
        if run in runs:
            worktrees.remove(path)
            cleaned.worktrees.append(path)
    for run in runs:
        _clean_branches(integration, run, cleaned)
        folder = worktrees.folder / run
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    cleaned.worktrees += worktrees.prune()
    return cleaned


def _clean_branches(integration: Integration, run: str, cleaned: Cleaned) -> None:
    repository = integration.repository
    landed = bool(integration.where(run))
    for ref, commit in repository.refs(f"refs/heads/{OUR_BRANCHES}{run}/").items():
        branch = ref.removeprefix("refs/heads/")
        checkouts = repository.checkouts(branch)
        if checkouts:
            cleaned.skipped[branch] = f"checked out in {checkouts[0]}"
            continue
        if not landed and not _is_elsewhere(integration, commit):
            cleaned.kept[branch] = integration.worktrees.keep(branch, commit)
        if repository.update_refs([RefUpdate(ref, commit, None)], reason=f"clean {run}"):
            cleaned.branches.append(branch)


def _is_elsewhere(integration: Integration, commit: str) -> bool:
    """Whether a branch that is not a Task's contains the commit, so that it is safe without a ref."""
    found = integration.repository.run_git("for-each-ref", "--contains", commit, "--format=%(refname)", "refs/heads")
    ours = f"refs/heads/{OUR_BRANCHES}"
    return any(not ref.startswith(ours) for ref in found.out.splitlines())
