"""`penstock records`: the audit records, and whether anybody changed them.

They read and start nothing.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from engine.cli.app import common_options, options_of
from engine.cli.display import printable

if TYPE_CHECKING:
    from engine.orchestrate.store.locations import Locations

__all__ = ["records"]

_STYLES = {"refused": "error", "stopped": "error", "asked": "warning"}


class NotChecked(click.ClickException):
    """There is something to compare with, and it cannot be had."""

    exit_code = 3


@click.group(short_help="Look at the audit records, and check them.")
def records() -> None:
    """Look at the audit records: who did what, why, and who had agreed; and check that nobody changed them."""


@records.command(short_help="Check that no record was changed, taken out or put in.")
@common_options
@click.pass_context
def verify(context: click.Context) -> int:
    """Check that no record and no event behind one was changed, taken out, moved, put in or cut off.

    Heads that were kept elsewhere (`anchor_file` and `anchor_command` of `[records]`) are compared too.

    Exit codes: 0 all is as it was written, 1 the first record that is not, and what to do, 2 there are no records,
    3 what was kept elsewhere cannot be had.
    """
    from subprocess import SubprocessError

    from engine.cli.runs.opened import Unusable, opened
    from engine.orchestrate.store.chain import Anchor
    from engine.orchestrate.store.record_key import key_of
    from engine.orchestrate.store.verify import Broken
    from engine.orchestrate.store.verify import verify as verified

    workspace = opened(options_of(context))
    places, elsewhere = workspace.locations, workspace.elsewhere()
    try:
        kept = list(elsewhere.heads()) if elsewhere else []
    except (OSError, ValueError, SubprocessError) as error:
        raise NotChecked(f"what was kept elsewhere cannot be had: {error}") from error
    found = verified(places.database, key_of(places.keys), Anchor(places.head), kept)
    if found is None:
        raise Unusable("there are no records yet; the first is made when an Intent is approved or run")
    if isinstance(found, Broken):
        click.echo(f"record {found.seq}: {found.wrong}; {found.next_action}", err=True)
        return 1
    if not options_of(context).quiet:
        also = f", and {len(kept)} heads that were kept elsewhere agree" if elsewhere else ""
        click.echo(f"{found.count} records are as they were written; the last is {found.head.value}{also}")
    return 0


@records.command(short_help="Show the records.")
@click.option("--json", "as_json", is_flag=True, help="As JSON Lines, with every field.")
@common_options
@click.pass_context
def show(context: click.Context, as_json: bool) -> int:
    """Show the records, the oldest first. They are not checked: `penstock records verify` does that.

    Exit codes: 0 shown, 2 there are no records.
    """
    from engine.cli.runs.opened import Unusable
    from engine.cli.styled import line_writer
    from engine.orchestrate.store.verify import records_in

    out, shown = line_writer(sys.stdout), False
    for record in records_in(_places(context).database):
        shown = True
        if as_json:
            click.echo(json.dumps(record))
        else:
            out.write(_line(record))
    if not shown:
        raise Unusable("there are no records yet; the first is made when an Intent is approved or run")
    return 0


def _line(record: dict[str, Any]) -> list[tuple[str, str]]:
    when, approval = str(record["timestamp"]), record["approval"]
    result = str(record["policy_result"])
    agreed = f" (agreed by {approval['by']})" if approval and approval["by"] != record["actor"] else ""
    said = printable(f"{record['reason']}{agreed}".replace("\n", " "))
    return [
        (f"{record['seq']:>6}  {when[:10]} {when[11:19]}  ", "faint"), (printable(str(record["actor"])), "strong"),
        (f"  {printable(str(record['action']))}  ", ""), (printable(str(record["target"])), "path"),
        (f"  {result}", _STYLES.get(result, "good")), (f"  {said}", ""),
    ]  # fmt: skip


def _places(context: click.Context) -> Locations:
    from engine.cli.runs.opened import opened

    return opened(options_of(context)).locations
