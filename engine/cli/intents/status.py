"""`penstock status`, `penstock inbox` and `penstock history`: how things stand, what waits, what has been.

They read the Intents' files and the log and start nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.app import common_options, options_of
from engine.cli.display import display_width, printable

if TYPE_CHECKING:
    from engine.cli.app import Options
    from engine.cli.intents.place import Seen
    from engine.cli.styled import Line
    from engine.orchestrate.client import Greeting
    from engine.orchestrate.events import Event
    from engine.orchestrate.overview import Request

__all__ = ["history", "inbox", "status", "telling"]

_STYLES: Final = {
    "waiting_approval": "warning", "interrupted": "warning", "running": "strong", "pending": "faint",
    "approved": "good", "proposed": "information", "broken": "error", "blocked": "error", "error": "error",
    "cancelled": "faint", "done": "good",
}  # fmt: skip
_WISHES: Final = frozenset({"answer", "approval", "cancel"})
_WORDS: Final = {"waiting_approval": "waits for you"}
_KINDS: Final = {
    "proposed": ("approve?", "information"),
    "question": ("question", "warning"),
    "look": ("look at", "error"),
}


@click.command(short_help="Show how each Intent stands.")
@common_options
@click.pass_context
def status(context: click.Context) -> int:
    """Show how each Intent stands, those first that need you, which process runs them, and what is wrong with files.

    Starts no process. Exit codes: 0 shown, 1 a file is broken, 2 not in a repository.
    """
    from engine.cli.intents.place import seen_here, show_problems
    from engine.cli.runs.runner import described
    from engine.orchestrate.overview import standings

    seen = seen_here()
    going, runner = None, _runner_of(seen)
    if runner is not None:
        begun_before = set(seen.state.runs)
        if begun_before - set(runner.runs):  # or they have ended meanwhile
            seen = seen_here()
        going = {*runner.runs, *seen.state.runs.keys() - begun_before}
    found = standings(seen.intents.documents, seen.state, alive=seen.alive, going=going)
    rows: list[Line] = []
    for each in found:
        note = " ".join(filter(None, (each.run_id, each.note)))
        word = _WORDS.get(each.status, each.status)
        rows.append([(word, _STYLES[each.status]), (each.intent_id, "path"), (each.title, "strong"), (note, "faint")])
    _table(rows)
    if runner is not None:
        click.echo(f"runner: {described(runner)}")
    click.echo(f"policy: {_policy(options_of(context), seen)}")
    spent = _spent_today(seen)
    if spent:
        click.echo(f"today: {spent}")
    if not found and not seen.intents.problems:
        click.echo('there are no Intents yet: penstock new "what you want done"')
    drafts = seen.files.load_drafts()
    ready = [draft for draft in drafts.documents.values() if draft.intent]
    if ready and not options_of(context).quiet:
        click.echo(f"{_counted(len(ready), 'draft')} in .penstock/drafts: `penstock run` makes Intents of them")
    problems = (*seen.intents.problems, *drafts.problems)
    show_problems(problems)
    return int(bool(problems))


def _policy(options: Options, seen: Seen) -> str:
    """What roles may do in runs that begin now, and whether the repository's part in that is trusted."""
    from engine.config_files import load, user_config_folder
    from engine.orchestrate.confinement import in_words, shown_policy
    from engine.orchestrate.trust import claims_of, digest_of

    loaded = load(Path(), options.config, user_config_folder())
    claims = claims_of(loaded.project)
    untrusted = bool(claims) and digest_of(claims) not in seen.state.trusted
    words = in_words(shown_policy(loaded.settings.policy))
    return f"{words}; this repository's settings are not trusted yet: penstock trust --show" if untrusted else words


def _spent_today(seen: Seen) -> str:
    """What agents cost on this day (UTC), as budgets count it; empty where none was asked."""
    from datetime import UTC, datetime

    from engine.orchestrate.budget import UNITS, shown

    day = seen.state.day
    if day.date != datetime.now(UTC).date().isoformat() or not day.spent.turns:
        return ""
    return ", ".join(shown(unit, day.spent.of(unit)) for unit in UNITS)


def _runner_of(seen: Seen) -> Greeting | None:
    """The process that is at work; None where there is none, or it is a command that holds the log for a moment."""
    from engine.cli.runs.runner import found_runner
    from engine.orchestrate.wire import Refused

    try:
        return found_runner(seen.locations.socket) if seen.alive else None
    except Refused as refused:
        click.echo(f"runner: {refused}", err=True)
        return None


@click.command(short_help="Show what waits for you.")
@common_options
def inbox() -> int:
    """Show what waits for you, with the command to go on: questions, runs that need a look, Intents to approve.

    Starts no process. Exit codes: 0 shown, 2 not in a repository.
    """
    from engine.cli.intents.place import seen_here, show_problems
    from engine.orchestrate.overview import requests

    seen = seen_here()
    found = list(requests(seen.intents.documents, seen.state))
    for request in found:
        _show_request(request)
    if not found:
        click.echo("nothing waits for you")
    show_problems(seen.intents.problems)
    return 0


@click.command(short_help="Show the runs there have been.")
@click.argument("intent_id", metavar="[ID]", required=False)
@common_options
def history(intent_id: str | None) -> int:
    """Show the runs there have been, of one Intent or of all, the latest last, with approvals and answers.

    Starts no process. Exit codes: 0 shown, 2 not in a repository, or nothing is known of that Intent.
    """
    from engine.cli.intents.place import files_here, log_here
    from engine.cli.runs.opened import Unusable

    files = files_here()
    rows: list[Line] = []
    intents: dict[str | None, str | None] = {}
    with log_here(files) as log:
        for event, told in telling(log.read() if log is not None else ()):
            about = intents.setdefault(event.run_id, event.intent_id) if event.run_id else event.intent_id
            if told is not None and intent_id in {None, about}:
                what, style = told
                when = f"{event.timestamp[:10]} {event.timestamp[11:19]}"
                rows.append([(when, "faint"), (event.run_id or about or "", "path"), (what, style)])
    _table(rows)
    if not rows and intent_id is not None and not (files.intents / f"{intent_id}.yaml").is_file():
        raise Unusable(f"nothing is known of an Intent `{intent_id}`; `penstock status` lists them")
    if not rows:
        click.echo("nothing has happened yet")
    return 0


def telling(events: Iterable[Event]) -> Iterator[tuple[Event, tuple[str, str] | None]]:
    """Events, each with what there is to say about it; a person's wish that came to nothing is said to be refused."""
    for _, turn in groupby(events, lambda event: event.parent_id or event.event_id):
        cause, *announced = turn
        if cause.type in _WISHES and [event.type for event in announced] == ["error"]:
            yield cause, (f"{cause.type} refused: {announced[0].payload.get('message')}", "warning")
            continue
        yield from ((event, _told(event)) for event in (cause, *announced))


def _told(event: Event) -> tuple[str, str] | None:
    """What there is to say about an event, and in which style; None for one that is no part of a history."""
    if event.type == "error" and event.payload.get("class") != "policy":
        return None
    tell = _TOLD.get(event.type)
    return tell(event.payload) if tell else None


def _run_ended(payload: Mapping[str, Any]) -> tuple[str, str]:
    reason = f": {payload['reason']}" if payload.get("reason") else ""
    reason += f"; {payload['next_action']}" if payload.get("next_action") else ""
    commits = len(payload.get("commits") or ())
    landed = f"; {_counted(commits, 'commit')} on {payload['branch']}" if payload.get("branch") else ""
    style = "good" if payload.get("state") == "succeeded" else "error"
    return f"{payload.get('state')}{reason}{landed}", style


def _decided(payload: Mapping[str, Any]) -> tuple[str, str]:
    word = "approved" if payload.get("action") == "approve" else "rejected"
    return f"{word} by {payload.get('by')}", ""


_TOLD: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]]] = {
    "approval": _decided,
    "answer": lambda payload: (f"answered by {payload.get('by')}: {payload.get('answer')}", ""),
    "cancel": lambda payload: (f"to be cancelled: {payload.get('reason')}", "warning"),
    "question": lambda payload: (f"asks: {payload.get('question')}", "warning"),
    "run.start": lambda payload: (f"started: {payload.get('intent', {}).get('title', '')}", "strong"),
    "hold": lambda payload: (f"cannot start: {payload.get('reason')}; {payload.get('next_action')}", "warning"),
    "stop": lambda payload: (f"stopped: {payload.get('reason')}", "error"),
    "land": lambda payload: (f"landed on {payload.get('branch')}", "good"),
    "error": lambda payload: (str(payload.get("message")), "error"),
    "run.end": _run_ended,
}


def _show_request(request: Request) -> None:
    from engine.cli.styled import line_writer

    out = line_writer(sys.stdout)
    text = printable(request.text.replace("\n", " "))
    out.write([_KINDS[request.kind], ("  ", ""), (request.intent_id, "path"), ("  ", ""), (text, "strong")])
    for command in request.commands:
        out.write([("    ", ""), (command.replace("TEXT", '"…"'), "faint")])


def _table(rows: Sequence[Line]) -> None:
    """Writes rows with their columns below each other."""
    from engine.cli.styled import line_writer

    out = line_writer(sys.stdout)
    rows = [[(printable(text.replace("\n", " ")), style) for text, style in row] for row in rows]
    widths = [
        max(map(display_width, column)) for column in zip(*([text for text, _ in row] for row in rows), strict=True)
    ]
    for row in rows:
        line: list[tuple[str, str]] = []
        for (text, style), width in zip(row, widths, strict=True):
            line += [(text, style), (" " * (width - display_width(text) + 2), "")]
        out.write(line[:-1])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
