"""The Runner: it appends what happens to the log, asks the controller what follows, and has that done.

One writer, one order: an event and everything the controller announces because of it are one transaction; effects are
carried out after it. At a start the log is folded and what was outstanding is done again under its old keys.
Knows neither git nor agents nor Intents' files; whoever can do steps and update files is passed in.
Invariant: nothing is decided here; what is not in the log has not happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from engine.orchestrate import controller
from engine.orchestrate.effects import Announce, CancelStep, Effect, RunStep, UpdateIntent
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.executor import Clock, LocalExecutor, Perform
from engine.orchestrate.state import RunState, State
from engine.orchestrate.store.event_log import EventLog, UnwrittenEvent

__all__ = ["Runner", "UpdateFile", "Watcher", "refusal_in"]

#: is told of each event, in order, after it is safe on disk
Watcher = Callable[[Event], None]
#: brings an Intent's file up to date; it must not raise for a file that is missing or wrong
UpdateFile = Callable[[UpdateIntent], None]


class Runner:
    """Runs of one repository; the log must be open for writing. All methods belong to one event loop.

    `on_unwritten`: is told, in words, that the log does not take how a step began or ended. Nothing goes on here then;
    what is outstanding in the log is for the next one who opens it.
    """

    def __init__(
        self,
        log: EventLog,
        perform: Perform,
        update: UpdateFile,
        clock: Clock,
        roles_at_once: int,
        on_unwritten: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._update = update
        self._watchers: list[Watcher] = []
        self._here: set[str] = set()
        self._changed = asyncio.Condition()
        self._on_unwritten = on_unwritten
        self._executor: Final = LocalExecutor(perform, self._reported, clock, roles_at_once)
        self.state: State = log.state()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tells a watcher of every event from now on; the result ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def has(self, run_id: str) -> bool:
        """Whether a run was started or taken up here."""
        return run_id in self._here

    def resume(self, run_id: str) -> None:
        """Has done what a crash or an end left undone of a run; once it goes on here, that changes nothing."""
        if run_id in self._here:
            return
        self._here.add(run_id)
        for one in self.state.runs[run_id].invocations:
            self._executor.submit(one.effect)
            if one.cancelling:
                self._executor.stop(one.effect.key)

    def bring_files_up_to_date(self) -> None:
        """Makes the last changes of Intents' files again, in case a crash came between the log and the files."""
        self._carry_out([effect for effect in controller.outstanding(self.state) if isinstance(effect, UpdateIntent)])

    async def append(self, cause: Draft, event_id: str | None = None) -> list[Event]:
        """Appends an event and has done what follows from it; the event and what was announced, on disk.

        `event_id`: its id, if whoever wants it may ask for it twice: the second time nothing is appended.
        """
        if event_id is not None and (known := self._log.appended(event_id)):
            return known
        after: State = self.state
        effects: Sequence[Effect] = ()

        def follow(event: Event) -> list[Draft]:
            nonlocal after, effects
            after, effects = controller.step(self.state, event)
            return [effect.draft for effect in effects if isinstance(effect, Announce)]

        events = self._log.append(cause, follow, event_id)
        self.state = after
        try:
            for event in events:
                for watcher in list(self._watchers):
                    watcher(event)
        finally:  # what is in the log goes on, whoever cannot be told of it
            self._carry_out(effects)
        self._log.keep(self.state)
        async with self._changed:
            self._changed.notify_all()
        return events

    async def _reported(self, draft: Draft) -> None:
        """Appends what the executor has to report; where that cannot be, what is not in the log must not go on."""
        try:
            await self.append(draft)
        except UnwrittenEvent as error:
            self._executor.abandon()
            self._on_unwritten(str(error))

    async def cancel(self, run_id: str, reason: str, by: str, task_id: str | None = None) -> Event | None:
        """Cancels a run or one of its Tasks, and waits until what was running is verified to be gone.

        The result is the `error` that says why there is nothing to cancel, if so.
        """
        events = await self.append(
            Draft(type="cancel", payload={"reason": reason, "by": by}, run_id=run_id, task_id=task_id)
        )
        if refusal := refusal_in(events):
            return refusal
        if task_id is None:
            await self.until(lambda: run_id not in self.state.runs)
        else:
            await self.until(lambda: run_id not in self.state.runs or self._task_ended(run_id, task_id))
        return None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition on the state holds, which is looked at after each event."""
        async with self._changed:
            await self._changed.wait_for(condition)

    @property
    def going(self) -> list[str]:
        """The runs that go on here by themselves: they have not ended, and do not wait for a person."""
        return [name for name in self._here if name in self.state.runs and _goes_on(self.state.runs[name])]

    @property
    def still(self) -> bool:
        """Whether nothing goes on by itself: every run here has ended or waits for a person."""
        return not len(self._executor) and not self.going

    async def until_still(self) -> None:
        """Waits until nothing goes on by itself."""
        await self.until(lambda: self.still)

    @property
    def at_work(self) -> list[RunStep]:
        """The steps that have begun and not ended."""
        return self._executor.at_work

    async def drain(self, seconds: float) -> None:
        """Begins no further step and waits until those at work have ended, or for that many seconds."""
        at_work = self._executor.drain()
        if at_work:
            await asyncio.wait(at_work, timeout=seconds)

    async def shut_down(self) -> None:
        """Ends everything that is running, verified, and leaves it in the log as undone."""
        await self._executor.shut_down()

    def _task_ended(self, run_id: str, task_id: str) -> bool:
        return self.state.runs[run_id].tasks[task_id].stage == "ended"

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, RunStep):
                self._here.add(effect.run_id)
                self._executor.submit(effect)
            elif isinstance(effect, CancelStep):
                self._executor.stop(effect.key)
            elif isinstance(effect, UpdateIntent):
                self._update(effect)


def refusal_in(events: Sequence[Event]) -> Event | None:
    """The `error` among what `append` gave for an event that made no sense."""
    return events[1] if len(events) == 2 and events[1].type == "error" else None


def _goes_on(run: RunState) -> bool:
    return run.status != "waiting_approval" and not (run.phase == "waiting" and not run.invocations)
