"""What a process that runs Intents answers its clients, each request by its method.

Invariant: an agent's process gets nothing that only people may have, and that it tried is recorded.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from engine import __version__
from engine.orchestrate.events import Draft
from engine.orchestrate.following import Followers
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.origins import world_of
from engine.orchestrate.policing import check, refuse_prompt, refuse_settings, refuse_unfit
from engine.orchestrate.policy import acting_agent
from engine.orchestrate.prompting import Prompt
from engine.orchestrate.runner import refusal_in
from engine.orchestrate.starting import Started
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.event_log import UnwrittenEvent
from engine.orchestrate.store.files import FilesError
from engine.orchestrate.verdicts import refusal_event
from engine.orchestrate.wire import FAREWELLS, PROTOCOL, Refused

if TYPE_CHECKING:
    from engine.orchestrate.host import Host

__all__ = ["Requests"]

#: seconds that steps at work have to end when a newer version takes over; longer ones are begun again by that one
_HAND_OVER: Final = 600.0


class Requests:
    """The handler of a host's requests. `background`: the host has a process of its own."""

    def __init__(self, host: Host, followers: Followers, *, background: bool) -> None:
        self._host = host
        self._followers = followers
        self._background = background
        self._since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._handing_over: asyncio.Task[None] | None = None

    def follow(self, params: Mapping[str, Any]) -> AsyncIterator[str]:
        """Events as lines of JSON; see `Followers`."""
        return self._followers.follow(params)

    async def handle(self, method: str, params: Mapping[str, Any], pid: int | None) -> Mapping[str, Any]:
        """The result of a client's request. Raises `Refused`."""
        try:
            return await self._handled(method, params, pid)
        except UnwrittenEvent as error:
            raise Refused(str(error), kind="system") from error

    async def _handled(self, method: str, params: Mapping[str, Any], pid: int | None) -> Mapping[str, Any]:
        match method:
            case "hello":
                return self._greeting()
            case "start" | "start_prompt":
                return await self._asked_to_start(params, pid)
            case "append":
                return await self._appended(Draft(**params["draft"]), params.get("event_id"), pid)
            case "cancel":
                run_id, task_id = str(params["run_id"]), params.get("task_id")
                if run_id not in self._host.runner.state.runs:
                    return {"ended": False}
                await self._host.resume(run_id)
                check(await self._host.runner.cancel(run_id, str(params["reason"]), str(params["by"]), task_id))
                return {"ended": True}
            case "interrupt":
                await self._host.interrupt([str(name) for name in params["runs"]])
                return {"going": self._host.runner.going}
            case _ if method in FAREWELLS:
                return await self._asked_to_end(method, pid)
        raise Refused(f"the runner knows no request `{method}`", "use the same version of penstock everywhere")

    def _greeting(self) -> Mapping[str, Any]:
        return {
            "pid": os.getpid(), "version": __version__, "protocol": PROTOCOL, "since": self._since,
            "runs": self._host.runner.going, "background": self._background,
        }  # fmt: skip

    async def _asked_to_start(self, params: Mapping[str, Any], pid: int | None) -> Mapping[str, Any]:
        """Starts Intents with what their client has; an agent's run with what this process has: it sets no policy."""
        own = self._host.origins.own
        try:
            step = await asyncio.to_thread(acting_agent, None, pid) if pid else None
            world = await asyncio.to_thread(world_of, params["wish"], own)
            if step is not None:
                await refuse_settings(self._host.runner, self._host.workspace.settings, world.workspace.settings, step)
                world = own
            started = await self._wished(params, world, step)
        except (FilesError, GitError) as error:
            raise Refused(str(error)) from error
        roles = self._host.workspace.settings.run.max_parallel_roles
        return {
            "runs": started.runs, "waits": started.waits, "own": sorted(started.own), "notes": started.notes,
            "max_parallel_roles": roles,
        }  # fmt: skip

    async def _wished(self, params: Mapping[str, Any], world: World, step: str | None) -> Started:
        """Starts the Intents or the prompt of a request. `step`: that of the agent who asks, if one does."""
        go_on = bool(params.get("go_on"))
        if "prompt" not in params:
            names, mine = [str(name) for name in params.get("intents", ())], frozenset(params.get("mine", ()))
            runs = dict(params.get("runs", {}))
            return await self._host.start(names, world, go_on=go_on, mine=mine, runs=runs)
        prompt = Prompt(**params["prompt"])
        await refuse_prompt(self._host.runner, prompt, world.workspace.settings, step)
        return await self._host.start_prompt(prompt, world, go_on=go_on)

    async def _asked_to_end(self, method: str, pid: int | None) -> Mapping[str, Any]:
        """Ends the process, or lets a newer version take over; an agent must not."""
        step = await asyncio.to_thread(acting_agent, None, pid) if pid else None
        if step is not None:
            await self._host.runner.append(refusal_event("end the runner", None, step))
            raise Refused("an agent may not end the runner; that is for people, and it was recorded", kind="policy")
        if method == "stop":
            self._host.end("stopped")
            return {}
        if not self._background:
            wait = "wait until it has ended, or end it"
            raise Refused(f"process {os.getpid()} runs Intents in the foreground with penstock {__version__}", wait)
        if self._handing_over is None:
            self._handing_over = asyncio.create_task(self._hand_over())
        at_work = [f"{step.step} of {step.task_id or step.run_id}" for step in self._host.runner.at_work]
        return {"waits_for": at_work, "seconds": _HAND_OVER}

    async def _hand_over(self) -> None:
        await self._host.runner.drain(_HAND_OVER)
        self._host.end("handed over")

    async def _appended(self, draft: Draft, event_id: str | None, pid: int | None) -> Mapping[str, Any]:
        """Appends what a person decided; an agent decides nothing, and that it tried is recorded."""
        step = await asyncio.to_thread(acting_agent, None, pid) if pid else None
        await refuse_unfit(self._host.runner, draft, step)
        events = await self._host.runner.append(draft, event_id)
        check(refusal_in(events))
        return {"sequence": events[0].sequence}
