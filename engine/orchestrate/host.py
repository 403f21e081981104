"""A process that runs Intents: the log open for writing, the runner on it, and the socket where clients knock.

One per repository at a time, which the log's lock sees to. `open_host` puts the parts together and takes them apart.
Invariant: what a client asks for goes the same way as what the process itself does: through the log.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from engine.orchestrate.effects import UpdateIntent
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.flow import flow_of
from engine.orchestrate.runner import Runner
from engine.orchestrate.service import Service
from engine.orchestrate.starting import Choice, choose, run_start
from engine.orchestrate.store.event_log import EventLog
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

    def __init__(self, workspace: Workspace, log: EventLog, runner: Runner) -> None:
        self.workspace = workspace
        self.runner = runner
        self._log = log

    async def start(self, named: Sequence[str] = (), **limits: Any) -> Started:
        """Starts the named Intents, or goes on with every open run and starts every approved Intent.

        Raises `FilesError` for a name that no Intent has, `GitError` for a repository without a base.
        """
        intents = self.workspace.files.load_all()
        for name in named:
            intents.of(name)
        choice = choose(self.runner.state, intents.documents, named)
        started = Started(waits=choice.waits)
        for run_id in choice.go_on:
            started.runs[self.runner.state.runs[run_id].intent_id or run_id] = run_id
        if choice.start:
            await self._start(choice, intents.documents, started, limits)
        return started

    async def _start(
        self, choice: Choice, documents: Mapping[str, Any], started: Started, limits: Mapping[str, Any]
    ) -> None:
        settings = self.workspace.settings.run
        base = await asyncio.to_thread(self.workspace.repository.base, settings.base_branch)
        for document in choice.start:
            run_id = f"{document.id}-{secrets.token_hex(4)}"
            await self.runner.append(
                run_start(
                    self.runner.state,
                    documents,
                    document,
                    run_id,
                    flow=flow_of(document.intent.type),
                    limits=self.workspace.limits(**limits),
                    base={"branch": base.branch, "commit": base.commit},
                    integrate=settings.integrate,
                )
            )
            started.runs[document.id] = run_id

    async def handle(self, method: str, params: Mapping[str, Any], pid: int | None) -> Mapping[str, Any]:
        """The result of a client's request. Raises `Refused`."""
        match method:
            case "start":
                started = await self.start([str(name) for name in params.get("intents", ())])
                return {"runs": started.runs, "waits": started.waits}
            case "append":
                draft = Draft(**params["draft"])
                event = await self.runner.append(draft)
                return {"sequence": event.sequence}
            case "cancel":
                await self.runner.cancel(params["run_id"], params["reason"], params["by"], params.get("task_id"))
                return {}
        raise Refused(f"the runner knows no request `{method}`")

    async def follow(self, params: Mapping[str, Any]) -> AsyncIterator[str]:
        """The events of some runs as lines of JSON, those in the log first, until nothing goes on in them."""
        wanted = frozenset(params.get("runs", ()))
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUED)
        unwatch = self.runner.watch(queue.put_nowait)
        try:
            last = 0
            for event in self._log.read(after=int(params.get("after", 0))):
                last = event.sequence
                if event.run_id in wanted:
                    yield event.to_json()
            while not queue.empty() or any(run in self.runner.state.runs for run in wanted):
                event = await queue.get()
                if event.sequence > last and event.run_id in wanted:
                    yield event.to_json()
        finally:
            unwatch()


@asynccontextmanager
async def open_host(
    workspace: Workspace, make: Callable[[EventLog], Runner]
) -> AsyncIterator[Host]:
    """A host that listens, and that has ended everything it started when it is left.

    Raises `LockedLog` when another process runs this repository's Intents.
    """
    workspace.locations.create()
    with EventLog.open(workspace.locations.database, write=True) as log:
        runner = make(log)
        host = Host(workspace, log, runner)
        service = Service(workspace.socket, host)
        await service.open()
        try:
            yield host
        finally:
            await service.close()
            await runner.shut_down()


def update_of(effect: UpdateIntent) -> None:
    raise NotImplementedError
