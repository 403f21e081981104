"""Clearing up after runs that ended: their worktrees and branches. No commit is lost without a word and a ref.

A branch whose work landed nowhere is kept as a ref below `refs/penstock/kept/`; `git branch NAME REF` brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
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


def clean(
    integration: Integration, ended_runs: Collection[str], told: Callable[[float, str], object] | None = None
) -> Cleaned:
    """Remove the worktrees and branches of runs that ended. Raises `GitError` if something resists.

    `told`, if given, hears how much is done, as a share, and what is next.
    """
    told = told or (lambda *_: None)
    cleaned = Cleaned()
    worktrees = integration.worktrees
    paths = [path for path in worktrees.existing() if _run_of(path, worktrees.folder) in ended_runs]
    branches = _branches(integration, ended_runs)
    steps = len(paths) + len(branches)
    for number, path in enumerate(paths):
        told(number / steps, str(path.relative_to(worktrees.folder.resolve())))
        worktrees.remove(path)
        cleaned.worktrees.append(path)
    for number, (run, tips) in enumerate(branches.items(), len(paths)):
        told(number / steps, f"{OUR_BRANCHES}{run}")
        _clean_branches(integration, run, tips, cleaned)
    for run in ended_runs:
        folder = worktrees.folder / run
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    cleaned.worktrees += worktrees.prune()
    return cleaned


def _run_of(worktree: Path, folder: Path) -> str:
    return worktree.resolve().relative_to(folder.resolve()).parts[0].removesuffix(".integration")


def _branches(integration: Integration, runs: Collection[str]) -> dict[str, dict[str, str]]:
    """The branches of runs that have any: by run, each ref with its commit. One call of git for all."""
    found: dict[str, dict[str, str]] = {}
    for ref, commit in integration.repository.refs(f"refs/heads/{OUR_BRANCHES}").items():
        run, slash, _ = ref.removeprefix(f"refs/heads/{OUR_BRANCHES}").partition("/")
        if slash and run in runs:
            found.setdefault(run, {})[ref] = commit
    return found


def _clean_branches(integration: Integration, run: str, tips: Mapping[str, str], cleaned: Cleaned) -> None:
    repository = integration.repository
    landed = bool(integration.where(run))
    for ref, commit in tips.items():
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
