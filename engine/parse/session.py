"""One machine with one configuration, read once: what batch and stream have in common.

A session begins cursors, judges finished ones into results (recovery's limits, what is left over, folded warnings) and
describes streams that stand still.  It holds no place in any text.

Knows no feeder's answers.  Invariant: a session never changes, so continuations of any number of streams may share it.
"""
from __future__ import annotations

from typing import Final

from engine.parse.audit import StreamEvent
from engine.parse.config import RunConfig, StreamingConfig, unobserved
from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.extensions import RecoverMode, decode_recover, decode_stream
from engine.parse.feeder import (
    MIN_DEMAND,
    Action,
    DemandHint,
    FrameBoundary,
    PendingReason,
    SpanBoundary,
    StreamError,
    TokenClass,
    Unsupported,
    demand_hint,
    of_symbol,
    to_symbol,
)
from engine.parse.flow import Auto, FlowController, FlowMode
from engine.parse.machine import Machine
from engine.parse.meta import Buffered
from engine.parse.namespace import Problem, first_error
from engine.parse.result import ParseResult, folded, leftover, text_before
from engine.parse.source import Span

__all__ = ["NEVER", "Session"]

#: a time that no clock reaches
NEVER: Final = 1 << 62
#: bytes of a memo entry beside its text: a slot of a dictionary, the key's header
_ENTRY_BYTES: Final = 150


class Session:
    """See the module."""

    __slots__ = ("clock", "collect", "config", "error", "flow", "machine", "notes", "observer", "patience", "problems",
                 "recover", "run", "settings", "timeout")

    def __init__(self, machine: Machine, config: RunConfig | StreamingConfig | None = None,
                 flow: FlowController | None = None) -> None:
        """`flow` is what controls the flow where ``stream.flow`` is not set."""
        self.machine, self.config = machine, StreamingConfig.of(config)
        self.run, self.clock = self.config.run, self.config.clock
        self.settings, odd = decode_stream(self.config.effective)
        self.recover, odder = decode_recover(self.config.effective)
        self.problems: tuple[Problem, ...] = (*odd, *odder)
        self.error = first_error(self.problems) or self._unknown_boundary()
        #: None: nothing controls the flow, and demands know no watermark
        self.flow = self.settings.flow if "stream.flow" in self.config.effective else flow
        self.notes = self.config.resume_notes or self.recover.notes
        self.timeout = NEVER if self.config.timeout is None else self.config.timeout
        self.observer = None if self.config.on_diagnostic is unobserved else self.config.on_diagnostic
        #: how long a pause may have been to be resumed without further ado
        self.patience = self.timeout if self.observer is None else -1
        # a rest is cut off, and a trace made, from the text: without it both would be silently wrong
        self.collect = self.config.collect or self.run.trace or not self.run.require_eof

    def _unknown_boundary(self) -> StreamError | None:
        boundary = self.settings.boundary
        known = boundary and of_symbol(to_symbol(boundary), self.machine.lexer.kind)
        return known.error if isinstance(known, Unsupported) else None

    @property
    def mode(self) -> FlowMode:
        """Who sets the pace where ``stream.flow`` does not say."""
        return self.config.mode if self.config.mode is not FlowMode.AUTO else self.settings.flow_mode

    @property
    def automatic(self) -> bool:
        """Is there a flow that asks by itself?"""
        return self.flow is not None and isinstance(self.flow.policy, Auto)

    def begin(self) -> Cursor:
        """The beginning of a text."""
        return Cursor.begin(self.machine, collect=self.collect, remember=self.config.remember)

    def tell(self, event: StreamEvent) -> None:
        """Hand an event to the observer, if there is one."""
        if self.observer is not None:
            self.observer(event)

    def boundary(self, cursor: Cursor) -> FrameBoundary | None:
        """Where the next frame ends: what is set, else what the parser sees."""
        if self.settings.boundary is not None:
            return self.settings.boundary
        name = cursor.boundary()
        if name is None:
            return None
        return TokenClass(name) if name in self.machine.lexer.kind else SpanBoundary(name)

    def demand(self, cursor: Cursor, boundary: FrameBoundary | None,
               reason: PendingReason = PendingReason.INPUT_EXHAUSTED, action: Action = Action.CONTINUE,
               allowance: int | None = None) -> DemandHint:
        """What a stream that stands at `cursor` wants next; `allowance` are the bytes its flow allows."""
        cap = self.config.demand_cap
        limits = [limit for limit in (allowance, cap.bytes if cap is not None else None) if limit]
        return demand_hint(
            watermark=cursor.committed - cursor.byte_offset, buffered=len(Buffered(cursor)),
            high_watermark=self.flow.high_watermark if self.flow is not None else None,
            demand_cap=min(limits, default=None), least=self.settings.least or MIN_DEMAND,
            preferred=self.settings.preferred, boundary=boundary, reason=reason.value, action=action)

    def memo_bytes(self) -> int:
        """Roughly what the machine's memo takes."""
        return self.machine.piece_bytes + _ENTRY_BYTES * self.machine.entries

    # ------------------------------------------------------------------------------------------------ results
    def result(self, cursor: Cursor, error: StreamError | None = None) -> ParseResult:
        """The result of a finished cursor, whose input ended by `error` if not by its end."""
        found, rest_at = cursor.all_diagnostics(), None
        if found and not self.run.require_eof:
            rest_at = leftover(cursor, found)
        if rest_at is not None:
            cursor = self.begin().feed(text_before(cursor, rest_at)).finish()
            found = cursor.all_diagnostics()
        failing = self.recover.mode is RecoverMode.OFF and any(d.severity is Severity.ERROR for d in found)
        said = self._limited(found, failing)
        if error is not None:
            said.append(_of_error(error, cursor))
        return ParseResult(cursor, self.run, tuple(said), valued=not failing, recovered=bool(found) and not failing,
                           rest_at=rest_at, errors=(error,) if error else (),
                           problems=self.problems)

    def _limited(self, found: list[Diagnostic], failing: bool) -> list[Diagnostic]:
        """What is said of what was found."""
        if failing:
            first = next(i for i, d in enumerate(found) if d.severity is Severity.ERROR)
            return found[:first + 1]
        said = folded(found) if self.run.merge_warnings else found
        limits = (self.recover.max_diagnostics, self.recover.max_recoveries)
        return said[:min((limit for limit in limits if limit is not None), default=len(said))]


def _of_error(error: StreamError, cursor: Cursor) -> Diagnostic:
    """The error as a diagnostic, where the input ended."""
    at = cursor.position
    cause = f" ({error.cause})" if error.cause and error.cause not in error.message else ""
    return Diagnostic(error.code, Severity.ERROR, error.message + cause, Span(at, at), cursor.expected())
