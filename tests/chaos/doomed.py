"""A runner's process that ends by `kill -9`, in the step and at the moment that it was told.

It is a runner as ever, with its log, its socket, git and agents. Beside it runs an executioner, who watches the events:
when the step begins that it waits for, it counts calls of functions, Python's and C's, in all threads, or it sets a
timer. Between two calls everything may be half done: a transaction open, a file written and not renamed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from engine.config import decode
from engine.orchestrate.events import Event
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.host import open_host
from engine.orchestrate.store.event_log import UnwrittenEvent
from engine.orchestrate.store.locations import LocationsError
from engine.orchestrate.store.writer_lock import LockedLog
from engine.orchestrate.workspace import Workspace

__all__ = ["BEGIN", "DECISIONS", "STEPS", "Death", "Doom", "Fate", "Watcher", "live"]

STEPS = ("analyze", "implement", "rebase", "review", "integrate")
#: while a person's decision is taken in
DECISIONS = ("approval", "answer", "cancel")
#: from the process's first moment to the first event
BEGIN = "begin"
#: seconds after which a runner ends by SIGALRM: it hangs
PATIENCE = 90


class Watcher(Protocol):
    """Who interferes with a runner from within."""

    def ready(self) -> None:
        """To be called before there are other threads."""

    def look(self, event: Event) -> None:
        """Is told of each event."""

    def signalled(self) -> None:
        """Is told of SIGUSR1."""


class Fate(Protocol):
    """What a runner has before it, as a value that is handed to its process."""

    def begin(self, report: int) -> Watcher:
        """Who sees to it, and reports lines to a descriptor."""


@dataclass(frozen=True)
class Doom:
    """Where a runner dies: in `step`, after so many calls of functions there, or else so many seconds."""

    step: str
    calls: int | None = None
    seconds: float = 0.0

    def begin(self, report: int) -> Watcher:
        """Who sees to it."""
        return _Executioner(self, report)


@dataclass(frozen=True)
class Death:
    """Where a runner died: after so much of the step, which had `ended`; `place`: what it was about to do."""

    step: str
    calls: int
    seconds: float
    ended: bool
    place: str

    @classmethod
    def of(cls, line: bytes) -> Death:
        return cls(**json.loads(line))


class _Executioner:
    def __init__(self, doom: Doom, report: int) -> None:
        self._doom, self._report = doom, report
        self._armed, self._key = False, ""
        self._calls, self._began = 0, 0.0

    def ready(self) -> None:
        if self._doom.calls is not None:
            threading.setprofile(self._count)
        if self._doom.step == BEGIN:
            self.signalled()

    def signalled(self) -> None:
        if self._armed:
            return
        self._armed, self._began = True, time.monotonic()
        if self._doom.calls is not None:
            sys.setprofile(self._count)
        else:
            timer = threading.Timer(self._doom.seconds, self._strike, [False, "a moment"])
            timer.daemon = True
            timer.start()

    def look(self, event: Event) -> None:
        step, payload = self._doom.step, event.payload
        if not self._armed and event.type == "step.start" and payload["step"] == step:
            self._key = payload["key"]
            self.signalled()
        elif self._armed and (
            (event.type == "step.end" and payload["key"] == self._key) or step in {BEGIN, event.type}
        ):
            if self._doom.calls is None:                 # what follows from it has been begun then
                asyncio.get_running_loop().call_soon(self._strike, True, "after its end")
            else:
                self._strike(True, "at its end")

    def _count(self, frame: FrameType, what: str, called: Any) -> None:
        if not self._armed:
            return
        self._calls += 1
        if self._doom.calls is not None and self._calls >= self._doom.calls:
            name = getattr(called, "__qualname__", "") if what.startswith("c_") else ""
            module = str(frame.f_globals.get("__name__")).rpartition(".")[2]
            self._strike(False, f"{module}.{frame.f_code.co_qualname} {what} {name}")

    def _strike(self, ended: bool, place: str) -> None:
        death = Death(self._doom.step, self._calls, time.monotonic() - self._began, ended, place)
        os.write(self._report, json.dumps(asdict(death)).encode() + b"\n")
        os.kill(os.getpid(), signal.SIGKILL)


def live(
    root: str, settings: Mapping[str, Any], environ: Mapping[str, str], fate: Fate | None, channel: Connection
) -> None:
    """Runs Intents until it is stopped, or dies; says `ready` when it listens, or `failed` and why it cannot."""
    os.setsid()
    os.chdir("/")
    signal.alarm(PATIENCE)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout = sys.stderr
    watcher = fate.begin(channel.fileno()) if fate else None
    if watcher:
        watcher.ready()
    try:
        asyncio.run(_served(Path(root), settings, environ, watcher, channel.fileno()))
    except (LockedLog, UnwrittenEvent, LocationsError, GitError, OSError) as error:
        os.write(channel.fileno(), f"failed {error}\n".encode())


async def _served(
    root: Path, settings: Mapping[str, Any], environ: Mapping[str, str], watcher: Watcher | None, report: int
) -> None:
    decoded, _ = decode(settings)
    workspace = Workspace.open(root, decoded, environ)
    async with open_host(workspace, environ, background=True) as host:
        if watcher:
            host.runner.watch(watcher.look)
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, watcher.signalled)
        os.write(report, b"ready\n")
        host.end(await host.until_over(PATIENCE))
