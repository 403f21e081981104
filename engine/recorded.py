"""The end of a recorded check: its stream is finished and compared with the same text in one piece.

What is compared is all that both give: the parser's result and everything the language says.  The whole text is needed
for that, so a check that is recorded takes memory that grows with it.
Knows no file. Invariant: a stream that ended by an error is recorded as such and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.languages.analysis import Analysis
from engine.languages.facts import in_order
from engine.languages.language import CheckSettings, Language
from engine.parse.diagnostics import Diagnostic
from engine.parse.extensions import with_stream_extension
from engine.parse.feeder import Closed, FeederError, StreamError, StreamErrorKind
from engine.parse.recording import StreamRecording, digest, digests
from engine.parse.run import run
from engine.parse.stream import Completed, Outcome, resume

__all__ = ["record_failure", "record_outcome"]


def record_outcome(
    recording: StreamRecording,
    last: Outcome,
    text: bytes,
    said: Iterable[Diagnostic],
    language: Language,
    settings: CheckSettings,
) -> None:
    """Writes the end of a stream that has read all of `text`, in which `said` was found.

    `last` is where the stream stands; it must have kept its text and its diagnostics.
    """
    if isinstance(last, Completed):  # its configuration cannot be honoured: there is no outcome to compare
        recording.errors(last.result.diagnostics)
        return
    here = last.continuation
    end = resume(here, Closed())
    assert isinstance(end, Completed)
    recording.errors(end.result.diagnostics)
    streamed = {**digests(end.result), "findings": digest(in_order(said))}
    lineage, memo_bytes, left = here.meta.resume_lineage, last.meta.memo_bytes, last.settings
    here.machine.clear()  # what the stream has left in the memo must not decide what it is compared with
    whole = Analysis(language, text.decode("utf-8", "surrogateescape"), settings).diagnostics()
    batch = {**digests(run(here.machine, text, here.config)), "findings": digest(in_order(whole))}
    recording.outcome(streamed, batch, lineage, memo_bytes, with_stream_extension(here.config, left))


def record_failure(recording: StreamRecording, last: Outcome, error: OSError) -> None:
    """Writes the end of a stream whose input could not be read any further."""
    if not isinstance(last, Completed):
        reason = StreamError(StreamErrorKind.IO_FAILED, error.strerror or str(error), type(error).__name__)
        end = resume(last.continuation, FeederError(reason))
        assert isinstance(end, Completed)
        recording.errors(end.result.diagnostics)
