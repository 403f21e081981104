"""Runners' processes, started and watched from outside."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress

from tests.chaos.doomed import Death, Fate, live
from tests.orchestrate.project import Project

__all__ = ["Hangs", "Runner"]


class Hangs(Exception):
    """A runner did not end what it was at, or not as it should."""


class Runner:
    """A runner's process, with what it has before it. `began`: it listens. `death`: where it died, if it did.

    `said`: what else it told, line by line.
    """

    def __init__(self, project: Project, fate: Fate | None) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.chaos.doomed"])
        self.fate = fate
        self.death: Death | None = None
        self.said: list[str] = []
        reading, writing = context.Pipe(duplex=False)
        self._process = context.Process(
            target=live, args=(str(project.root), project.settings, project.environment, fate, writing)
        )
        self._process.start()
        writing.close()
        self._lines = os.fdopen(os.dup(reading.fileno()), "rb")
        reading.close()
        while self._read() and self.said[-1:] != ["ready"]:
            pass
        self.began = self.said[-1:] == ["ready"]

    def _read(self) -> bool:
        line = self._lines.readline()
        if line.startswith(b"{"):
            self.death = Death.of(line)
        elif line:
            self.said.append(line.decode().strip())
        return bool(line)

    def signal(self) -> None:
        """Tells who interferes with it, if it lives still."""
        if self._process.pid:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()
        self._process.join()

    def ended(self) -> Death | None:
        """Where it died, once its process has gone; None if it ended by itself. Raises `Hangs`."""
        while self._read():
            pass
        self._lines.close()
        self._process.join()
        code = self._process.exitcode
        self._process.close()
        if code == -signal.SIGALRM:
            raise Hangs(f"a runner hangs, with {self.fate}")
        if code != (-signal.SIGKILL if self.death else 0):
            raise Hangs(f"a runner ended with {code}, with {self.fate}")
        return self.death
