"""What a process writes: kept within bounds, readable, and without secrets where it is stored.

`OutputLog` is the log file of a step: its beginning as it arrives, its end when it is closed, and between them how much
was cut. `Tail` keeps the last bytes of a stream. Bytes that are no UTF-8 stay readable as `\\xff`.
Invariant: the cost of what is not kept is that of copying it; nothing grows with the output.
"""

from __future__ import annotations

import os
import re
from collections import deque
from pathlib import Path
from typing import Final

from engine.orchestrate.redact import LineRedactor, Redactor

__all__ = ["LOG_HEAD", "LOG_TAIL", "OutputLog", "Tail", "readable"]

#: bytes of output of which a log keeps the beginning, and the end
LOG_HEAD: Final = 512 * 1024
LOG_TAIL: Final = 512 * 1024
#: a longer line is redacted in parts, which are divided where no token goes on
_LONGEST_LINE: Final = 64 * 1024
_BETWEEN_TOKENS: Final = b" \t\"',;"
_SEPARATOR: Final = re.compile(b"[%s]" % _BETWEEN_TOKENS)


def readable(output: bytes) -> str:
    """The text of some output, with `\\xff` for a byte that is no UTF-8."""
    return output.decode("utf-8", "backslashreplace")


class Tail:
    """The last bytes of a stream, at most `limit` of them. `size`: how many there were."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: deque[bytes] = deque()
        self._kept = 0
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Some more of the stream."""
        self.size += len(chunk)
        self._kept += len(chunk)
        self._parts.append(chunk)
        while self._kept - len(self._parts[0]) >= self._limit:
            self._kept -= len(self._parts.popleft())

    def bytes(self) -> bytes:
        """What is kept."""
        return b"".join(self._parts)[-self._limit :]

    @property
    def cut(self) -> int:
        """How many bytes before that are not kept."""
        return max(0, self.size - self._limit)


class _Lines:
    """One stream, divided into whole lines, so that two streams in one log do not mix within a line."""

    def __init__(self) -> None:
        self._open = b""

    def add(self, chunk: bytes) -> bytes:
        """The lines that are whole now, as one piece."""
        whole, end, rest = (self._open + chunk).rpartition(b"\n")
        if len(rest) > _LONGEST_LINE:
            at = max(rest.rfind(bytes([byte])) for byte in _BETWEEN_TOKENS) + 1
            at = at if at > len(rest) // 2 else len(rest)
            whole, end, rest = whole + end + rest[:at], b"", rest[at:]
        self._open = rest
        return whole + end

    def rest(self) -> bytes:
        rest, self._open = self._open, b""
        return rest


def _from_next_token(end: bytes) -> bytes:
    """Without its first line, or its first token where that line is long: nobody would recognise the rest of one."""
    line = end.find(b"\n", 0, _LONGEST_LINE) + 1
    token = _SEPARATOR.search(end)
    return end[line:] if line else end[token.end() :] if token else b""


class OutputLog:
    """The log of one process, both streams in the order in which they came. Written by `add`, complete after `close`.

    Raises OSError where the file cannot be written.
    """

    def __init__(self, path: Path, redactor: Redactor, head: int = LOG_HEAD, tail: int = LOG_TAIL) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._redactor = redactor
        self._lines = LineRedactor(redactor)
        self._streams: dict[str, _Lines] = {}
        self._room = head
        self._tail = Tail(tail)

    def add(self, stream: str, chunk: bytes) -> None:
        """Some more of a stream."""
        self._keep(self._streams.setdefault(stream, _Lines()).add(chunk))

    def close(self) -> None:
        """Writes the end of the output, and says what is missing before it."""
        with self._file:
            for lines in self._streams.values():
                self._keep(lines.rest())
            end = self._tail.bytes()
            if self._tail.cut:
                end = _from_next_token(end)
                missing = self._tail.size - len(end)
                self._file.write(f"\n... {missing} bytes of output are not kept ...\n".encode())
            self._file.write(self._redacted(end))

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        if not self._room:
            self._tail.add(piece)
            return
        at = len(piece) if len(piece) <= self._room else piece.rfind(b"\n", 0, self._room) + 1
        self._room = self._room - len(piece) if at == len(piece) else 0
        self._file.write(self._redacted(piece[:at]))
        self._file.flush()
        if at < len(piece):
            self._tail.add(piece[at:])

    def _redacted(self, piece: bytes) -> bytes:
        lines = readable(piece).splitlines(keepends=True)
        return "".join(map(self._lines.line, lines)).encode("utf-8", "backslashreplace")
