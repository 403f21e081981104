"""Situations of the daily work with git, as values: two changes that do not combine, and a wish that is refused.

A conflict is git's verdict on content, and only that: a dirty file, a lock or a network failure never is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Conflict", "Refusal", "RefusalKind"]

#: `nothing`: no new commit and nothing to commit. `hook`: a commit hook failed. `secret`, `too-large`: of what would be
#: added. `wrong-branch`, `detached`: HEAD is not on the Task's branch. `rewritten`: the branch no longer contains the
#: commit it started from. `missing`: the worktree is gone or damaged. `operation`: a merge, rebase or the like was left
#: unfinished. `embedded`: a repository inside the worktree, whose commits would be lost with it. `dirty`: uncommitted
#: changes stand in the way. `agreement`: a person must agree that their checkout moves. `moved`: the branch is
#: elsewhere by now. `push`: the remote refused, or could not be reached. `unknown`: git knows nothing of that run.
#: `reverted`: the run was taken back.
RefusalKind = Literal[
    "nothing", "hook", "secret", "too-large", "wrong-branch", "detached", "rewritten", "missing", "operation",
    "embedded", "dirty", "agreement", "moved", "push", "unknown", "reverted",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two changes that git could not combine. `onto`: the commit that the change was to stand on.

    `files`: repository-relative paths with conflicts. `task_id`: whose change it was, if it was a Task's.
    """

    files: tuple[str, ...]
    onto: str
    task_id: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was done, and why. `message` is fit for a person and for an agent's feedback.

    `files`: the paths it is about. `output`: what a hook or the remote said, bounded.
    """

    kind: RefusalKind
    message: str
    files: tuple[str, ...] = ()
    output: str = ""
    next_action: str = ""
