"""`penstock demo`: the real language server, checking a file while it is typed; then an Intent, really run.

A server process is started, a small client types a bundled file's changes into it keystroke by keystroke, and each
change is shown with what the server reported and how long that took. Nothing is simulated and nothing is written
outside of a temporary folder.
Invariant: exit code 0 only if every finding that must come came, and went again when its cause was mended.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.cli.demo.client import Client
    from engine.cli.demo.play import Played
    from engine.cli.demo.screen import Screen

__all__ = ["demo"]

#: what the findings depend on, so that the user's own settings do not count
SETTINGS: Final = {"check": {"allowTopLevelExpr": False, "targets": ["cli"]}}
#: seconds between two keystrokes that a person watches: a fast typist
PACE: Final = 0.035


@click.command(short_help="Watch the language server and the Runner at work.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds for each wait."
)
@click.option("--fast", is_flag=True, help="Do not type at a person's pace.")
@common_options
@click.pass_context
def demo(context: click.Context, timeout: float, fast: bool) -> int:
    """Watch the language server check a file as it is typed, broken and mended; then an Intent run from Task to Task.

    Exit codes: 0 everything was as it must be, 1 something was not, 3 the server does not run.
    """
    from engine.cli.demo.client import Client, NoAnswer
    from engine.cli.demo.intent import play_intent
    from engine.cli.demo.screen import screen_for

    screen = screen_for(sys.stdout, quiet=options_of(context).quiet)
    pace = 0.0 if fast or not screen.is_live else PACE
    command = [sys.executable, "-P", "-m", "lsp_server", "--stdio"]
    with tempfile.TemporaryDirectory(prefix="penstock-demo-") as name:
        folder = Path(name).resolve()
        with Client(command, folder, timeout) as client, screen:
            try:
                wrong = _played(client, folder, screen, pace)
            except NoAnswer as error:
                screen.failed(str(error), client.log())
                return 3
        problem = play_intent(folder, sys.stdout, quiet=options_of(context).quiet)
        if problem is not None:
            click.echo(f"penstock demo: {problem}", err=True)
        return wrong or int(problem is not None)


def _played(client: Client, folder: Path, screen: Screen, pace: float) -> int:
    from engine.cli.demo.flood import flood
    from engine.cli.demo.play import play

    screen.started(client.start(folder, SETTINGS))
    played: list[Played] = list(play(client, (folder / "tour.reml").as_uri(), screen, lambda: time.sleep(pace)))
    played += flood(client, (folder / "large.reml").as_uri(), screen)
    screen.summary(played)
    return int(any(act.wrong for act in played))
