"""The pool of steps: limits, waiting, stopping, and that every end is reported once."""

import asyncio

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.executor import LocalExecutor


class StillClock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    def monotonic(self):
        return self.time


class World:
    """An executor whose steps wait for a gate of their own."""

    def __init__(self, roles_at_once=2, perform=None):
        self.clock = StillClock()
        self.events = []
        self.errors = []
        self.gates = {}
        self.seen = asyncio.Condition()
        self.executor = LocalExecutor(perform or self.perform, self.report, self.clock, roles_at_once)

    async def perform(self, step, stop):
        gate = self.gates.setdefault(step.key, asyncio.get_running_loop().create_future())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({gate, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return gate.result() if gate.done() else Outcome("cancelled")

    async def report(self, draft):
        async with self.seen:
            self.events.append((draft.type, draft.payload["key"], draft.payload.get("result")))
            self.errors.append(draft.payload.get("error"))
            self.seen.notify_all()

    async def until(self, *event):
        async with self.seen:
            await asyncio.wait_for(self.seen.wait_for(lambda: event in self.events), 5)

    def started(self):
        return [key for type_, key, _ in self.events if type_ == "step.start"]

    def ended(self):
        return {key: result for type_, key, result in self.events if type_ == "step.end"}

    def open(self, key, outcome=None):
        self.gates[key].set_result(outcome or Outcome("ok"))


def step(key, name="implement", **more):
    return RunStep(key, "run", "task", name, 1, **more)


async def test_no_more_roles_work_at_once_than_there_are_slots():
    world = World(roles_at_once=2)
    for key in "abc":
        world.executor.submit(step(key))
    await world.until("step.start", "b", None)
    assert world.started() == ["a", "b"]
    world.open("a")
    await world.until("step.start", "c", None)
    assert world.ended() == {"a": "ok"}
    await world.executor.shut_down()


async def test_a_slot_goes_to_the_step_that_is_nearest_to_the_end():
    world = World(roles_at_once=1)
    for key, name in (("a", "implement"), ("b", "implement"), ("c", "review"), ("d", "implement")):
        world.executor.submit(step(key, name))
    await world.until("step.start", "a", None)
    world.executor.stop("b")
    await world.until("step.end", "b", "cancelled")
    for key, following in (("a", "c"), ("c", "d")):
        world.open(key)
        await world.until("step.start", following, None)
    assert world.started() == ["a", "c", "d"]
    await world.executor.shut_down()


async def test_the_work_of_git_needs_no_slot():
    world = World(roles_at_once=1)
    world.executor.submit(step("a"))
    world.executor.submit(step("b", "rebase"))
    await world.until("step.start", "b", None)
    assert world.started() == ["a", "b"] and world.ended() == {}
    await world.executor.shut_down()


async def test_a_step_is_done_once_however_often_it_is_submitted():
    world = World()
    world.executor.submit(step("a"))
    world.executor.submit(step("a"))
    await world.until("step.start", "a", None)
    world.open("a")
    await world.until("step.end", "a", "ok")
    assert len(world.events) == 2 and len(world.executor) == 0


async def test_a_stopped_step_ends_as_it_says_itself():
    world = World()
    world.executor.submit(step("a"))
    await world.until("step.start", "a", None)
    world.executor.stop("a")
    await world.until("step.end", "a", "cancelled")
    assert world.ended() == {"a": "cancelled"}


async def test_a_step_that_waits_for_a_slot_or_its_time_is_stopped_before_it_starts():
    world = World(roles_at_once=1)
    world.executor.submit(step("a"))
    await world.until("step.start", "a", None)
    world.executor.submit(step("b"))
    world.executor.submit(step("c", not_before=200.0))
    world.executor.stop("b")
    world.executor.stop("c")
    await world.until("step.end", "b", "cancelled")
    await world.until("step.end", "c", "cancelled")
    assert world.started() == ["a"]
    world.open("a")
    await world.until("step.end", "a", "ok")
    world.executor.submit(step("d"))
    await world.until("step.start", "d", None)  # no slot was lost
    await world.executor.shut_down()


async def test_a_step_that_breaks_ends_as_failed_with_the_next_action():
    async def full_disk(_step, _stop):
        raise OSError(28, "No space left on device", "tree")

    world = World(perform=full_disk)
    world.executor.submit(step("a"))
    await world.until("step.end", "a", "failed")
    assert world.errors[-1]["class"] == "system" and world.errors[-1]["next_action"]
    assert "No space left" in world.errors[-1]["message"]


async def test_shutting_down_ends_steps_without_reporting_them():
    world = World()
    world.executor.submit(step("a"))
    await world.until("step.start", "a", None)
    await world.executor.shut_down()
    assert world.ended() == {} and len(world.executor) == 0


async def test_a_pool_that_drains_ends_what_is_at_work_and_begins_nothing():
    world = World(roles_at_once=1)
    world.executor.submit(step("a"))
    await world.until("step.start", "a", None)
    world.executor.submit(step("waits-for-a-slot"))
    world.executor.submit(step("waits-for-its-time", not_before=200.0))
    at_work = world.executor.drain()
    world.executor.submit(step("comes-late"))
    assert [each.key for each in world.executor.at_work] == ["a"]
    world.open("a")
    await asyncio.gather(*at_work)
    await world.executor.shut_down()
    assert world.events == [("step.start", "a", None), ("step.end", "a", "ok")]
    assert len(world.executor) == 0


async def test_fewer_roles_work_at_once_under_load_and_more_again_later():
    world = World(roles_at_once=4)
    told = []

    async def report(draft):
        if draft.type == "parallelism":
            told.append(draft.payload)
        else:
            await world.report(draft)

    free = [0.5]
    world.executor = LocalExecutor(world.perform, report, world.clock, 4, lambda: free[0])
    for key in "abcdefgh":
        world.executor.submit(step(key))
    await world.until("step.start", "d", None)
    limited = {"class": "network", "message": "busy", "next_action": ""}
    world.open("a", Outcome("failed", error=limited))
    await world.until("step.end", "a", "failed")
    world.open("b")
    await world.until("step.end", "b", "ok")
    assert world.started() == list("abcd")  # two are left, and no more may work
    world.open("c")
    await world.until("step.start", "e", None)
    world.clock.time += 60
    world.open("d")
    await world.until("step.start", "g", None)
    assert world.started() == list("abcdefg")
    world.clock.time += 10
    free[0] = 0.01
    world.open("e")
    await world.until("step.end", "e", "ok")
    assert [(each["from"], each["to"], each["most"]) for each in told] == [(4, 2, 4), (2, 3, 4), (3, 1, 4)]
    assert "busy" in told[0]["reason"] and "memory" in told[2]["reason"]
    await world.executor.shut_down()
