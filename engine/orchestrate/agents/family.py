"""The family of a step's command: who descends from its guard or carries its marker, found in the process table.

The guard (`guard.py`) loads this file by itself, so it imports the standard library only (psutil without /proc), and as
little of that as it can.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the enumerations of signal and the whole of typing would take longer to import than Python to start
    import signal
    from collections.abc import Iterable, Iterator
    from typing import Any, Final
else:
    import _signal as signal

__all__ = [
    "LOOK_AGAIN", "MARKER", "PATIENCE", "family", "mark_of", "names", "processes", "read", "send", "state", "sweep",
]  # fmt: skip

#: the variable that marks every process of a step with the step's key
MARKER: Final = "PENSTOCK_STEP"
#: seconds that a family has to end after SIGINT, SIGTERM and SIGKILL
PATIENCE: Final = (0.5, 0.5, 0.6)
#: between two looks at the process table, at first and at most
LOOK_AGAIN: Final = (0.002, 0.05)
#: where a process's state says when it was started
_STARTED: Final = 19
_NAMES_TOLD: Final = 20


def sweep(key: str, seconds: float = PATIENCE[-1]) -> list[str]:
    """Kills every process of a step, from outside: for when its guard is dead. The names of those that are left.

    It looks once more when it found nothing: a process in the middle of exec has no environment for a moment.
    """
    mark = mark_of(key)
    deadline = time.monotonic() + seconds
    seen_empty = False
    while (found := family(mark, None)) or not seen_empty:
        seen_empty = not found
        send(signal.SIGKILL, found)
        if found and time.monotonic() >= deadline:
            return names(found)
        time.sleep(LOOK_AGAIN[0])
    return []


def mark_of(key: str) -> bytes:
    """What stands among the variables of a process of a step."""
    return f"\0{MARKER}={key}\0".encode(errors="surrogateescape")


def family(mark: bytes, root: int | None) -> list[int]:
    """Who descends from `root` or from a marked process, or is marked; never this process and never `root`.

    Nobody older than `root` is marked, which spares looking at their variables.
    """
    table = list(processes(mark, root))
    inside = {pid for pid, _, marked in table if marked}
    if root is not None:
        inside.add(root)
    grown = True
    while grown:
        more = {pid for pid, parent, _ in table if parent in inside and pid not in inside}
        inside |= more
        grown = bool(more)
    return sorted(inside - {os.getpid(), root})


def processes(mark: bytes, root: int | None) -> Iterator[tuple[int, int, bool]]:
    """Each process: its id, its parent's, and whether it carries the mark."""
    return _processes_of_linux(mark, root) if sys.platform == "linux" else _processes_by_psutil(mark)


def _processes_of_linux(mark: bytes, root: int | None = None) -> Iterator[tuple[int, int, bool]]:
    since = 0 if root is None else int(state(root)[_STARTED])
    for name in os.listdir("/proc"):  # noqa: PTH208 - nothing of pathlib, for the sake of the start
        if not name.isdigit():
            continue
        try:
            found = state(name)
        except OSError:
            continue
        if found[0] in {b"Z", b"X"}:
            continue
        try:
            marked = int(found[_STARTED]) >= since and mark in b"\0" + read(f"/proc/{name}/environ")
        except OSError:
            marked = False  # somebody else's
        yield int(name), int(found[1]), marked


def state(pid: int | str) -> list[bytes]:
    """What the system says of a process, from its third field on: its state, its parent's id and so on."""
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def read(path: str) -> bytes:
    """A file of the system, whole. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = b""
        while more := os.read(descriptor, 1 << 16):
            found += more
        return found
    finally:
        os.close(descriptor)


def _processes_by_psutil(mark: bytes) -> Iterator[tuple[int, int, bool]]:
    import psutil

    key = mark.strip(b"\0").decode(errors="surrogateescape").partition("=")[2]
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid, process.ppid(), _carries(process, key)
        except psutil.Error:
            continue


def _carries(process: Any, key: str) -> bool:
    import psutil

    try:
        return bool(process.environ().get(MARKER) == key)
    except (psutil.Error, OSError):
        return False


def send(number: int, family: Iterable[int]) -> None:
    """Sends a signal to those that are still there."""
    for pid in family:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def names(family: Iterable[int]) -> list[str]:
    """The first few, each as its id and its name."""
    return [f"{pid} {_name(pid)}" for pid in list(family)[:_NAMES_TOLD]]


def _name(pid: int) -> str:
    try:
        name = read(f"/proc/{pid}/comm").decode(errors="replace").rstrip("\n")
        return "".join(c if c.isprintable() else "?" for c in name)
    except OSError:
        return "?"
