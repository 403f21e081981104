"""Git commands of a step that is cancelled: those at work, those that come later, and those that must not be ended."""

from __future__ import annotations

import asyncio
import os

import pytest

from engine.orchestrate.git.errors import GitInterrupted
from engine.orchestrate.git.interruption import interruptible, uninterrupted
from tests.orchestrate.git.sandbox import Sandbox

#: a git command that waits for somebody to write into a pipe
WAIT = ["-c", "alias.wait=!cat ../waiting", "wait"]


async def test_a_command_at_work_is_ended(sandbox: Sandbox) -> None:
    os.mkfifo(sandbox.folder / "waiting")
    repository = sandbox.open()
    with interruptible() as interruption:
        command = asyncio.create_task(asyncio.to_thread(repository.run_git, *WAIT))
        writing = await asyncio.to_thread((sandbox.folder / "waiting").open, "w")  # it is at it
        interruption.come()
        with pytest.raises(GitInterrupted):
            await command
    writing.close()


async def test_what_comes_later_may_be_short_and_no_more(sandbox: Sandbox) -> None:
    os.mkfifo(sandbox.folder / "waiting")
    repository = sandbox.open()
    with interruptible() as interruption:
        interruption.come()
        assert repository.run_git("rev-parse", "HEAD").line
        with pytest.raises(GitInterrupted):
            await asyncio.to_thread(repository.run_git, *WAIT)


async def test_what_moves_branches_is_done_to_its_end(sandbox: Sandbox) -> None:
    waiting = sandbox.folder / "waiting"
    os.mkfifo(waiting)
    repository = sandbox.open()
    with interruptible() as interruption:
        with uninterrupted():
            command = asyncio.create_task(asyncio.to_thread(repository.run_git, *WAIT))
            writing = await asyncio.to_thread(waiting.open, "w")
        interruption.come()
        writing.write("done")
        writing.close()
        assert (await command).out == "done"
