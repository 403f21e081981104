"""Counting and timing the processes that this one has started.

git is started by `subprocess.Popen`, a command under its guard by `Guards.start`; while the meter runs, they note when
each began, and when the end of a git command was seen.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engine.orchestrate.agents.guards import Guards, Pipes

__all__ = ["Process", "ended", "metered", "rss"]


@dataclass(slots=True)
class Process:
    """A process that was started: git or a command under its guard, and when (of `time.time`) it began and ended."""

    is_git: bool
    start: float
    end: float | None = None


@contextmanager
def metered() -> Iterator[list[Process]]:
    """The processes that this process starts, in order, as long as the context lasts."""
    started: list[Process] = []

    class Metered(subprocess.Popen[Any]):
        def __init__(self, args: Sequence[str], *others: Any, **named: Any) -> None:
            self.process = Process(os.path.basename(args[0]) == "git", time.time())  # noqa: PTH119 - fast
            if self.process.is_git:
                started.append(self.process)
            super().__init__(args, *others, **named)

        def wait(self, timeout: float | None = None) -> int:
            code = super().wait(timeout)
            self.process.end = self.process.end or time.time()
            return code

    class MeteredGuards(Guards):
        def start(
            self, command: Sequence[str], cwd: Path, environment: Mapping[str, str],
            writable: Sequence[Path] | None = None,
        ) -> Pipes:  # fmt: skip
            started.append(Process(is_git=False, start=time.time()))
            return super().start(command, cwd, environment, writable)

    with patch("subprocess.Popen", Metered), patch("engine.orchestrate.host.Guards", MeteredGuards):
        yield started


def ended(moments: Sequence[tuple[float, str]], processes: Sequence[Process], command: float) -> dict[str, list[float]]:
    """For steps one after the other: by name, the seconds from the end before to its own that were nobody's work.

    `moments`: when each step ended, and its name. git's time is from the start of the process to its end; a command's
    is `command` seconds, what it takes without a guard, and all that the guard adds is ours.
    """
    found: dict[str, list[float]] = {}
    for (before, _), (after, name) in pairwise(moments):
        within = [each for each in processes if before <= each.start < after]
        git = sum((each.end or after) - each.start for each in within if each.is_git)
        commands = sum(command for each in within if not each.is_git)
        found.setdefault(name, []).append(after - before - git - commands)
    return found


def rss() -> float:
    """MB of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
