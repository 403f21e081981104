"""A process that runs Intents: the log open for writing, the runner on it, and the socket where clients knock.

One per repository at a time, which the log's lock sees to; a process of its own (`background.py`), or that of a command
in the foreground. `open_host` puts the parts together and takes them apart.
Invariant: what a client asks for goes the same way as what the process itself does: through the log.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

from engine.orchestrate import prompting
from engine.orchestrate.agents.family import sweep
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.confinement import shown_policy
from engine.orchestrate.effects import Outcome, RunStep, UpdateIntent
from engine.orchestrate.events import Draft
from engine.orchestrate.executor import SystemClock
from engine.orchestrate.following import Followers
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.leftovers import end_leftovers
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.histories import Histories
from engine.orchestrate.origins import Origins
from engine.orchestrate.policing import show_policy
from engine.orchestrate.prompting import Prompt
from engine.orchestrate.redact import Redactor
from engine.orchestrate.requests import Requests
from engine.orchestrate.runner import Runner
from engine.orchestrate.service import Service
from engine.orchestrate.starting import Choice, Started, children, choose, hold, run_start, waits_for
from engine.orchestrate.state import Hold
from engine.orchestrate.steps.performing import perform
from engine.orchestrate.steps.world import World
from engine.orchestrate.store import atomic
from engine.orchestrate.store.event_log import EventLog, UnwrittenEvent
from engine.orchestrate.store.files import Intents
from engine.orchestrate.store.locations import make_private
from engine.orchestrate.store.retention import prune
from engine.orchestrate.workspace import Workspace

__all__ = ["Host", "open_host"]

_NOTES: Final = 100


class Host:
    """Runs of a workspace. `background`: in a process of its own."""

    def __init__(self, world: World, log: EventLog, *, background: bool = False) -> None:
        self.workspace = world.workspace
        self.origins = Origins(world, lambda environs: log.redact(Redactor(os.environ, *environs)))
        self._log = log
        self.notes: deque[str] = deque(maxlen=_NOTES)
        """What could not be written into Intents' files, in words: the latest."""
        self.on_note: Callable[[str], None] = self.notes.append
        """Is told of each."""
        roles = self.workspace.settings.run.max_parallel_roles
        self.runner = Runner(log, self._perform, self._update, SystemClock(), roles, self._unwritten)
        self._followers = Followers(self.runner, log)
        self.histories = Histories(log, self.origins, self._note)
        self.runner.watch(self.histories.see)
        self.requests = Requests(self, self._followers, background=background)
        self.service = Service(self.workspace.socket, self.requests)
        self.told_to_end: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why a client or a signal wants this process to end."""
        self.unwritten: str | None = None
        """Why the log takes no events any more, if so: then the process ends."""

    async def start(
        self,
        named: Sequence[str] = (),
        world: World | None = None,
        *,
        go_on: bool = False,
        mine: Collection[str] = (),
        runs: Mapping[str, str] = MappingProxyType({}),
    ) -> Started:
        """Starts the named Intents; if none is, goes on with every open run and starts every approved Intent.

        `world`: what the runs work with, by default that of this process. `go_on`: with every open run anyway. `mine`:
        open runs that were started with this world before. `runs`: those that the named Intents were started as, for
        who only wants to see them end.
        Raises `FilesError` for a name that no Intent has, `GitError` for a repository without a base.
        """
        world = world or self.origins.own
        files = world.workspace.files
        started = Started(notes=[str(problem.diagnostic.message) for problem in files.convert_drafts().problems])
        done = {name for name, known in self.runner.state.intents.items() if known.status == "done"}
        intents = files.load_all(done)
        for name in named:
            intents.of(name)
        over = {name for name, run_id in runs.items() if run_id not in self.runner.state.runs}
        choice = choose(self.runner.state, intents.documents, named, world.workspace.settings.own_flows, over)
        started.waits = choice.waits
        for run_id in choice.go_on:
            intent_id = self.runner.state.runs[run_id].intent_id
            if run_id not in self.runner.going or run_id in mine or intent_id in named:
                started.own.add(run_id)
            started.runs[intent_id or run_id] = run_id
        in_the_way = self.runner.state.queue  # an interrupted run keeps its place there, and others wait for it
        for run_id in list(self.runner.state.runs) if go_on else [*choice.go_on, *in_the_way]:
            await self.resume(run_id, world, mine=run_id in mine)
        if choice.start:
            await self._start(choice, intents, started, world)
        return started

    async def start_prompt(self, prompt: Prompt, world: World | None = None, *, go_on: bool = False) -> Started:
        """Starts a Flow on a prompt; goes on with it if it was started before. `go_on`: with every open run, too.

        Raises `Refused` for a Flow that there is not, `GitError` for a repository without a base where one is needed.
        """
        world, state, run_id = world or self.origins.own, self.runner.state, prompt.run_id
        if run_id not in state.runs and run_id not in state.ended:
            draft = await asyncio.to_thread(prompting.started, prompt, world)
            self.origins.keep(run_id, None, world)
            await show_policy(self.runner, world.workspace.settings)
            await self.runner.append(draft)
        for each in list(state.runs) if go_on else {run_id} & state.runs.keys():
            await self.resume(each, world, mine=each == run_id)
        return Started(runs={run_id: run_id}, own={run_id})

    async def resume(self, run_id: str, world: World | None = None, *, mine: bool = False) -> None:
        """Goes on with a run that a crash or an end interrupted, after ending whatever is left of its steps.

        One that goes on here is left alone: what its steps have started is at work.
        """
        run = self.runner.state.runs.get(run_id)
        if run is None:  # it has ended meanwhile
            return
        if world is not None and (mine or run_id not in self.runner.going):
            self.origins.keep(run_id, run.intent_id, world)
        if self.runner.has(run_id):
            return
        for one in run.invocations:
            if one.started_at is not None:
                await asyncio.to_thread(sweep, one.effect.key)
        if run_id in self.runner.state.runs:
            self.runner.resume(run_id)

    async def _start(self, choice: Choice, intents: Intents, started: Started, world: World) -> None:
        """Starts the chosen Intents, on the base as it is now."""
        settings = world.settings
        base = await asyncio.to_thread(world.repository.base, settings.base_branch)
        for document in choice.start:
            assert document.intent is not None
            mode = document.intent.integrate or settings.integrate
            onto = await asyncio.to_thread(world.integration.start, mode, base)
            if isinstance(onto, Conflict):
                started.waits[document.id] = await self._hold(hold(document, base.branch, onto))
                continue
            run_id = f"{document.id}-{secrets.token_hex(4)}"
            draft = run_start(
                document,
                run_id,
                limits=settings.limits(),
                budgets=settings.budget,
                policy=shown_policy(world.workspace.settings.policy),
                base={"branch": base.branch, "commit": onto, "mode": mode},
                waits_for=waits_for(self.runner.state, intents.documents, document),
                children=children(self.runner.state, intents.documents, document),
                own=world.workspace.settings.own_flows,
            )
            self.origins.keep(run_id, document.id, world)
            await show_policy(self.runner, world.workspace.settings)
            await self.runner.append(draft)
            started.runs[document.id] = run_id
            started.own.add(run_id)

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

    async def until_over(self, idle_seconds: float) -> str:
        """Waits until a client or a signal ends it, or it has had nothing to do for so long; the reason."""
        idle = asyncio.create_task(self._until_idle_for(idle_seconds))
        either: set[asyncio.Future[Any]] = {idle, self.told_to_end}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        return self.told_to_end.result() if self.told_to_end.done() else "idle"

    async def _until_idle_for(self, seconds: float) -> None:
        while True:
            await self.until_idle()
            if self.histories.grown:
                self.histories.grown = False
                await asyncio.to_thread(self.prune)
            if not await self.service.until_knock(seconds) and self.runner.still and self.service.silent:
                return

    def end(self, reason: str) -> None:
        """Asks the process to end, for a reason that its clients get to know; the first one counts."""
        if not self.told_to_end.done():
            self.told_to_end.set_result(reason)

    def bid_farewell(self) -> None:
        """Lets the clients go; they continue by themselves unless a person wanted the end."""
        self._followers.end(self.told_to_end.result() if self.told_to_end.done() else "left")

    async def interrupt(self, run_ids: Sequence[str]) -> None:
        """Cancels runs as Ctrl-C does, each verified; those that wait for a person go on waiting."""
        runs = self.runner.state.runs
        own = [name for name in run_ids if name in runs and runs[name].status != "waiting_approval"]
        own.sort(key=lambda name: runs[name].phase != "waiting")  # else those that they wait for fail them
        await asyncio.gather(*(self.runner.cancel(name, "interrupted by Ctrl-C", "terminal") for name in own))

    async def _perform(self, step: RunStep, stop: asyncio.Event) -> Outcome:
        return await perform(self.origins.of(step.run_id), step, stop)

    def clear_up(self) -> None:
        """Takes away what a runner that was killed left half done."""
        folder = self.workspace.files.folder
        try:
            for each in (folder / "intents", folder / "drafts", folder / "history", self.workspace.locations.keys):
                atomic.tidy(each)
            self.origins.own.worktrees.prune()
        except (OSError, GitError) as error:
            self._note(f"what another runner left half done stays for now: {error}")

    def prune(self) -> None:
        """Lets go of what the settings keep no longer."""
        try:
            prune(self._log, self.workspace.past_keeping(self.runner.state), "penstock")
        except (OSError, UnwrittenEvent) as error:
            self._note(f"what is past keeping stays for now: {error}")

    def _update(self, effect: UpdateIntent) -> None:
        problem = self.origins.files(effect.intent_id).apply(effect)
        if problem is not None:
            self._note(problem)

    def _unwritten(self, why: str) -> None:
        """Ends the process: what happens cannot be kept, so nothing may happen."""
        self.unwritten = why
        self.end(why)

    def _note(self, text: str) -> None:
        self.on_note(text)
        self._followers.note(text)


@asynccontextmanager
async def open_host(
    workspace: Workspace, environ: Mapping[str, str] = os.environ, *, background: bool = False
) -> AsyncIterator[Host]:
    """A host that listens, and that has ended everything it started when it is left.

    Raises `LockedLog` when another process runs this repository's Intents.
    """
    with workspace.open_log() as log, Guards() as guards:
        make_private(workspace.socket.parent)
        host = Host(World(workspace, environ, guards), log, background=background)
        await host.service.open()
        await asyncio.to_thread(end_leftovers, workspace.repository)
        host.runner.bring_files_up_to_date()
        await asyncio.to_thread(host.histories.bring_up_to_date)
        host.notes.clear()  # what of it cannot be done was told when it happened
        await asyncio.to_thread(host.clear_up)
        await asyncio.to_thread(host.prune)
        try:
            yield host
        finally:
            host.bid_farewell()
            await host.service.close()
            await host.runner.shut_down()
