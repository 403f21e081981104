"""Checking a text with its language: whole, from a file, or as a stream in bounded memory.

The one way to diagnostics for whatever has no editor: the command line, and everything else that wants to know whether
a file is right. What is right is decided by the engine; here is only what turns files into its input.
Knows no output format. Invariant: no input raises; what cannot be read is a diagnostic, `io.unreadable`, on the file.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from engine.languages.analysis import Analysis
from engine.languages.language import CheckSettings, Language
from engine.languages.stream import Checker
from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.driver import StreamDriver
from engine.parse.extensions import decode_stream
from engine.parse.feeder import Await, Chunk, DemandHint, FeederYield, PendingReason
from engine.parse.flow import Demand, FlowController, Manual
from engine.parse.recording import StreamRecording
from engine.parse.source import Position, Span, Utf8Decoder
from engine.parse.stream import Outcome, Pending
from engine.source_view import NO_TEXT, WINDOW, SourceView, WholeView, WindowView

__all__ = ["UNREADABLE", "Checking", "check_bytes", "check_file", "check_stream", "check_text", "refused"]

UNREADABLE: Final = "io.unreadable"
_START: Final = Position(0, 0)
_USUAL: Final = CheckSettings()


@dataclass(slots=True)
class Checking:
    """A check under way: take its diagnostics as they come, and the text around them while they do.

    `size` counts the bytes read so far; `language` is None for a file that could not be read and has none by its name.
    """

    language: Language | None
    view: SourceView
    diagnostics: Iterator[Diagnostic] = field(default_factory=lambda: iter(()))
    size: int = 0


def check_text(language: Language, text: str, settings: CheckSettings = _USUAL) -> list[Diagnostic]:
    """Everything the language has to say about a text, in order of position."""
    return Analysis(language, text, settings).diagnostics()


def check_bytes(language: Language, content: bytes, settings: CheckSettings = _USUAL) -> Checking:
    """The check of a text in UTF-8; bytes that are none are reported where they stand."""
    text = content.decode("utf-8", "surrogateescape")
    return Checking(language, WholeView(text), iter(check_text(language, text, settings)), len(content))


def check_file(path: Path, language: Language, settings: CheckSettings = _USUAL) -> Checking:
    """The check of a file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return refused(error, language)
    return check_bytes(language, content, settings)


def refused(error: OSError, language: Language | None = None) -> Checking:
    """The check of a file that cannot be read."""
    return Checking(language, NO_TEXT, iter([_unreadable(error, _START)]))


def _unheard(_size: int) -> None:
    """Nobody wants to know how far it is."""


def _unneeded(_content: object) -> None:
    """Nobody keeps it."""


def check_stream(
    language: Language,
    opened: Callable[[], BinaryIO],
    settings: CheckSettings = _USUAL,
    extensions: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    again: bool = True,
    on_read: Callable[[int], None] = _unheard,
    record: Callable[[RunConfig], StreamRecording] | None = None,
) -> Checking:
    """The check of an input that is read piece by piece, in memory that does not grow with it.

    The diagnostics are those of the whole text, each as soon as it is certain; comparisons of distant places are last.
    `opened` gives the input; if it can do so `again`, lines far back can still be shown. `extensions` are a run's
    namespaces `stream` and `stream.flow`; `on_read` is told how many bytes were read, before each read, which may wait.
    `record` begins a recording of the stream, which keeps the whole text, to compare its outcome with a check at once.
    """
    stream, _ = decode_stream(extensions or {})
    behind = stream.flow.high_watermark + stream.chunk_size  # so far the parser may be behind what was read
    view = WindowView(opened if again else None, max(WINDOW, 2 * behind))
    checking = Checking(language, view)
    run = RunConfig(allow_top_level_expr=settings.allow_top_level_expr, extensions=dict(extensions or {}))
    source = _Source(opened, view, checking, on_read)
    if record is None:
        config = StreamingConfig(run, collect=False, remember=False, timeout=None)
        checking.diagnostics = _streamed(language, settings, source, config)
    else:
        checking.diagnostics = _recorded(language, settings, source, run, record(run))
    return checking


class _Source:
    """The feeder of a check: reads what is demanded, shows it to the view first, and keeps what went wrong.

    At its end it only says that nothing has come: the end is the checker's business, which makes no result that would
    hold all diagnostics at once.
    """

    def __init__(
        self, opened: Callable[[], BinaryIO], view: WindowView, checking: Checking, on_read: Callable[[int], None]
    ) -> None:
        self._opened, self.view, self._checking, self._on_read = opened, view, checking, on_read
        self._stream: BinaryIO | None = None
        self._decoder = Utf8Decoder()
        self.on_part: Callable[[bytes], object] = _unneeded
        self.ended = False
        self.error: OSError | None = None

    def __call__(self, demand: DemandHint) -> FeederYield:
        """The next part of the input, `Await` where it ends or cannot be read any further."""
        if self.ended:
            return Await()
        self._on_read(self._checking.size)
        try:
            self._stream = self._stream or self._opened()
            part = _read(self._stream, demand.preferred_bytes or demand.min_bytes)
        except OSError as error:
            self.error = error
            part = b""
        self.ended = not part
        self.view.feed(self._decoder.decode(part, final=self.ended))
        self.on_part(part)
        self._checking.size += len(part)
        return Chunk(part) if part else Await()

    def close(self) -> None:
        """Gives the input back, unless it is the process's own."""
        if self._stream is not None and self._stream is not sys.stdin.buffer:
            self._stream.close()


def _read(stream: BinaryIO, size: int) -> bytes:
    """At most `size` bytes, as soon as there are any; nothing at the end."""
    read = getattr(stream, "read1", stream.read)
    while (part := read(size)) is None:  # the terminal or pipe does not block: wait until it has some
        select.select([stream], [], [])
    return bytes(part)


def _recorded(
    language: Language, settings: CheckSettings, source: _Source, run: RunConfig, recording: StreamRecording
) -> Iterator[Diagnostic]:
    """The same as `_streamed`, with all of it kept and compared at the end."""
    from engine.recorded import record_failure, record_outcome

    parts: list[bytes] = []
    reached: list[Outcome] = []
    said: list[Diagnostic] = []
    source.on_part = parts.append
    config = StreamingConfig(run, on_diagnostic=recording.event, timeout=None)
    for diagnostic in _streamed(language, settings, source, config, reached.append):
        said.append(diagnostic)
        yield diagnostic
    if source.error is None:
        record_outcome(recording, reached[-1], b"".join(parts), said, language, settings)
    else:
        record_failure(recording, reached[-1], source.error)


def _streamed(
    language: Language,
    settings: CheckSettings,
    source: _Source,
    config: StreamingConfig,
    on_end: Callable[[Outcome], object] = _unneeded,
) -> Iterator[Diagnostic]:
    """Drives the stream to its end; diagnostics as they become certain."""
    driver, checker = StreamDriver(language.machine(), source, config), Checker(language, settings)
    flow, noted = decode_stream(config.effective)[0].flow, 0
    try:
        while isinstance(outcome := driver.pump(), Pending):
            yield from checker.follow(outcome.continuation.cursor)
            noted = _note(checker, source.view, noted)
            if driver.idle and source.ended and not any(outcome.continuation.waiting()):
                break
            if driver.idle:
                _go_on(driver, outcome, flow)
        else:
            yield from (said for said in outcome.result.diagnostics if said.code.startswith("parser.stream."))
        if source.error is None:
            yield from checker.finish()
        else:  # what was read is no whole text, so nothing is said of its end
            yield from checker.break_off()
            yield _unreadable(source.error, checker.cursor.position)
        on_end(outcome)
    finally:
        source.close()


def _note(checker: Checker, view: WindowView, noted: int) -> int:
    """Has the view remember the places that the checker will come back to at the end; how many there are."""
    waiting = checker.waiting
    for said in waiting[noted:]:
        spans = [said.span, *(place.span for place in said.related)]
        spans += [edit.span for fix in said.fixes for edit in fix.edits]
        view.note(position for span in spans for position in (span.start, span.end))
    return len(waiting)


def _go_on(driver: StreamDriver, pending: Pending, flow: FlowController) -> None:
    """What a held stream waits for: everything found so far was taken, so a manual flow is granted its next part."""
    if pending.reason is PendingReason.DEMAND and isinstance(flow.policy, Manual):
        driver.grant(flow.policy.demand or Demand(bytes=flow.high_watermark))
    elif pending.until is not None:
        time.sleep(max(0, pending.until - time.monotonic_ns()) / 1_000_000_000)


def _unreadable(error: OSError, at: Position) -> Diagnostic:
    reason = error.strerror or str(error) or type(error).__name__
    return Diagnostic(UNREADABLE, Severity.ERROR, f"cannot be read: {reason}", Span(at, at))
