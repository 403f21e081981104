"""`penstock trust`: what a repository's own settings claim, and the person's trust in it.

Invariant: a process that an agent started trusts nothing; that it tried is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.cli.app import common_options, options_of
from engine.cli.display import printable

if TYPE_CHECKING:
    from engine.orchestrate.workspace import Workspace

__all__ = ["demand_trust", "give_trust", "trust"]


@click.command(short_help="Trust what this repository's settings set.")
@click.option("--show", is_flag=True, help="Only show what they set, and whether you trust it.")
@click.option("--revoke", is_flag=True, help="Trust none of it any more.")
@common_options
@click.pass_context
def trust(context: click.Context, show: bool, revoke: bool) -> int:
    """Trust the agents, commands, budgets and policy that this repository's own settings set, as they are now.

    Until then, and after each change of them, `penstock run` refuses to run anything here.

    Exit codes: 0 trusted (with --show: nothing needs trust, or it has it), 1 with --show: not trusted, 2 not allowed.
    """
    from engine.cli.runs.opened import for_a_person, opened
    from engine.orchestrate import verdicts
    from engine.orchestrate.appending import append
    from engine.orchestrate.trust import told
    from engine.orchestrate.verdicts import Person

    if show and revoke:
        raise click.UsageError("--show and --revoke do not go together")
    options = options_of(context)
    workspace = opened(options) if show else for_a_person(options, "trust")
    if revoke:
        append(workspace, verdicts.revoke(Person(workspace.identity, "cli")))
        click.echo("nothing that this repository's settings set is trusted any more")
        return 0
    for line in told(workspace.claims):
        click.echo(printable(line))
    if not workspace.claims:
        click.echo("this repository's settings set nothing that needs trust")
        return 0
    if show:
        click.echo("not trusted yet: penstock trust" if workspace.untrusted else "trusted")
        return int(workspace.untrusted)
    give_trust(workspace)
    click.echo("trusted, as long as it says this")
    return 0


def give_trust(workspace: Workspace) -> None:
    """Keeps the person's trust in what the settings claim now. Raises `Refused`."""
    from engine.orchestrate import verdicts
    from engine.orchestrate.appending import append
    from engine.orchestrate.verdicts import Person

    if workspace.untrusted:
        append(workspace, verdicts.trust(workspace.claims, Person(workspace.identity, "cli")))


def demand_trust(workspace: Workspace) -> None:
    """Raises `Unusable` where the repository's own settings claim what the person has not trusted."""
    from engine.cli.runs.opened import Unusable
    from engine.orchestrate.trust import told

    if workspace.untrusted:
        names = [line.split(" = ")[0] for line in told(workspace.claims)]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise Unusable(
            f"this repository's settings set {', '.join(names[:5])}{more}, which you have not trusted; "
            "look at it with `penstock trust --show`, then `penstock trust`"
        )
