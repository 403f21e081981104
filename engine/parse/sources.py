"""Ready feeders: a text in memory, the pieces of an iterable, a file, an open binary stream.

Each hands over about as much as the demand prefers and lets errors of reading out as exceptions: `feeder.ask` turns
them into values, in one place for these and for everybody else's feeders.

Knows no parser.  Invariant: after `Closed`, or an error, nothing more is read and a file opened here is closed.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from engine.parse.feeder import Await, Chunk, Closed, DemandHint, Feeder, FeederYield

__all__ = ["from_file", "from_pieces", "from_stream", "from_text"]


def from_text(text: bytes | str) -> Feeder:
    """A text in memory, in parts of the size the demand prefers (bytes) or of that many characters (text)."""
    place = 0

    def feeder(demand: DemandHint) -> FeederYield:
        nonlocal place
        part = text[place:place + _wanted(demand)]
        place += len(part)
        return Chunk(part) if part else Closed()

    return feeder


def from_pieces(pieces: Iterable[bytes | str]) -> Feeder:
    """The pieces as they come, whatever their size; the end of the iterable is the end of the text."""
    iterator = iter(pieces)

    def feeder(_demand: DemandHint) -> FeederYield:
        for piece in iterator:
            return Chunk(piece)
        return Closed()

    return feeder


def from_file(path: str | os.PathLike[str]) -> Feeder:
    """The bytes of a file, opened at the first demand.  Raises OSError (to `ask`) if it cannot be opened or read."""
    return _Reading(lambda: Path(path).open("rb"), owned=True)


def from_stream(stream: BinaryIO) -> Feeder:
    """The bytes of an open stream, which stays its owner's; one that has nothing yet (`read` gives None) awaits."""
    return _Reading(lambda: stream, owned=False)


class _Reading:
    """A feeder that reads; `close` is for whoever stops asking before the end."""

    def __init__(self, opened: Callable[[], BinaryIO], *, owned: bool) -> None:
        self._opened, self._owned = opened, owned
        self._stream: BinaryIO | None = None
        self._ended = False

    def __call__(self, demand: DemandHint) -> FeederYield:
        if self._ended:
            return Closed()
        part: bytes | None = b""
        try:
            self._stream = self._stream or self._opened()
            part = _read(self._stream, _wanted(demand))
        finally:
            if part == b"":                                          # the end, or an error on its way out
                self.close()
        if part is None:
            return Await()
        return Chunk(part) if part else Closed()

    def close(self) -> None:
        """Nothing more is read."""
        self._ended = True
        if self._owned and self._stream is not None:
            self._stream.close()


def _read(stream: BinaryIO, size: int) -> bytes | None:
    """At most `size` bytes, as soon as there are any: a pipe must not wait until its buffer is full."""
    read1 = getattr(stream, "read1", None)
    part = read1(size) if read1 is not None else stream.read(size)
    return None if part is None else bytes(part)


def _wanted(demand: DemandHint) -> int:
    return demand.preferred_bytes or demand.min_bytes
