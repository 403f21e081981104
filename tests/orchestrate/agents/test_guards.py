"""The process that guards are forked from: one for many commands, replaced when it is lost, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from engine.orchestrate.agents.guards import Guards
from tests.orchestrate.agents.conftest import living_children


@pytest.fixture
def guards():
    with Guards() as guards:
        yield guards


def forking():
    """The processes that this one started for guards; not the guards, which lead sessions of their own below it."""
    found = []
    for child in living_children():
        with suppress(psutil.NoSuchProcess):  # it has ended just now
            found += [child] if child.ppid() == os.getpid() else []
    return found


def all_end(processes):
    return psutil.wait_procs(processes, timeout=10)[1] == []


async def test_no_process_is_started_before_the_first_command(guards):
    assert forking() == []


async def test_all_commands_have_their_guards_from_one_process(run, guards):
    await run("true", guards=guards)
    (first,) = forking()
    ends = await asyncio.gather(*(run(f"exit {code}", guards=guards, marker=f"many/{code}") for code in range(5)))

    assert [end.exit_code for end in ends] == list(range(5))
    assert forking() == [first]


async def test_without_guards_a_command_leaves_no_process(run):
    assert (await run("true")).ok and all_end(forking())


async def test_guards_that_are_closed_leave_no_process(run):
    with Guards() as guards:
        await run("true", guards=guards)
        assert len(forking()) == 1

    assert all_end(forking())


async def test_a_process_that_was_killed_is_replaced(run, guards):
    await run("true", guards=guards)
    (first,) = forking()
    first.kill()
    assert all_end([first])

    assert (await run("echo here", guards=guards)).output == "here\n"
    assert forking() != [first]


async def test_a_process_that_does_not_answer_is_replaced_after_the_time_of_one_command(run, guards):
    await run("true", guards=guards)
    (first,) = forking()
    first.send_signal(signal.SIGSTOP)
    end = await run("true", guards=guards, timeout=0.05)

    assert (end.ended_by, end.exit_code, end.left) == ("timeout", None, ())
    assert not first.is_running() and (await run("true", guards=guards)).ok


async def test_a_guard_at_work_goes_on_when_the_process_that_forked_it_is_gone(run, guards):
    def gone(*_):
        guards.close()

    end = await run("echo ready; read line; echo $line", stdin=b"", guards=guards, on_output=gone)

    assert end.ok and end.output == "ready\n\n"


async def test_a_large_request_is_carried_out_whole(run, guards):
    env = {"PATH": os.environ["PATH"], **{f"VARIABLE_{number}": "ä" * 10_000 for number in range(50)}}
    ends = await asyncio.gather(
        *(run("env | wc -c", env=env, guards=guards, marker=f"large/{number}") for number in range(5))
    )

    assert all(end.ok and int(end.output) > 1_000_000 for end in ends)


RUNNER = """
import asyncio, os, sys
from pathlib import Path
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.agents.process import run_process

async def run(guards):
    await run_process("true", cwd=Path.cwd(), env={}, marker=f"runner/{os.getpid()}", timeout=60, guards=guards)
    print("idle", flush=True)
    sys.stdin.read()

asyncio.run(run(Guards()))
"""


def test_the_process_ends_when_the_runner_is_killed():
    runner = subprocess.Popen([sys.executable, "-P", "-c", RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert runner.stdout and runner.stdin
    assert runner.stdout.readline() == b"idle\n"
    (idle,) = psutil.Process(runner.pid).children()
    runner.kill()
    runner.wait()
    runner.stdin.close()
    runner.stdout.close()

    assert all_end([idle])
