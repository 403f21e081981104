"""The controller's state: the fold of the log's causes. Frozen values; `controller.step` makes the next one of each.

Only runs that have not ended are kept whole; of the others their ends are. What is outstanding stands with the Task or
run it is for (`Work.current`), so it is found by its key and never kept twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.orchestrate.budget import NOTHING, Amounts, Scope
from engine.orchestrate.budget import Limits as Allowed
from engine.orchestrate.effects import RunStep, UpdateIntent
from engine.orchestrate.limits import Limits
from engine.orchestrate.task import Invocation, Status, Tasks, Work

__all__ = [
    "Approval", "Day", "Hold", "IntentState", "Landing", "Outcome", "Question", "QuestionKind", "RunEnd", "RunPhase",
    "RunState", "State",
]  # fmt: skip

#: Where a run is: `waiting` for other Intents, `analyze`, its `tasks`, in the `queue` for integration, `integrate`,
#: `replay`: a Task is implemented again because of a conflict that the integration found, `steps`: in another step of
#: its Flow that concerns the run as a whole.
RunPhase = Literal["waiting", "analyze", "tasks", "queue", "integrate", "replay", "steps"]

#: How a run ended. `escalated`: it did not succeed and a person must look at it.
Outcome = Literal["success", "failed", "escalated"]


QuestionKind = Literal["clarification", "policy", "budget"]


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's agreement to an Intent as it was; `hash` is over what they agreed to."""

    hash: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an approved Intent cannot start, and what a person must do first."""

    reason: str
    next_action: str


@dataclass(frozen=True, slots=True)
class IntentState:
    """What the log knows of an Intent. `status`: approved or an end state, None if neither; `run_id`: its open run.

    `hold`: it was to start and could not. `spent`: by all its runs; `raised`: what people added to its budget.
    """

    approval: Approval | None = None
    status: str | None = None
    run_id: str | None = None
    hold: Hold | None = None
    spent: Amounts = NOTHING
    raised: Amounts = NOTHING


@dataclass(frozen=True, slots=True)
class Question:
    """Something a person must say before a step goes on.

    `index` counts the Intent's clarifications, those of its file first. `kind`: `clarification` is answered in words,
    `policy` by yes or no, `budget` by raising it or stopping. `effect` is the step that asked and `output` what it
    gave; a policy's yes accepts that.
    `open`: it waits for an answer; without one it is closed when its Task or run ends.
    """

    index: int
    kind: QuestionKind
    text: str
    effect: RunStep
    output: Mapping[str, Any] = field(default_factory=dict)
    answer: str | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the commits of a run are."""

    reason: str
    branch: str
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunState:
    """A run that has not ended.

    `intent`: the Intent as it was approved. `waits_for`: Intents that must be done first. `dependents`: of each Task.
    `children`: the Intents that this one was divided into. `landed`: set once it is, which nothing can change.
    `reviewed`, `failed`, `cancelled` count Tasks. `agreed`: a person agreed to the integration, and `allowed`: to these
    commands in it. `cancelling`: why it is being cancelled, None if it is not. `budget`: the limits by scope. `parked`:
    steps that wait for room in it. `spent_on`: by date, what was spent. `raised`: what people added to the budget of
    `run`, `intent` or a date. `largest`: by step, the most that one used. `reserved`: for all its steps that were asked
    for; `at_work`: by step, how many of these a role works in. Both would take long to count among a thousand Tasks.
    """

    id: str
    intent_id: str | None
    intent: Mapping[str, Any]
    flow: tuple[str, ...]
    limits: Limits
    base: Mapping[str, Any]
    integrate: str
    started_at: str
    phase: RunPhase = "waiting"
    waits_for: tuple[str, ...] = ()
    work: Work = field(default_factory=Work)
    tasks: Tasks = field(default_factory=Tasks)
    dependents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    reviewed: int = 0
    failed: int = 0
    cancelled: int = 0
    budget: Mapping[Scope, Allowed] = field(default_factory=dict)
    parked: tuple[RunStep, ...] = ()
    spent_on: Mapping[str, Amounts] = field(default_factory=dict)
    raised: Mapping[str, Amounts] = field(default_factory=dict)
    largest: Mapping[str, Amounts] = field(default_factory=dict)
    reserved: Amounts = NOTHING
    at_work: Mapping[str, int] = field(default_factory=dict)
    agreed: bool = False
    allowed: tuple[str, ...] = ()
    cancelling: str | None = None
    children: tuple[str, ...] = ()
    landed: Landing | None = None

    @property
    def settled(self) -> int:
        """How many Tasks are reviewed or have ended."""
        return self.reviewed + self.failed + self.cancelled

    @property
    def spent(self) -> Amounts:
        """What its steps used so far."""
        return Amounts.sum(self.spent_on.values())

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Those that wait for an answer."""
        return tuple(question for question in self.questions if question.open)

    @property
    def invocations(self) -> list[Invocation]:
        """The steps that were asked for and have not ended; at most one of the run itself, and one of each Task."""
        own = [self.work.current] if self.work.current else []
        return own + [task.work.current for task in self.tasks.values() if task.work.current]

    @property
    def status(self) -> Status:
        """pending, running, or waiting_approval: nothing goes on before a person has answered."""
        if self.invocations:
            return "running"
        if self.open_questions:
            return "waiting_approval"
        return "pending" if self.phase in {"waiting", "queue"} else "running"


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: `state` succeeded, failed or cancelled; `status` is what its Intent became.

    `next_action`: what a person may do about it, empty where that depends on its Tasks.
    """

    intent_id: str | None
    state: Status
    outcome: Outcome
    reason: str
    status: str
    branch: str | None = None
    commits: tuple[str, ...] = ()
    next_action: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """What all runs spent on the last day (UTC) on which any did, and what people added to its budget."""

    date: str = ""
    spent: Amounts = NOTHING
    raised: Amounts = NOTHING


@dataclass(frozen=True, slots=True)
class State:
    """Everything the controller knows.

    `runs`: those that have not ended, oldest first. `queue`: runs that wait for integration or hold it, in order.
    `updates`: the last few changes of Intents' files, to be made again after a crash. `trusted`: what of the
    repository's settings a person trusts, by its digest. `policy`: that under which the last run began.
    """

    runs: Mapping[str, RunState] = field(default_factory=dict)
    ended: Mapping[str, RunEnd] = field(default_factory=dict)
    intents: Mapping[str, IntentState] = field(default_factory=dict)
    queue: tuple[str, ...] = ()
    updates: tuple[UpdateIntent, ...] = ()
    trusted: tuple[str, ...] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    day: Day = Day()
    sequence: int = 0
