"""Bytes to messages and back: the base protocol of LSP ("Content-Length" headers around JSON), without input or output.

A client's mistakes are values (`Fault`), never exceptions: one for each bad frame, after which the decoder looks for
the next header line.  It can do that because no valid JSON contains one: a raw line end cannot stand inside a string.

Knows no method and no thread.  Invariant: memory grows with the bytes that arrived, never with a claimed length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from lsp_server.long_text import LARGE, LongText

__all__ = ["INVALID_REQUEST", "PARSE_ERROR", "Fault", "FrameDecoder", "Message", "frame", "notification"]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600

MAX_BODY = 256 * 1024 * 1024
"""Bytes of one message: a 40 MB document with every character escaped still fits."""
MAX_HEADER_LINE = 4096
"""Bytes of one header line; a longer one is no header."""
LONGEST_LENGTH_LINE = 128
"""Bytes of the longest `Content-Length` line that is looked for after a fault."""

_LENGTH_LINE = re.compile(rb"(?i)content-length[ \t]*:[ \t]*[0-9]{1,64}[ \t]*\r?\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*")
_CHARSET = re.compile(rb"(?i)charset[ \t]*=[ \t]*\"?([^\s;\"]*)")


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON object that arrived, and how many bytes it took."""

    body: dict[str, Any]
    size: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A frame that is no message: the JSON-RPC error code that answers it, and what was wrong."""

    code: int
    text: str
    size: int = 0


_State = Callable[[list["Message | Fault"]], bool]
"""One step of the decoder: appends what it found, says whether it got anywhere."""


def frame(body: bytes) -> bytes:
    """A message as it goes over the wire: `body` behind its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def notification(method: str, params: str) -> bytes:
    """A notification, framed; `params` is JSON text, ASCII only."""
    return frame(f'{{"jsonrpc":"2.0","method":"{method}","params":{params}}}'.encode("ascii"))


class FrameDecoder:
    """Turns the bytes of a connection, cut anywhere, into messages and faults."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer known to hold no line end (headers) or no header line (body, lost)
        self._length: int | None = None
        self._fields = 0
        self._charset_is_known = True
        self._long: LongText | None = None
        self._state: _State = self._read_header
        self.most_at_once = 0
        """The most bytes of a message that were decoded in one call: for so long nothing else can be done."""

    def feed(self, chunk: bytes) -> list[Message | Fault]:
        """Everything that is complete with these bytes."""
        self._buffer += chunk
        found: list[Message | Fault] = []
        while self._state(found):
            pass
        return found

    def close(self) -> tuple[bool, list[Fault]]:
        """Whether the input ended between two messages, and what was not yet complained of if it did not."""
        if not self._buffer and not self._fields and self._state != self._read_body:
            return True, []
        return False, [] if self._state == self._lost else [Fault(PARSE_ERROR, "the input ended within a message")]

    def _read_header(self, found: list[Message | Fault]) -> bool:
        """Takes one header line; whether there was one."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            return self._searched > MAX_HEADER_LINE and self._lose(found, "a header line without end")
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        field = _HEADER.fullmatch(line) if end <= MAX_HEADER_LINE else None
        if line and field is None:
            return self._lose(found, "a line that is no header")  # which may have one at its end
        self._drop(end + 1)
        if field is None:
            return self._end_headers(found)
        self._fields += 1
        fault = self._note_field(field[1].lower(), field[2])
        return self._lose(found, fault) if fault else True

    def _note_field(self, name: bytes, value: bytes) -> str | None:
        """Remembers a header field; says what is wrong with it."""
        if name == b"content-length":
            return self._note_length(value)
        if name == b"content-type" and (charset := _CHARSET.search(value)):
            self._charset_is_known = charset[1].lower() in {b"utf-8", b"utf8"}
        return None

    def _note_length(self, value: bytes) -> str | None:
        if not (value.isdigit() and len(value) <= 64):
            return "a Content-Length that is no number"
        length = int(value)
        if length > MAX_BODY:
            return f"a Content-Length above {MAX_BODY}"
        if self._length not in {None, length}:
            return "two different Content-Length fields"
        self._length = length
        return None

    def _end_headers(self, found: list[Message | Fault]) -> bool:
        if self._length is not None:
            self._state, self._searched = self._read_body, 0
            self._long = LongText() if self._length >= LARGE and self._charset_is_known else None
        elif self._fields:
            return self._lose(found, "headers without Content-Length")
        return True  # an empty line between two messages is harmless

    def _read_body(self, found: list[Message | Fault]) -> bool:
        """Takes one body; whether it was there as a whole, or is known to be cut short."""
        assert self._length is not None
        if len(self._buffer) < self._length:
            start = self._header_line()
            if start is None and self._long is not None:
                self._long.read_on(self._buffer)
            return start is not None and self._cut_short(found, start)
        item = self._decode(self._length)
        found.append(item)
        if isinstance(item, Fault) and item.code == PARSE_ERROR:
            self._next(self._lost)  # the length may be wrong: the next header may begin within the body
            return True
        self._drop(self._length)
        self._next(self._read_header)
        return True

    def _decode(self, length: int) -> Message | Fault:
        """The message at the beginning of the buffer."""
        if not self._charset_is_known:
            return Fault(INVALID_REQUEST, "Content-Type: the only charset is utf-8", length)
        if self._long is not None and (rest := self._long.rest(self._buffer, length)) is not None:
            return self._decode_at_once(rest, length, self._long.constant)
        return self._decode_at_once(self._buffer[:length], length, _refuse_constant)

    def _decode_at_once(self, body: bytearray, size: int, constant: Callable[[str], str]) -> Message | Fault:
        self.most_at_once = max(self.most_at_once, len(body))
        return _decode_body(body, size, constant)

    def _header_line(self) -> int | None:
        """Where a header line stands inside a body, if one does; led by line ends, which are rare there."""
        at = self._buffer.find(b"\n", self._searched)
        while at >= 0:
            if line := _LENGTH_LINE.search(self._buffer, max(0, at - LONGEST_LENGTH_LINE), at + 1):
                return line.start()
            at = self._buffer.find(b"\n", at + 1)
        self._searched = len(self._buffer)
        return None

    def _cut_short(self, found: list[Message | Fault], start: int) -> bool:
        found.append(Fault(PARSE_ERROR, "a message that is shorter than its Content-Length", start))
        self._drop(start)
        self._next(self._read_header)
        return True

    def _lose(self, found: list[Message | Fault], text: str) -> bool:
        """Reports a fault after which the next message can only be found by its header."""
        found.append(Fault(PARSE_ERROR, text))
        self._next(self._lost)
        return True

    def _lost(self, found: list[Message | Fault]) -> bool:  # noqa: ARG002 - one of the states
        """Skips to the next header line; whether there was one."""
        line = _LENGTH_LINE.search(self._buffer)
        if line is None:
            self._drop(max(0, len(self._buffer) - LONGEST_LENGTH_LINE))
            return False
        self._drop(line.start())
        self._next(self._read_header)
        return True

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0

    def _next(self, state: _State) -> None:
        self._state, self._searched = state, 0
        self._length, self._fields, self._charset_is_known = None, 0, True


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _decode_body(body: bytearray, size: int, constant: Callable[[str], str]) -> Message | Fault:
    try:
        value = json.loads(body.decode(), parse_constant=constant)
    except UnicodeDecodeError:
        return Fault(PARSE_ERROR, "the message is not UTF-8", size)
    except RecursionError:
        return Fault(PARSE_ERROR, "the message is nested too deeply", size)
    except ValueError:
        return Fault(PARSE_ERROR, "the message is not JSON", size)
    if not isinstance(value, dict):
        return Fault(INVALID_REQUEST, "the message is not an object", size)
    return Message(value, size)
