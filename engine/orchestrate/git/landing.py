"""Moving a branch to a result, once, and the record of which run's commits are where.

The record is written before the branch moves (write-ahead): `refs/penstock/runs/<run>/<what>/<branch>/{before,after}`.
If `after` is part of the branch, the run is there, whatever was interrupted. A branch moves only from where it was
expected (compare and swap), and never behind the back of a checkout that has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from engine.orchestrate.git.errors import GitCommandFailed
from engine.orchestrate.git.history import commits, file_changes
from engine.orchestrate.git.outcomes import Refusal
from engine.orchestrate.git.repository import RefUpdate, Repository

__all__ = ["RUN_REFS", "Landed", "Passage", "describe", "is_there", "land_on", "passages"]

RUN_REFS: Final = "refs/penstock/runs/"

What = Literal["landed", "reverted"]


@dataclass(frozen=True, slots=True)
class Passage:
    """What a run put on a branch: the commits after `before` up to `after`. `what`: its work, or taking it back."""

    run_id: str
    what: What
    branch: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Landed:
    """The commits of a run on `branch`, oldest first, and what they change. `already`: they were there before.

    `url`: where a request can be opened; `command`: the command that opens one.
    """

    branch: str
    before: str
    after: str
    commits: tuple[str, ...]
    files: tuple[str, ...]
    added: int
    removed: int
    already: bool = False
    url: str | None = None
    command: str | None = None


def passages(repository: Repository, run_id: str) -> list[Passage]:
    """What the run was about to put on branches; `is_there` says whether it got there."""
    found: dict[str, dict[str, str]] = {}
    prefix = f"{RUN_REFS}{run_id}/"
    for ref, commit in repository.refs(prefix).items():
        place, _, end = ref.removeprefix(prefix).rpartition("/")
        found.setdefault(place, {})[end] = commit
    result = []
    for place, ends in found.items():
        what, _, branch = place.partition("/")
        if ends.keys() >= {"before", "after"}:
            kind: What = "reverted" if what == "reverted" else "landed"
            result.append(Passage(run_id, kind, branch, ends["before"], ends["after"]))
    return result


def is_there(repository: Repository, passage: Passage) -> bool:
    """Whether its branch contains it."""
    tip = repository.tip(passage.branch)
    return tip is not None and repository.is_ancestor(passage.after, tip)


def describe(repository: Repository, passage: Passage, *, already: bool = False) -> Landed:
    """The commits, files and lines of a passage."""
    before, after = passage.before, passage.after
    changes = file_changes(repository, before, after)
    return Landed(
        branch=passage.branch,
        before=before,
        after=after,
        commits=tuple(commits(repository, before, after)),
        files=changes.files,
        added=changes.added,
        removed=changes.removed,
        already=already,
    )


def record(repository: Repository, passage: Passage) -> None:
    """Write down what is about to happen, in place of an earlier try that did not."""
    prefix = f"{RUN_REFS}{passage.run_id}/{passage.what}/{passage.branch}"
    ends = ((f"{prefix}/before", passage.before), (f"{prefix}/after", passage.after))
    updates = [RefUpdate(ref, repository.resolve(ref), commit) for ref, commit in ends]
    if not repository.update_refs([u for u in updates if u.old != u.new], reason=f"{passage.what} {passage.run_id}"):
        said = "another process writes the same run's record"
        raise GitCommandFailed(["update-ref", prefix], 1, said, repository.root)


def land_on(repository: Repository, passage: Passage, old: str | None, *, agreed: bool) -> Landed | Refusal:
    """Move the passage's branch from `old` (None: make it) to `after`; doing it twice is no harm.

    A branch that a checkout has is moved there, if a person `agreed` and it is clean, with `merge --ff-only`; else
    refused. `moved`: the branch is not on `old` any more, so the work must be done again on where it is. Raises
    `GitCommandFailed`.
    """
    if is_there(repository, passage):
        return describe(repository, passage, already=True)
    record(repository, passage)
    refusal = _move(repository, passage, old, agreed=agreed)
    return refusal or describe(repository, passage)


def _move(repository: Repository, passage: Passage, old: str | None, *, agreed: bool) -> Refusal | None:
    branch, new = passage.branch, passage.after
    checkouts = repository.checkouts(branch)
    if not checkouts:
        reason = f"{passage.what} {passage.run_id}"
        done = repository.update_refs([RefUpdate(f"refs/heads/{branch}", old, new)], reason=reason)
        return None if done else _moved(branch)
    checkout = checkouts[0]
    if not agreed:
        return Refusal(
            "agreement",
            f"{branch} is checked out in {checkout}; that checkout would move",
            next_action="agree to it, or switch to another branch there",
        )
    return _unfit(repository, branch, checkout) or _fast_forward(repository, branch, checkout, old, new)


def _unfit(repository: Repository, branch: str, checkout: Path) -> Refusal | None:
    """Why a checkout must not be moved."""
    unfinished = repository.operation(checkout)
    if unfinished:
        return Refusal("operation", f"a {unfinished} is under way in {checkout}", next_action="end it, then land again")
    if repository.current_branch(checkout) != branch:
        return Refusal("operation", f"{branch} is in use in {checkout}", next_action="end what was begun there")
    if repository.is_dirty(checkout, apart=".penstock"):  # the Runner itself writes there how Intents end
        return Refusal("dirty", f"{checkout} has uncommitted changes", next_action="commit or stash, then land again")
    return None


def _fast_forward(repository: Repository, branch: str, checkout: Path, old: str | None, new: str) -> Refusal | None:
    if repository.tip(branch) != old:
        return _moved(branch)
    asked = ["merge", "--quiet", "--ff-only", "--no-autostash", new]
    done = repository.run_git(*asked, cwd=checkout, check=False)
    if done.ok:
        return None
    if "untracked working tree files" in done.err:
        return Refusal(
            "dirty",
            f"untracked files in {checkout} are in the way",
            output=done.err.strip()[-2000:],
            next_action="move them away, then land again",
        )
    if "local changes to the following files would be overwritten" in done.err:
        return Refusal(
            "dirty",
            f"uncommitted changes in {checkout} are in the way",
            output=done.err.strip()[-2000:],
            next_action="commit or stash them, then land again",
        )
    raise GitCommandFailed(asked, done.code, done.err or done.out, checkout)


def _moved(branch: str) -> Refusal:
    return Refusal("moved", f"{branch} moved in the meantime", next_action="do it again on where it is now")
