"""Git commands, and hooks of theirs, that outlived the process which started them.

A command runs in a session of its own, so `kill -9` of a runner does not reach it. It must have ended before its step
is done again, for it would write into the same worktree and move the same branch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from engine.orchestrate.git.repository import OWNER, Repository

if TYPE_CHECKING:
    import psutil

__all__ = ["end_leftovers"]

#: Git removes its lock files on SIGTERM; what is still there after this is killed.
_GRACE_SECONDS: Final = 2.0


def end_leftovers(repository: Repository) -> list[int]:
    """End what dead processes left at work in this repository, and wait until it is gone. The ids of what was ended.

    To be called at start, before any other change. Commands of processes that live are left alone.
    """
    import psutil

    found = list(_leftovers(str(repository.common_dir)))
    for process in found:
        _ask(process)
    _, alive = psutil.wait_procs(found, timeout=_GRACE_SECONDS)
    for process in alive:
        _ask(process, kill=True)
    psutil.wait_procs(alive, timeout=_GRACE_SECONDS)
    return [process.pid for process in found]


def _leftovers(common_dir: str) -> Iterator[psutil.Process]:
    import psutil

    for process in psutil.process_iter():
        try:
            owner, _, place = process.environ().get(OWNER, "").partition(" ")
            if place == common_dir and _is_dead(int(owner), process):
                yield process
        except (psutil.Error, OSError, ValueError):
            continue  # it ended, or belongs to somebody else


def _is_dead(owner: int, child: psutil.Process) -> bool:
    """Whether the owner ended; a process that is younger than the child has merely got its id."""
    import psutil

    try:
        found = psutil.Process(owner)
        return found.status() == psutil.STATUS_ZOMBIE or found.create_time() > child.create_time()
    except psutil.NoSuchProcess:
        return True


def _ask(process: psutil.Process, *, kill: bool = False) -> None:
    import psutil

    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        pass
