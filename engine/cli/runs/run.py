"""`penstock run`: starts approved Intents, shows them while they go on, and says where their commits are.

In the foreground: nothing is left behind when it ends. Where another process already runs this repository's Intents,
it asks that one and shows its events. Ctrl-C cancels, and waits until that is verified.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.cli.runs.board import Board
    from engine.orchestrate.events import Event
    from engine.orchestrate.host import Host, Started
    from engine.orchestrate.workspace import Workspace

__all__ = ["resume", "run"]


@click.command(short_help="Run approved Intents.")
@click.argument("intents", nargs=-1, metavar="[INTENT]…")
@click.option("--headless", is_flag=True, help="Stay in the foreground and leave no process behind.")
@click.option("--dry-run", is_flag=True, help="Show what would run, and start nothing.")
@click.option(
    "--events", type=click.Path(dir_okay=False, path_type=Path), help="Append each event to a JSON Lines file."
)
@click.option("--max-parallel-roles", type=click.IntRange(1), help="Roles that may work at once.")
@common_options
@click.pass_context
def run(
    context: click.Context,
    intents: tuple[str, ...],
    headless: bool,  # noqa: ARG001 - every run is in the foreground
    dry_run: bool,
    events: Path | None,
    max_parallel_roles: int | None,
) -> int:
    """Run the named Intents; without a name, go on with what was interrupted and run every approved Intent.

    Exit codes: 0 all succeeded, 1 one failed or waits for a person, 2 wrong usage or settings, 3 internal failure,
    130 cancelled by Ctrl-C, 143 stopped by SIGTERM (the runs go on with the next `penstock run`).
    """
    from engine.cli.runs.opened import opened
    from engine.cli.runs.plan import show_plan

    options = options_of(context)
    workspace = opened(options, {"run": {"max_parallel_roles": max_parallel_roles}} if max_parallel_roles else None)
    return show_plan(workspace, intents) if dry_run else _shown(workspace, intents, events, quiet=options.quiet)


@click.command(short_help="Go on with a run that was interrupted.")
@click.argument("run_id", metavar="RUN")
@common_options
@click.pass_context
def resume(context: click.Context, run_id: str) -> int:
    """Go on with a run that a crash or an end interrupted, or whose question was answered; what is done stays done.

    Exit codes: as those of `penstock run`; 2 if there is no such run, or it has ended.
    """
    from engine.cli.runs.found import found_run
    from engine.cli.runs.opened import Unusable, opened

    workspace = opened(options_of(context))
    run_id = found_run(workspace, run_id)
    open_run = workspace.state().runs.get(run_id)
    if open_run is None or open_run.intent_id is None:
        raise Unusable(f"{run_id} has ended; penstock approve INTENT --again lets its Intent run once more")
    return _shown(workspace, [open_run.intent_id], None, quiet=options_of(context).quiet)


def _shown(workspace: Workspace, intents: Sequence[str], events: Path | None, *, quiet: bool) -> int:
    """Runs Intents, here or where their runner is, in view of the person; the exit code. Raises `Unusable`."""
    from engine.cli.runs.opened import Unusable
    from engine.cli.runs.view import view_for
    from engine.orchestrate.git.errors import GitError
    from engine.orchestrate.reaching import reached
    from engine.orchestrate.store.event_log import EventsFile
    from engine.orchestrate.store.files import FilesError

    try:
        with ExitStack() as stack:
            watchers: list[Callable[[Event], None]] = []
            if events:
                file = EventsFile(events)
                stack.callback(file.close)
                watchers.append(lambda event: file.write([event]))
            view = stack.enter_context(view_for(sys.stdout, quiet=quiet))
            watchers.append(view.see)
            started, ended_by = reached(
                lambda: asyncio.run(_here(workspace, intents, watchers)), lambda: _there(workspace, intents, watchers)
            )
        return _told(started, view.board, ended_by)
    except (GitError, FilesError) as error:
        raise Unusable(str(error)) from error


async def _here(
    workspace: Workspace, intents: Sequence[str], watchers: Sequence[Callable[[Event], None]]
) -> tuple[Started, signal.Signals | None]:
    """Runs in this process; what was started, and the signal that ended it. Raises `LockedLog`.

    Ctrl-C cancels. SIGTERM, and a watcher that cannot write any more, whose error is raised, only end this process with
    all it started: the next one goes on with the runs.
    """
    from engine.orchestrate.host import open_host

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[signal.Signals] = loop.create_future()
    async with open_host(workspace) as host:
        for watcher in watchers:
            host.runner.watch(partial(_tell, ended, watcher))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _catch, ended, number)
        started = await host.start(intents)
        still = asyncio.create_task(host.until_idle())
        ends: set[asyncio.Future[Any]] = {still, ended}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() and ended.exception() is None and ended.result() is signal.SIGINT:
            await _cancelled(host)
        still.cancel()
    for note in host.notes:
        click.echo(f"the file stays as it is: {note}", err=True)
    return started, ended.result() if ended.done() else None


def _tell(ended: asyncio.Future[signal.Signals], watcher: Callable[[Event], None], event: Event) -> None:
    try:
        watcher(event)
    except OSError as error:
        if not ended.done():
            ended.set_exception(error)


def _catch(ended: asyncio.Future[signal.Signals], number: signal.Signals) -> None:
    if not ended.done():
        ended.set_result(number)


async def _cancelled(host: Host) -> None:
    """Cancels every run that goes on, each verified; those that wait for a person go on waiting."""
    going = host.runner.going
    await asyncio.gather(*(host.runner.cancel(run_id, "interrupted by Ctrl-C", "terminal") for run_id in going))


def _there(
    workspace: Workspace, intents: Sequence[str], watchers: Sequence[Callable[[Event], None]]
) -> tuple[Started, signal.Signals | None]:
    """Runs in the process that holds the log; Ctrl-C cancels there what was started here. Raises `NoRunner`."""
    from engine.orchestrate import client
    from engine.orchestrate.events import Event
    from engine.orchestrate.host import Started
    from engine.orchestrate.store.event_log import EventLog

    answer = client.ask(workspace.socket, "start", {"intents": list(intents)})
    started = Started(dict(answer["runs"]), dict(answer["waits"]))
    runs = list(started.runs.values())
    seen = 0

    def see(event: Event) -> None:
        nonlocal seen
        seen = event.sequence
        for watcher in watchers:
            watcher(event)

    try:
        for message in client.follow(workspace.socket, {"runs": runs}):
            see(Event.of(message))
    except client.NoRunner:  # it has ended; what it did last is in the log
        with EventLog.open(workspace.locations.database, write=False) as log:
            for event in log.read(after=seen):
                if event.run_id in runs:
                    see(event)
    except KeyboardInterrupt:
        with suppress(client.NoRunner):
            for run_id in runs:
                client.ask(
                    workspace.socket, "cancel", {"run_id": run_id, "reason": "interrupted by Ctrl-C", "by": "terminal"}
                )
        return started, signal.SIGINT
    return started, None


def _told(started: Started, board: Board, ended_by: signal.Signals | None) -> int:
    """Says how it ended and what to do next; the exit code."""
    from engine.orchestrate.git.integration import LANDED_BRANCH

    for intent, reason in started.waits.items():
        click.echo(f"{intent} waits: {reason}")
    if not started.runs and not started.waits:
        click.echo("nothing to run: no Intent is approved (penstock inbox shows what waits for you)")
    for run_id in started.runs.values():
        row = board.runs.get(run_id)
        if row is None or not row.until:
            stopped = ended_by is signal.SIGTERM
            click.echo(f"{run_id} " + ("goes on with penstock run" if stopped else "waits for you: penstock inbox"))
        elif row.state == "succeeded":
            more = f"; penstock land {run_id} brings it to the base branch" if row.branch == LANDED_BRANCH else ""
            click.echo(f"penstock diff {run_id} shows it{more}")
    if ended_by is not None:
        return 128 + ended_by  # as a shell reports the end by a signal
    ends = [board.runs[run_id].state if run_id in board.runs else "" for run_id in started.runs.values()]
    return int(bool(started.waits) or any(state != "succeeded" for state in ends))
