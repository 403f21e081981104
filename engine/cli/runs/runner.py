"""`penstock runner`: the process that runs this repository's Intents, and its end.

Invariant: nothing is started, and when `stop` returns 0 that process has ended with everything it had started.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.orchestrate.client import Greeting

__all__ = ["described", "found_runner", "runner"]

#: seconds that a runner has to answer a command that merely looks
_PATIENCE: Final = 2.0


@click.group(short_help="See or stop the process that runs Intents.")
def runner() -> None:
    """See or stop the process that runs Intents here. `penstock run` starts it; idle, it ends by itself."""


@runner.command(short_help="Say whether it is there.")
@common_options
@click.pass_context
def status(context: click.Context) -> int:
    """Say whether it is there: its process id, version, since when, and what goes on in it.

    Exit codes: 0 it is there, 1 it is not, 2 this is no place for runs.
    """
    from engine.cli.runs.opened import opened

    found = found_runner(opened(options_of(context)).socket)
    click.echo("none is running; penstock run starts one" if found is None else described(found))
    return int(found is None)


@runner.command(short_help="End it; its runs wait for the next `penstock run`.")
@common_options
@click.pass_context
def stop(context: click.Context) -> int:
    """End it with everything that it started. Nothing is cancelled: its runs wait for the next `penstock run`.

    Exit codes: 0 it has ended, 1 there is none, 2 not allowed.
    """
    from engine.cli.runs.opened import opened
    from engine.orchestrate import client

    workspace = opened(options_of(context))
    try:
        with client.ending(workspace.socket, "stop") as (_, wait):
            wait()
    except client.NoRunner:
        click.echo("none is running")
        return 1
    going = [name for name, run in workspace.state().runs.items() if run.status != "waiting_approval"]
    click.echo(f"stopped; {', '.join(going)} wait for penstock run" if going else "stopped")
    return 0


def found_runner(socket: Path) -> Greeting | None:
    """What the runner says of itself, None where there is none. Raises `Refused` if it does not answer."""
    from engine.orchestrate import client

    try:
        return client.greet(socket, _PATIENCE)
    except client.NoRunner:
        return None


def described(found: Greeting) -> str:
    """A runner in words."""
    runs = f"{', '.join(found.runs)} go on" if found.runs else "nothing goes on"
    where = "" if found.background else ", in the foreground"
    return f"process {found.pid}, penstock {found.version}, since {found.since}{where}: {runs}"
