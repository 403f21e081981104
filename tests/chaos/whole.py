"""What must hold when everything has ended, however often the Runner was killed on the way."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import psutil

from engine.orchestrate.agents.family import MARKER
from engine.orchestrate.controller import fold
from engine.orchestrate.git.cleaning import clean
from engine.orchestrate.git.integration import LANDED_BRANCH, Integration
from engine.orchestrate.git.repository import OWNER
from engine.orchestrate.git.worktrees import Worktrees
from engine.orchestrate.store.chain import Anchor
from engine.orchestrate.store.event_log import EventLog, checksum_of
from engine.orchestrate.store.history import read_history
from engine.orchestrate.store.record_key import key_of
from engine.orchestrate.store.snapshot import state_of
from engine.orchestrate.store.verify import Intact, verify
from tests.chaos.busy import ASKING, CANCELLED, COMMITS, INTENTS, Busy
from tests.orchestrate.project import Project

__all__ = ["left_behind", "processes_left", "wrong", "wrong_in_log"]

_LANDED = INTENTS.keys() - {CANCELLED}
_CONTENT = {"moody.txt": "x", "asking.txt": "final", "sly.txt": "x", "wide-c.txt": "a\nb", "late.txt": "a\nb"}


def wrong(project: Busy) -> Iterator[str]:
    """What is not as it must be, in words."""
    yield from _decisions(project)
    yield from _runs(project)
    yield from _steps(project)
    yield from _commits(project)
    yield from wrong_in_log(project)
    yield from _files(project)
    yield from processes_left(project)
    yield from left_behind(project)


def _decisions(project: Busy) -> Iterator[str]:
    events, told = project.events, Counter(project.acknowledged)
    asked = [f"{e.run_id} {e.payload['index']}" for e in events if e.type == "question"]
    approved = Counter(("approval", str(e.intent_id)) for e in events if e.type == "approval")
    answered = Counter(("answer", f"{e.run_id} {e.payload['index']}") for e in events if e.type == "answer")
    if approved != Counter(("approval", name) for name in INTENTS):
        yield f"approved: {approved}"
    asking = {e.intent_id for e in events if e.type == "question"}
    if answered != Counter(("answer", name) for name in asked) or not asking.issuperset(ASKING):
        yield f"answered: {answered}, of {asked}"
    if told != approved + answered:
        yield f"the person was told of {told - approved - answered}, and not of {approved + answered - told}"
    if errors := [e.payload for e in events if e.type == "error" and e.run_id is None]:
        yield f"some events made no sense: {errors}"


def _runs(project: Busy) -> Iterator[str]:
    ends = Counter((e.intent_id, e.payload["state"]) for e in project.events if e.type == "run.end")
    if ends != Counter((name, "succeeded" if name in _LANDED else "cancelled") for name in INTENTS):
        yield f"runs ended as {ends}"
    intent_of = {e.run_id: e.intent_id for e in project.events if e.type == "run.start"}
    for kind, intents in (("run.start", INTENTS), ("land", _LANDED), ("cancel", [CANCELLED])):
        times = Counter(intent_of[e.run_id] for e in project.events if e.type == kind)
        if times != Counter(list(intents)):
            yield f"{kind}: {times}"


def _steps(project: Busy) -> Iterator[str]:
    """Each key ends once, begins before, and never after; commands run for a step that has begun, once each time."""
    starts, ended = Counter[str](), set[str]()
    for event in project.events:
        key = event.payload.get("key", "")
        if event.type == "step.start":
            starts[key] += 1
            if key in ended:
                yield f"{key} begins after its end"
        elif event.type == "step.end":
            if key in ended or not starts[key]:
                yield f"{key} ends twice, or never began"
            ended.add(key)
    if set(starts) != ended:
        yield f"steps that never ended: {set(starts) - ended}"
    for key, times in Counter(project.journal).items():
        if times > starts[key]:
            yield f"{key} was done {times} times and began {starts[key]} times"


def _commits(project: Busy) -> Iterator[str]:
    git, first = project.sandbox.git, project.sandbox.git("rev-list", "--max-parents=0", "main")
    landed = git("rev-list", "--no-merges", f"{first}..{LANDED_BRANCH}", "^main").split()
    told = [commit for event in project.events if event.type == "land" for commit in event.payload["commits"]]
    if sorted(landed) != sorted(told):
        yield f"{LANDED_BRANCH} has {landed}, and what landed is {told}"
    trailers = git("log", "--no-merges", "--format=%(trailers:key=Penstock-Step,valueonly,separator=)",
                   f"{first}..{LANDED_BRANCH}", "^main").split()  # fmt: skip
    tasks = Counter("/".join(key.split("/")[:2]) for key in trailers)
    if len(set(trailers)) != len(landed):
        yield f"commits by trailer: {Counter(trailers)} of {len(landed)}"
    if len(tasks) != len(_LANDED) + 2 or set(tasks.values()) - {1, 2}:
        yield f"commits by Task: {tasks}"
    for name, text in _CONTENT.items():
        if project.landed(name) != text:
            yield f"{name} is {project.landed(name)!r}"
    lines = project.landed("a.txt").splitlines()
    if sorted(lines[:2]) != ["left", "right"] or lines[2:] != ["one", "two", "three"]:
        yield f"a.txt is {lines}"
    if git("status", "--porcelain", "--untracked-files=no") or len(git("rev-list", "main").split()) != 1 + COMMITS:
        yield "the person's checkout or branch is not as they left it"
    if problems := git("fsck", "--connectivity-only", "--no-dangling", "--no-progress"):
        yield f"git fsck: {problems}"


def wrong_in_log(project: Project) -> Iterator[str]:
    """What of the log does not fit together: events, state, snapshot, audit records."""
    places = project.workspace.locations
    with EventLog.open(places.database, write=False) as log:
        events, state = list(log.read()), log.state()
        if fold(events) != state:
            yield "the fold of the log is not its state"
        for text, checksum in log._select("SELECT state, checksum FROM snapshots") if log._has_snapshots() else ():
            kept = state_of(text)
            if kept is None or checksum != checksum_of((text,)) or kept != fold(events[: kept.sequence]):
                yield "the snapshot is not the fold of the log"
    if [event.sequence for event in events] != list(range(1, len(events) + 1)):
        yield "events are missing"
    verdict = verify(places.database, key_of(places.keys), Anchor(places.head))
    if not isinstance(verdict, Intact):
        yield f"the audit records: {verdict}"


def _files(project: Busy) -> Iterator[str]:
    for name in INTENTS:
        status, state = ("done", "succeeded") if name in _LANDED else ("cancelled", "cancelled")
        if project.status(name) != status:
            yield f"the file of {name} says {project.status(name)}"
        told = read_history(project.workspace.files.folder / "history" / f"{name}.yaml")
        if [run["state"] for run in told] != [state]:
            yield f"the history of {name} has {[run['state'] for run in told]}"


def processes_left(project: Project) -> Iterator[str]:
    """Who carries a mark of this repository's, or works in its folder."""
    folder = str(project.sandbox.folder)
    for process in psutil.process_iter():
        try:
            environ = process.environ()
            ours = folder in environ.get(OWNER, "") or (MARKER in environ and folder in environ.get("HOME", ""))
            if process.pid != os.getpid() and (ours or process.cwd().startswith(folder)):
                yield f"a process is left: {process}"
        except (psutil.Error, OSError):
            continue


def left_behind(project: Project) -> Iterator[str]:
    """Worktrees, locks and halves of files that nobody needs."""
    workspace = project.workspace
    worktrees = Worktrees(workspace.repository, workspace.locations.worktrees)
    if stale := worktrees.stale():
        yield f"stale worktrees: {stale}"
    clean(Integration(workspace.repository, worktrees), {e.run_id or "" for e in project.events if e.type == "run.end"})
    if rest := [path for path in worktrees.folder.iterdir() if path.name not in {".lock", ".merge.lock"}]:
        yield f"left in the folder of worktrees: {rest}"
    permanent = {"penstock.lock"}
    locks = [path for path in (project.root / ".git").rglob("*.lock") if path.name not in permanent]
    halves = [*project.root.rglob("*.tmp"), *workspace.locations.keys.rglob("*.tmp")]
    if locks or halves:
        yield f"left behind: {[*locks, *halves]}"
