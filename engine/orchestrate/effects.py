"""Effects: what the controller wants done in the world, and how doing a step ended.

A step's key names it for ever: a step that a crash interrupted is done again under the same key, and whoever does it
looks first for what it left behind (`Penstock-Step: <key>` in a commit). All values here are plain data that survive
JSON, so that another machine can do a step as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.orchestrate.events import Draft

__all__ = ["Announce", "CancelStep", "Effect", "Outcome", "RunStep", "StepName", "StepResult", "UpdateIntent"]

StepName = Literal[
    "analyze", "implement", "rebase", "review", "integrate", "coordinator", "developer", "reviewer", "documenter",
    "reflect", "propose", "audit", "report", "observe", "abstract", "record",
]  # fmt: skip

#: How a step ended. `ok`: done (a review: approved). `rejected`: a review's verdict, with feedback. `question`: a
#: person must answer first. `conflict`: git could not combine two changes. `failed`: it may be tried again. `refused`:
#: trying again is of no use (no such command, nothing changed, a policy). `timeout`, `stalled`: it took too long, or
#: was silent. `cancelled`: by a person, and verified.
StepResult = Literal["ok", "rejected", "question", "conflict", "failed", "refused", "timeout", "stalled", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunStep:
    """Do one step; its start and its end are events. `inputs` are the step's own (see `steps/`).

    `not_before`: seconds since the epoch before which it must not begin (a retry's backoff); 0 for at once.
    """

    key: str
    run_id: str
    task_id: str | None
    step: StepName
    attempt: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class CancelStep:
    """End a step that may be running: its whole process tree, verified; then its end is an event as ever."""

    key: str


@dataclass(frozen=True, slots=True)
class UpdateIntent:
    """Bring the Intent's file up to what the log says; what is None stays as it is, `clarifications` are new ones."""

    intent_id: str
    status: str | None = None
    clarifications: tuple[str, ...] | None = None
    depends_on: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Announce:
    """An event that is appended in the same transaction as the one that caused it."""

    draft: Draft


Effect = RunStep | CancelStep | UpdateIntent | Announce


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended, as the payload of `step.end` carries it.

    `output`: what the step made (tasks, commits, feedback, session id; see `steps/`). `evidence`: what the verdict
    rests on: exit codes, commits, verify commands with their exits, processes left after the sweep.
    `error`: None or `{"class", "message", "next_action"}`, class one of user policy tool network system.
    """

    result: StepResult
    output: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, str] | None = None
