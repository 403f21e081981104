"""Doing steps: a pool in this process, with a limit on the roles that work at once.

A step is submitted once under its key; that it began and how it ended are reported as events. What a step does is the
business of `steps/`; here is when it may begin, how it is stopped, and that its end is reported whatever happens.
Invariant: each submitted step that is not shut down has exactly one `step.end`; a stopped step ends by itself,
verified, and is never torn down half way.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.events import Draft
from engine.orchestrate.flow import AGENT_STEPS
from engine.orchestrate.parallelism import Parallelism, pressure_of

__all__ = ["Clock", "LocalExecutor", "Perform", "Report", "SystemClock", "end_of", "start_of"]

#: The steps in which a role works, those first that bring a run nearer to its end: else all of a thousand Tasks would
#: be implemented, each with a worktree, before the first is reviewed. The others are git's work and take no slot.
_ROLES: Final = AGENT_STEPS

#: does a step; ends early, with the result `cancelled`, once the event is set
Perform = Callable[[RunStep, asyncio.Event], Awaitable[Outcome]]
#: appends an event and carries out what follows from it
Report = Callable[[Draft], Awaitable[object]]


class Clock(Protocol):
    """The time, which tests set."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds since some moment, for durations."""


class SystemClock:
    """The clocks of the system."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, for durations."""
        return time.monotonic()


@dataclass(eq=False, slots=True)
class _Running:
    step: RunStep
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    begun: bool = False


class LocalExecutor:
    """Steps as tasks of this process's loop, at most `roles_at_once` of them working in a role, fewer under load."""

    def __init__(
        self, perform: Perform, report: Report, clock: Clock, roles_at_once: int,
        free_memory: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self._perform = perform
        self._report = report
        self._clock = clock
        self._slots = _Slots(roles_at_once)
        self._parallelism = Parallelism(roles_at_once, roles_at_once)
        self._free_memory = free_memory or _free_memory
        self._running: dict[str, _Running] = {}
        self._draining = False

    def __len__(self) -> int:
        return len(self._running)

    def submit(self, step: RunStep) -> None:
        """Begins a step as soon as it may; one that is already here is left alone, and none begins after `drain`."""
        if step.key in self._running or self._draining:
            return
        running = self._running[step.key] = _Running(step)
        running.task = asyncio.create_task(self._run(running), name=step.key)

    def stop(self, key: str) -> None:
        """Asks a step to end; one that is not here has ended."""
        running = self._running.get(key)
        if running is not None:
            running.stop.set()

    @property
    def at_work(self) -> list[RunStep]:
        """The steps that have begun and not ended."""
        return [running.step for running in self._running.values() if running.begun]

    def drain(self) -> list[asyncio.Task[None]]:
        """Begins no step any more; one that has not begun stays outstanding. What is at work, to be waited for."""
        self._draining = True
        for running in self._running.values():
            if not running.begun:
                running.stop.set()
        return [running.task for running in self._running.values() if running.begun and running.task is not None]

    async def shut_down(self) -> None:
        """Stops every step and waits until each has ended, without reporting it: its key stays outstanding."""
        tasks = []
        for running in list(self._running.values()):
            running.stop.set()
            if running.task is not None:
                tasks.append(running.task)
        self._report = _say_nothing
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, running: _Running) -> None:
        step = running.step
        try:
            draft = await self._ended(running)
        finally:
            del self._running[step.key]
        if running.begun or not self._draining:
            await self._report(draft)

    async def _ended(self, running: _Running) -> Draft:
        step, began = running.step, self._clock.monotonic()
        try:
            outcome = await self._outcome(running)
        except OSError as error:
            outcome = _failure(f"{error.strerror or error}: {error.filename or step.step}", "see `penstock doctor`")
        except Exception as error:  # noqa: BLE001 - a step that breaks must end like one that fails
            outcome = _failure(f"{type(error).__name__}: {error}", "this is a bug, please report it")
        return end_of(step, outcome, self._clock.monotonic() - began)

    async def _outcome(self, running: _Running) -> Outcome:
        step, stop = running.step, running.stop
        if await self._waited(step.not_before, stop):
            return Outcome("cancelled")
        if step.step not in _ROLES:
            return await self._performed(running)
        if not await self._slots.taken(_ROLES.index(step.step), stop):
            return Outcome("cancelled")
        try:
            outcome = await self._performed(running)
            await self._adapt(outcome)
            return outcome
        finally:
            self._slots.give_back()

    async def _adapt(self, outcome: Outcome) -> None:
        """Lets fewer or more roles work at once, as the load is now."""
        before, pressure = self._parallelism, pressure_of(outcome.error, self._free_memory())
        self._parallelism = before.after(self._clock.monotonic(), pressure)
        if self._parallelism.now != before.now:
            self._slots.resize(self._parallelism.now - before.now)
            await self._report(Draft(type="parallelism", payload=self._parallelism.payload(before)))

    async def _performed(self, running: _Running) -> Outcome:
        if self._draining:
            return Outcome("cancelled")
        running.begun = True
        await self._report(start_of(running.step))
        return await self._perform(running.step, running.stop)

    async def _waited(self, moment: float, stop: asyncio.Event) -> bool:
        """Waits until a moment has come; whether the step was stopped instead."""
        while not stop.is_set() and (left := moment - self._clock.now()) > 0:
            try:
                await asyncio.wait_for(stop.wait(), left)
            except TimeoutError:
                continue
        return stop.is_set()


class _Slots:
    """So many at a time; those of the least rank first, and of these the one that has waited longest."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    async def taken(self, rank: int, stop: asyncio.Event) -> bool:
        """Waits for a slot; False, and none is taken, when `stop` was set instead."""
        if stop.is_set():
            return False
        if self._free > 0:
            self._free -= 1
            return True
        mine = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._number), mine))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({mine, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not stop.is_set():
            return True
        if mine.done():
            self.give_back()
        else:
            mine.cancel()
        return False

    def give_back(self) -> None:
        """Hands a slot on to who is next; none while there are more at work than there may be."""
        if self._free < 0:
            self._free += 1
            return
        while self._waiting:
            mine = heapq.heappop(self._waiting)[2]
            if not mine.done():
                mine.set_result(None)
                return
        self._free += 1


    def resize(self, difference: int) -> None:
        """Adds slots, or takes some away: those in use when they are given back."""
        if difference < 0:
            self._free += difference
        for _ in range(difference):
            self.give_back()


def _free_memory() -> float:
    """The share of the memory that programs can have without swapping."""
    import psutil

    memory = psutil.virtual_memory()
    return memory.available / memory.total


async def _say_nothing(_draft: Draft) -> None:
    return


def start_of(step: RunStep) -> Draft:
    """The event that a step has begun."""
    payload = {"key": step.key, "step": step.step, "attempt": step.attempt}
    return _draft("step.start", step, payload)


def end_of(step: RunStep, outcome: Outcome, seconds: float) -> Draft:
    """The event that a step has ended."""
    payload = {
        "key": step.key,
        "step": step.step,
        "result": outcome.result,
        "duration_ms": round(seconds * 1000),
        "output": dict(outcome.output),
        "evidence": dict(outcome.evidence),
        "error": dict(outcome.error) if outcome.error else None,
    }
    return _draft("step.end", step, payload)


def _draft(type_: str, step: RunStep, payload: dict[str, object]) -> Draft:
    intent = step.inputs.get("intent", {}).get("id")
    role = step.step if step.step in _ROLES else None
    return Draft(
        type=type_, payload=payload, run_id=step.run_id, intent_id=intent, task_id=step.task_id, role=role
    )  # fmt: skip


def _failure(message: str, next_action: str) -> Outcome:
    return Outcome("failed", error={"class": "system", "message": message, "next_action": next_action})
