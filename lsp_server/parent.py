"""Watches the editor's process, so that no server outlives its editor even when the pipes stay open.

The process is watched by a handle where the system has one (pidfd, kqueue, a process handle), so that a number that is
used again is never mistaken for it; else by asking every few seconds.  A process that is not visible at the start, as
the editor's is from inside a container, is not watched at all.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import Callable

__all__ = ["watch_process"]

ASK_SECONDS = 3.0
"""How often a process without a handle is asked for."""


def watch_process(pid: int, gone: Callable[[], None]) -> bool:
    """Calls `gone` on the running loop once the process has ended; False when there is no such process to watch."""
    if pid <= 0 or pid == os.getpid() or not _is_visible(pid):
        return False
    wait = _waiter(pid) or (lambda: _ask(pid))
    loop = asyncio.get_running_loop()

    def run() -> None:
        wait()
        if not loop.is_closed():
            loop.call_soon_threadsafe(gone)

    threading.Thread(target=run, name="penstock-parent", daemon=True).start()
    return True


if sys.platform == "win32":
    import ctypes

    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
    _KERNEL.OpenProcess.restype = ctypes.c_void_p
    _SYNCHRONIZE, _FOREVER = 0x00100000, 0xFFFFFFFF

    def _waiter(pid: int) -> Callable[[], object] | None:
        handle = _KERNEL.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            return None
        return lambda: _KERNEL.WaitForSingleObject(ctypes.c_void_p(handle), _FOREVER)

    def _is_visible(pid: int) -> bool:
        return _waiter(pid) is not None

elif sys.platform == "linux":

    def _waiter(pid: int) -> Callable[[], object] | None:
        try:
            handle = os.pidfd_open(pid)
        except OSError:  # an old kernel, or a sandbox that forbids it
            return None
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        return ended.poll

else:

    def _waiter(pid: int) -> Callable[[], object] | None:
        events = select.kqueue()
        end = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT)
        try:
            events.control([end], 0)
        except OSError:
            return None
        return lambda: events.control(None, 1)


if sys.platform != "win32":

    def _is_visible(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except PermissionError:  # it is there and somebody else's
            return True
        except (ProcessLookupError, OverflowError):
            return False
        return True


def _ask(pid: int) -> None:
    pause = threading.Event()
    while _is_visible(pid):
        pause.wait(ASK_SECONDS)
