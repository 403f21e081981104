"""A run of a thousand Tasks from its start to its end: the real Runner, controller and log; its steps take no time."""

from __future__ import annotations

import asyncio
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.orchestrate.controller import fold
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.executor import SystemClock
from engine.orchestrate.runner import Runner
from engine.orchestrate.store.event_log import EventLog

BASE = "b" * 40
LIMIT = 120


@pytest.fixture
def log() -> Iterator[EventLog]:
    """A log that waits for no disk, where the system has a folder in memory."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        EventLog.open(Path(folder, "log"), write=True) as log,
    ):
        yield log


def output(step: RunStep, tasks: int) -> Mapping[str, Any]:
    """What a step makes that ends well; the analysis finds so many Tasks."""
    commit = f"commit of {step.key}"
    match step.step:
        case "analyze":
            found = [{"id": f"t{number}", "title": f"Task {number}", "depends_on": []} for number in range(tasks)]
            return {"tasks": found, "base_commit": BASE}
        case "implement":
            return {"start_commit": BASE, "commit": commit, "commits": [commit], "files": [f"{step.task_id}.txt"]}
        case "rebase":
            return {"start_commit": BASE, "commit": commit}
        case "review":
            return {"approved": True}
        case _:
            return {"branch": "penstock/landed", "commits": [commit]}


class Play:
    """Runs on one log; counted is what happens, and the memory that Python takes after each Task."""

    def __init__(self, log: EventLog) -> None:
        self.happened: Counter[str] = Counter()
        self.most_at_once = 0
        self.memory: list[int] = []
        self._at_once = 0
        self._tasks = 0
        self.runner = Runner(log, self._perform, lambda _: None, SystemClock(), roles_at_once=4)
        self.runner.watch(self._look)

    async def _perform(self, step: RunStep, _stop: asyncio.Event) -> Outcome:
        if step.step in {"implement", "review"}:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            await asyncio.sleep(0)
            self._at_once -= 1
        return Outcome("ok", output(step, self._tasks))

    def _look(self, event: Event) -> None:
        self.happened[event.type] += 1
        if event.type == "step.end":
            self.happened[event.payload["step"]] += 1
            if event.payload["step"] == "review" and tracemalloc.is_tracing():
                self.memory.append(tracemalloc.get_traced_memory()[0])

    async def run(self, name: str, tasks: int) -> None:
        self._tasks = tasks
        approval = {"action": "approve", "hash": "h", "by": "Ada"}
        await self.runner.append(Draft(type="approval", payload=approval, intent_id=name))
        start = {
            "intent": {"id": name, "title": name},
            "flow": ["analyze", "implement", "review"],
            "limits": {},
            "base": {"branch": "main", "commit": BASE, "mode": "branch"},
            "integrate": "branch",
        }
        await self.runner.append(Draft(type="run.start", payload=start, run_id=f"{name}-r", intent_id=name))
        await asyncio.wait_for(self.runner.until_still(), LIMIT)


def test_a_thousand_tasks_are_done_once_each_and_the_state_is_the_fold_of_the_log(log: EventLog) -> None:
    async def two_runs() -> Play:
        play = Play(log)
        await play.run("large", 1000)
        await play.run("small", 3)
        return play

    play = asyncio.run(two_runs())
    assert [end.state for end in play.runner.state.ended.values()] == ["succeeded", "succeeded"]
    done = {step: play.happened[step] for step in ("analyze", "implement", "rebase", "review", "integrate")}
    assert done == {"analyze": 2, "implement": 1003, "rebase": 1003, "review": 1003, "integrate": 2}
    assert play.happened["error"] == play.happened["retry"] == 0
    assert play.most_at_once == 4
    assert log.state() == fold(log.read()) == play.runner.state


def test_the_memory_of_a_run_does_not_grow_with_what_its_tasks_have_done(log: EventLog) -> None:
    async def one_run() -> list[int]:
        play = Play(log)
        await play.run("one", 300)
        return play.memory

    tracemalloc.start()
    try:
        memory = asyncio.run(one_run())
    finally:
        tracemalloc.stop()

    assert memory[-1] < 1.2 * memory[len(memory) // 5]
