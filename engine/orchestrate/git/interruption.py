"""Ending the git commands of a step that is cancelled: who cancels must not wait for a long checkout or a slow hook.

The commands run in threads; they find the interruption of their step in a context variable, which `asyncio.to_thread`
hands on. Git is asked to end, so that it removes its locks; it and its hooks are killed if they do not.
Invariant: what moves a branch of people's is never interrupted (`uninterrupted`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock, Timer
from typing import Final

__all__ = ["GRACE_SECONDS", "Interruption", "current", "interruptible", "uninterrupted"]

#: what a git command gets to end by itself, also one that is begun after the step was cancelled
GRACE_SECONDS: Final = 1.0
_CURRENT: Final[ContextVar[Interruption | None]] = ContextVar("interruption", default=None)


class Interruption:
    """Of one step. Its commands, each in a session of its own, are known by their process ids while they run."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[int] = set()
        self.came = False

    def come(self) -> None:
        """Ends what runs, and what will be begun. Returns at once."""
        with self._lock:
            self.came = True
            self._send(signal.SIGTERM)
            if self._running:
                self._send_later(signal.SIGKILL, GRACE_SECONDS)

    @contextmanager
    def attending(self, pid: int) -> Iterator[None]:
        """A command runs."""
        with self._lock:
            self._running.add(pid)
            if self.came:
                self._send_later(signal.SIGTERM, GRACE_SECONDS / 2)
                self._send_later(signal.SIGKILL, GRACE_SECONDS)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(pid)

    def _send_later(self, number: signal.Signals, seconds: float) -> None:
        def send() -> None:
            with self._lock:
                self._send(number)

        timer = Timer(seconds, send)
        timer.daemon = True
        timer.start()

    def _send(self, number: signal.Signals) -> None:
        for pid in self._running:
            try:
                os.killpg(pid, number)
            except ProcessLookupError:
                continue


def current() -> Interruption | None:
    """That of the step which this thread works for, if it can be interrupted just now."""
    return _CURRENT.get()


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """What is done within, and in threads begun within, can be interrupted."""
    token = _CURRENT.set(interruption := Interruption())
    try:
        yield interruption
    finally:
        _CURRENT.reset(token)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What is done within is done to its end."""
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)
