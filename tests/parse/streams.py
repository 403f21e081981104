"""What the streaming tests share: a clock that the test moves, texts cut in pieces, outcomes of pushing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.feeder import Closed
from engine.parse.machine import Machine
from engine.parse.stream import Completed, Continuation, Outcome, Pending, open_stream, resume


class Clock:
    """Nanoseconds that pass only when the test says so."""

    def __init__(self, now: int = 1_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def cut(text: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """The text in parts of these sizes, the rest as one part."""
    place = 0
    for size in sizes:
        yield text[place : place + size]
        place += size
    yield text[place:]


def pending(outcome: Outcome) -> Pending:
    """The outcome, which must be a pause."""
    assert isinstance(outcome, Pending), outcome
    return outcome


def completed(outcome: Outcome) -> Completed:
    """The outcome, which must be the end."""
    assert isinstance(outcome, Completed), outcome
    return outcome


def opened(machine: Machine, config: RunConfig | StreamingConfig | None = None) -> Continuation:
    """The beginning of a stream."""
    return pending(open_stream(machine, config)).continuation


def pushed(start: Continuation, parts: Iterable[bytes | str]) -> Continuation:
    """The place after these parts."""
    for part in parts:
        start = pending(resume(start, part)).continuation
    return start


def closed(place: Continuation) -> Completed:
    """The end of a stream whose text ends here."""
    return completed(resume(place, Closed()))
