"""What a step left in its worktree becomes commits on the Task's branch, or a reason why it cannot.

The verdict comes from git, not from an agent's words. Hooks of the user's run; what one says is feedback. The last
commit carries the trailer `Penstock-Step: <key>`, which tells a re-entered step that it was done. Nothing is pushed,
and a refused change stays in the worktree as it was.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.orchestrate.git.additions import added_by_commits, added_uncommitted
from engine.orchestrate.git.errors import GitCommandFailed
from engine.orchestrate.git.history import TRAILER, commits, file_changes, find_step_commit
from engine.orchestrate.git.outcomes import Refusal
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.scan import Limits
from engine.orchestrate.git.worktrees import Worktree

__all__ = ["Committed", "commit_changes", "policy_files"]

#: Of what a hook says.
_OUTPUT_CHARACTERS: Final = 20_000
#: A formatting hook changes files and fails; with its changes added it passes.
_HOOK_TRIES: Final = 2
_DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Committed:
    """The commits of a step: those after `start_commit` up to `commit`, oldest first, and what they change.

    `files`: repository-relative paths. `added`, `removed`: lines. `policy_files`: those of `files` that steer the
    Runner itself; a person must agree to them.
    """

    start_commit: str
    commit: str
    commits: tuple[str, ...]
    files: tuple[str, ...]
    added: int
    removed: int
    policy_files: tuple[str, ...]


def commit_changes(
    repository: Repository,
    worktree: Worktree,
    message: str,
    key: str,
    limits: Limits = _DEFAULT_LIMITS,
    *,
    allow_empty: bool = False,
) -> Committed | Refusal:
    """The commits that the step `key` made in its worktree, after committing with `message` what it left uncommitted.

    `allow_empty`: a step that changed nothing gets an empty commit. Doing it again gives the same answer. Raises
    `GitCommandFailed` (disk full, signing failed), `GitTimedOut` (hook or signing too slow).
    """
    refusal = _misplaced(repository, worktree)
    if refusal:
        return refusal
    head = repository.commit_of(f"refs/heads/{worktree.branch}")
    refusal = None if head == worktree.start_commit else _unfit(repository, worktree, limits)
    if refusal:
        return refusal
    uncommitted = added_uncommitted(repository, worktree.path, limits)
    if isinstance(uncommitted, Refusal):
        return uncommitted
    if uncommitted or _is_unchanged(repository, worktree.start_commit, head):
        if not uncommitted and not allow_empty:
            said = "nothing changed: there is no new commit and nothing to commit"
            return Refusal("nothing", said, next_action="see penstock logs RUN --output, or set `allow_empty: true`")
        failed = _commit(repository, worktree.path, _with_trailer(repository, message, key), limits)
        if failed:
            return failed
    elif worktree.finished != head and find_step_commit(repository, head, key, after=worktree.start_commit) != head:
        _seal(repository, worktree.path, key, limits)
    return _committed(repository, worktree)


def policy_files(repository: Repository, start: str, end: str, files: Iterable[str]) -> list[str]:
    """Those of the changed `files` that steer the Runner: `.penstock/`, `penstock.toml`, and `pyproject.toml` if its
    table `tool.penstock` differs between the two commits.
    """
    return [path for path in files if _steers(repository, path.casefold(), start, end)]


def _steers(repository: Repository, path: str, start: str, end: str) -> bool:
    if path == "pyproject.toml":
        return _own_table(repository, start) != _own_table(repository, end)
    return path in {".penstock", "penstock.toml"} or path.startswith(".penstock/")


def _misplaced(repository: Repository, worktree: Worktree) -> Refusal | None:
    """Why what is in the worktree cannot count as the Task's own, if so."""
    path = worktree.path
    if not (path / ".git").is_file() or repository.git_dir(path).parent.parent != repository.common_dir:
        said = f"the worktree is gone or no longer one of this repository: {path}"
        return Refusal("missing", said, next_action="leave the worktree where it is")
    (repository.git_dir(path) / "index.lock").unlink(missing_ok=True)  # whoever held it was ended with the step
    unfinished = repository.operation(path)
    if unfinished:
        said = f"a {unfinished} was begun in the worktree and not ended"
        return Refusal("operation", said, next_action="finish or abort it")
    branch = repository.current_branch(path)
    if branch is None:
        said = f"HEAD is detached; the commits belong on the branch {worktree.branch}"
        return Refusal("detached", said, next_action=f"git switch {worktree.branch}, and make the commits there")
    if branch != worktree.branch:
        said = f"the worktree is on {branch}; the commits belong on {worktree.branch}"
        return Refusal("wrong-branch", said, next_action="stay on the branch of the worktree; git branch shows others")
    return None


def _unfit(repository: Repository, worktree: Worktree, limits: Limits) -> Refusal | None:
    """Why the commits that are there must not go on, if so."""
    if not repository.is_ancestor(worktree.start_commit, f"refs/heads/{worktree.branch}"):
        said = f"{worktree.branch} no longer contains {worktree.start_commit}, where it started"
        return Refusal("rewritten", said, next_action="add commits, and reset or rebase nothing")
    return added_by_commits(repository, worktree, limits)


def _is_unchanged(repository: Repository, start: str, head: str) -> bool:
    return repository.run_git("diff", "--quiet", start, head, "--", check=False).ok


def _commit(repository: Repository, path: Path, message: str, limits: Limits) -> Refusal | None:
    """Commit all that is there; what the failing hook said, if one did."""
    failed = None
    for _ in range(_HOOK_TRIES):
        repository.run_git("add", "--all", cwd=path)
        failed = _try_commit(repository, path, message, limits)
        if failed is None:
            return None
        if repository.run_git("diff", "--quiet", cwd=path, check=False).ok:
            break  # the hook changed nothing
    repository.run_git("reset", "--quiet", cwd=path)
    return failed


def _try_commit(repository: Repository, path: Path, message: str, limits: Limits) -> Refusal | None:
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        asked = ["commit", "--quiet", "--allow-empty", "--cleanup=whitespace", "--file=-"]
        done = repository.run_git(
            *asked, cwd=path, input=message, check=False, timeout=limits.commit_seconds,
            variables={**repository.identity(), "GIT_TRACE2_EVENT": str(trace)},
        )  # fmt: skip
        if done.ok:
            return None
        hook = _failed_hook(trace)
    output = (done.out + done.err).strip()[-_OUTPUT_CHARACTERS:]
    if hook is None:
        raise GitCommandFailed(asked, done.code, output, path)
    return Refusal("hook", f"the commit hook {hook} failed", output=output, next_action="mend what it complains of")


def _failed_hook(trace: Path) -> str | None:
    """The hook that ended a commit, by git's own record of what it ran; None if it was none."""
    names: dict[int, str] = {}
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines() if trace.exists() else ():
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            continue  # cut by a full disk
        if "/" in event.get("sid", ""):
            continue  # of a git that a hook ran
        if event.get("event") == "child_start" and event.get("child_class") == "hook":
            names[event["child_id"]] = event.get("hook_name", "?")
        elif event.get("event") == "child_exit" and event.get("code") and event["child_id"] in names:
            return names[event["child_id"]]
    return None


def _seal(repository: Repository, path: Path, key: str, limits: Limits) -> None:
    """Give the newest commit the trailer; its tree, parents, author and dates stay."""
    message = repository.run_git("show", "--no-patch", "--format=%B", "HEAD", cwd=path).out
    repository.run_git(
        "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--amend", "--allow-empty", "--cleanup=whitespace",
        "--file=-", cwd=path, input=_with_trailer(repository, message, key), timeout=limits.commit_seconds,
        variables=repository.identity(),
    )  # fmt: skip


def _with_trailer(repository: Repository, message: str, key: str) -> str:
    """The message with this step's trailer, and with none that somebody else put there."""
    lines = message.replace("\0", "").splitlines()
    text = "\n".join(line for line in lines if not line.lower().startswith(f"{TRAILER.lower()}:"))
    text = text.strip() or "Changes of a Task"
    comment = ["-c", "core.commentChar=\x1f"]  # a line with # is a line like any other
    asked = [*comment, "interpret-trailers", "--no-divider", "--if-exists=add", "--trailer", f"{TRAILER}: {key}"]
    return repository.run_git(*asked, input=text + "\n").out


def _committed(repository: Repository, worktree: Worktree) -> Committed:
    start = worktree.start_commit
    made = commits(repository, start, f"refs/heads/{worktree.branch}")
    commit = made[-1]
    changes = file_changes(repository, start, commit)
    return Committed(
        start_commit=start,
        commit=commit,
        commits=tuple(made),
        files=changes.files,
        added=changes.added,
        removed=changes.removed,
        policy_files=tuple(policy_files(repository, start, commit, changes.files)),
    )


def _own_table(repository: Repository, commit: str) -> object:
    """The table `tool.penstock` of a commit's `pyproject.toml`, None without one; the text where it cannot be read."""
    shown = repository.run_git("show", f"{commit}:pyproject.toml", check=False)
    if not shown.ok:
        return None
    try:
        return tomllib.loads(shown.out).get("tool", {}).get("penstock")
    except (tomllib.TOMLDecodeError, AttributeError):
        return shown.out if "penstock" in shown.out else None
