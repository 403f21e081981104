"""The repository that a reading command looks at: its Intents, what the log says, and what is wrong with either.

Finds everything by looking at files: no process is started, not even git. Invariant: nothing is written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.display import printable
from engine.cli.runs.opened import Unusable

if TYPE_CHECKING:
    from engine.config_files import Problem
    from engine.orchestrate.state import State
    from engine.orchestrate.store.event_log import EventLog
    from engine.orchestrate.store.files import IntentFiles, Intents
    from engine.orchestrate.store.locations import Locations

__all__ = ["Seen", "files_here", "log_here", "seen_here", "show_problems", "told"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository at a moment. `alive`: a process goes on with its runs, at the socket in `locations`."""

    files: IntentFiles
    intents: Intents
    state: State
    alive: bool
    locations: Locations


def files_here() -> IntentFiles:
    """The files of the repository that the current folder is in. Raises `Unusable`."""
    from engine.orchestrate.store.files import IntentFiles, find_root

    root = find_root(Path())
    if root is None:
        raise Unusable("this folder is in no git repository; go into one, or make one with `git init`")
    return IntentFiles(root)


def seen_here() -> Seen:
    """The Intents and the log's state. Raises `Unusable`."""
    from engine.orchestrate.state import State
    from engine.orchestrate.store.files import common_folder
    from engine.orchestrate.store.locations import locations
    from engine.orchestrate.store.writer_lock import WriterLock

    files = files_here()
    state, alive = State(), False
    places = locations(common_folder(files.root))
    with log_here(files) as log:
        if log is not None:
            state, alive = log.state(), WriterLock.is_held(places.lock)
    done = {name for name, known in state.intents.items() if known.status == "done"}
    return Seen(files, files.load_all(done), state, alive, places)


@contextmanager
def log_here(files: IntentFiles) -> Iterator[EventLog | None]:
    """The log, open for reading; None where nothing has been written yet. Raises `Unusable` for a damaged one."""
    if sys.platform == "win32":
        yield None
        return
    from engine.orchestrate.store.event_log import DamagedLog, EventLog
    from engine.orchestrate.store.files import common_folder
    from engine.orchestrate.store.locations import locations

    try:
        log = EventLog.open(locations(common_folder(files.root)).database, write=False)
    except FileNotFoundError:
        yield None
        return
    except DamagedLog as error:
        raise Unusable(str(error)) from error
    with log:
        try:
            yield log
        except DamagedLog as error:
            raise Unusable(str(error)) from error


def show_problems(problems: Sequence[Problem]) -> None:
    """Reports what is wrong with Intents' files on standard error."""
    from engine.cli.findings import Finding
    from engine.cli.formats.text import Text
    from engine.cli.styled import line_writer
    from engine.source_view import WholeView

    report = Text(line_writer(sys.stderr), summary=False)
    for problem in problems:
        report.add(Finding(told(problem.path), "intent", problem.diagnostic, WholeView(problem.text)))


def told(path: Path) -> str:
    """A path as a person in the current folder would write it."""
    try:
        return printable(str(path.relative_to(Path.cwd())))
    except ValueError:
        return printable(str(path))


def say(text: str) -> None:
    """A line for the person who typed the command."""
    click.echo(printable(text))
