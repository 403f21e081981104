"""Tasks: what analyze divides an Intent into, and how each of them stands.

`check_plan` turns what an analysis says into Tasks, dependencies first, or tells what is wrong. `Tasks` is a mapping
that is cheap to change by copying, so that a run of thousands of Tasks is not copied whole with each event.
All values are frozen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from engine.orchestrate.budget import NOTHING, Amounts
from engine.orchestrate.effects import RunStep, StepName

__all__ = ["BadPlan", "Invocation", "Stage", "Status", "TaskState", "Tasks", "Work", "check_plan"]

Status = Literal["pending", "running", "waiting_approval", "succeeded", "failed", "cancelled"]

#: Where a Task is: `waiting` for others, in a step, `reviewed` (done, not landed yet), `ended`.
Stage = Literal["waiting", "implement", "rebase", "review", "reviewed", "ended"]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BadPlan(ValueError):
    """Tasks that cannot be carried out: the message says which and why."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A step that was asked for and has not ended. `started_at`: the time of its `step.start`, None while it waits.

    `reserved`: what of the budgets is kept for it.
    """

    effect: RunStep
    started_at: str | None = None
    cancelling: bool = False
    reserved: Amounts = NOTHING


@dataclass(frozen=True, slots=True)
class Work:
    """The steps done so far for a Task, or for the run itself (analyze, integrate); each mapping is by step name.

    `invocations` numbers the steps' keys. `retries` counts what was tried again after a failure, over the whole run.
    `repeats` counts equal prompts by signature since the last progress. `history` holds the last ten endings.
    """

    current: Invocation | None = None
    invocations: Mapping[str, int] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    repeats: Mapping[str, int] = field(default_factory=dict)
    sessions: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskState:
    """A Task of a run.

    `spec`: as the analysis gave it (title, plan, relevant_files, complexity, run …), or a coordinator (prompt). `role`:
    who does its work; what a role that answers in words said is `text`. `open_dependencies`: how many of
    `depends_on` are not reviewed yet. `commit` is the head of its branch, `start_commit` what that branch's own commits
    build on. `onto`: the commit that it is implemented on again after a conflict. `replayed`: the integration found it,
    so the Task is not rebased again. `rounds`, `conflicts`, `replays`: reviews that rejected it, conflicts of rebase,
    and of integrate.
    """

    id: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    role: StepName = "implement"
    text: str = ""
    depends_on: tuple[str, ...] = ()
    open_dependencies: int = 0
    status: Status = "pending"
    stage: Stage = "waiting"
    work: Work = Work()
    feedback: Mapping[str, Any] | None = None
    onto: str | None = None
    replayed: bool = False
    rounds: int = 0
    conflicts: int = 0
    replays: int = 0
    start_commit: str | None = None
    commit: str | None = None
    branch: str | None = None
    files: tuple[str, ...] = ()
    reason: str = ""
    escalated: bool = False
    cancelling: bool = False
    started_at: str | None = None
    ended_at: str | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more happens to it before the integration."""
        return self.stage in {"reviewed", "ended"}


class Tasks(Mapping[str, TaskState]):
    """The Tasks of a run by id, in an order in which dependencies come first; changed by `put`, which copies little."""

    __slots__ = ("_chunks", "_places")

    _CHUNK: Final = 32

    def __init__(self, tasks: Sequence[TaskState] = ()) -> None:
        size = self._CHUNK
        self._places: Mapping[str, int] = {task.id: place for place, task in enumerate(tasks)}
        self._chunks = tuple(tuple(tasks[start : start + size]) for start in range(0, len(tasks), size))

    def put(self, task: TaskState) -> Tasks:
        """These Tasks with the one of the same id exchanged; KeyError if there is none."""
        which, place = divmod(self._places[task.id], self._CHUNK)
        chunk = self._chunks[which]
        changed = Tasks.__new__(Tasks)
        changed._places = self._places
        changed._chunks = (
            *self._chunks[:which],
            (*chunk[:place], task, *chunk[place + 1 :]),
            *self._chunks[which + 1 :],
        )
        return changed

    def __getitem__(self, task_id: str) -> TaskState:
        which, place = divmod(self._places[task_id], self._CHUNK)
        return self._chunks[which][place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tasks) and self._chunks == other._chunks

    __hash__ = None  # type: ignore[assignment]


def check_plan(specs: object) -> list[TaskState]:
    """Tasks of a plan, dependencies first and otherwise in the plan's order.

    Raises `BadPlan`: no Tasks, a bad or doubled id, an unknown dependency, a cycle.
    """
    if not isinstance(specs, list | tuple) or not specs:
        raise BadPlan("the analysis names no Tasks")
    tasks: dict[str, TaskState] = {}
    for spec in specs:
        task = _task(spec)
        if task.id.casefold() in tasks:
            raise BadPlan(f"two Tasks are called `{task.id}`")
        tasks[task.id.casefold()] = task
    by_id = {task.id: task for task in tasks.values()}
    for task in by_id.values():
        for name in task.depends_on:
            if name not in by_id:
                raise BadPlan(f"Task `{task.id}` depends on `{name}`, which is no Task")
    return _in_order(by_id)


def _task(spec: object) -> TaskState:
    if not isinstance(spec, Mapping):
        raise BadPlan("a Task is not a mapping")
    name, needs = spec.get("id"), spec.get("depends_on") or ()
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise BadPlan(f"a Task's id must be letters, digits, `-` and `_`, at most 64, not {name!r}")
    if not isinstance(needs, list | tuple) or not all(isinstance(need, str) for need in needs):
        raise BadPlan(f"Task `{name}`: `depends_on` must be a list of ids")
    depends_on = tuple(dict.fromkeys(needs))
    return TaskState(name, spec, depends_on=depends_on, open_dependencies=len(depends_on))


def _in_order(tasks: Mapping[str, TaskState]) -> list[TaskState]:
    dependents: dict[str, list[str]] = {name: [] for name in tasks}
    missing = {}
    for task in tasks.values():
        missing[task.id] = len(task.depends_on)
        for name in task.depends_on:
            dependents[name].append(task.id)
    ready = [name for name, count in missing.items() if not count]
    for name in ready:  # grows while it is walked
        for dependent in dependents[name]:
            missing[dependent] -= 1
            if not missing[dependent]:
                ready.append(dependent)
    if len(ready) < len(tasks):
        stuck = sorted(name for name, count in missing.items() if count)
        raise BadPlan(f"these Tasks wait for each other: {', '.join(stuck[:10])}")
    return [tasks[name] for name in ready]
