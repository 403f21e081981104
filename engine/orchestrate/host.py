"""A process that runs Intents: the log open for writing, the runner on it, and the socket where clients knock.

One per repository at a time, which the log's lock sees to. `open_host` puts the parts together and takes them apart.
Invariant: what a client asks for goes the same way as what the process itself does: through the log.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, Final

from engine.orchestrate.agents.guard import sweep
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.effects import UpdateIntent
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.executor import SystemClock
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.leftovers import end_leftovers
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.limits import Limits
from engine.orchestrate.policy import acting_agent
from engine.orchestrate.runner import Runner, refusal_in
from engine.orchestrate.service import Service
from engine.orchestrate.starting import Choice, choose, hold, run_start, unheeded, waits_for
from engine.orchestrate.state import Hold
from engine.orchestrate.steps.performing import perform
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.atomic import ChangedMeanwhile
from engine.orchestrate.store.event_log import EventLog, UnwrittenEvent
from engine.orchestrate.store.files import FilesError, Intents
from engine.orchestrate.store.history import add_to_history
from engine.orchestrate.store.locations import make_private
from engine.orchestrate.store.retention import prune
from engine.orchestrate.verdicts import refusal_event
from engine.orchestrate.wire import Refused
from engine.orchestrate.workspace import Workspace

__all__ = ["Host", "Started", "open_host"]

#: events that wait for a client that follows; one that is slower is let go and may follow again
QUEUED: Final = 10_000


@dataclass(slots=True)
class Started:
    """What came of the wish to run Intents: their runs by Intent, and why the others wait."""

    runs: dict[str, str] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)


class Host:
    """Runs of a workspace; also the handler of its clients' requests."""

    def __init__(self, world: World, log: EventLog) -> None:
        self.workspace = world.workspace
        self._world = world
        self._log = log
        roles = self.workspace.settings.run.max_parallel_roles
        self.notes: list[str] = []
        """What could not be written into Intents' files, in words."""
        self.runner = Runner(log, partial(perform, world), self._update, SystemClock(), roles)
        self.runner.watch(self._remember)
        self.service = Service(self.workspace.socket, self)

    async def start(self, named: Sequence[str] = (), limits: Mapping[str, Any] | None = None) -> Started:
        """Starts the named Intents, or goes on with every open run and starts every approved Intent.

        `limits`: those of runs that start now, by default as the settings have them.
        Raises `FilesError` for a name that no Intent has, `GitError` for a repository without a base.
        """
        self.notes += [str(problem.diagnostic.message) for problem in self.workspace.files.convert_drafts().problems]
        done = {name for name, known in self.runner.state.intents.items() if known.status == "done"}
        intents = self.workspace.files.load_all(done)
        for name in named:
            intents.of(name)
        choice = choose(self.runner.state, intents.documents, named)
        started = Started(waits=choice.waits)
        for run_id in choice.go_on:
            await self.resume(run_id)
            started.runs[self.runner.state.runs[run_id].intent_id or run_id] = run_id
        if choice.start:
            await self._start(choice, intents, started, limits or self.workspace.settings.run.limits())
        return started

    async def resume(self, run_id: str) -> None:
        """Goes on with a run that a crash or an end interrupted, after ending whatever is left of its steps.

        One that goes on here is left alone: what its steps have started is at work.
        """
        if self.runner.has(run_id):
            return
        for one in self.runner.state.runs[run_id].invocations:
            if one.started_at is not None:
                await asyncio.to_thread(sweep, one.effect.key)
        self.runner.resume(run_id)

    async def _start(self, choice: Choice, intents: Intents, started: Started, limits: Mapping[str, Any]) -> None:
        """Starts the chosen Intents, on the base as it is now."""
        settings = self.workspace.settings.run
        base = await asyncio.to_thread(self._world.repository.base, settings.base_branch)
        for document in choice.start:
            assert document.intent is not None
            mode = document.intent.integrate or settings.integrate
            onto = await asyncio.to_thread(self._world.integration.start, mode, base)
            if isinstance(onto, Conflict):
                started.waits[document.id] = await self._hold(hold(document, base.branch, onto))
                continue
            run_id = f"{document.id}-{secrets.token_hex(4)}"
            draft = run_start(
                document,
                run_id,
                limits=limits,
                base={"branch": base.branch, "commit": onto, "mode": mode},
                waits_for=waits_for(self.runner.state, intents.documents, document),
            )
            await self.runner.append(draft)
            started.runs[document.id] = run_id

    async def _hold(self, draft: Draft) -> str:
        """Keeps why an Intent cannot start, once; the same in words."""
        told = Hold(**draft.payload)
        assert draft.intent_id is not None
        if self.runner.state.intents[draft.intent_id].hold != told:
            await self.runner.append(draft)
        return f"{told.reason}; {told.next_action}"

    async def until_idle(self) -> None:
        """Waits until nothing goes on by itself and nobody is talking; who leaves then leaves no request undone."""
        while True:
            await self.runner.until_still()
            await self.service.until_silent()
            if self.runner.still:
                return

    async def handle(self, method: str, params: Mapping[str, Any], pid: int | None) -> Mapping[str, Any]:
        """The result of a client's request. Raises `Refused`."""
        match method:
            case "hello":
                return {"pid": os.getpid()}
            case "start":
                own = self.workspace.settings.run.limits()
                try:
                    limits = {**own, **params.get("limits", {})}
                    Limits.of(limits)
                    started = await self.start([str(name) for name in params.get("intents", ())], limits)
                except (FilesError, GitError, ValueError) as error:
                    raise Refused(str(error)) from error
                return {"runs": started.runs, "waits": started.waits, "unheeded": unheeded(limits, own)}
            case "append":
                return await self._appended(Draft(**params["draft"]), pid)
            case "cancel":
                run_id, task_id = str(params["run_id"]), params.get("task_id")
                if run_id not in self.runner.state.runs:
                    return {"ended": False}
                await self.resume(run_id)
                _check(await self.runner.cancel(run_id, str(params["reason"]), str(params["by"]), task_id))
                return {"ended": True}
        raise Refused(f"the runner knows no request `{method}`", "use the same version of penstock everywhere")

    async def _appended(self, draft: Draft, pid: int | None) -> Mapping[str, Any]:
        """Appends what a person decided; an agent decides nothing, and that it tried is recorded."""
        step = await asyncio.to_thread(acting_agent, None, pid) if pid else None
        if step is not None and draft.type in {"approval", "answer"}:
            await self.runner.append(refusal_event(draft.type, draft.intent_id, step))
            raise Refused("an agent may not decide anything; that is for people, and it was recorded", kind="policy")
        events = await self.runner.append(draft)
        _check(refusal_in(events))
        return {"sequence": events[0].sequence}

    async def follow(self, params: Mapping[str, Any]) -> AsyncIterator[str]:
        """The events of some runs as lines of JSON, those in the log first, until nothing goes on in them."""
        wanted = frozenset(params.get("runs", ()))
        queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUED)
        unwatch = self.runner.watch(partial(_queued, queue))
        try:
            last, after = self._log.last, int(params.get("after", 0))
            of_each = (self._log.read(after, run_id=name) for name in wanted)
            for event in heapq.merge(*of_each, key=attrgetter("sequence")):
                if event.sequence > last:
                    break  # it waits in the queue
                yield event.to_json()
            while not queue.empty() or self._go_on(wanted):
                next_one = await queue.get()
                if next_one is None:
                    raise Refused("you read too slowly", "follow again", "system")
                if next_one.sequence > last and next_one.run_id in wanted:
                    yield next_one.to_json()
        finally:
            unwatch()

    def _go_on(self, wanted: Iterable[str]) -> bool:
        """Whether some of these runs go on by themselves, or wait for Intents whose runs do."""
        state, going = self.runner.state, frozenset(self.runner.going)
        pending, seen = list(wanted), set[str]()
        while pending:
            name = pending.pop()
            if name in going:
                return True
            if name not in seen and name in state.runs:
                seen.add(name)
                needed = (state.intents.get(each) for each in state.runs[name].waits_for)
                pending += [each.run_id for each in needed if each and each.run_id]
        return False

    def prune(self) -> None:
        """Lets go of what the settings keep no longer."""
        try:
            prune(self._log, self.workspace.past_keeping(self.runner.state), "penstock")
        except (OSError, UnwrittenEvent) as error:
            self.notes.append(f"what is past keeping stays for now: {error}")

    def _update(self, effect: UpdateIntent) -> None:
        problem = self.workspace.files.apply(effect)
        if problem is not None:
            self.notes.append(problem)

    def _remember(self, event: Event) -> None:
        """Adds a run that has ended to its Intent's history."""
        if event.type != "run.end":
            return
        try:
            add_to_history(self.workspace.files.folder / "history", self._log.read(run_id=event.run_id))
        except (OSError, ValueError, ChangedMeanwhile) as error:
            self.notes.append(f"the history of {event.run_id} was not written: {error}")


def _check(refusal: Event | None) -> None:
    if refusal is not None:
        said = refusal.payload
        raise Refused(str(said["message"]), str(said["next_action"]), str(said["class"]))


def _queued(queue: asyncio.Queue[Event | None], event: Event) -> None:
    """Puts an event into a client's queue; into a full one, instead of its newest event, that something was lost."""
    if queue.full():
        queue.get_nowait()
        queue.put_nowait(None)
    else:
        queue.put_nowait(event)


@asynccontextmanager
async def open_host(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> AsyncIterator[Host]:
    """A host that listens, and that has ended everything it started when it is left.

    Raises `LockedLog` when another process runs this repository's Intents.
    """
    with workspace.open_log() as log, Guards() as guards:
        make_private(workspace.socket.parent)
        host = Host(World(workspace, environ, guards), log)
        await host.service.open()
        await asyncio.to_thread(end_leftovers, workspace.repository)
        host.runner.bring_files_up_to_date()
        await asyncio.to_thread(host.prune)
        try:
            yield host
        finally:
            await host.service.close()
            await host.runner.shut_down()
