"""Flow control: when a feeder may be asked for more, and when the text it gave is parsed.

Text that has come and is not parsed yet waits in a `Backlog`.  Above the high watermark, or when its oldest byte has
waited too long, the feeder is left alone until the backlog is down to the low watermark (hysteresis); a manual policy
asks only for what somebody granted.  Times are integer nanoseconds on a clock that the caller reads: nothing here
sleeps, it answers with a `Hold` that says until when.

Knows no parser and no feeder.  Invariant: a backlog that is not held shrinks with every step, so no hold lasts for ever
unless it waits for a grant.
"""
from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from engine.parse.feeder import PendingReason, StreamError, feeder_bug
from engine.parse.source import utf8_length

__all__ = [
    "HIGH_WATERMARK", "LOW_WATERMARK", "Auto", "Backlog", "BackpressureSpec", "Demand", "Flow", "FlowController",
    "FlowMode", "FlowPolicy", "Hold", "Manual",
]

#: bytes that may wait before a feeder is stopped: some milliseconds of parsing
HIGH_WATERMARK = 65_536
#: bytes still waiting when it is asked again: enough to parse on while it answers
LOW_WATERMARK = 16_384


class FlowMode(enum.StrEnum):
    """Who sets the pace."""

    AUTO = "auto"
    """What the feeder declares by an attribute ``flow_mode``, else `PULL`."""
    PUSH = "push"
    """The feeder: it is asked in every step that is not held."""
    PULL = "pull"
    """The parser: the feeder is asked when nothing is left to parse."""
    HYBRID = "hybrid"
    """Push up to the low watermark, pull above it."""


@dataclass(frozen=True, slots=True)
class Demand:
    """An amount of text: bytes, frames (a feeder's chunks), or both at once; 0 leaves that measure out."""

    bytes: int = 0
    frames: int = 0


@dataclass(frozen=True, slots=True)
class BackpressureSpec:
    """Durations in nanoseconds; None switches one off.

    `max_lag`: how long text may wait before its feeder is stopped.  `debounce`: how long to wait for more before
    parsing what has come.  `throttle`: the least time between two demands.
    """

    max_lag: int | None = None
    debounce: int | None = None
    throttle: int | None = None


@dataclass(frozen=True, slots=True)
class Manual:
    """Only what is granted is asked for: `demand` at the start, then what `Flow.grant` adds."""

    demand: Demand | None = None


@dataclass(frozen=True, slots=True)
class Auto:
    """The flow asks by itself, within these bounds."""

    backpressure: BackpressureSpec = BackpressureSpec()


FlowPolicy = Manual | Auto


@dataclass(frozen=True, slots=True)
class FlowController:
    """How the flow of a stream is controlled; `problem` says what is wrong with it."""

    mode: FlowMode = FlowMode.AUTO
    high_watermark: int = HIGH_WATERMARK
    low_watermark: int = LOW_WATERMARK
    policy: FlowPolicy = Auto()

    @property
    def problem(self) -> StreamError | None:
        """The broken rule, if one is: amounts are not negative, durations neither, low is not above high."""
        for name, amount in self._amounts():
            if amount < 0:
                return feeder_bug(f"stream.flow: {name} must not be negative, it is {amount}")
        if self.high_watermark < self.low_watermark:
            return feeder_bug(f"stream.flow: high_watermark ({self.high_watermark}) must not be below low_watermark "
                              f"({self.low_watermark})")
        return None

    def _amounts(self) -> Iterator[tuple[str, int]]:
        yield "high_watermark", self.high_watermark
        yield "low_watermark", self.low_watermark
        if isinstance(self.policy, Manual):
            demand = self.policy.demand or Demand()
            yield from (("policy.demand.bytes", demand.bytes), ("policy.demand.frames", demand.frames))
        else:
            spec = self.policy.backpressure
            for name in ("max_lag", "debounce", "throttle"):
                yield f"policy.backpressure.{name}", getattr(spec, name) or 0


class Backlog:
    """Text that has come and is not parsed yet, in order; `size` counts its bytes, `frames` its chunks."""

    __slots__ = ("_chunks", "_taken", "newest", "size")

    def __init__(self) -> None:
        self._chunks: deque[tuple[bytes | str, int]] = deque()
        self._taken = 0                                      # how much of the first chunk is gone
        self.size = 0
        self.newest = 0

    @property
    def frames(self) -> int:
        """How many chunks wait, the one that is partly taken included."""
        return len(self._chunks)

    @property
    def oldest(self) -> int | None:
        """When the first of it came."""
        return self._chunks[0][1] if self._chunks else None

    def put(self, content: bytes | str, now: int) -> None:
        """Append a chunk that has just come."""
        if content:
            self._chunks.append((content, now))
            self.size += _length(content)
            self.newest = now

    def take(self, most: int) -> bytes | str:
        """The next part: of one chunk, at most `most` bytes or characters; empty when nothing waits."""
        if not self._chunks:
            return b""
        content = self._chunks[0][0]
        part = content[self._taken:self._taken + most] if self._taken or len(content) > most else content
        self._taken += len(part)
        if self._taken >= len(content):
            self._chunks.popleft()
            self._taken = 0
        self.size -= _length(part)
        return part

    def rest(self) -> tuple[tuple[bytes | str, ...], int]:
        """The chunks that wait, and how much of the first is taken already."""
        return tuple(content for content, _ in self._chunks), self._taken


def _length(content: bytes | str) -> int:
    return len(content) if isinstance(content, bytes) else utf8_length(content)


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: why, and until when (None: until somebody grants, or the backlog has shrunk)."""

    reason: PendingReason
    until: int | None = None


class Flow:
    """The state of one stream's flow.  `now` is always a reading of the one clock its owner uses."""

    __slots__ = ("_asked", "_bytes", "_cap", "_frames", "_held", "_stopped", "backlog", "backpressure_events",
                 "controller", "mode")

    def __init__(self, controller: FlowController, mode: FlowMode = FlowMode.AUTO, cap: Demand | None = None) -> None:
        self.controller, self.backlog = controller, Backlog()
        self.mode = next((m for m in (controller.mode, mode) if m is not FlowMode.AUTO), FlowMode.PULL)
        self.backpressure_events = 0
        self._cap = cap or Demand()
        self._asked: int | None = None                       # when the feeder was last asked
        self._stopped: PendingReason | None = None           # the watermarks' memory
        self._held = False
        self._bytes: int | None = None                       # what is left of the grants; None: never granted
        self._frames: int | None = None
        if isinstance(controller.policy, Manual) and controller.policy.demand:
            self.grant(controller.policy.demand)

    @property
    def automatic(self) -> bool:
        """Does the flow ask by itself?"""
        return isinstance(self.controller.policy, Auto)

    @property
    def allowance(self) -> int | None:
        """Bytes that may still be asked for; None where nothing limits them."""
        limits = [self._cap.bytes] if self._cap.bytes else []
        if not self.automatic and self._bytes is not None and self._bytes > 0:
            limits.append(self._bytes)
        return min(limits, default=None)

    def grant(self, demand: Demand) -> None:
        """Allow a manual flow that much more; what its feeder gave beyond earlier grants is counted against it."""
        if demand.bytes:
            self._bytes = (self._bytes or 0) + demand.bytes
        if demand.frames:
            self._frames = (self._frames or 0) + demand.frames

    def wants_more(self, now: int) -> bool:
        """Does the mode ask for text in this step?"""
        if self.mode is FlowMode.PUSH or not self.backlog.size:
            return True
        if self.mode is FlowMode.HYBRID and self.backlog.size <= self.controller.low_watermark:
            return True
        return self.before_parsing(now) is not None          # it waits for more to come

    def before_asking(self, now: int) -> Hold | None:
        """What keeps the feeder from being asked; each time it begins counts as one backpressure event."""
        hold = self._stop(now) or self._grants() or self._throttle(now)
        if hold is not None and not self._held:
            self.backpressure_events += 1
        self._held = hold is not None
        return hold

    def before_parsing(self, now: int) -> Hold | None:
        """What keeps the backlog from being parsed: the debounce, until it lags or fills up."""
        spec, oldest = self._spec(), self.backlog.oldest
        if not spec.debounce or oldest is None or self.backlog.size > self.controller.high_watermark:
            return None
        until = self.backlog.newest + spec.debounce
        if spec.max_lag is not None:
            until = min(until, oldest + spec.max_lag)
        return Hold(PendingReason.DEBOUNCE, until) if now < until else None

    def asked(self, now: int) -> None:
        """The feeder has been asked."""
        self._asked = now

    def received(self, content: bytes | str, now: int) -> None:
        """A chunk has come."""
        size = self.backlog.size
        self.backlog.put(content, now)
        if self._bytes is not None:
            self._bytes -= self.backlog.size - size
        if self._frames is not None:
            self._frames -= 1

    def lag(self, now: int) -> int:
        """How long the oldest of what waits has waited."""
        oldest = self.backlog.oldest
        return 0 if oldest is None else now - oldest

    def fill(self, retained: int) -> float:
        """Bytes in hand, waiting or `retained` by the parser, as a share of the high watermark."""
        return (self.backlog.size + retained) / max(1, self.controller.high_watermark)

    # ------------------------------------------------------------------------------------------------ what holds
    def _spec(self) -> BackpressureSpec:
        policy = self.controller.policy
        return policy.backpressure if isinstance(policy, Auto) else BackpressureSpec()

    def _stop(self, now: int) -> Hold | None:
        over = self._over(now)
        if over is not None:
            self._stopped = self._stopped or over
        elif self.backlog.size <= self.controller.low_watermark:
            self._stopped = None
        return Hold(self._stopped) if self._stopped else None

    def _over(self, now: int) -> PendingReason | None:
        max_lag = self._spec().max_lag
        if self.backlog.size > self.controller.high_watermark or 0 < self._cap.frames <= self.backlog.frames:
            return PendingReason.BACKPRESSURE
        return PendingReason.LAG if max_lag is not None and self.lag(now) > max_lag else None

    def _grants(self) -> Hold | None:
        if self.automatic:
            return None
        left = [amount for amount in (self._bytes, self._frames) if amount is not None]
        return None if left and min(left) > 0 else Hold(PendingReason.DEMAND)

    def _throttle(self, now: int) -> Hold | None:
        throttle = self._spec().throttle
        if not throttle or self._asked is None or now >= self._asked + throttle:
            return None
        return Hold(PendingReason.THROTTLE, self._asked + throttle)
