"""`penstock run`: starts approved Intents or a Flow on a prompt, shows them, and says where their commits are.

The runner's process does it, and goes on without this one (`attached.py`); with `--headless` this process does it
itself and leaves none behind (`foreground.py`). Ctrl-C cancels, and waits until that is verified.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.app import common_options, options_of

if TYPE_CHECKING:
    from engine.cli.runs.board import Board
    from engine.cli.runs.errand import Errand
    from engine.orchestrate.events import Event
    from engine.orchestrate.prompting import Prompt
    from engine.orchestrate.state import RunState
    from engine.orchestrate.workspace import Workspace

__all__ = ["audit", "resume", "run"]


@click.command(short_help="Run approved Intents.")
@click.argument("intents", nargs=-1, metavar="[INTENT]…")
@click.option("--flow", help="Run this Flow on a prompt instead, such as `roles`; its answer goes to standard output.")
@click.option("--prompt", help="What the Flow is to be run on.")
@click.option("--headless", is_flag=True, help="Stay in the foreground and leave no process behind.")
@click.option("--dry-run", is_flag=True, help="Show what would run, and start nothing.")
@click.option(
    "--events", type=click.Path(dir_okay=False, path_type=Path), help="Append each event to a JSON Lines file."
)
@click.option("--max-parallel-roles", type=click.IntRange(1), help="Roles that may work at once.")
@click.option("--trust-workspace", is_flag=True, help="Trust what this repository's settings set: penstock trust.")
@click.option("--max-cost", type=click.FloatRange(0), metavar="USD", help="At most so much for each run.")
@common_options
@click.pass_context
def run(
    context: click.Context,
    intents: tuple[str, ...],
    flow: str | None,
    prompt: str | None,
    headless: bool,
    dry_run: bool,
    events: Path | None,
    max_parallel_roles: int | None,
    max_cost: float | None,
    trust_workspace: bool,
) -> int:
    """Run the named Intents; without a name, go on with what was interrupted and run every approved Intent.

    Exit codes: 0 all succeeded, 1 one failed or waits for a person, 2 wrong usage or settings, 3 internal failure,
    130 cancelled by Ctrl-C, 143 ended by SIGTERM and 129 by a terminal that was closed: the runs go on then, or, with
    `--headless`, wait for the next `penstock run`. Ctrl-C does not cancel what other terminals started.
    """
    from engine.cli.runs.opened import for_a_person, opened
    from engine.cli.runs.plan import show_plan
    from engine.cli.runs.prompting import show_flow, wanted
    from engine.cli.runs.trust import demand_trust, give_trust

    options = options_of(context)
    if (flow is None) != (prompt is None) or (flow is not None and intents):
        raise click.UsageError("--flow and --prompt go together, and without an Intent")
    flags: dict[str, Any] = {"max_parallel_roles": max_parallel_roles} if max_parallel_roles else {}
    if max_cost is not None:
        flags["budget"] = {"run": {"usd": max_cost}}
    workspace = opened(options, {"run": flags})
    if dry_run:
        return show_plan(workspace, intents) if flow is None else show_flow(workspace, flow)
    if trust_workspace:
        for_a_person(options, "trust")
        give_trust(workspace)
    demand_trust(workspace)
    wish = wanted(workspace, flow, prompt) if flow is not None and prompt is not None else None
    return _shown(workspace, intents, events, quiet=options.quiet, headless=headless, prompt=wish)


@click.command(short_help="Have an agent look for what should be better.")
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--headless", is_flag=True, help="Stay in the foreground and leave no process behind.")
@common_options
@click.pass_context
def audit(context: click.Context, path: str | None, headless: bool) -> int:
    """Have an agent look for what should be better in the repository, or in one file or folder of it.

    What it finds is printed, and written into .penstock/observations.yaml and a report below .penstock/reports.
    Exit codes: as those of `penstock run`.
    """
    from engine.cli.runs.opened import opened
    from engine.cli.runs.prompting import wanted
    from engine.cli.runs.trust import demand_trust

    workspace = opened(options_of(context))
    demand_trust(workspace)
    prompt = wanted(workspace, "audit", f"Audit {path}" if path else "Audit this repository")
    return _shown(workspace, [], None, quiet=options_of(context).quiet, headless=headless, prompt=prompt)


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
    from engine.cli.runs.trust import demand_trust
    from engine.orchestrate.prompting import Prompt

    workspace = opened(options_of(context))
    demand_trust(workspace)
    run_id = found_run(workspace, run_id)
    open_run = workspace.state().runs.get(run_id)
    if open_run is None:
        raise Unusable(f"{run_id} has ended; penstock approve INTENT --again lets its Intent run once more")
    quiet = options_of(context).quiet
    if open_run.intent_id is None:
        return _shown(workspace, [], None, quiet=quiet, prompt=Prompt(run_id, str(open_run.intent["type"]), ""))
    return _shown(workspace, [open_run.intent_id], None, quiet=quiet)


def _shown(
    workspace: Workspace, intents: Sequence[str], events: Path | None, *, quiet: bool, headless: bool = False,
    prompt: Prompt | None = None,
) -> int:  # fmt: skip
    """Runs Intents or a prompt, here or where the runner is, in view of the person; the exit code.

    Raises `Unusable`.
    """
    from engine.cli.runs.attached import as_client, attached
    from engine.cli.runs.errand import Errand
    from engine.cli.runs.foreground import in_foreground
    from engine.cli.runs.opened import Unusable
    from engine.cli.runs.prompting import Answer
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
            view = stack.enter_context(view_for(sys.stderr if prompt else sys.stdout, quiet=quiet))
            watchers.append(view.see)
            answer = Answer(prompt.run_id if prompt else "")
            watchers.append(answer.see)
            errand = Errand(workspace, intents, watchers, prompt)
            if headless:
                reached(lambda: in_foreground(errand), lambda: as_client(errand))
            else:
                attached(errand)
        if answer.text is not None:
            click.echo(answer.text.rstrip("\n"))
        return _told(workspace, errand, view.board)
    except (GitError, FilesError) as error:
        raise Unusable(str(error)) from error


def _told(workspace: Workspace, errand: Errand, board: Board) -> int:
    """Says how it ended and what to do next, of a prompt beside its answer; the exit code."""
    from engine.orchestrate.git.integration import LANDED_BRANCH
    from engine.orchestrate.store.writer_lock import WriterLock

    started, open_runs = errand.started, workspace.state().runs
    alive = not errand.stopped and WriterLock.is_held(workspace.locations.lock)
    for intent, reason in started.waits.items():
        _say(errand, f"{intent} waits: {reason}")
    if not started.runs and not started.waits:
        _say(errand, "nothing to run: no Intent is approved (penstock inbox shows what waits for you)")
    for run_id in started.runs.values():
        row = board.runs.get(run_id)
        if run_id in open_runs:
            _say(errand, f"{run_id} {_next_step(open_runs[run_id], alive=alive)}")
        elif row is not None and row.state == "succeeded" and row.branch:
            more = f"; penstock land {run_id} brings it to the base branch" if row.branch == LANDED_BRANCH else ""
            _say(errand, f"penstock diff {run_id} shows it{more}")
        elif row is not None and row.state == "failed":
            _say(errand, f"{run_id} failed: penstock {f'logs {run_id}' if errand.prompt else 'inbox'} shows what to do")
    if errand.ended_by is not None:
        return 128 + errand.ended_by  # as a shell reports the end by a signal
    ends = [board.runs[run_id].state if run_id in board.runs else "" for run_id in started.runs.values()]
    return int(bool(started.waits) or any(state != "succeeded" for state in ends))


def _say(errand: Errand, text: str) -> None:
    click.echo(text, err=errand.prompt is not None)


def _next_step(run: RunState, *, alive: bool) -> str:
    """What a run that has not ended needs. `alive`: the runner is there that goes on with it."""
    if run.status == "waiting_approval":
        return "waits for you: penstock inbox"
    if run.waits_for and not run.invocations:
        return f"waits for {', '.join(run.waits_for)}: penstock status"
    return f"goes on: penstock logs -f {run.id}" if alive else "goes on with penstock run"
