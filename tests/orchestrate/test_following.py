"""Following: from the log on, notes between events, the reason of the end, and those who are too slow."""

import asyncio
import json

from engine.orchestrate import following
from engine.orchestrate.events import Draft


async def heard(host, **params):
    return [json.loads(line) async for line in host.requests.follow(params)]


async def test_who_follows_what_is_over_hears_the_log_from_its_place_on(project):
    project.intent("a", "title: A\nrun: ['echo a > a.txt']\n")
    run_id = (await project.run("a")).runs["a"]
    events = [event.sequence for event in project.events if event.run_id == run_id]
    async with project.open() as host:
        every = await heard(host, runs=[run_id])
        later = await heard(host, runs=[run_id], after=events[3])
    assert [line.get("sequence") for line in every] == [*events, None] and every[-1] == {"end": "over"}
    assert [line.get("sequence") for line in later] == [*events[4:], None]


async def test_who_wants_to_see_a_run_end_that_ended_meanwhile_starts_nothing_anew(project):
    project.intent("a", "title: A\nrun: ['echo a > a.txt']\n")
    runs = (await project.run("a")).runs
    for again in (False, True):
        if again:
            project.approve("a", again=True)
        async with project.open() as host:
            started = await host.start(["a"], runs=runs)
            assert host.runner.still and (started.runs, started.waits) == ({}, {})
            assert (await heard(host, runs=list(runs.values())))[-2]["type"] == "run.end"
    assert (await project.run("a")).runs != runs


async def test_notes_come_between_events_and_the_end_says_its_reason(project):
    project.intent("a", "title: A\nrun: ['sleep 60']\n")
    async with project.open() as host:
        run_id = (await host.start()).runs["a"]
        lines = host.requests.follow({"runs": [run_id], "after": host.runner.state.sequence})
        host._note("before anybody listens")
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        host._note("the disk is full")
        seen = [json.loads(await first)]
        host.end("stopped")
        host.bid_farewell()
        seen += [json.loads(line) async for line in lines]
        assert [line for line in seen if "sequence" not in line] == [{"note": "the disk is full"}, {"end": "stopped"}]
        assert (await heard(host, runs=[run_id]))[-1] == {"end": "stopped"}


async def test_who_does_not_keep_up_is_let_go_and_misses_nothing(project, monkeypatch):
    monkeypatch.setattr(following, "QUEUED", 3)
    project.intent("a", "title: A\nrun: ['echo a > a.txt']\n")
    async with project.open() as host:
        run_id = (await host.start()).runs["a"]
        slow = host.requests.follow({"runs": [run_id]})
        first = json.loads(await anext(slow))
        for _ in range(5):
            await host.runner.append(Draft(type="message", payload={"text": "x"}, run_id=run_id))
        rest = [json.loads(line) async for line in slow]
        assert rest[-1] == {"end": "lost"}
        seen = [line["sequence"] for line in (first, *rest[:-1])]
        await asyncio.wait_for(host.runner.until_still(), 60)
        seen += [line["sequence"] for line in (await heard(host, runs=[run_id], after=seen[-1]))[:-1]]
    assert seen == [event.sequence for event in project.events if event.run_id == run_id]


async def test_a_hand_over_waits_no_longer_than_it_may(project):
    project.intent("a", "title: A\nrun: ['sleep 60']\n")
    async with project.open() as host:
        await host.start()
        await host.runner.until(lambda: bool(host.runner.at_work) and host.runner.at_work[0].step == "implement")
        await host.runner.drain(0)
        assert [step.step for step in host.runner.at_work] == ["implement"]
    assert not [event for event in project.events if event.type == "run.end"]
