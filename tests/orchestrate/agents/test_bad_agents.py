"""Agents that will not end, hide, or kill what guards them: nothing of them is left, whatever they do.

The fixture `nothing_survives` looks again, by descent, after each of these tests.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import psutil
import pytest

from engine.orchestrate.agents import family
from engine.orchestrate.agents.family import sweep
from engine.orchestrate.agents.guards import Guards
from tests.orchestrate.agents.conftest import BAD_AGENT, bad_agent

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a subreaper, and /proc")


class Stop(asyncio.Event):
    """Is set as soon as the agent has said that it is ready."""

    def heard(self, _stream, chunk):
        if b"ready" in chunk:
            self.set()


class Lifeline:
    """A FIFO that every process of an agent holds open for as long as it lives, read to its end in a thread."""

    def __init__(self, path):
        self.path = path
        self.said = b""
        self.ready = threading.Event()
        os.mkfifo(path)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self.path.open("rb", buffering=0) as fifo:
            while chunk := fifo.read(100):
                self.said += chunk
                self.ready.set()

    def ends(self):
        """Waits until all of its holders are gone."""
        self._reader.join(10)
        return self.ended

    @property
    def ended(self):
        return not self._reader.is_alive()


@pytest.fixture
def lifeline(tmp_path):
    return Lifeline(tmp_path / "lifeline")


async def cancelled(run, way, *more, **given):
    stop = Stop()
    return await run(bad_agent(way, *more), stop=stop, on_output=stop.heard, **given)


async def test_an_agent_that_ignores_signals_is_killed(run, lifeline):
    end = await cancelled(run, "stubborn", lifeline.path)

    assert (end.ended_by, end.signal, end.swept, end.left) == ("cancelled", "SIGKILL", (), ())
    assert lifeline.ends()


@on_linux
async def test_a_daemon_without_marker_session_and_parent_is_found_after_success(run, lifeline):
    end = await run(bad_agent("daemon", lifeline.path))

    assert end.ok and end.left == () and len(end.swept) == 1
    assert lifeline.ends() and lifeline.said == b"ready\n"


@on_linux
async def test_a_daemon_of_an_agent_that_is_cancelled_ends_with_it(run, lifeline):
    end = await cancelled(run, "daemon_of_a_living_agent", lifeline.path)

    assert end.ended_by == "cancelled" and end.left == () and len(end.swept) == 1
    assert lifeline.ends() and lifeline.said == b"ready\nready\n"


async def test_a_stubborn_process_in_a_session_of_its_own_is_killed(run, lifeline):
    end = await cancelled(run, "stubborn_daemon", lifeline.path)

    assert end.left == () and len(end.swept) == 1 and lifeline.ends()


async def test_a_process_in_the_background_ends_with_the_command(run):
    end = await run(bad_agent("in_the_background"))

    assert end.ok and end.left == () and [name.split()[1] for name in end.swept] == ["sleep"]


async def test_a_grandchild_that_holds_the_output_open_does_not_delay_the_end(run):
    end = await run(bad_agent("holds_stdout"))

    assert end.ok and end.stdout == b'{"summary": "done"}\n' and len(end.swept) == 1


async def test_an_agent_that_closes_its_output_and_lives_is_ended(run, lifeline):
    end = await cancelled(run, "closes_stdout", lifeline.path)

    assert end.ended_by == "cancelled" and end.left == () and lifeline.ends()


async def test_what_is_left_when_an_agent_kills_its_guard_is_found_by_the_marker(run, lifeline):
    end = await run(bad_agent("kills_its_guard", lifeline.path))

    assert (end.ended_by, end.exit_code, end.signal, end.ok, end.left) == ("exit", None, None, False, ())
    assert lifeline.ends()


@on_linux
async def test_who_kills_its_guard_and_hides_is_ended_by_the_process_that_forks_guards(tmp_path, lifeline, run):
    os.mkfifo(tmp_path / "go")
    go = os.open(tmp_path / "go", os.O_RDWR)
    with Guards() as guards:
        other = asyncio.create_task(run(f"head -c1 {tmp_path}/go", guards=guards, marker=f"other/{tmp_path.name}"))
        end = await run(bad_agent("kills_its_guard_and_hides", lifeline.path), guards=guards)
        assert not end.ok and lifeline.ends()
        os.write(go, b"x")
        assert (await other).ok
    os.close(go)


async def test_an_agent_that_stops_its_guard_is_ended_all_the_same(run):
    end = await cancelled(run, "stops_its_guard")

    assert (end.ended_by, end.left) == ("cancelled", ())


async def test_the_family_is_killed_when_nobody_waits_for_it_any_more(run, lifeline):
    task = asyncio.create_task(run(bad_agent("stubborn", lifeline.path)))
    await asyncio.to_thread(lifeline.ready.wait, 10)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert lifeline.ends()


async def test_a_guard_that_was_stopped_does_not_outlive_a_task_that_is_cancelled(run, lifeline):
    task = asyncio.create_task(run(bad_agent("stops_its_guard", lifeline.path)))
    await asyncio.to_thread(lifeline.ready.wait, 10)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_commands_with_other_keys_are_left_alone(run, lifeline):
    key, stop = f"other/{os.getpid()}/1", asyncio.Event()
    other = asyncio.create_task(run(bad_agent("closes_stdout", lifeline.path), marker=key, stop=stop))
    await asyncio.to_thread(lifeline.ready.wait, 10)

    assert (await run("sleep 1000 & true", marker=f"{key}1")).ok
    assert sweep(f"{key}1") == sweep(key.removesuffix("1")) == []
    assert not lifeline.ended
    stop.set()
    assert (await other).ended_by == "cancelled"


CONTROLLER = """
import asyncio, os, sys
from pathlib import Path
from engine.orchestrate.agents.process import run_process

run = run_process(sys.argv[1:], cwd=Path.cwd(), env=dict(os.environ), marker=f"test/{os.getpid()}", timeout=60)
asyncio.run(run)
"""


@pytest.mark.parametrize("way", ["stubborn", "stubborn_daemon", "closes_stdout"])
def test_everything_ends_when_the_runner_is_killed(way, lifeline):
    controller = subprocess.Popen(
        [sys.executable, "-P", "-c", CONTROLLER, sys.executable, str(BAD_AGENT), way, lifeline.path]
    )
    assert lifeline.ready.wait(10)
    controller.kill()
    controller.wait()

    assert lifeline.ends()


@on_linux
def test_daemons_end_when_the_runner_is_killed(lifeline):
    agent = [sys.executable, str(BAD_AGENT), "daemon_of_a_living_agent", str(lifeline.path)]
    controller = subprocess.Popen([sys.executable, "-P", "-c", CONTROLLER, *agent])
    assert lifeline.ready.wait(10)
    controller.kill()
    controller.wait()

    assert lifeline.ends()


def until_executed(process):
    """Waits until a process is past exec, in the middle of which it has no environment."""
    while not psutil.Process(process.pid).environ():
        continue


def test_a_sweep_from_outside_ends_what_carries_the_key():
    key = f"swept/{os.getpid()}/1"
    marked = subprocess.Popen(["sleep", "1000"], env={"PATH": os.environ["PATH"], "PENSTOCK_STEP": key})
    until_executed(marked)

    assert sweep(key + "x") == [] and marked.poll() is None
    assert sweep(key) == [] and marked.wait(10) == -9


@on_linux
def test_psutil_sees_what_proc_says():
    mark = family.mark_of(f"seen/{os.getpid()}/1")
    marked = subprocess.Popen(
        ["sleep", "1000"], env={"PATH": os.environ["PATH"], "PENSTOCK_STEP": f"seen/{os.getpid()}/1"}
    )
    try:
        until_executed(marked)
        tables = [list(family._processes_of_linux(mark)), list(family._processes_by_psutil(mark))]
    finally:
        marked.kill()
        marked.wait()

    for table in tables:
        assert [entry for entry in table if entry[2]] == [(marked.pid, os.getpid(), True)]
        assert os.getpid() in {pid for pid, _, _ in table}
