"""Runs that something comes between: a full disk, a cancel, another version, an end of the process."""

import asyncio
import os

import psutil
import pytest

from engine.orchestrate.host import open_host
from engine.orchestrate.wire import Refused
from tests.orchestrate.project import LIMIT, until_event


async def test_a_log_that_takes_nothing_ends_the_process_and_the_next_one_goes_on(project):
    project.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    async with project.open() as host:
        await host.start()
        host._log._connection.execute("PRAGMA max_page_count = 1")  # no more than it has now
        assert "is the disk full?" in await asyncio.wait_for(host.told_to_end, LIMIT)
        large = {"draft": {"type": "error", "payload": {"message": "x" * 100_000}}}
        with pytest.raises(Refused, match="is the disk full"):
            await host.requests.handle("append", large, None)
        await asyncio.wait_for(host.until_over(60), LIMIT)
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("x.txt") == "x"
    assert len(project.of("land")) == 1 and project.of("retry") == []


async def test_a_run_that_is_cancelled_while_another_version_takes_over_has_ended(project):
    """Whether its steps are at work, or wait and will not begin here any more."""
    project.settings = {"run": {"max_parallel_roles": 1}}
    project.intent("one", "title: One\nrun: ['sleep 60']\n")
    project.intent("two", "title: Two\nrun: ['sleep 60']\n")
    async with open_host(project.workspace, project.environment, background=True) as host:
        working = asyncio.create_task(until_event(host, "step.start", step="implement"))
        started = await host.start()
        await working
        answer = await host.requests.handle("hand_over", {}, None)
        assert len(answer["waits_for"]) == 1
        for run_id in started.runs.values():
            wish = {"run_id": run_id, "reason": "enough", "by": "Ada"}
            assert (await asyncio.wait_for(host.requests.handle("cancel", wish, None), 20))["ended"]
        assert await asyncio.wait_for(host.told_to_end, LIMIT) == "handed over"
    assert [end["state"] for end in project.of("run.end")] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("hook", ["post-checkout", "pre-commit"])
async def test_a_cancel_ends_the_git_command_that_a_step_waits_for_with_its_hook(project, hook):
    come, leave = project.sandbox.folder / "come", project.sandbox.folder / "leave"
    os.mkfifo(come)
    os.mkfifo(leave)
    project.sandbox.hook(hook, f"trap '' TERM; echo $$ > {come}; cat {leave}")
    project.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    async with project.open() as host:
        started = await host.start()
        process = psutil.Process(int(await asyncio.to_thread(come.read_text)))
        await asyncio.wait_for(host.runner.cancel(started.runs["one"], "enough", "Ada"), 20)
        assert psutil.wait_procs([process], 20)[1] == [] or process.status() == psutil.STATUS_ZOMBIE
    assert project.end["state"] == "cancelled" and project.status("one") == "cancelled"
    assert project.steps()[-1] == ("run-1", "implement", "cancelled")


async def test_an_interrupted_run_in_the_queue_keeps_nobody_waiting(project):
    seen, come = project.sandbox.folder / "seen", project.sandbox.folder / "come"
    os.mkfifo(come)
    first_in_review = f"test -f {seen} || {{ touch {seen}; exit 0; }}"
    verify = f"{first_in_review}; test -f {seen}-2 || {{ touch {seen}-2; echo > {come}; sleep 60; }}"
    project.intent("slow", f"title: Slow\nrun: ['echo x > x.txt']\nverify: ['{verify}']\n")
    project.intent("other", "title: Other\nrun: ['echo y > y.txt']\n")
    async with project.open() as host:
        await host.start(["slow"])
        await asyncio.to_thread(come.read_text)
        assert host.runner.state.queue
    started = await project.run("other")
    assert list(started.runs) == ["other"]
    assert [land["files"] for land in project.of("land")] == [["x.txt"], ["y.txt"]]
