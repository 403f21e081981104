"""The model of an Intent: its keys, their types and defaults.

It reads what `nodes` makes of a file, where every scalar is a text, and its own dump, where a number is a number.
Whatever a key cannot mean is refused. Knows neither YAML nor places; `document` puts the two together.
Invariant: `approval_hash` covers everything a person approves, and nothing a comment or the Runner could change.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from engine.languages.intent.slug import ID_PATTERN, LONGEST

__all__ = ["END_STATES", "ROLES", "AgentRole", "Budget", "Clarification", "Intent", "IntentTask", "Status"]

Status = Literal["proposed", "approved", "done", "blocked", "error", "cancelled"]
#: how an Intent can end
END_STATES: Final = frozenset({"done", "blocked", "error", "cancelled"})
AgentRole = Literal[
    "analyze", "implement", "review", "reflect", "coordinator", "developer", "reviewer", "documenter",
    "audit", "observe", "abstract",
]  # fmt: skip
ROLES: Final[tuple[str, ...]] = get_args(AgentRole)

#: what an approval is for; `title` to `budget` of the interface
_APPROVED: Final = ("title", "body", "run", "tasks", "verify", "agent", "integrate", "budget")


def _truth(value: Any) -> Any:
    if value in ("true", "True", "TRUE"):
        return True
    if value in ("false", "False", "FALSE"):
        return False
    if isinstance(value, bool):
        return value
    raise ValueError("it must be true or false")


def _one_line(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    line = value.strip()
    if not line:
        raise ValueError("it must not be empty")
    if re.search(r"[\r\n\0]", line):
        raise ValueError("a command is one line; put more than that into a script")
    return line


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("it must be a time such as 2026-11-20T10:00:00Z") from None
    return value


def _kind_of_agent(value: Any) -> str:
    return "roles" if isinstance(value, dict) else "name"


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=LONGEST)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Command = Annotated[str, BeforeValidator(_one_line)]
Truth = Annotated[bool, BeforeValidator(_truth)]
AgentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*(:[A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
Agent = Annotated[
    Annotated[AgentName, Tag("name")] | Annotated[dict[AgentRole, AgentName], Tag("roles")],
    Discriminator(_kind_of_agent),
]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clarification(_Keys):
    """A question that an agent asked, and the person's answer once there is one."""

    question: Text
    answer: str | None = None


class Budget(_Keys):
    """What all runs of an Intent may cost together; None is no limit of its own."""

    usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None
    minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    turns: Annotated[int, Field(ge=0)] | None = None


class IntentTask(_Keys):
    """A Task that the Intent itself gives: a command or a plan, after the Tasks it depends on."""

    id: Id
    title: str = ""
    plan: str = ""
    run: Command | None = None
    depends_on: tuple[Id, ...] = ()
    relevant_files: tuple[str, ...] = ()
    allow_empty: Truth = False


class Intent(_Keys):
    """What a person wants done. `id` is the file's stem and stands in no file."""

    id: Id
    title: Text
    body: str = ""
    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")] | None = None
    risk: Literal["low", "med", "high"] | None = None
    source: Literal["human", "reflection"] = "human"
    status: Status = "proposed"
    parent: Id | None = None
    depends_on: tuple[Id, ...] = ()
    agent: Agent | None = None
    run: tuple[Command, ...] = ()
    tasks: tuple[IntentTask, ...] = ()
    verify: tuple[Command, ...] = ()
    integrate: Literal["branch", "base", "pr"] | None = None
    budget: Budget | None = None
    clarifications: tuple[Clarification, ...] = ()
    created_at: Annotated[str, BeforeValidator(_moment)] | None = None
    allow_empty: Truth = False

    @model_validator(mode="after")
    def _run_or_tasks(self) -> Self:
        if self.run and self.tasks:
            raise ValueError("`run` and `tasks` exclude each other: give each command of `run` a Task of its own")
        return self

    @property
    def open_questions(self) -> tuple[int, ...]:
        """The indices of the clarifications that nobody has answered."""
        return tuple(index for index, each in enumerate(self.clarifications) if each.answer is None)

    @property
    def approval_hash(self) -> str:
        """SHA-256, as 64 hex digits, of what a person approves; equal as long as none of it was changed."""
        approved = self.model_dump(mode="json", include=set(_APPROVED))
        return hashlib.sha256(json.dumps(approved, sort_keys=True).encode()).hexdigest()
