"""What a verdict rests on: what was measured around an agent's work, as plain data for the end of a step.

`CheckoutState` compares a checkout before and after a role that may only read. It looks at HEAD, at what git calls
changed or untracked, and at the size and times of those files, so that a second change of a changed file counts too;
what git ignores is nobody's work and does not count. Reads only: the index is not refreshed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.orchestrate.agents.process import ProcessEnd
from engine.orchestrate.git.call import call, git_environment

__all__ = ["CheckoutState", "checkout_state", "evidence_of"]

#: fields before the path of `1` a changed file, `u` an unmerged one, `?` an untracked one
_FIELDS_BEFORE_PATH: Final = {"1": 8, "u": 10, "?": 1}


def evidence_of(end: ProcessEnd) -> dict[str, Any]:
    """A command's end as it was seen, not as it was told."""
    return {
        "command": end.command,
        "exit_code": end.exit_code,
        "signal": end.signal,
        "ended_by": end.ended_by,
        "duration_ms": round(end.duration * 1000),
        "output_bytes": end.stdout_size,
        "swept": list(end.swept),
        "left": list(end.left),
        "confined": end.confined,
    }


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """A checkout at one moment. `head`: its commit; `branch`: None if detached; `files`: a fingerprint by path."""

    head: str
    branch: str | None
    files: Mapping[str, tuple[object, ...]]

    def differences(self, later: CheckoutState) -> list[str]:
        """What changed until `later`: `HEAD`, `branch`, and paths in order; empty if nothing did."""
        found = [*(["HEAD"] if self.head != later.head else []), *(["branch"] if self.branch != later.branch else [])]
        paths = self.files.keys() | later.files.keys()
        return found + sorted(path for path in paths if self.files.get(path) != later.files.get(path))


def checkout_state(checkout: Path, environ: Mapping[str, str]) -> CheckoutState:
    """The state of a checkout now. Raises `GitError` if it is none, or git does not answer."""
    command = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames")
    status = call(command, cwd=checkout, environment=git_environment(environ))
    header: dict[str, str] = {}
    files: dict[str, tuple[object, ...]] = {}
    for entry in status.fields:
        if entry.startswith("# "):
            _, name, value = entry.split(" ", 2)
            header[name] = value
        else:
            path = entry.split(" ", _FIELDS_BEFORE_PATH[entry[0]])[-1]
            files[path] = (entry, *_fingerprint(checkout / path))
    branch = header.get("branch.head", "(detached)")
    return CheckoutState(header.get("branch.oid", ""), None if branch == "(detached)" else branch, files)


def _fingerprint(path: Path) -> tuple[int, ...]:
    try:
        found = path.lstat()
    except OSError:
        return ()
    return (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino)
