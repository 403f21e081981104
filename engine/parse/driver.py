"""Driving a stream: asks a feeder for text as the flow allows, and parses what has come in small steps.

Three states: `PARSING` (text comes or waits), `AWAITING` (the feeder has nothing yet), `DRAINING` (nothing more will
come; what waits is parsed, then the stream is completed).  `pump` does one step and never waits: where the flow holds
something back it answers with a `pause` demand and the time at which it would go on.

Invariants: a feeder is never asked again after its end or an error; every text it gave before is parsed, once, in
order; a feeder that breaks its contract ends the stream with an error value and cannot make it hang.
"""
from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

from engine.parse.audit import Progress
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.feeder import (
    Action,
    Await,
    Chunk,
    Closed,
    DemandHint,
    Feeder,
    PendingReason,
    StreamError,
    StreamErrorKind,
    ask,
    feeder_bug,
    release,
)
from engine.parse.flow import Backlog, Demand, Flow, FlowController, FlowMode, Hold
from engine.parse.machine import Machine
from engine.parse.meta import Buffered, lengthened
from engine.parse.session import Session
from engine.parse.stream import (
    Completed,
    Continuation,
    Outcome,
    Pending,
    Trail,
    beginning,
    complete,
    tell_pause,
    timed_out,
)

__all__ = ["EMPTY_CHUNKS", "DriverState", "StreamDriver", "run_stream"]

#: empty chunks in a row that a feeder is forgiven: one or two happen at the edges of buffers, more are a loop
EMPTY_CHUNKS: Final = 8


class DriverState(enum.StrEnum):
    """What a driver is about."""

    PARSING = "parsing"
    AWAITING = "awaiting"
    DRAINING = "draining"


class StreamDriver:
    """A machine, a feeder, and the place where the stream stands.

    `sink` is handed every outcome of `pump`; `since` is a continuation to go on from, with its own configuration.
    """

    def __init__(self, machine: Machine, feeder: Feeder, config: RunConfig | StreamingConfig | None = None, *,
                 sink: Callable[[Outcome], None] | None = None, since: Continuation | None = None) -> None:
        place = since or beginning(Session(machine, config, flow=FlowController()))
        self._session, self._cursor = place.session, place.cursor
        self._trail = place.trail.after(place.steps)         # what happened before; the flow's own counts begin anew
        self._chunks, self._awaits, self._resumes = self._trail.chunks, self._trail.awaits, self._trail.resumes
        self._paused, self._lineage = self._trail.paused, self._trail.lineage
        self._feeder, self._sink, self._flow = feeder, sink, self._new_flow(feeder)
        for text in place.waiting():
            self._flow.backlog.put(text, place.since)
        self.state = DriverState.PARSING
        """Where the driver is in its life."""
        self.idle = False
        """Did the last step do nothing?  Then there is no use in pumping again before something has changed."""
        self._empty = 0                                      # empty chunks in a row
        self._lap = self._since = self._session.clock()      # the last event · the beginning of the last pause
        self._latency = place.latency
        self._error: StreamError | None = None
        self._completed: Completed | None = None
        if self._session.error is not None:
            self._drain(self._session.error)

    def _new_flow(self, feeder: Feeder) -> Flow:
        session = self._session
        declared = getattr(feeder, "flow_mode", FlowMode.AUTO)
        mode = declared if session.mode is FlowMode.AUTO and isinstance(declared, FlowMode) else session.mode
        return Flow(session.flow or FlowController(), mode, session.config.demand_cap)

    # ------------------------------------------------------------------------------------------------ for its owner
    def pump(self) -> Outcome:
        """One step: ask the feeder, if the flow allows it, and parse a part of what waits.  `Completed` stays so."""
        if self._completed is None:
            outcome = self._step(self._session.clock())
            if self._sink is not None:
                self._sink(outcome)
            return outcome
        return self._completed

    def grant(self, demand: Demand) -> None:
        """Allow a manually controlled flow that much more."""
        self._flow.grant(demand)

    def cancel(self, message: str = "the stream was cancelled") -> Completed:
        """Stop now: what waits is dropped, what was parsed makes the result."""
        self._drain(StreamError(StreamErrorKind.USER_CANCELLED, message))
        outcome = self.pump()
        assert isinstance(outcome, Completed)
        return outcome

    # ------------------------------------------------------------------------------------------------ a step
    def _step(self, now: int) -> Outcome:
        was_idle, chunks, empty = self.idle, self._chunks, self._empty
        hold = self._ask(now) if self.state is not DriverState.DRAINING else None
        parsed, late = self._parse(now)
        moved = parsed or self._empty > empty or self._chunks != chunks
        if was_idle and not moved and now - self._since > self._session.timeout:
            self._drain(timed_out(self._session.timeout))
        self.idle = not moved and self.state is not DriverState.DRAINING
        if was_idle and not self.idle:
            self._latency = now - self._since
            self._resumes += 1
        if self.idle and not was_idle:
            self._pause(hold or late)
        pending = self._stand(hold or late)
        if self.state is DriverState.DRAINING and not self._flow.backlog.size:
            self._completed = complete(pending.continuation, self._error)
            return self._completed
        if self.idle:
            tell_pause(pending)
        return pending

    def _ask(self, now: int) -> Hold | None:
        """Ask the feeder unless something holds it; while it awaits, not again before the caller is told so."""
        flow = self._flow
        if (self.state is DriverState.AWAITING and not self.idle) or not flow.wants_more(now):
            return None
        hold = flow.before_asking(now)
        if hold is not None:
            return hold
        flow.asked(now)
        # The boundary that is set goes with every demand; the one the parser sees, which costs more than parsing a
        # small chunk, only with a pause.
        session = self._session
        demand = session.demand(self._cursor, session.settings.boundary, allowance=flow.allowance)
        answer = ask(self._feeder, demand)
        if isinstance(answer, Chunk):
            self._receive(answer.content, demand, now)
        elif isinstance(answer, Await):
            self.state = DriverState.AWAITING
            self._awaits += 1
        else:
            self._drain(None if isinstance(answer, Closed) else answer.error)
        return None

    def _receive(self, content: bytes | str, demand: DemandHint, now: int) -> None:
        self.state = DriverState.PARSING
        if not content:
            self._empty += 1
            if self._empty > EMPTY_CHUNKS:
                self._drain(feeder_bug(f"the feeder gave {self._empty} empty chunks in a row"))
            return
        self._empty = 0
        most = demand.preferred_bytes or demand.min_bytes
        if self._session.config.demand_cap and len(content) > most:
            self._drain(feeder_bug(f"the feeder gave {len(content)} bytes where at most {most} were asked for"))
            return
        self._flow.received(content, now)
        self._chunks += 1

    def _drain(self, error: StreamError | None) -> None:
        """Nothing more comes; the first error that is known stays."""
        if self.state is not DriverState.DRAINING:
            release(self._feeder)
        self.state = DriverState.DRAINING
        self._error = self._error or error
        if error is not None and error.kind is StreamErrorKind.USER_CANCELLED:
            self._flow.backlog = Backlog()

    def _parse(self, now: int) -> tuple[bool, Hold | None]:
        """Parse a part of what waits; was there one, and if not, what holds it back."""
        backlog = self._flow.backlog
        hold = self._flow.before_parsing(now) if self.state is not DriverState.DRAINING else None
        if hold is not None or not backlog.size:
            return False, hold
        self._cursor = self._cursor.feed(backlog.take(self._session.settings.chunk_size))
        if self._session.observer is not None:
            self._tell_progress(self._session.clock())
        return True, None

    def _tell_progress(self, now: int) -> None:
        cursor, flow = self._cursor, self._flow
        retained = len(Buffered(cursor))
        ratio = flow.fill(retained) if flow.automatic else None
        self._session.tell(Progress(cursor.byte_offset + retained, cursor.count, now - self._lap, ratio))
        self._lap = now

    # ------------------------------------------------------------------------------------------------ where it stands
    def _pause(self, hold: Hold | None) -> None:
        """The driver becomes idle."""
        self._since = self._session.clock()
        self._paused = hold.reason if hold else PendingReason.FEEDER_AWAIT
        self._lineage = lengthened(self._lineage, f"{'hold' if hold else 'await'}@{self._cursor.byte_offset}")

    def _stand(self, hold: Hold | None) -> Pending:
        """The outcome of a step that did not complete the stream."""
        flow, reason, action = self._flow, PendingReason.INPUT_EXHAUSTED, Action.CONTINUE
        if self.idle:
            reason = hold.reason if hold else PendingReason.FEEDER_AWAIT
            action = Action.PAUSE if hold else Action.CONTINUE
        now = self._session.clock()
        waiting, taken = flow.backlog.rest()
        trail = Trail(
            self._chunks, self._awaits, self._resumes, self._trail.holds + flow.backpressure_events, reason,
            self._paused, action, hold.until if hold else None, self._lineage, waiting, taken, flow.lag(now),
            flow.allowance)
        since = self._since if self.idle else now
        return Pending(Continuation(self._session, self._cursor, trail, 0, since, self._latency))


def run_stream(machine: Machine, feeder: Feeder, config: RunConfig | StreamingConfig | None = None, *,
               since: Continuation | None = None) -> Outcome:
    """Parse what a feeder gives until it awaits, closes or fails, or the flow holds it back.

    `Pending` can be gone on from by `resume`, or by another call with the same feeder and `since`.
    """
    driver = StreamDriver(machine, feeder, config, since=since)
    while True:
        outcome = driver.pump()
        if driver.idle or isinstance(outcome, Completed):
            return outcome
