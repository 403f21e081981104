"""What goes wrong with git that nobody can answer in code: one base, each with what, where and what to do next.

Situations that are part of the work (a conflict, a failing hook, a branch that moved) are values, see `outcomes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "BrokenRepository", "GitCommandFailed", "GitError", "GitInterrupted", "GitTimedOut", "GitUnavailable", "NoCommits",
]  # fmt: skip


class GitError(Exception):
    """Something about git that a person must mend. `message` says what happened, `next_action` what to do."""

    def __init__(self, message: str, *, where: Path | None = None, next_action: str = "") -> None:
        super().__init__(message)
        self.message, self.where, self.next_action = message, where, next_action

    def __str__(self) -> str:
        place = f" (in {self.where})" if self.where else ""
        return f"{self.message}{place}" + (f": {self.next_action}" if self.next_action else "")


class GitUnavailable(GitError):
    """There is no git here, or it is too old."""


class BrokenRepository(GitError):
    """The place is no repository that work can be done in: none at all, a bare one, one that git does not trust."""


class NoCommits(BrokenRepository):
    """The repository has no commit yet, so there is nothing to start a branch from."""


class GitCommandFailed(GitError):
    """A git command ended with another exit code than 0; `output` is what it said."""

    def __init__(self, args: Sequence[str], code: int, output: str, where: Path) -> None:
        self.args_given, self.code, self.output = tuple(args), code, output
        said = output.strip()[-2000:] or f"exit code {code}"
        super().__init__(f"`git {' '.join(args)}` failed: {said}", where=where, next_action=_advice(code, output))


class GitInterrupted(GitError):
    """A git command was ended because the step that it was for is cancelled."""


class GitTimedOut(GitError):
    """A git command took longer than it may; it and what it had started were ended."""


def _advice(code: int, output: str) -> str:
    if "No space left on device" in output or "File too large" in output or code == -25:  # 25: SIGXFSZ
        return "free some disk space, then continue the run"
    if "dubious ownership" in output:
        return "the repository belongs to another user; tell git that you trust it with safe.directory"
    if "failed to sign" in output or "gpg" in output and "sign" in output:
        return "unlock the signing key, or switch commit.gpgSign off in this repository"
    if ".lock': File exists" in output:
        return "another git process is at work, or was killed; when none is, delete the lock file that git names"
    return "run the command by hand in that folder to see more"
