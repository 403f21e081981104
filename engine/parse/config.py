"""How a text is run: the switches of a run, what a stream needs besides, the recovery's settings.

A `RunConfig` is the same for batch and stream; `StreamingConfig` wraps one and adds what only makes sense when text
comes in parts.  Both are values, read once when a run begins and never again at the border of two chunks.

Knows no parser.  What `extensions` mean is read by `engine.parse.extensions`.
"""
from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.parse.flow import Demand, FlowMode

if TYPE_CHECKING:
    from engine.parse.audit import StreamEvent

__all__ = ["PENDING_TIMEOUT", "Clock", "Extensions", "LeftRecursion", "RunConfig", "StreamingConfig"]

#: nanoseconds a stream may stand still before it counts as abandoned: longer than any model or build keeps silent
PENDING_TIMEOUT = 600 * 1_000_000_000

Extensions = Mapping[str, Mapping[str, object]]
#: A clock: nanoseconds, never running backwards.
Clock = Callable[[], int]


class LeftRecursion(enum.StrEnum):
    """What to do about left recursion.  Grammars are checked when compiled, so a run has nothing left to do."""

    OFF = "off"
    ON = "on"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """The switches of a run."""

    require_eof: bool = True
    """Text left over behind a complete parse is an error; without it, a rest, and nothing is said about it."""
    packrat: bool = True
    """Count the use of the memo.  The memo itself is the parser's table and cannot be switched off."""
    left_recursion: LeftRecursion = LeftRecursion.AUTO
    trace: bool = False
    """Keep the spans of finished rules."""
    merge_warnings: bool = True
    """Fold warnings of one code that follow each other into the first."""
    legacy_result: bool = False
    """Give the first error also by itself, as `ParseResult.legacy_error`."""
    locale: str | None = None
    allow_top_level_expr: bool = False
    extensions: Extensions = field(default_factory=dict)
    """Settings by namespace: ``stream``, ``stream.demand``, ``stream.flow``, ``recover``, and others' own."""


def unobserved(_event: StreamEvent) -> None:
    """The observer of a stream nobody observes."""


@dataclass(frozen=True, slots=True)
class StreamingConfig:
    """A run whose text comes in parts."""

    run: RunConfig = field(default_factory=RunConfig)
    mode: FlowMode = FlowMode.AUTO
    """Who sets the pace, where ``stream.flow`` does not say."""
    demand_cap: Demand | None = None
    """No more than so many bytes are asked for at once, and no more than so many chunks wait to be parsed."""
    on_diagnostic: Callable[[StreamEvent], None] = unobserved
    """Is told of progress, pauses, errors and figures, as they happen.  What it raises reaches the caller."""
    resume_notes: bool = False
    """Pauses carry a note with what may come next."""
    extensions: Extensions = field(default_factory=dict)
    """Namespaces that stand in for the run's own of the same name."""
    timeout: int | None = PENDING_TIMEOUT
    """Nanoseconds after which a pause is over for good; None for editors, where people think."""
    clock: Clock = time.monotonic_ns
    collect: bool = True
    """Keep the text, which the value needs; without it, memory stays bounded however long the text is."""
    remember: bool = True
    """Keep all diagnostics; without it a cursor has only those of its last feed, for who takes them as they come."""

    @classmethod
    def of(cls, config: RunConfig | StreamingConfig | None) -> StreamingConfig:
        """The streaming configuration meant by any of the ways to give one."""
        if isinstance(config, StreamingConfig):
            return config
        return cls() if config is None else cls(run=config)

    @property
    def effective(self) -> Extensions:
        """The run's namespaces with this configuration's own put over them."""
        return {**self.run.extensions, **self.extensions}
