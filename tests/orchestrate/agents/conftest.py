"""What the tests of processes share: bad agents, and that no process of a test survives it."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from engine.orchestrate.agents.environment import allowed_environment
from engine.orchestrate.agents.process import run_process

BAD_AGENT = Path(__file__).with_name("bad_agent.py")
PR_SET_CHILD_SUBREAPER = 36


def living_children() -> set[psutil.Process]:
    """Everything that descends from this process; what has ended and was left to us is reaped."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended since, and somebody has waited for it
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add(process)
            elif process.ppid() == os.getpid():
                os.waitpid(process.pid, os.WNOHANG)
    return found


@pytest.fixture(autouse=True)
def nothing_survives():
    """Every process that a test started is gone at its end, also one that left its session and lost its parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = living_children()
    yield
    started = list(living_children() - before)
    survivors = psutil.wait_procs(started, timeout=2)[1]  # guards end after their family; no bad agent ends by itself
    names = [f"{process.pid} {process.name()}" for process in survivors]
    for process in survivors:
        process.kill()
    assert names == []


def bad_agent(way: str, *more: object) -> list[str]:
    """The command line of a bad agent."""
    return [sys.executable, "-I", "-S", str(BAD_AGENT), way, *map(str, more)]


@pytest.fixture
def run(tmp_path):
    """`run_process` with everything that a test does not care about; a key of its own for each test."""

    async def run(command, **more):
        given = {
            "cwd": tmp_path,
            "env": allowed_environment(os.environ),
            "marker": f"test/{tmp_path.name}-{os.getpid()}/1",
            "timeout": 60,
            **more,
        }
        return await run_process(command, **given)

    return run
