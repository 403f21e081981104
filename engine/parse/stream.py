"""Resumable parsing: continuations, and the two outcomes of giving a parser text.

`resume` takes a continuation and more text and answers `Pending`, which holds the next continuation, or `Completed`.  A
continuation is a value: resuming it twice gives equal outcomes, keeping it costs a reference.  What describes it (the
demand, the expectations, the figures) is made when somebody looks.

Asks no feeder; `driver` does.  Invariants: text is parsed once, however it is cut; a stream that is told of its end or
of an error is completed, whatever state it is in.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, overload

from engine.parse.audit import Failed, Figures, Paused
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.cursor import Cursor
from engine.parse.extensions import StreamSettings
from engine.parse.feeder import (
    Action,
    Await,
    Chunk,
    Closed,
    DemandHint,
    FeederError,
    FeederYield,
    PendingReason,
    StreamError,
    StreamErrorKind,
    feeder_bug,
)
from engine.parse.machine import AnyState, Machine
from engine.parse.meta import Buffered, ContinuationMeta, Packrat, StreamMeta, bounded_expectations, lengthened
from engine.parse.result import ParseResult, last_closed
from engine.parse.session import NEVER, Session

__all__ = ["Completed", "Continuation", "Outcome", "Pending", "Trail", "beginning",
           "complete", "open_stream", "resume", "tell_pause", "timed_out"]


@dataclass(frozen=True, slots=True)
class Trail:
    """What happened to a stream other than being resumed with text; made anew only when something does."""

    chunks: int = 0
    awaits: int = 0
    resumes: int = 0
    holds: int = 0
    """How often backpressure set in."""
    reason: PendingReason = PendingReason.INPUT_EXHAUSTED
    """Why the stream stands where the trail was made."""
    paused: PendingReason | None = None
    """Why it last stood still; the steps of a driver that go on at once do not count."""
    action: Action = Action.CONTINUE
    until: int | None = None
    """When the flow would go on, on the session's clock."""
    lineage: str = ""
    waiting: tuple[bytes | str, ...] = ()
    """Text that has come and is not parsed yet."""
    taken: int = 0
    """How much of the first of it is parsed already."""
    lag: int = 0
    allowance: int | None = None
    """Bytes that may be asked for, where the flow limits them."""

    def after(self, steps: int) -> Trail:
        """The trail with that many plain resumes written into it."""
        if not steps:
            return self
        lineage = lengthened(self.lineage, f"resume*{steps}")
        return Trail(self.chunks + steps, self.awaits, self.resumes + steps, self.holds, lineage=lineage,
                     paused=PendingReason.INPUT_EXHAUSTED)


_NOTHING_YET: Final = Trail()
#: An object without its `__init__`, whose call costs as much as all its assignments; for `resume` only.
_new: Final[Any] = object.__new__


class Continuation:
    """A place in a stream from which it can go on, any number of times."""

    __slots__ = ("_demand", "_meta", "cursor", "latency", "session", "since", "steps", "trail")

    _demand: DemandHint
    _meta: ContinuationMeta

    def __init__(self, session: Session, cursor: Cursor, trail: Trail, steps: int, since: int, latency: int) -> None:
        self.session, self.cursor, self.trail = session, cursor, trail
        self.steps = steps
        """How often it was resumed since the trail was made."""
        self.since = since
        """When it came to stand here."""
        self.latency = latency
        """How long it had stood before that, when it was last resumed."""

    @classmethod
    def at(cls, machine: Machine, state: AnyState) -> Continuation:
        """A place in a document, where the parser is in `state`; its mistakes are for the document to word."""
        session = _plain_session(machine)
        cursor = Cursor.begin(machine, collect=False, state=state, says=False)
        return cls(session, cursor, _NOTHING_YET, 0, NEVER, 0)

    @property
    def machine(self) -> Machine:
        """The parser."""
        return self.session.machine

    @property
    def config(self) -> RunConfig:
        """The configuration, the same at every resume."""
        return self.session.run

    @property
    def reason(self) -> PendingReason:
        """Why the stream stands still."""
        return PendingReason.INPUT_EXHAUSTED if self.steps else self.trail.reason

    def waiting(self) -> Iterator[bytes | str]:
        """The text that has come and is not parsed yet."""
        for index, text in enumerate(self.trail.waiting):
            yield text if index else text[self.trail.taken:]

    @property
    def demand(self) -> DemandHint:
        """What is wanted next; one object, however often it is asked for."""
        try:
            return self._demand
        except AttributeError:
            self._demand = _demand(self)
            return self._demand

    @property
    def meta(self) -> ContinuationMeta:
        """Where the stream stands; made once."""
        try:
            return self._meta
        except AttributeError:
            self._meta = _described(self)
            return self._meta

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Continuation):
            return NotImplemented
        return (self.session is other.session and self.steps == other.steps and _same_place(self.cursor, other.cursor)
                and replace(self.trail, until=None, lag=0) == replace(other.trail, until=None, lag=0))

    __hash__ = None  # type: ignore[assignment]  # compared by place, which no hash covers cheaply

    def __repr__(self) -> str:
        return f"Continuation(line {self.cursor.line}, byte {self.cursor.byte_offset}, {self.reason.value})"


def _same_place(a: Cursor, b: Cursor) -> bool:
    def known(cursor: Cursor) -> tuple[object, ...]:
        return cursor.line, cursor.column, cursor.tail, cursor.held, cursor.byte_offset, cursor.count

    return a.machine.same(a.state, b.state) and known(a) == known(b) and a.all_diagnostics() == b.all_diagnostics()


class Pending:
    """The stream stands still: more text is needed, or the flow holds it back."""

    __slots__ = ("_figures", "continuation")

    _figures: StreamMeta

    def __init__(self, continuation: Continuation) -> None:
        self.continuation = continuation

    @property
    def demand(self) -> DemandHint:
        """What is wanted next: the very object that is the continuation's ``meta.resume_hint``."""
        return self.continuation.demand

    @property
    def meta(self) -> StreamMeta:
        """What the stream has cost so far; made once."""
        try:
            return self._figures
        except AttributeError:
            self._figures = _figures(self.continuation)
            return self._figures

    @property
    def reason(self) -> PendingReason:
        """Why the stream stands still."""
        return self.continuation.reason

    @property
    def until(self) -> int | None:
        """When the flow would go on by itself, on the session's clock; None if something has to come first."""
        return None if self.continuation.steps else self.continuation.trail.until

    @property
    def timeout(self) -> int | None:
        """Nanoseconds after which the pause is over for good."""
        return self.continuation.session.config.timeout

    @property
    def settings(self) -> StreamSettings:
        """The stream's settings as they are now, for `with_stream_extension`."""
        here = self.continuation
        settings, cursor = here.session.settings, here.cursor
        label = settings.checkpoint
        if label is None or label.startswith("byte:"):
            label = f"byte:{cursor.committed}"
        hint = replace(here.demand, reason=None, action=Action.CONTINUE)
        return replace(settings, checkpoint=label, resume_reason=here.reason.value, demand=hint,
                       flow=here.session.flow or settings.flow)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pending) and self.continuation == other.continuation

    __hash__ = None  # type: ignore[assignment]  # like its continuation

    def __repr__(self) -> str:
        return f"Pending({self.continuation!r})"


@dataclass(frozen=True, slots=True)
class Completed:
    """The stream is over."""

    result: ParseResult
    meta: StreamMeta


Outcome = Completed | Pending


# ---------------------------------------------------------------------------------------------------------- going on
def open_stream(machine: Machine, config: RunConfig | StreamingConfig | None = None) -> Outcome:
    """The beginning of a stream that `resume` pushes text into; `Completed` if the configuration cannot be honoured."""
    session = Session(machine, config)
    start = beginning(session)
    return Pending(start) if session.error is None else complete(start, session.error)


def beginning(session: Session) -> Continuation:
    """Where every stream of a session begins."""
    return Continuation(session, session.begin(), _NOTHING_YET, 0, session.clock(), 0)


@lru_cache(maxsize=16)
def _plain_session(machine: Machine) -> Session:
    return Session(machine)


@overload
def resume(continuation: Continuation, more: list[str]) -> Pending: ...
@overload
def resume(continuation: Continuation, more: bytes | str | FeederYield) -> Outcome: ...
def resume(continuation: Continuation, more: bytes | str | list[str] | FeederYield) -> Outcome:
    """The outcome of more text, or of what a feeder says instead: `Await`, `Closed`, `FeederError`.

    A list is text already divided into complete pieces, as a document has it; only for a place without unfinished text.

    Changes nothing: the same continuation can be resumed again.  An empty text is no end; `Closed` is.
    """
    session = continuation.session
    clock = session.clock
    stood = clock() - continuation.since
    # The plain cases come first and make two objects; an observed session has no patience, so it never gets in here.
    if stood <= session.patience and not continuation.trail.waiting:
        kind = more.__class__
        if kind is bytes or kind is str:
            cursor = continuation.cursor.feed(more)  # type: ignore[arg-type]
        elif kind is list:
            cursor = continuation.cursor.feed_pieces(more)  # type: ignore[arg-type]
        else:
            return _resume(continuation, more, stood)
        here: Continuation = _new(Continuation)
        here.session, here.cursor, here.trail, here.steps = session, cursor, continuation.trail, continuation.steps + 1
        here.since, here.latency = clock(), stood
        pending: Pending = _new(Pending)
        pending.continuation = here
        return pending
    return _resume(continuation, more, stood)


def _resume(continuation: Continuation, more: object, stood: int) -> Outcome:
    """`resume` where something is out of the ordinary."""
    session = continuation.session
    if isinstance(more, Closed):
        return complete(continuation)
    if isinstance(more, FeederError):
        return complete(continuation, more.error)
    if stood > session.timeout:
        return complete(continuation, timed_out(session.timeout))
    if isinstance(more, Chunk):
        more = more.content
    if isinstance(more, bytes | bytearray | memoryview | str):
        text = more if isinstance(more, str) else bytes(more)
        return _fed(continuation, text, stood)
    if isinstance(more, Await):
        return _awaited(continuation, stood)
    return complete(continuation, feeder_bug(f"a stream is resumed with text, not with {type(more).__name__}"))


def timed_out(timeout: int) -> StreamError:
    """The error of a pause that was too long."""
    return StreamError(StreamErrorKind.IO_FAILED, f"nothing came for {timeout / 1_000_000_000:g} s")


def _fed(continuation: Continuation, text: bytes | str, stood: int) -> Pending:
    session, cursor = continuation.session, continuation.cursor
    for part in (*continuation.waiting(), text):
        cursor = cursor.feed(part)
    trail = replace(continuation.trail, waiting=(), taken=0) if continuation.trail.waiting else continuation.trail
    pending = Pending(Continuation(session, cursor, trail, continuation.steps + 1, session.clock(), stood))
    tell_pause(pending)
    return pending


def _awaited(continuation: Continuation, stood: int) -> Pending:
    session = continuation.session
    trail = continuation.trail.after(continuation.steps)
    lineage = lengthened(trail.lineage, f"await@{continuation.cursor.byte_offset}")
    reason = PendingReason.FEEDER_AWAIT
    trail = replace(trail, awaits=trail.awaits + 1, reason=reason, paused=reason, lineage=lineage,
                    waiting=continuation.trail.waiting, taken=continuation.trail.taken)
    pending = Pending(Continuation(session, continuation.cursor, trail, 0, session.clock(), stood))
    tell_pause(pending)
    return pending


def tell_pause(pending: Pending) -> None:
    """Tell the session's observer that the stream stands still."""
    session, here = pending.continuation.session, pending.continuation
    if session.observer is not None:
        note = here.meta.to_resume_note(here.cursor.position) if session.notes else None
        session.observer(Paused(here.reason.value, here.meta, note))


def complete(continuation: Continuation, error: StreamError | None = None) -> Completed:
    """The end of a stream, with what waits parsed first: at the end of its text, or by an error."""
    session, cursor = continuation.session, continuation.cursor
    for text in continuation.waiting():
        cursor = cursor.feed(text)
    finished = cursor.finish()
    result = session.result(finished, error)
    end = Continuation(session, finished, continuation.trail, continuation.steps, 0, continuation.latency)
    figures = replace(_figures(end), diagnostics_pending=0)
    if error is not None:
        checkpoint = last_closed(cursor) if session.run.trace else None
        reason = figures.last_reason or continuation.reason.value
        session.tell(Failed(error, result.diagnostics[-1], reason, checkpoint))
    session.tell(Figures(figures))
    return Completed(result, figures)


# ------------------------------------------------------------------------------------------------------- descriptions
def _demand(here: Continuation) -> DemandHint:
    session, cursor = here.session, here.cursor
    action = Action.CONTINUE if here.steps else here.trail.action
    return session.demand(cursor, session.boundary(cursor), here.reason, action, here.trail.allowance)


def _described(here: Continuation) -> ContinuationMeta:
    cursor, trail = here.cursor, here.trail
    lineage = trail.after(here.steps).lineage
    return ContinuationMeta(
        cursor.committed, Buffered(cursor), here.demand, bounded_expectations(cursor.expected()),
        last_closed(cursor) if here.session.run.trace else None, cursor.label(), lineage)


def _figures(here: Continuation) -> StreamMeta:
    session, cursor, trail, steps = here.session, here.cursor, here.trail, here.steps
    buffered = len(Buffered(cursor))
    waiting = sum(map(len, here.waiting()))
    flow = session.flow if session.automatic else None
    return StreamMeta(
        cursor.byte_offset + buffered, trail.chunks + steps, trail.awaits, trail.resumes + steps, trail.holds,
        PendingReason.INPUT_EXHAUSTED.value if steps else trail.paused and trail.paused.value,
        Packrat(cursor.pieces, cursor.pieces - cursor.misses) if session.run.packrat else Packrat(),
        session.memo_bytes(), cursor.count, None if flow is None else 0 if steps else trail.lag,
        None if flow is None else (buffered + waiting) / max(1, flow.high_watermark), here.latency)
