"""`penstock run --headless`: an errand done in this very process, which leaves nothing behind.

Where a runner is alive already, it is that one's client instead. Invariant: nobody loses a run to this process's end:
it cancels what was started here, and who is attached goes on without it.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from engine.cli.runs.errand import Errand

if TYPE_CHECKING:
    from engine.orchestrate.events import Event
    from engine.orchestrate.host import Host

__all__ = ["in_foreground"]

#: signals and errors that wait to be looked at; one more of them changes nothing
_NEWS: Final = 8
_News = asyncio.Queue[signal.Signals | OSError]


def in_foreground(errand: Errand) -> None:
    """Does an errand here. Raises `LockedLog`, and the error of a watcher that cannot write any more."""
    asyncio.run(_done(errand))


async def _done(errand: Errand) -> None:
    from engine.orchestrate.host import open_host

    loop, news = asyncio.get_running_loop(), _News(_NEWS)
    async with open_host(errand.workspace) as host:
        host.on_note = errand.note
        host.runner.watch(partial(_tell, errand, news))
        host.told_to_end.add_done_callback(lambda _: _put(news, signal.SIGTERM))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                loop.add_signal_handler(number, _put, news, number)
        starting = host.start_prompt(errand.prompt) if errand.prompt else host.start(errand.wanted)
        errand.took_up(await starting)
        await _until_over(errand, host, news)


async def _until_over(errand: Errand, host: Host, news: _News) -> None:
    """Until nothing goes on, or a signal ends it: Ctrl-C after cancelling what was started here, SIGTERM and SIGHUP
    at once. What goes on then is left to the next process.
    """
    idle = asyncio.create_task(host.until_idle())
    try:
        while (told := await _next(news, idle)) is not None:
            if isinstance(told, OSError):
                raise told
            again, errand.ended_by = errand.ended_by is not None, told
            if told is not signal.SIGINT or again:
                return
            cancelled = asyncio.create_task(host.interrupt(sorted(errand.started.own)))
            if await _next(news, cancelled) is not None:
                return  # whoever cannot wait for the verified end of runs has them ended with the process
            others = sorted(set(host.runner.going) - errand.started.own)
            if not others:
                return
            click.echo(f"runs of other terminals go on here: {', '.join(others)}; Ctrl-C again hands them over")
    finally:
        idle.cancel()


def _tell(errand: Errand, news: _News, event: Event) -> None:
    try:
        errand.see(event)
    except OSError as error:
        _put(news, error)


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
