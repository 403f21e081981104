"""What `penstock run` is asked to do, done in this process or where the runner is, until it is over.

Two terminals that run Intents share one runner, which is the process of the first. Invariant: nobody loses a run to
somebody else's Ctrl-C: that cancels the runs of its own terminal, and who is left without a runner becomes it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from engine.orchestrate.events import Event
    from engine.orchestrate.host import Host, Started
    from engine.orchestrate.workspace import Workspace

__all__ = ["Errand"]

#: signals and errors that wait to be looked at; one more of them changes nothing
_NEWS: Final = 8
_News = asyncio.Queue[signal.Signals | OSError]


class Errand:
    """Intents to run, `watchers` who are told of what happens, and what came of it.

    `started`: the runs, and why other Intents wait. `ended_by`: the signal that ended it, if one did.
    """

    def __init__(
        self, workspace: Workspace, intents: Sequence[str], watchers: Sequence[Callable[[Event], None]]
    ) -> None:
        from engine.orchestrate.host import Started

        self.started: Started = Started()
        self.ended_by: signal.Signals | None = None
        self._workspace = workspace
        self._wanted = list(intents)
        self._watchers = watchers
        self._seen = 0

    def here(self) -> None:
        """Does it in this process. Raises `LockedLog`, and the error of a watcher that cannot write any more."""
        asyncio.run(self._here())

    async def _here(self) -> None:
        from engine.orchestrate.host import open_host

        loop, news = asyncio.get_running_loop(), _News(_NEWS)
        async with open_host(self._workspace) as host:
            host.runner.watch(partial(self._tell, news))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                    loop.add_signal_handler(number, _put, news, number)
            self._took_up(await host.start(self._wanted))
            await self._until_over(host, news)
        for note in host.notes:
            click.echo(f"the file stays as it is: {note}", err=True)

    async def _until_over(self, host: Host, news: _News) -> None:
        """Until nothing goes on, or a signal ends it: Ctrl-C after cancelling what was started here, SIGTERM and SIGHUP
        at once. What goes on then is left to the next process.
        """
        idle = asyncio.create_task(host.until_idle())
        try:
            while (told := await _next(news, idle)) is not None:
                if isinstance(told, OSError):
                    raise told
                again, self.ended_by = self.ended_by is not None, told
                if told is not signal.SIGINT or again:
                    return
                if await _next(news, asyncio.create_task(self._cancel(host))) is not None:
                    return  # whoever cannot wait for the verified end of runs has them ended with the process
                others = sorted(set(host.runner.going).difference(self.started.runs.values()))
                if not others:
                    return
                click.echo(f"runs of other terminals go on here: {', '.join(others)}; Ctrl-C again hands them over")
        finally:
            idle.cancel()

    async def _cancel(self, host: Host) -> None:
        """Cancels the runs that were started here, each verified; those that wait for a person go on waiting."""
        runs = host.runner.state.runs
        own = [name for name in self.started.runs.values() if name in runs and runs[name].status != "waiting_approval"]
        own.sort(key=lambda name: runs[name].phase != "waiting")  # else those that they wait for fail them
        await asyncio.gather(*(host.runner.cancel(name, "interrupted by Ctrl-C", "terminal") for name in own))

    def there(self) -> None:
        """Does it in the process that holds the log. Raises `NoRunner` if that one has gone, or goes before the end."""
        from engine.orchestrate import client
        from engine.orchestrate.events import Event
        from engine.orchestrate.host import Started

        socket, limits = self._workspace.socket, self._workspace.settings.run.limits()
        answer = client.ask(socket, "start", {"intents": self._wanted, "limits": limits})
        self._took_up(Started(dict(answer["runs"]), dict(answer["waits"])))
        _tell_unheeded(answer.get("unheeded", {}), limits)
        runs = list(self.started.runs.values())
        try:
            for message in client.follow(socket, {"runs": runs, "after": self._seen}):
                self._see(Event.of(message))
        except client.NoRunner:
            self._catch_up(runs)
            if self._wanted:
                click.echo(f"the process that ran {', '.join(self._wanted)} has gone; going on", err=True)
                raise
        except KeyboardInterrupt:
            self.ended_by = signal.SIGINT
            params = {"reason": "interrupted by Ctrl-C", "by": "terminal"}
            with suppress(client.NoRunner):
                for run_id in runs:
                    client.ask(socket, "cancel", {"run_id": run_id, **params})

    def _took_up(self, started: Started) -> None:
        self.started.runs.update(started.runs)
        self.started.waits.update(started.waits)

    def _catch_up(self, runs: Sequence[str]) -> None:
        """Sees what a runner that has gone did last; what is wanted from now on is what it left undone."""
        from engine.orchestrate.store.event_log import EventLog

        with EventLog.open(self._workspace.locations.database, write=False) as log:
            for event in log.read(after=self._seen):
                if event.run_id in runs:
                    self._see(event)
            left = {name for name, run in log.state().runs.items() if run.status != "waiting_approval"}
        self._wanted = [intent for intent, run in self.started.runs.items() if run in left]

    def _tell(self, news: _News, event: Event) -> None:
        try:
            self._see(event)
        except OSError as error:
            _put(news, error)

    def _see(self, event: Event) -> None:
        self._seen = event.sequence
        for watcher in self._watchers:
            watcher(event)


def _put(news: _News, told: signal.Signals | OSError) -> None:
    with suppress(asyncio.QueueFull):
        news.put_nowait(told)


async def _next(news: _News, over: asyncio.Task[None]) -> signal.Signals | OSError | None:
    """What comes next; None if a task is over before. Raises what that one raises."""
    coming = asyncio.create_task(news.get())
    await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
    if coming.done():
        return coming.result()
    coming.cancel()
    over.result()
    return None


def _tell_unheeded(kept: dict[str, Any], wanted: dict[str, float]) -> None:
    """Says which limits a runner that is at work has for all its runs together."""
    if kept:
        told = ", ".join(f"{name} = {value} (not {wanted[name]})" for name, value in kept.items())
        click.echo(f"the runner that is at work keeps its own: {told}", err=True)
