"""One writer: a lock of the operating system, which ends with the process that holds it however that ends.

The file says who holds it, for people; only the lock itself counts, so what a dead process left behind blocks nobody.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

__all__ = ["LockedLog", "WriterLock"]


class LockedLog(RuntimeError):
    """Another process writes to the log: who holds `path`; `pid` and `since` say which, None if that is unknown."""

    def __init__(self, path: Path, pid: int | None, since: str | None) -> None:
        who = "another process" if pid is None else f"process {pid}, since {since},"
        super().__init__(f"{who} holds {path}; wait for it, or end it")
        self.path = path
        self.pid = pid
        self.since = since


class WriterLock:
    """The lock, held until `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path, since: str) -> WriterLock:
        """Hold the lock at `path`. Raises `LockedLog` if somebody does already."""
        import fcntl  # Linux and macOS, like the Runner

        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise LockedLog(path, *holder) from None
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": since}).encode() + b"\n", 0)
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    @staticmethod
    def demand_free(path: Path) -> None:
        """Raises `LockedLog` if a living process holds the lock at `path`."""
        import fcntl

        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedLog(path, *_holder(descriptor)) from None
        finally:
            os.close(descriptor)

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Whether a living process holds the lock at `path`."""
        try:
            cls.demand_free(path)
        except LockedLog:
            return True
        return False

    def release(self) -> None:
        """Let go of it; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _holder(descriptor: int) -> tuple[int | None, str | None]:
    try:
        told = json.loads(os.pread(descriptor, 1000, 0))
        return int(told["pid"]), str(told["since"])
    except (ValueError, KeyError, TypeError):  # it is being written
        return None, None
