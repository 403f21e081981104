"""`penstock diff`, `land`, `revert` and `clean`: a run's commits after it has ended.

They look at refs and move branches; the checkout of a person moves only when they agree to it.
Exit codes of all: 0 done, 1 refused or in conflict with the reason, 2 wrong usage or place.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from engine.cli.app import common_options, options_of
from engine.cli.runs.found import found_run
from engine.cli.runs.opened import for_a_person, opened

if TYPE_CHECKING:
    from engine.orchestrate.git.integration import Integration, Prepared
    from engine.orchestrate.git.landing import Landed
    from engine.orchestrate.git.outcomes import Conflict, Refusal
    from engine.orchestrate.workspace import Workspace

__all__ = ["clean", "diff", "land", "revert"]


class NotDone(click.ClickException):
    """Nothing was moved; the message says why and what to do."""

    exit_code = 1


@click.command(short_help="Show what a run changed.")
@click.argument("run_id", metavar="RUN")
@click.option("--stat", is_flag=True, help="Only the files.")
@common_options
@click.pass_context
def diff(context: click.Context, run_id: str, stat: bool) -> int:
    """Show what a run changed, by its id or by that of its Intent: where it landed, or of each Task if it did not."""
    from engine.orchestrate.git.history import diff_text, file_changes
    from engine.orchestrate.steps.world import World

    workspace = opened(options_of(context))
    run_id = found_run(workspace, run_id)
    integration: Integration = World(workspace, os.environ).integration
    spans = _spans(workspace, integration, run_id)
    if not spans:
        raise NotDone(f"{run_id} has no commits")
    for start, end in spans:
        if stat:
            click.echo("\n".join(file_changes(workspace.repository, start, end).files))
            continue
        shown = diff_text(workspace.repository, start, end)
        sys.stdout.flush()
        sys.stdout.buffer.write(shown.text.encode("utf-8", "surrogateescape"))
        if shown.truncated:
            click.echo(f"(cut here; git diff {start[:12]} {end[:12]} shows all)", err=True)
    return 0


def _spans(workspace: Workspace, integration: Integration, run_id: str) -> list[tuple[str, str]]:
    """From which commit to which a run's work goes: once landed as a whole, before that Task by Task."""
    from engine.orchestrate.git.landing import passages
    from engine.orchestrate.store.event_log import EventLog

    landed = [each for each in passages(integration.repository, run_id) if each.what == "landed"]
    if landed:
        return [(landed[0].before, landed[0].after)]
    with EventLog.open(workspace.locations.database, write=False) as log:
        told = [event for event in log.read(run_id=run_id) if event.type == "commit"]
    latest = {event.task_id: (str(event.payload["start_commit"]), str(event.payload["commit"])) for event in told}
    return list(latest.values())


@click.command(short_help="Bring a run to the base branch.")
@click.argument("run_id", metavar="RUN")
@click.option("-y", "--yes", is_flag=True, help="The checkout that has the base branch may move.")
@common_options
@click.pass_context
def land(context: click.Context, run_id: str, yes: bool) -> int:
    """Bring the commits of a run that landed on `penstock/landed` to the base branch."""
    from engine.orchestrate.git.outcomes import Conflict

    workspace = _for_a_person(context, "land")
    run_id = found_run(workspace, run_id)
    integration, base = _integration(workspace), workspace.repository.base(workspace.settings.run.base_branch)
    prepared = integration.prepare_land(run_id, base)
    by_hand = f"bring it over by hand: git cherry-pick {_span(integration, run_id)}"
    if isinstance(prepared, Conflict) and (first := integration.before(run_id, base)):
        steps = " && ".join(f"penstock land {name}" for name in first)
        by_hand = f"land what it may stand on first: {steps}; or {by_hand}"
    return _published(integration, prepared, "landed", by_hand, yes=yes)


@click.command(short_help="Take a run back.")
@click.argument("run_id", metavar="RUN")
@click.option("-y", "--yes", is_flag=True, help="A checkout that has the branch may move.")
@common_options
@click.pass_context
def revert(context: click.Context, run_id: str, yes: bool) -> int:
    """Take the commits of a run back, by new commits, on each branch that has them."""
    workspace = _for_a_person(context, "revert")
    run_id = found_run(workspace, run_id)
    integration = _integration(workspace)
    branches = [each.branch for each in integration.where(run_id)]
    if not branches:
        raise NotDone(f"{run_id} is on no branch: it never landed, or was taken back before")
    for branch in branches:
        by_hand = f"take it back by hand on {branch}: git revert {_span(integration, run_id)}"
        _published(integration, integration.prepare_revert(run_id, branch), "reverted", by_hand, yes=yes)
    return 0


@click.command(short_help="Remove what ended runs have left.")
@click.option("--records", is_flag=True, help="The events and output past what `[records]` keeps, instead.")
@click.option("--dry-run", is_flag=True, help="With --records: only say what would go.")
@common_options
@click.pass_context
def clean(context: click.Context, records: bool, dry_run: bool) -> int:
    """Remove the worktrees and branches of runs that have ended; commits that landed nowhere are kept, by name."""
    from engine.cli.progress import Progress
    from engine.orchestrate.git.cleaning import clean as cleared

    if dry_run and not records:
        raise click.UsageError("--dry-run goes with --records")
    workspace = _for_a_person(context, "clean")
    if records:
        return _pruned(workspace, dry_run=dry_run)
    state = workspace.state()
    progress = Progress(sys.stderr)
    try:
        done = cleared(_integration(workspace), state.ended.keys() - state.runs.keys(), progress.show)
    finally:
        progress.clear()
    click.echo(f"removed {len(done.worktrees)} worktrees and {len(done.branches)} branches")
    for branch, ref in done.kept.items():
        click.echo(f"{branch} landed nowhere; git branch NAME {ref} brings it back")
    for branch, reason in done.skipped.items():
        click.echo(f"{branch} stays: {reason}")
    return 0


def _pruned(workspace: Workspace, *, dry_run: bool) -> int:
    """Lets go of events and output that the settings keep no longer, or says what would go."""
    from engine.orchestrate.store.event_log import LockedLog
    from engine.orchestrate.store.retention import prune

    if not workspace.locations.database.exists():
        click.echo("there is nothing yet")
        return 0
    planned = workspace.past_keeping(workspace.state())
    if planned and not dry_run:
        try:
            with workspace.open_log() as log:
                planned = workspace.past_keeping(log.state())
                prune(log, planned, workspace.identity)
                log.compact()
        except LockedLog as error:
            raise NotDone(f"{error} (penstock runner stop); a Runner does this itself when it starts") from error
    word = "would go" if dry_run else "removed"
    size = f"about {max(1, planned.size // 1000)} kB" if planned else "nothing is past what is kept"
    click.echo(f"{word}: {planned.events} events, the output of {len(planned.logs)} runs; {size}")
    return 0


def _span(integration: Integration, run_id: str) -> str:
    """The commits of a run as git's commands take them."""
    from engine.orchestrate.git.landing import passages

    landed = [each for each in passages(integration.repository, run_id) if each.what == "landed"]
    return f"{landed[0].before[:12]}..{landed[0].after[:12]}" if landed else ""


def _for_a_person(context: click.Context, action: str) -> Workspace:
    workspace = for_a_person(options_of(context), action)
    workspace.locations.create()
    return workspace


def _integration(workspace: Workspace) -> Integration:
    from engine.orchestrate.steps.world import World

    return World(workspace, os.environ).integration


def _published(
    integration: Integration, prepared: Prepared | Landed | Conflict | Refusal, word: str, by_hand: str, *, yes: bool
) -> int:
    """Moves the branch to what was prepared, asking a person where a checkout would move.

    Raises `NotDone`; `by_hand`: what to do where git cannot combine the changes.
    """
    from engine.orchestrate.git.integration import Prepared
    from engine.orchestrate.git.landing import Landed
    from engine.orchestrate.git.outcomes import Conflict, Refusal

    done = integration.publish(prepared, agreed=yes) if isinstance(prepared, Prepared) else prepared
    if isinstance(prepared, Prepared) and isinstance(done, Refusal) and done.kind == "agreement" and not yes:
        if not (sys.stdin.isatty() and click.confirm(f"{done.message}: may it?", err=True)):
            raise NotDone(f"{done.message}; --yes agrees to that")
        done = integration.publish(prepared, agreed=True)
    if isinstance(done, Conflict):
        at = f" at {done.commit[:12]}" if done.commit else ""
        raise NotDone(f"it conflicts in {', '.join(done.files[:10])}{at}; {by_hand}")
    if isinstance(done, Refusal):
        raise NotDone(f"{done.message}; {done.next_action}" if done.next_action else done.message)
    assert isinstance(done, Landed)
    before = " before" if done.already else ""
    click.echo(f"{word}{before} on {done.branch}: {len(done.commits)} commits, now at {done.after[:12]}")
    return 0


