"""A `RunConfig` and its namespaces ``stream``, ``stream.demand``, ``stream.flow``, ``recover``: decoding, encoding.

Decoding never fails: what is unknown is kept and warned about, what is wrong is replaced by its default and reported as
an error, which a stream answers with.  Encoding writes every field and keeps what it does not know, so that a
configuration can be handed to another process, or back to this one, without loss.

Knows no parser.  Invariant: decoding what was encoded gives the same settings and no new problem.
"""
from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.parse.config import Extensions, LeftRecursion, RunConfig
from engine.parse.feeder import MIN_DEMAND, DemandHint, FrameBoundary, Unsupported, of_symbol, to_symbol
from engine.parse.flow import Auto, BackpressureSpec, Demand, FlowController, FlowMode, FlowPolicy, Manual
from engine.parse.namespace import Namespace, Problem

__all__ = [
    "CHUNK_SIZE", "STREAM_FIELDS", "SWITCHES", "PolicyKind", "RecoverMode", "RecoverSettings", "StreamSettings",
    "decode_recover", "decode_run_config", "decode_stream", "encode_run_config", "encode_stream", "stream_fields",
    "with_stream_extension",
]

#: bytes parsed in one step: a millisecond or so, after which whoever drives may do something else
CHUNK_SIZE = 16_384

#: Every field of the three namespaces, as a dotted path.
STREAM_FIELDS = (
    "stream.enabled", "stream.checkpoint", "stream.flow_mode", "stream.resume_reason", "stream.chunk_size",
    "stream.demand_min_bytes", "stream.demand_preferred_bytes", "stream.stats",
    "stream.demand.min_bytes", "stream.demand.preferred_bytes", "stream.demand.frame_boundary",
    "stream.flow.mode", "stream.flow.high_watermark", "stream.flow.low_watermark", "stream.flow.policy.kind",
    "stream.flow.policy.demand.bytes", "stream.flow.policy.demand.frames",
    "stream.flow.policy.backpressure.max_lag", "stream.flow.policy.backpressure.debounce",
    "stream.flow.policy.backpressure.throttle",
)


#: The switches of a run, as they are written.
SWITCHES = (
    "require_eof", "packrat", "left_recursion", "trace", "merge_warnings", "legacy_result", "allow_top_level_expr",
)


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """The three stream namespaces, decoded."""

    enabled: bool = False
    checkpoint: str | None = None
    """Where a stream stood: a name of the caller's, or ``byte:<commit watermark>``."""
    flow_mode: FlowMode = FlowMode.AUTO
    resume_reason: str | None = None
    """Why it last stood still."""
    chunk_size: int = CHUNK_SIZE
    demand_min_bytes: int | None = None
    demand_preferred_bytes: int | None = None
    stats: bool = False
    """Whoever shows a result shows its figures as well."""
    demand: DemandHint | None = None
    """The hint to begin with, or the one a stream last gave."""
    flow: FlowController = field(default_factory=FlowController)

    @property
    def least(self) -> int | None:
        """The smallest demand that is set."""
        return self.demand_min_bytes or (self.demand.min_bytes if self.demand else None)

    @property
    def preferred(self) -> int | None:
        """The preferred demand that is set."""
        return self.demand_preferred_bytes or (self.demand.preferred_bytes if self.demand else None)

    @property
    def boundary(self) -> FrameBoundary | None:
        """The frame boundary that is set."""
        return self.demand.frame_boundary if self.demand else None


class PolicyKind(enum.StrEnum):
    """How a flow policy is written."""

    AUTO = "auto"
    MANUAL = "manual"


class RecoverMode(enum.StrEnum):
    """After a syntax error: stop, or go on and collect."""

    OFF = "off"
    COLLECT = "collect"


@dataclass(frozen=True, slots=True)
class RecoverSettings:
    """The namespace ``recover``.

    The places where parsing goes on belong to the grammar; `sync_tokens` of a configuration are carried, not obeyed.
    """

    mode: RecoverMode = RecoverMode.COLLECT
    sync_tokens: tuple[str, ...] = ()
    max_diagnostics: int | None = None
    max_resync_bytes: int | None = None
    max_recoveries: int | None = None
    notes: bool = False


def decode_stream(extensions: Extensions) -> tuple[StreamSettings, tuple[Problem, ...]]:
    """The stream's settings and what is odd about them; fields that are missing or wrong take their defaults."""
    problems: list[Problem] = []
    stream = Namespace("stream", extensions.get("stream"), problems)
    settings = StreamSettings(
        stream.flag("enabled", False), stream.text("checkpoint"), stream.choice("flow_mode", FlowMode.AUTO),
        stream.text("resume_reason"), stream.amount("chunk_size", 1) or CHUNK_SIZE,
        stream.amount("demand_min_bytes", 1), stream.amount("demand_preferred_bytes", 1), stream.flag("stats", False),
        _demand(Namespace("stream.demand", extensions.get("stream.demand"), problems)),
        _flow(Namespace("stream.flow", extensions.get("stream.flow"), problems)))
    stream.done()
    least, preferred = settings.demand_min_bytes, settings.demand_preferred_bytes
    if least is not None and preferred is not None and preferred < least:
        stream.wrong("demand_preferred_bytes", "must not be below demand_min_bytes")
        settings = replace(settings, demand_preferred_bytes=None)
    return settings, tuple(problems)


def _demand(space: Namespace) -> DemandHint | None:
    least, preferred = space.amount("min_bytes", 1), space.amount("preferred_bytes", 1)
    symbol = space.text("frame_boundary")
    space.done()
    boundary = None if symbol is None else of_symbol(symbol)
    if isinstance(boundary, Unsupported):
        space.wrong("frame_boundary", boundary.error.message)
        boundary = None
    if least is not None and preferred is not None and preferred < least:
        space.wrong("preferred_bytes", "must not be below min_bytes")
        preferred = None
    if least is None and preferred is None and boundary is None:
        return None
    return DemandHint(least or min(MIN_DEMAND, preferred or MIN_DEMAND), preferred, boundary)


def _flow(space: Namespace) -> FlowController:
    usual = FlowController()
    mode, high, low = space.choice("mode", usual.mode), space.amount("high_watermark"), space.amount("low_watermark")
    policy = _policy(space.inner("policy"))
    space.done()
    if high is None:
        high = max(usual.high_watermark, low or 0)
    if low is None:
        low = min(usual.low_watermark, high)
    flow = FlowController(mode, high, low, policy)
    if flow.problem is None:
        return flow
    space.wrong("high_watermark", flow.problem.message)
    return replace(usual, mode=mode, policy=policy)


def _policy(space: Namespace) -> FlowPolicy:
    kind = space.choice("kind", PolicyKind.AUTO)
    demand, pressure = space.inner("demand"), space.inner("backpressure")
    granted = Demand(demand.amount("bytes") or 0, demand.amount("frames") or 0)
    spec = BackpressureSpec(pressure.amount("max_lag"), pressure.amount("debounce"), pressure.amount("throttle"))
    for namespace in (space, demand, pressure):
        namespace.done()
    if kind is PolicyKind.AUTO:
        return Auto(spec)
    return Manual(granted if granted != Demand() else None)


def decode_recover(extensions: Extensions) -> tuple[RecoverSettings, tuple[Problem, ...]]:
    """The recovery's settings and what is odd about them."""
    problems: list[Problem] = []
    space = Namespace("recover", extensions.get("recover"), problems)
    settings = RecoverSettings(
        space.choice("mode", RecoverMode.COLLECT), space.texts("sync_tokens"), space.amount("max_diagnostics"),
        space.amount("max_resync_bytes"), space.amount("max_recoveries"), space.flag("notes", False))
    space.done()
    return settings, tuple(problems)


# -------------------------------------------------------------------------------------------------------------- writing
def encode_stream(settings: StreamSettings, over: Extensions | None = None) -> dict[str, dict[str, object]]:
    """The three namespaces with every field present, put over what `over` holds in them."""
    demand = settings.demand
    return _merged(over or {}, {
        "stream": {
            "enabled": settings.enabled, "checkpoint": settings.checkpoint, "flow_mode": settings.flow_mode.value,
            "resume_reason": settings.resume_reason, "chunk_size": settings.chunk_size,
            "demand_min_bytes": settings.demand_min_bytes,
            "demand_preferred_bytes": settings.demand_preferred_bytes, "stats": settings.stats,
        },
        "stream.demand": {
            "min_bytes": demand and demand.min_bytes, "preferred_bytes": demand and demand.preferred_bytes,
            "frame_boundary": to_symbol(demand.frame_boundary) if demand and demand.frame_boundary else None,
        },
        "stream.flow": _encoded_flow(settings.flow),
    })


def _encoded_flow(flow: FlowController) -> dict[str, object]:
    policy = flow.policy
    demand = policy.demand or Demand() if isinstance(policy, Manual) else Demand()
    spec = policy.backpressure if isinstance(policy, Auto) else BackpressureSpec()
    return {
        "mode": flow.mode.value, "high_watermark": flow.high_watermark, "low_watermark": flow.low_watermark,
        "policy": {
            "kind": (PolicyKind.AUTO if isinstance(policy, Auto) else PolicyKind.MANUAL).value,
            "demand": {"bytes": demand.bytes, "frames": demand.frames},
            "backpressure": {"max_lag": spec.max_lag, "debounce": spec.debounce, "throttle": spec.throttle},
        },
    }


def _merged(over: Mapping[str, object], new: Mapping[str, object]) -> dict[str, Any]:
    """`new` put over `over`, table by table, so that unknown keys stay."""
    out: dict[str, Any] = dict(over)
    for key, value in new.items():
        old = out.get(key)
        out[key] = _merged(old if isinstance(old, Mapping) else {}, value) if isinstance(value, Mapping) else value
    return out


def with_stream_extension(config: RunConfig, settings: StreamSettings) -> RunConfig:
    """The configuration with these settings in its stream namespaces; unknown keys stay, no field is missing."""
    return replace(config, extensions=encode_stream(settings, config.extensions))


def stream_fields(extensions: Extensions) -> Iterator[str]:
    """Those of `STREAM_FIELDS` that are present."""
    for path in STREAM_FIELDS:
        name = next(n for n in ("stream.demand", "stream.flow", "stream") if path.startswith(n + "."))
        value: object = extensions.get(name)
        for key in path[len(name) + 1:].split("."):
            value = value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT
        if value is not _ABSENT:
            yield path


_ABSENT = object()


# -------------------------------------------------------------------------------------------------- the whole of a run
def encode_run_config(config: RunConfig) -> dict[str, object]:
    """The configuration as JSON values: ``switches``, ``locale`` and ``extensions`` with all stream fields."""
    settings, _ = decode_stream(config.extensions)
    switches = {
        "require_eof": config.require_eof, "packrat": config.packrat, "left_recursion": config.left_recursion.value,
        "trace": config.trace, "merge_warnings": config.merge_warnings, "legacy_result": config.legacy_result,
        "allow_top_level_expr": config.allow_top_level_expr,
    }
    return {"switches": switches, "locale": config.locale, "extensions": encode_stream(settings, config.extensions)}


def decode_run_config(encoded: Mapping[str, object]) -> tuple[RunConfig, tuple[Problem, ...]]:
    """The configuration of an encoded one, and what is odd about it, its stream and recovery settings included."""
    problems: list[Problem] = []
    usual = RunConfig()
    top = Namespace("run_config", encoded, problems)
    space, extensions = top.inner("switches"), top.inner("extensions").content
    config = RunConfig(
        space.flag("require_eof", usual.require_eof), space.flag("packrat", usual.packrat),
        space.choice("left_recursion", LeftRecursion.AUTO), space.flag("trace", usual.trace),
        space.flag("merge_warnings", usual.merge_warnings), space.flag("legacy_result", usual.legacy_result),
        top.text("locale"), space.flag("allow_top_level_expr", usual.allow_top_level_expr),
        {name: table for name, table in extensions.items() if isinstance(table, Mapping)})
    space.done()
    top.done()
    return config, (*problems, *decode_stream(config.extensions)[1], *decode_recover(config.extensions)[1])
