"""``python -m tests.chaos.full``: the disk is full from the n-th operation on, for every n until nothing fails.

In the runner's process no file can be written any more, by itself, by git or by agents (`RLIMIT_FSIZE`): each write
really fails, in Python as in SQLite and in git.  What is counted are the files that it opens to write, renames, makes
and removes, the commands that it starts, and its events.  With ``--once`` there is room again with the next operation.
The runner must come to rest or end, saying why; with room again everything goes on, and nothing is lost or doubled.
"""
from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.orchestrate import client
from engine.orchestrate.events import Event
from engine.orchestrate.git.integration import LANDED_BRANCH
from engine.orchestrate.origins import wish
from engine.orchestrate.overview import open_questions
from engine.orchestrate.store.history import read_history
from engine.orchestrate.wire import Refused
from tests.chaos.doomed import Watcher
from tests.chaos.process import Hangs, Runner
from tests.chaos.whole import left_behind, processes_left, wrong_in_log
from tests.orchestrate.git.sandbox import Sandbox
from tests.orchestrate.project import Project

__all__ = ["Full", "with_full_disk"]

INTENTS = {
    "plain": "title: Plain\nrun: ['echo plain > plain.txt']\nverify: ['test -s plain.txt']\n",
    "sly": "title: Sly\nrun: ['mkdir -p .penstock; echo \"# x\" > .penstock/notes; echo sly > sly.txt']\n",
}
#: runners that may be needed once that there is room
LIVES = 8
_OPERATIONS = frozenset({"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "subprocess.Popen"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Full:
    """A disk that takes nothing from so many operations on, or only `once`."""

    operation: int
    once: bool = False

    def begin(self, report: int) -> Watcher:
        """Who sees to it; the line `full` is told when it begins."""
        return _Disk(self, report)


class _Disk:
    def __init__(self, full: Full, report: int) -> None:
        self._full, self._report = full, report
        self._done, self._lock = 0, threading.Lock()

    def ready(self) -> None:
        sys.addaudithook(self._heard)

    def look(self, _: Event) -> None:
        self._count()

    def signalled(self) -> None:
        self._let_write(resource.RLIM_INFINITY)

    def _heard(self, name: str, arguments: tuple[object, ...]) -> None:
        if name in _OPERATIONS or (name == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES):
            self._count()

    def _count(self) -> None:
        with self._lock:
            self._done += 1
            if self._done == self._full.operation:
                self._let_write(0)
                os.write(self._report, b"full\n")
            elif self._full.once and self._done == self._full.operation + 1:
                self._let_write(resource.RLIM_INFINITY)

    def _let_write(self, size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def _project() -> Iterator[Project]:
    """A repository with two approved Intents, and a git that tells when it cannot write instead of being ended."""
    with tempfile.TemporaryDirectory(prefix="full-", ignore_cleanup_errors=True) as folder:
        sandbox = Sandbox(Path(folder).resolve()).start()
        project = Project(sandbox)
        tools = sandbox.folder / "tools"
        tools.mkdir()
        (tools / "git").write_text(f"#!/bin/sh\ntrap '' XFSZ\nexec {shutil.which('git')} \"$@\"\n")
        (tools / "git").chmod(0o755)
        for name, text in INTENTS.items():
            project.intent(name, text)
        project.environment = {**project.environment, "PATH": f"{tools}:{project.environment['PATH']}"}
        yield project


def with_full_disk(full: Full) -> tuple[bool, list[str]]:
    """Whether the disk was full at some time, and what is wrong in the end."""
    with _project() as project:
        try:
            runner = Runner(project, full)
            said = _until_rest(project, runner)
            runner.signal()
            _stop(project)
            runner.ended()
            found = [f"it says {words!r}" for words in (*said, *runner.said) if "bug" in words or "damaged" in words]
            return "full" in runner.said, [*found, *_with_room(project)]
        except Hangs as hangs:
            return True, [str(hangs), *(event.to_json() for event in project.events[-20:])]


def _with_room(project: Project) -> Iterator[str]:
    """What a person sees to when there is room again; what is wrong then."""
    before = [str(each) for each in processes_left(project)]
    for _ in range(LIVES):
        for name, intent in project.workspace.state().intents.items():
            if intent.run_id is None and intent.status not in {"done", "approved"}:
                project.approve(name, again=True)
        runner = Runner(project, None)
        said = _until_rest(project, runner)
        _stop(project)
        runner.ended()
        yield from (f"with room it says {words!r}" for words in said)
        if all(intent.status == "done" for intent in project.workspace.state().intents.values()):
            break
    yield from before
    yield from _results(project)
    yield from wrong_in_log(project)
    yield from processes_left(project)
    yield from left_behind(project)


def _until_rest(project: Project, runner: Runner) -> list[str]:
    """Has everything done that can be done, answers what is asked; what was refused, in words."""
    workspace = project.workspace
    params = {"intents": [], "wish": wish(workspace, project.environment), "go_on": True, "mine": []}
    try:
        while runner.began:
            answered = [_answered(project, name) for name in INTENTS]
            runs = client.ask(workspace.socket, "start", params)["runs"]
            for _ in client.follow(workspace.socket, {"runs": list(runs.values()), "after": len(project.events)}):
                pass
            if not any(answered) and not any(_asks(project, name) for name in INTENTS):
                return []
    except client.NoRunner as gone:
        return [str(gone)]
    except Refused as refused:
        return [str(refused)]
    return []


def _asks(project: Project, name: str) -> bool:
    workspace = project.workspace
    return any(one.run_id for one in open_questions(workspace.files.load(name), workspace.state(), name))


def _answered(project: Project, name: str) -> bool:
    if not _asks(project, name):
        return False
    project.answer(name, "yes")
    return True


def _stop(project: Project) -> None:
    try:
        with client.ending(project.workspace.socket, "stop") as (_, wait):
            wait()
    except client.NoRunner:
        return


def _results(project: Project) -> Iterator[str]:
    events = project.events
    for name in INTENTS:
        if project.status(name) != "done":
            yield f"the file of {name} says {project.status(name)}, the log {project.workspace.state().intents[name]}"
        elif project.landed(f"{name}.txt") != name:
            yield f"{name} did not land"
        runs = [event.run_id for event in events if event.type == "run.end" and event.intent_id == name]
        told = [run["run_id"] for run in read_history(project.workspace.files.folder / "history" / f"{name}.yaml")]
        if told != runs:
            yield f"the history of {name} has {told}, and {runs} ended"
    if (landings := Counter(event.intent_id for event in events if event.type == "land")) != Counter(list(INTENTS)):
        yield f"landings: {landings}"
    answers = Counter((event.run_id, event.payload["index"]) for event in events if event.type == "answer")
    if set(answers.values()) != {1}:
        yield f"answers: {answers}"
    first = project.sandbox.git("rev-parse", "main")
    landed = project.sandbox.git("log", "--format=%(trailers:key=Penstock-Step,valueonly,separator=)",
                                 f"{first}..{LANDED_BRANCH}").split()  # fmt: skip
    if len(landed) != len(set(landed)) or len(landed) != len(INTENTS):
        yield f"commits by trailer: {landed}"
    if errors := [event.payload for event in events if event.type == "error" and "bug" in str(event.payload)]:
        yield f"the log says {errors}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the disk at one operation after the other; the exit code."""
    parser = argparse.ArgumentParser("python -m tests.chaos.full", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--once", action="store_true", help="only one operation fails")
    parser.add_argument("--start", type=int, default=1, metavar="N", help="the first operation (default: 1)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every so many (default: 1)")
    options = parser.parse_args(arguments)
    began, faults, number, struck = time.monotonic(), 0, options.start, True
    while struck:
        struck, found = with_full_disk(Full(number, options.once))
        faults += len(found)
        print("\n    ".join([f"{time.monotonic() - began:6.0f} s  full at operation {number}", *found]), flush=True)
        number += options.every
    print(f"full at {number - options.every} operations{' once' if options.once else ''}: {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
