"""`penstock logs` and `penstock cancel`: what a run has done, and its end.

Reading starts nothing. Invariant: when `cancel` returns 0, nothing of the run is left in the process table.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.app import common_options, options_of
from engine.cli.runs.found import found_run
from engine.orchestrate.events import Event

if TYPE_CHECKING:
    from engine.orchestrate.workspace import Workspace

__all__ = ["cancel", "logs"]

#: as many times longer than for one command a runner is waited for that is only being started
_PATIENT: Final = 6


@click.command(short_help="Show what a run has done.")
@click.argument("run_id", metavar="RUN")
@click.option("-f", "--follow", is_flag=True, help="Go on showing until the run has ended.")
@click.option("--json", "as_json", is_flag=True, help="The events as JSON Lines.")
@click.option("--output", is_flag=True, help="What its agents and commands wrote, too.")
@common_options
@click.pass_context
def logs(context: click.Context, run_id: str, follow: bool, as_json: bool, output: bool) -> int:
    """Show the events of a run, by its id or by that of its Intent (then the newest run).

    Exit codes: 0 shown, 2 there is no such run.
    """
    from engine.cli.runs.opened import opened
    from engine.cli.runs.view import View

    workspace = opened(options_of(context))
    run_id = found_run(workspace, run_id)
    view = View(sys.stdout)
    for event in _events(workspace, run_id, follow=follow):
        if as_json:
            click.echo(event.to_json())
        else:
            view.see(event)
    if output:
        _show_output(workspace, run_id)
    return 0


@click.command(short_help="End a run, verified.")
@click.argument("run_id", metavar="RUN")
@click.option("--task", help="Only this Task of it.")
@click.option("--reason", default="cancelled on the command line", show_default=True, help="For the record.")
@common_options
@click.pass_context
def cancel(context: click.Context, run_id: str, task: str | None, reason: str) -> int:
    """End a run, by its id or by that of its Intent; what was running is gone when this returns.

    Exit codes: 0 it has ended, 1 it had ended before, 2 there is no such run, or nothing to cancel of that Task.
    """
    from engine.cli.runs.opened import opened
    from engine.orchestrate import client
    from engine.orchestrate.reaching import reached

    workspace = opened(options_of(context))
    run_id = found_run(workspace, run_id)
    params: dict[str, Any] = {"run_id": run_id, "task_id": task, "reason": reason, "by": _user()}
    ended = reached(
        lambda: _cancelled_here(workspace, params),
        lambda: bool(client.ask(workspace.socket, "cancel", params)["ended"]),
    )
    what = f"{run_id} {task}" if task and ended else run_id
    click.echo(f"{what}: {'cancelled' if ended else 'it has ended before'}")
    return 0 if ended else 1


def _cancelled_here(workspace: Workspace, params: dict[str, Any]) -> bool:
    """Cancels a run that nobody works on, and ends what a crash may have left of it."""
    import asyncio

    from engine.orchestrate.host import open_host

    async def cancelled() -> bool:
        async with open_host(workspace) as host:
            return bool((await host.requests.handle("cancel", params, None))["ended"])

    return asyncio.run(cancelled())


def _events(workspace: Workspace, run_id: str, *, follow: bool) -> Iterator[Event]:
    from engine.orchestrate import client
    from engine.orchestrate.store.event_log import EventLog

    seen = 0
    while follow:
        try:
            for message in client.follow(workspace.socket, {"runs": [run_id], "after": seen}):
                if "note" in message:
                    click.echo(message["note"], err=True)
                    continue
                event = Event.of(message)
                seen = event.sequence
                yield event
        except client.RunnerEnds as end:
            follow = end.reason in {"handed over", "lost"} and _has_successor(workspace, run_id)
        except client.NoRunner:
            follow = False
        else:
            return
    with EventLog.open(workspace.locations.database, write=False) as log:
        yield from log.read(seen, run_id=run_id)
        if seen and run_id in log.state().runs:
            click.echo(f"the process that ran {run_id} has gone; it goes on with penstock run", err=True)


def _has_successor(workspace: Workspace, run_id: str) -> bool:
    """Waits for the runner that takes over to go on with a run; False where it has ended it. None is started."""
    from engine.orchestrate import client
    from engine.orchestrate.reaching import reached
    from engine.orchestrate.store.writer_lock import LockedLog
    from engine.orchestrate.wire import Refused

    def nobody() -> bool:
        raise LockedLog(workspace.locations.lock, None, None)

    def there() -> bool:
        if run_id in client.greet(workspace.socket).runs:
            return True
        if run_id in workspace.state().runs:
            raise client.NoRunner
        return False

    try:
        return reached(nobody, there, lambda seconds: time.sleep(_PATIENT * seconds))
    except Refused:
        return False


def _show_output(workspace: Workspace, run_id: str) -> None:
    for path in sorted(_logs_of(workspace.locations.logs, run_id)):
        click.secho(f"== {path.name}", bold=True)
        click.echo(path.read_text(encoding="utf-8", errors="replace"))


def _logs_of(folder: Path, run_id: str) -> Iterator[Path]:
    return (path for path in (folder / run_id).rglob("*.log") if path.is_file()) if folder.is_dir() else iter(())


def _user() -> str:
    return os.environ.get("USER") or "terminal"


