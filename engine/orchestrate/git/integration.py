"""Bringing a run's reviewed Tasks together and onto a branch, in two steps with the caller's verification between.

`prepare` (also `prepare_land`, `prepare_revert`) makes the result in a worktree of ours and moves nothing; the caller
verifies there; `publish` moves the branch. Each can be done again after a crash. The user's checkout, index and stash
are never touched, except by `publish` with `agreed` on a branch that is checked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from engine.orchestrate.git.combining import apply_commits, linear, merge
from engine.orchestrate.git.history import DIFF_BYTES, DiffText, commits, diff_text
from engine.orchestrate.git.interruption import uninterrupted
from engine.orchestrate.git.landing import RUN_REFS, Landed, Passage, describe, is_there, land_on, passages
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.git.repository import OUR_BRANCHES, Base, Repository
from engine.orchestrate.git.request import push_request, pushed
from engine.orchestrate.git.worktrees import Worktrees

__all__ = ["LANDED_BRANCH", "Integration", "Mode", "Prepared", "TaskCommits", "merge_by_hand", "replay"]

LANDED_BRANCH: Final = "penstock/landed"

#: `branch`: onto `penstock/landed`. `base`: onto the base branch. `pr`: pushed to the remote, for a request.
Mode = Literal["branch", "base", "pr"]


def merge_by_hand(branch: str) -> str:
    """What to do about a base branch that conflicts with what landed before."""
    return f"merge them by hand: git switch {LANDED_BRANCH} && git merge {branch}, then git switch {branch}"


@dataclass(frozen=True, slots=True)
class TaskCommits:
    """A Task's own commits: those after `start_commit` up to `commit`."""

    task_id: str
    start_commit: str
    commit: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A result that waits in the worktree `path` to be verified and published.

    `old`: where the branch has to be then, None if it does not exist. `remote`: where to push it instead, for a
    request to `base`.
    """

    path: Path
    passage: Passage
    old: str | None
    remote: str | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class Integration:
    """Integrates runs of one repository. Two runs must not be integrated onto the same branch at once: the second one's
    `publish` is then refused with `moved`, and nothing is lost.
    """

    repository: Repository
    worktrees: Worktrees

    def start(self, mode: Mode, base: Base) -> str | Conflict:
        """The commit that a new run's Tasks start from: in the mode `branch`, what landed before is in it."""
        landed = self.repository.tip(LANDED_BRANCH) if mode == "branch" else None
        return self.worktrees.start_point(base.commit, [landed]) if landed else base.commit

    def prepare(
        self, run_id: str, tasks: Sequence[TaskCommits], mode: Mode, base: Base
    ) -> Prepared | Landed | Conflict | Refusal:
        """The Tasks' commits, replayed in the given order on the tip of where they go. `Landed` if they are there
        already; a `Conflict` names the Task, or none if the base branch conflicts with `penstock/landed`.
        """
        branch = {"branch": LANDED_BRANCH, "base": base.branch, "pr": f"{OUR_BRANCHES}{run_id}"}[mode]
        remote = self.repository.remote(base.branch) if mode == "pr" else None
        if mode == "pr" and remote is None:
            return Refusal("push", "there is no remote to push to", next_action="git remote add origin URL")
        with uninterrupted():  # what landed has succeeded
            known = self._landed(run_id, branch, remote, base.branch)
        if known:
            return known
        old = None if mode == "pr" else self.repository.tip(branch)
        onto = base.commit if mode == "pr" else old or base.commit
        path = self._worktree(run_id, onto)
        conflict = merge_base(self.repository, path, base) if mode == "branch" else None
        result = conflict or self._result(run_id, path, tasks, branch, old)
        return replace(result, remote=remote, base=base.branch) if isinstance(result, Prepared) else result

    def publish(self, prepared: Prepared, *, agreed: bool = False) -> Landed | Refusal:
        """Move the branch to the result (or push it) and remove the worktree. Refused, with nothing changed: `moved`
        (prepare again), `agreement`, `dirty`, `operation`, `push`. Raises `GitCommandFailed`, `GitTimedOut`.
        """
        repository, passage = self.repository, prepared.passage
        with uninterrupted():
            if prepared.remote:
                done = push_request(repository, passage, prepared.remote, prepared.base)
            else:
                done = land_on(repository, passage, prepared.old, agreed=agreed)
        if isinstance(done, Landed):
            self.worktrees.remove(prepared.path)
        return done

    def prepare_land(self, run_id: str, base: Base) -> Prepared | Landed | Conflict | Refusal:
        """A run that is on `penstock/landed`, brought to the base branch: the same commits if nothing else would come
        along, else copies. Refused if the run never landed (`unknown`) or was taken back (`reverted`).
        """
        if any(p.what == "reverted" and is_there(self.repository, p) for p in passages(self.repository, run_id)):
            return Refusal("reverted", f"the run {run_id} was reverted", next_action="run its Intent again")
        known = self._passage(run_id, base.branch)
        if known:
            return describe(self.repository, known, already=True)
        landed = self._passage(run_id, LANDED_BRANCH)
        if landed is None:
            return _unknown(run_id)
        old = self.repository.tip(base.branch)
        tip = old or base.commit
        wanted = commits(self.repository, landed.before, landed.after)
        same = commits(self.repository, tip, landed.after) == wanted and self.repository.is_ancestor(tip, landed.after)
        path = self._worktree(run_id, landed.after if same else tip)
        if same:
            return Prepared(path, Passage(run_id, "landed", base.branch, tip, landed.after), old)
        return self._result(run_id, path, [TaskCommits("", landed.before, landed.after)], base.branch, old)

    def prepare_revert(self, run_id: str, branch: str) -> Prepared | Landed | Conflict | Refusal:
        """Commits that take a run's commits on `branch` back, newest first. `Landed` if that was done before; refused
        if the run is not on that branch (`unknown`).
        """
        done = next((p for p in passages(self.repository, run_id) if p.what == "reverted" and p.branch == branch), None)
        if done and is_there(self.repository, done):
            return describe(self.repository, done, already=True)
        landed, tip = self._passage(run_id, branch), self.repository.tip(branch)
        if landed is None or tip is None:
            return _unknown(run_id, branch)
        path = self._worktree(run_id, tip)
        wanted = commits(self.repository, landed.before, landed.after)[::-1]
        conflict = apply_commits(self.repository, path, wanted, "revert")
        if conflict:
            return conflict
        return Prepared(path, Passage(run_id, "reverted", branch, tip, _head(self.repository, path)), tip)

    def where(self, run_id: str) -> list[Passage]:
        """The branches that have the run's work and have not taken it back, `penstock/landed` last."""
        there = [p for p in passages(self.repository, run_id) if is_there(self.repository, p)]
        reverted = {p.branch for p in there if p.what == "reverted"}
        return sorted((p for p in there if p.branch not in reverted), key=lambda p: p.branch == LANDED_BRANCH)

    def before(self, run_id: str, base: Base) -> list[str]:
        """The runs that `penstock/landed` had before this one and that the base does not have, oldest first."""
        own = self._passage(run_id, LANDED_BRANCH)
        if own is None:
            return []
        known = {ref.removeprefix(RUN_REFS).split("/")[0] for ref in self.repository.refs(RUN_REFS)}
        places = {name: self.where(name) for name in known - {run_id}}
        landed = {
            place.after: name for name, found in places.items() for place in found
            if place.branch == LANDED_BRANCH and all(each.branch != base.branch for each in found)
        }  # fmt: skip
        return [landed[commit] for commit in commits(self.repository, base.commit, own.before) if commit in landed]

    def diff(self, run_id: str, *, limit: int = DIFF_BYTES) -> DiffText | Refusal:
        """What the run changed on the branch it landed on first; also after it was reverted."""
        found = [p for p in passages(self.repository, run_id) if p.what == "landed"]
        if not found:
            return _unknown(run_id)
        best = max(found, key=lambda p: p.branch == LANDED_BRANCH)
        return diff_text(self.repository, best.before, best.after, limit=limit)

    def _passage(self, run_id: str, branch: str) -> Passage | None:
        found = (p for p in passages(self.repository, run_id) if p.what == "landed" and p.branch == branch)
        return next((passage for passage in found if is_there(self.repository, passage)), None)

    def _landed(self, run_id: str, branch: str, remote: str | None, base: str) -> Landed | None:
        """The run on this branch, here or on the remote, if an earlier try brought it there."""
        if remote is None:
            known = self._passage(run_id, branch)
            return describe(self.repository, known, already=True) if known else None
        recorded = next((p for p in passages(self.repository, run_id) if p.branch == branch), None)
        return pushed(self.repository, recorded, remote, base) if recorded else None

    def _worktree(self, run_id: str, commit: str) -> Path:
        return self.worktrees.create(f"integrate {run_id}", None, commit, name=f"{run_id}.integration").path

    def _result(
        self, run_id: str, path: Path, tasks: Sequence[TaskCommits], branch: str, old: str | None
    ) -> Prepared | Conflict:
        before = _head(self.repository, path)
        conflict = replay(self.repository, path, tasks)
        if conflict:
            return conflict
        passage = Passage(run_id, "landed", branch, before, _head(self.repository, path))
        return Prepared(path, passage, old)


def replay(repository: Repository, checkout: Path, tasks: Sequence[TaskCommits]) -> Conflict | None:
    """Put each Task's commits on the detached HEAD of `checkout`, one Task after the other. At the first conflict HEAD
    is on the result of the Tasks before it, which is the conflict's `onto`. Commits whose change is already there are
    left out. Raises `GitCommandFailed`.
    """
    own = [linear(repository, task.start_commit, task.commit) for task in tasks]
    if apply_commits(repository, checkout, [commit for each in own for commit in each]) is None:
        return None  # which is the rule, and takes one command for all of them
    for task, wanted in zip(tasks, own, strict=True):
        conflict = apply_commits(repository, checkout, wanted)
        if conflict:
            return Conflict(conflict.files, conflict.onto, task.task_id or None, conflict.commit)
    return None


def merge_base(repository: Repository, checkout: Path, base: Base) -> Conflict | None:
    """Bring what is new on the base branch into the detached HEAD of `checkout`."""
    head = _head(repository, checkout)
    if repository.is_ancestor(base.commit, head):
        return None
    if repository.is_ancestor(head, base.commit):
        repository.run_git("checkout", "--quiet", "--detach", base.commit, cwd=checkout)
        return None
    return merge(repository, checkout, base.commit, f"Merge {base.branch} into {LANDED_BRANCH}")


def _head(repository: Repository, checkout: Path) -> str:
    return repository.run_git("rev-parse", "HEAD", cwd=checkout).line


def _unknown(run_id: str, branch: str = LANDED_BRANCH) -> Refusal:
    return Refusal("unknown", f"the run {run_id} is not on {branch}", next_action="penstock history shows where it is")
