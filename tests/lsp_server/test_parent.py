"""Watching another process end, with and without a handle on it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lsp_server.parent import watch_process

LIMIT = 60


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is told to end."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(params=["with a handle", "by asking"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time on a system that gives no handles."""
    if request.param == "by asking":
        if not hasattr(os, "pidfd_open"):
            pytest.skip("only where pidfd_open exists can it be made to fail")

        def refuse(_pid: int) -> int:
            raise PermissionError

        monkeypatch.setattr(os, "pidfd_open", refuse)
        monkeypatch.setattr("lsp_server.parent.ASK_SECONDS", 0.01)


@pytest.mark.usefixtures("_way")
async def test_the_end_of_a_process_is_told_on_the_loop(other: subprocess.Popen[bytes]) -> None:
    gone = asyncio.Event()
    assert watch_process(other.pid, gone.set)
    assert not gone.is_set()

    other.kill()
    other.wait()

    await asyncio.wait_for(gone.wait(), LIMIT)


@pytest.mark.usefixtures("_way")
async def test_a_process_that_is_not_there_is_not_watched(other: subprocess.Popen[bytes]) -> None:
    other.kill()
    other.wait()

    assert not watch_process(other.pid, lambda: None)


@pytest.mark.parametrize("pid", [0, -1, 2**40])
async def test_a_number_of_no_process_is_not_watched(pid: int) -> None:
    assert not watch_process(pid, lambda: None)


async def test_the_server_does_not_watch_itself() -> None:
    assert not watch_process(os.getpid(), lambda: None)
