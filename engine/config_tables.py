"""The tables of settings: their keys, types, defaults and what each means.

What is written here is all there is: the JSON Schema, the editor's settings and the documentation are made of it.
Knows no file and no layer; `config` reads these. Invariant: every key has a docstring and a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel

from engine.flow_steps import FlowStep, mistake_in

if TYPE_CHECKING:
    from engine.languages.language import CheckSettings

__all__ = [
    "AgentTable", "CheckTable", "LspTable", "OwnFlowTable", "PolicyTable", "RecordsTable", "RunTable", "StreamTable",
    "Table",
]  # fmt: skip

Bytes = Annotated[int, Field(ge=1)]
Nanoseconds = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Texts = Annotated[tuple[str, ...], Strict(False)]
FlowName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
AgentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*(:[A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
Mode = Literal["read-only", "workspace-write", "full-access"]
Verdict = Literal["auto", "ask", "deny"]


class Table(BaseModel):
    """A table of settings; its keys may be written `like_this` or, as editors do, `likeThis`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        loc_by_alias=False,
        use_attribute_docstrings=True,
    )


class CheckTable(Table):
    """What `penstock check` and the editor report."""

    fail_on: Literal["error", "warning"] = "error"
    """The least severity that makes `penstock check` exit with 1."""
    allow_top_level_expr: bool = False
    """Accept expressions at the top level of a Reml module."""
    targets: Annotated[tuple[str, ...], Strict(False)] = ("cli",)
    """The targets a module is checked for."""
    exclude: Annotated[tuple[str, ...], Strict(False)] = ()
    """Files and folders that are skipped when a folder is walked, as patterns on the path below this file's folder."""

    def settings(self) -> CheckSettings:
        """What the languages' checks need of these."""
        from engine.languages.language import CheckSettings

        return CheckSettings(allow_top_level_expr=self.allow_top_level_expr, targets=frozenset(self.targets))


class BackpressureTable(Table):
    """When a consumer that falls behind slows the parser down; all in nanoseconds."""

    max_lag: Nanoseconds | None = None
    """The longest time a part of the input may wait."""
    debounce: Nanoseconds | None = None
    """How long input must be quiet before a delayed part is taken."""
    throttle: Nanoseconds | None = None
    """The least time between two parts."""


class FlowDemandTable(Table):
    """What the manual policy asks for at a time."""

    bytes: Bytes | None = None
    """Bytes."""
    frames: Annotated[int, Field(ge=1)] | None = None
    """Frames: parts that end at a frame boundary."""


class FlowPolicyTable(Table):
    """Who decides how much is read."""

    kind: Literal["auto", "manual"] = "auto"
    """`auto` follows the lag, `manual` the demand given here."""
    demand: FlowDemandTable = FlowDemandTable()
    """For `manual`."""
    backpressure: BackpressureTable = BackpressureTable()
    """For `auto`."""


class FlowTable(Table):
    """How fast input is taken."""

    mode: Literal["auto", "push", "pull", "hybrid"] = "auto"
    """Who drives: the feeder (`push`), the parser (`pull`), both in turns, or whichever fits."""
    high_watermark: Bytes | None = None
    """Buffered bytes above which reading pauses."""
    low_watermark: Bytes | None = None
    """Buffered bytes below which reading goes on."""
    policy: FlowPolicyTable = FlowPolicyTable()
    """What decides when more is read."""

    @model_validator(mode="after")
    def _ordered(self) -> FlowTable:
        high, low = self.high_watermark, self.low_watermark
        if high is not None and low is not None and high < low:
            raise ValueError("`high_watermark` must not be below `low_watermark`")
        return self


class StreamTable(Table):
    """Streaming: checking an input piece by piece, in memory that does not grow with it."""

    enabled: bool = False
    """Stream without being asked to by `--stream`."""
    checkpoint: str | None = None
    """A name for the place to resume from, shown in audit events."""
    chunk_size: Bytes | None = None
    """Bytes read at a time."""
    demand_min_bytes: Bytes | None = None
    """The least number of bytes the parser asks for."""
    demand_preferred_bytes: Bytes | None = None
    """The number of bytes the parser would like."""
    flow: FlowTable = FlowTable()
    """When reading pauses and goes on."""

    def extensions(self) -> dict[str, dict[str, Any]]:
        """These settings as the namespaces of a run's configuration; what is not set is left to the engine."""
        stream = self.model_dump(exclude_none=True, exclude={"flow"})
        return {"stream": stream, "stream.flow": self.flow.model_dump(exclude_none=True)}

    @model_validator(mode="after")
    def _ordered(self) -> StreamTable:
        least, liked = self.demand_min_bytes, self.demand_preferred_bytes
        if least is not None and liked is not None and least > liked:
            raise ValueError("`demand_min_bytes` must not be above `demand_preferred_bytes`")
        return self


class LspTable(Table):
    """The language server."""

    max_diagnostics: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Diagnostics shown per file; the rest is summed up in one line."""


class BudgetTable(Table):
    """What may be used at most; what is not set is not limited."""

    usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """USD, as agents say or as their `price` makes of their tokens."""
    tokens: Count | None = None
    """Tokens, read and written."""
    minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Minutes that agents and commands are at work, added up."""
    turns: Count | None = None
    """Calls of agents, or as many turns as they say they took."""


class BudgetsTable(Table):
    """What work may cost; at a limit its run pauses and asks you."""

    run: BudgetTable = BudgetTable()
    """Of one run."""
    intent: BudgetTable = BudgetTable()
    """Of all runs of an Intent; what its own `budget` says counts instead."""
    day: BudgetTable = BudgetTable()
    """Of all runs of the repository on one day (UTC)."""

    def of(self, own: Mapping[str, float | None]) -> dict[str, dict[str, float]]:
        """The limits of a run, by scope, for an Intent whose own budget is `own`."""
        given: dict[str, dict[str, float]] = self.model_dump(exclude_none=True)
        given["intent"] |= {unit: amount for unit, amount in own.items() if amount is not None}
        return given


class RunTable(Table):
    """Runs of Intents: by whom, where, and what stops them."""

    agent: AgentName = "command"
    """The agent of an Intent that names none."""
    base_branch: str | None = None
    """The branch that runs begin on; by default the one that is checked out."""
    integrate: Literal["branch", "base", "pr"] = "branch"
    """Where the commits of a run land: a branch of Penstock's, the base branch, a request to merge."""
    worktree_dir: str | None = None
    """The folder of the worktrees, relative to this file's folder; by default in the platform's state folder."""
    worktree_setup: Texts = ()
    """Commands that make a new worktree ready, each a line for the shell."""
    max_parallel_roles: Annotated[int, Field(ge=1, le=64)] = 4
    """Steps of agents that run at the same time."""
    max_retries_per_role: Count = 2
    """How often a step that failed is tried again."""
    max_cycle_count: Annotated[int, Field(ge=1)] = 3
    """How often the same request may be made without any change before it is a loop."""
    max_review_retries: Count = 2
    """How often a Task goes back to its agent after a review."""
    retry_base_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 1.0
    """Seconds before the first new try; they double with each."""
    analyze_timeout_seconds: Seconds = 600
    """Seconds an analysis may take."""
    implement_timeout_seconds: Seconds = 1200
    """Seconds an implementation may take."""
    review_timeout_seconds: Seconds = 600
    """Seconds a review may take."""
    verify_timeout_seconds: Seconds = 1200
    """Seconds a verify command may take."""
    stall_timeout_seconds: Seconds = 300
    """Seconds an agent may be silent."""
    budget: BudgetsTable = BudgetsTable()
    """What a run, an Intent and a day may cost."""
    max_commit_bytes: Bytes = 10_000_000
    """Bytes that a commit of an agent's work may add."""
    idle_seconds: Seconds = 300
    """Seconds after which the runner's process ends when nothing goes on in it and nobody is attached."""

    def limits(self) -> dict[str, float]:
        """The numbers that stop a run, by their keys."""
        return self.model_dump(
            include={name for name in type(self).model_fields if name.startswith("max_") or "_seconds" in name},
            exclude={"idle_seconds"},
        )


class PriceTable(Table):
    """What an agent's tokens cost, in USD per million, where it does not say so itself."""

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Tokens that it reads."""
    output: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Tokens that it writes."""


class AgentTable(Table):
    """An agent under a name of your own."""

    command: str | None = None
    """The program that is started."""
    args: Texts = ()
    """Its arguments."""
    env_allow: Texts = ()
    """Environment variables that it gets besides the usual ones."""
    model: str | None = None
    """The model it is asked to use."""
    price: PriceTable | None = None
    """What its tokens cost."""


class OwnFlowTable(Table):
    """A Flow under a name of your own, which is the `type` of the Intents that go through it."""

    steps: Annotated[tuple[FlowStep, ...], Strict(False)] = ("analyze", "implement", "review")
    """Its steps, in order."""

    @field_validator("steps")
    @classmethod
    def _together(cls, steps: tuple[FlowStep, ...]) -> tuple[FlowStep, ...]:
        if (mistake := mistake_in(steps)) is not None:
            raise ValueError(mistake)
        return steps


class PolicyModes(Table):
    """What the agent of each role may do."""

    analyze: Mode = "read-only"
    """Reading the code and making a plan."""
    implement: Mode = "workspace-write"
    """Changing the code in a worktree."""
    review: Mode = "read-only"
    """Judging a change."""


class PolicyTable(Table):
    """The rules that agents work under."""

    mode: PolicyModes = PolicyModes()
    """Per role: read, write in the worktree, or everything."""
    paths: Texts = ()
    """Folders outside of worktrees that agents and commands may write to as well."""
    commands: dict[str, Verdict] = Field(default_factory=dict)
    """Commands by pattern, such as `git push*`: run unasked, after you agreed each time, or not at all."""
    checkout_changes: Literal["ask", "record"] = "ask"
    """Your own checkout changed while a step was at work: you are asked whether that was you, or it is recorded."""


class RecordsTable(Table):
    """How long events and agents' output are kept; audit records and the history are kept for ever."""

    keep_days: Count = 90
    """Days that the events and the output of a run are kept after its end; 0 for ever."""
    anchor_file: str | None = None
    """A file, out of reach of whoever could forge records here, to which their head is added."""
    anchor_command: Texts = ()
    """A command that keeps the head it gets on its standard input, and with nothing there writes the last one."""
    max_megabytes: Count = 1024
    """Megabytes of events and output past which the oldest ended runs go earlier; 0 for no bound."""
