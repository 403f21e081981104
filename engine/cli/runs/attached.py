"""An errand done by the runner's process, with this one attached to it until it is over.

The runner is started where none is, asked to hand over where it is older than this client, and replaced by a new one
that goes on where it is gone. Ctrl-C cancels what this client started; whatever else ends it only detaches it.
Invariant: no event of the runs is missed or seen twice, however often the runner changes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from engine import __version__
from engine.cli.runs.errand import Errand

if TYPE_CHECKING:
    from engine.orchestrate.client import Greeting
    from engine.orchestrate.workspace import Workspace

__all__ = ["as_client", "attached"]

#: runners that may go in a row without one event in between before it is taken for a fault
_LOST_IN_A_ROW: Final = 3
#: times that a runner is asked to hand over: if a newer one never comes, who starts it has an older package
_HAND_OVERS: Final = 2


class _Ended(BaseException):
    """A signal ended this client, though not its runs."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number


def attached(errand: Errand) -> None:
    """Has an errand done by the runner, started for it if there is none.

    Raises `Refused` with the reason when none can be started or the runner refuses, and the error of a watcher.
    """
    from engine.orchestrate.client import NoRunner, RunnerEnds
    from engine.orchestrate.wire import Refused

    try:
        with _signals():
            in_a_row = 0
            go_on = _made_ready(errand.workspace)
            while True:
                before = errand.seen
                try:
                    return as_client(errand, go_on=go_on)
                except NoRunner as gone:
                    in_a_row = in_a_row + 1 if errand.seen == before else 1
                    taken_over = not isinstance(gone, RunnerEnds) or gone.reason == "handed over"
                    go_on = bool(errand.started.runs) and taken_over
                if in_a_row >= _LOST_IN_A_ROW:
                    log = errand.workspace.locations.state / "runner.log"
                    raise Refused(f"{in_a_row} runners have gone one after the other", f"look into {log}", "system")
                go_on |= _made_ready(errand.workspace)
    except _Ended as end:
        errand.ended_by = end.number


def as_client(errand: Errand, *, go_on: bool = False) -> None:
    """Has an errand done by the runner that is there, and sees what happens. `go_on`: with all open runs, too.

    Raises `NoRunner` if it has gone, or goes before the end; `Refused`.
    """
    from engine.orchestrate import client
    from engine.orchestrate.events import Event

    socket = errand.workspace.socket
    try:
        _start(errand, go_on=go_on)
        wanted = {"runs": list(errand.started.runs.values()), "after": errand.seen}
        for message in client.follow(socket, wanted):
            if "note" in message:
                errand.note(str(message["note"]))
            else:
                errand.see(Event.of(message))
    except client.NoRunner as gone:
        if _left_undone(errand, gone.reason if isinstance(gone, client.RunnerEnds) else None):
            raise
    except KeyboardInterrupt:
        errand.ended_by = signal.SIGINT
        _cancel(errand)


def _left_undone(errand: Errand, reason: str | None) -> bool:
    """Whether there is something left for another runner, after telling what the one that has gone did last.

    `reason`: what it said it ends for, if it did; one that was `stopped` leaves its runs to the next `penstock run`.
    """
    if not errand.started.runs:
        return reason != "stopped"
    errand.catch_up()
    if not errand.wanted:
        return False
    if reason == "stopped":
        click.echo("the runner was stopped", err=True)
        errand.stopped = True
        return False
    if reason != "lost":
        how = f"has gone ({reason})" if reason else "has gone"
        click.echo(f"the process that ran {', '.join(errand.wanted)} {how}; going on", err=True)
    return True


def _start(errand: Errand, *, go_on: bool) -> None:
    """Asks for what is wanted. Ctrl-C waits until it is known what that started."""
    from engine.orchestrate import client
    from engine.orchestrate.origins import wish
    from engine.orchestrate.starting import Started

    workspace = errand.workspace
    method, params = "start", {"wish": wish(workspace, dict(os.environ)), "go_on": go_on}
    if errand.prompt is not None:
        method = "start_prompt"
        params["prompt"] = asdict(errand.prompt)
    else:
        params |= {"intents": errand.wanted, "mine": sorted(errand.started.own), "runs": errand.started.runs}
    with _no_interrupt():
        answer = client.ask(workspace.socket, method, params)
        own, notes = set(answer["own"]), list(answer["notes"])
        errand.took_up(Started(dict(answer["runs"]), dict(answer["waits"]), own, notes))
    roles, wanted = answer["max_parallel_roles"], workspace.settings.run.max_parallel_roles
    if roles != wanted:
        click.echo(f"the runner that is at work keeps max_parallel_roles = {roles} (not {wanted})", err=True)


def _cancel(errand: Errand) -> None:
    """Cancels what this client started, verified, and sees it end."""
    from engine.orchestrate import client

    with suppress(client.NoRunner):
        client.ask(errand.workspace.socket, "interrupt", {"runs": sorted(errand.started.own)})
    errand.catch_up()


def _made_ready(workspace: Workspace) -> bool:
    """Sees to it that a runner is there that is not older than this client; whether it took over from one."""
    from engine.orchestrate import client
    from engine.orchestrate.reaching import reached
    from engine.orchestrate.spawning import spawn
    from engine.orchestrate.wire import PROTOCOL, is_newer

    took_over = False
    for _ in range(_HAND_OVERS):
        reached(lambda: spawn(workspace), lambda: client.greet(workspace.socket).pid)
        try:
            found = client.greet(workspace.socket)
        except client.NoRunner:
            continue
        older = found.protocol < PROTOCOL or is_newer(__version__, found.version)
        if not (older and found.background):
            break
        _have_handed_over(workspace, found)
        took_over = True
    return took_over


def _have_handed_over(workspace: Workspace, found: Greeting) -> None:
    """Asks an older runner to end, and waits until it has. Ctrl-C ends the waiting."""
    from engine.orchestrate import client

    with suppress(client.NoRunner), client.ending(workspace.socket, "hand_over") as (answer, wait):
        steps = ", ".join(answer["waits_for"])
        waits = f", when these have ended: {steps}" if steps else ""
        click.echo(f"the runner of penstock {found.version} (process {found.pid}) hands over{waits}", err=True)
        wait()


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Puts Ctrl-C off until the end of this."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end this with `_Ended`, so that the terminal is put right again."""

    def end(number: int, _: FrameType | None) -> None:
        raise _Ended(signal.Signals(number))

    heeded = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]  # as under nohup
    before: Mapping[int, Any] = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
