"""What an agent is asked and what it answers, for each role, as documented for every adapter.

The models stand at the border: what an agent wrote is checked here and nowhere else. Unknown keys are passed over, so
that an agent may say more; a wrong value is a failure with its place. A result is the agent's word, not evidence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt, ValidationError
from pydantic import model_validator as validator

from engine.orchestrate.agents.process import OnOutput, ProcessEnd
from engine.orchestrate.agents.results import NoResult, last_object
from engine.orchestrate.effects import StepResult

__all__ = [
    "RESULTS",
    "AbstractResult",
    "Agent",
    "AgentReply",
    "AnalyzeResult",
    "AuditResult",
    "Bounds",
    "Context",
    "Failure",
    "ImplementResult",
    "Observation",
    "ObserveResult",
    "ReflectResult",
    "Request",
    "Result",
    "ReviewResult",
    "Role",
    "Spent",
    "TextResult",
    "read_result",
    "read_spent",
]

Role = Literal[
    "analyze", "implement", "review", "reflect", "coordinator", "developer", "reviewer", "documenter", "audit",
    "observe", "abstract",
]  # fmt: skip
SCHEMA_VERSION: Final = 1
#: of an invalid result, how many mistakes are told
_MISTAKES_TOLD: Final = 5

Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Context(BaseModel):
    """What the agent may want to know besides its task."""

    active_intents: list[dict[str, Any]] = []
    feedback: dict[str, Any] | None = None
    answers: list[dict[str, Any]] = []
    diff_path: str | None = None


class Request(BaseModel):
    """One question to an agent, written to its standard input as one JSON object."""

    schema_version: Literal[1] = SCHEMA_VERSION
    run_id: str
    intent: dict[str, Any]
    role: Role
    task: dict[str, Any] | None = None
    worktree: str | None = None
    prompt: str
    context: Context = Context()
    session_id: str | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class Usage(_Answer):
    """Tokens that a call took."""

    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0


class Spent(_Answer):
    """What a call cost, as far as the agent says so. `turns`: of the agent with its model."""

    usage: Usage | None = None
    cost_usd: NonNegativeFloat | None = None
    turns: NonNegativeInt | None = None


class Result(Spent):
    """What any result may say."""

    session_id: str | None = None


class PlannedTask(_Answer):
    """A Task of an analysis. Whether the Tasks together can be carried out is the controller's to say."""

    id: Id
    title: Words
    plan: str = ""
    relevant_files: list[str] = []
    depends_on: list[Id] = []
    complexity: str | None = None


class ChildIntent(_Answer):
    """An Intent that an Intent is divided into."""

    title: Words
    body: str = ""


class Evidence(_Answer):
    """What an observation rests on."""

    type: str
    ref: str


class Observation(_Answer):
    """Something that was noticed, for later."""

    content: Words
    evidence: list[Evidence] = []


class AnalyzeResult(Result):
    """Tasks, child Intents or questions: one of the three; or nothing but the Intents that must be done first."""

    tasks: list[PlannedTask] = []
    child_intents: list[ChildIntent] = []
    clarifications: list[Words] = []
    depends_on_intents: list[str] = []
    observations: list[Observation | str] = []

    @validator(mode="after")
    def _one_answer(self) -> AnalyzeResult:
        said = [name for name in ("tasks", "child_intents", "clarifications") if getattr(self, name)]
        if len(said) > 1:
            raise ValueError(f"{' and '.join(said)} exclude each other")
        if not said and not self.depends_on_intents:
            raise ValueError("there are no tasks, no child_intents and no clarifications")
        return self


class ImplementResult(Result):
    """What was done, in the agent's words."""

    summary: str = ""


class Issue(_Answer):
    """Something wrong in a diff. Lines are 1-based, the end inclusive."""

    path: str | None = None
    line: PositiveInt | None = None
    end_line: PositiveInt | None = None
    severity: str = "error"
    message: Words


class ReviewResult(Result):
    """The reviewer's opinion."""

    approved: bool
    issues: list[Issue] = []
    suggestions: list[str] = []
    observations: list[Observation | str] = []


class ProposedIntent(_Answer):
    """An Intent that reflection proposes."""

    title: Words
    body: str = ""
    type: str | None = None
    risk: Literal["low", "med", "high"] | None = None


class ReflectResult(Result):
    """What should be done next."""

    intents: list[ProposedIntent]


class AuditResult(Result):
    """What was noticed in a repository."""

    observations: list[Observation]


class ObserveResult(Result):
    """Patterns in the work so far, in a shape of the agent's own."""

    patterns: list[Any]


class Skill(_Answer):
    """Instructions for agents to come."""

    name: Words
    description: str
    instructions: str


class AbstractResult(Result):
    """Skills that were drawn from patterns."""

    skills: list[Skill]


class Delegation(_Answer):
    """A prompt for another role."""

    role: Words
    prompt: Words


class TextResult(Result):
    """A text; a coordinator's may delegate."""

    text: str = ""
    delegations: list[Delegation] = []

    @validator(mode="after")
    def _something(self) -> TextResult:
        if not self.text and not self.delegations:
            raise ValueError("there is no text")
        return self


RESULTS: Final[Mapping[Role, type[Result]]] = {
    "analyze": AnalyzeResult,
    "implement": ImplementResult,
    "review": ReviewResult,
    "reflect": ReflectResult,
    "coordinator": TextResult,
    "developer": TextResult,
    "reviewer": TextResult,
    "documenter": TextResult,
    "audit": AuditResult,
    "observe": ObserveResult,
    "abstract": AbstractResult,
}


def read_result(role: Role, output: str) -> Result:
    """The result in what an agent wrote; for implement, whose evidence are commits, it may be missing.

    Raises `NoResult` with the place: `tasks[0].id: …`.
    """
    try:
        value = last_object(output)
    except NoResult:
        if role != "implement":
            raise
        return ImplementResult()
    return checked_result(role, value)


def read_spent(output: str) -> Spent:
    """What an agent that failed says that it cost, if it came to that."""
    try:
        return Spent.model_validate(last_object(output))
    except (NoResult, ValidationError):
        return Spent()


def checked_result(role: Role, value: Mapping[str, Any]) -> Result:
    """A JSON object as the result of a role. Raises `NoResult` with the place."""
    try:
        return RESULTS[role].model_validate(value)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        told = [f"{_place(mistake['loc'])}{mistake['msg']}" for mistake in mistakes[:_MISTAKES_TOLD]]
        more = [f"and {len(mistakes) - len(told)} more"] if len(mistakes) > len(told) else []
        raise NoResult(f"the result is not one of {role}: {'; '.join(told + more)}") from None


def _place(path: tuple[int | str, ...]) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return f"{place}: " if place else ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result: how the step ends, and the error as events carry it."""

    result: StepResult
    kind: Literal["user", "policy", "tool", "network", "system"]
    message: str
    next_action: str

    @property
    def error(self) -> dict[str, str]:
        """As the `error` of a step's outcome."""
        return {"class": self.kind, "message": self.message, "next_action": self.next_action}


@dataclass(frozen=True, slots=True)
class AgentReply:
    """What came of asking an agent: a result or a failure, never both; already redacted.

    `spent`: what it said that it cost, in a failure too.
    """

    result: Result | None
    failure: Failure | None
    end: ProcessEnd
    session_id: str | None = None
    spent: Spent = field(default_factory=Spent)

    @property
    def cost(self) -> dict[str, Any]:
        """`usage`, `cost_usd` and `turns`, as far as they are known."""
        return self.spent.model_dump(include={"usage", "cost_usd", "turns"}, exclude_none=True)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds that a call may take, and that it may be silent."""

    timeout: float
    stall_timeout: float | None = None


class Agent(Protocol):
    """Something that can be asked. Ends by itself, with everything it started, when `stop` is set."""

    async def run(
        self,
        request: Request,
        *,
        cwd: Path,
        key: str,
        bounds: Bounds,
        log: Path | None = None,
        on_output: OnOutput | None = None,
        stop: asyncio.Event | None = None,
        writable: Sequence[Path] | None = None,
    ) -> AgentReply:
        """Asks in the folder `cwd` for the step `key`, to write below `writable` only, or (None) anywhere.

        Raises OSError where the folder or the log is no such place.
        """
