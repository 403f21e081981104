"""The text of a large message, decoded while the rest of it is still on its way.

Ten megabytes come as one JSON string.  Decoded in one call, when all of it is there, they keep the interpreter from
doing anything else for longer than a slice; decoded as they arrive they cost nothing that anybody notices.  Only the
first long string of a message is treated like this.  Where anything about it is unusual it is given up, and the whole
message is decoded as others are, which also finds the words for what is wrong.
Invariant: what comes out is what decoding the message in one call gives.
"""

from __future__ import annotations

from codecs import utf_8_decode
from json.decoder import scanstring  # type: ignore[attr-defined]  # undocumented; a test compares it with `loads`

__all__ = ["LARGE", "LongText"]

LARGE = 1 << 18
"""Bytes of a message from which on its text is decoded in pieces."""
PIECE = 1 << 16
"""Bytes that are decoded at a time: some tenths of a millisecond."""
LONGEST_ESCAPE = len("\\u0000")


class LongText:
    """The first long string of a message whose bytes arrive in a buffer; `parts` are what is decoded of it."""

    __slots__ = ("_at", "_end", "_is_sought", "_start", "parts", "piece")

    def __init__(self, piece: int = PIECE) -> None:
        self.piece = piece
        self.parts: list[str] = []
        self._is_sought = True
        self._start = self._end = self._at = 0  # bytes: its two quotes, and how far it is decoded; no end, no string

    def read_on(self, buffer: bytearray) -> None:
        """Decodes what has arrived; the message begins where the buffer does and is not complete yet."""
        try:
            if self._is_sought and len(buffer) >= self.piece:
                self._is_sought = False
                self._seek(buffer)
            while self._at and not self._end and len(buffer) - self._at >= self.piece:
                self._take(buffer, self._at + self.piece)
        except ValueError:
            self._at = 0

    def rest(self, buffer: bytearray, length: int) -> bytearray | None:
        """What the message, now complete, is beside its text, for which `NaN` stands; None if that was given up."""
        try:
            while self._at and not self._end:
                stop = self._at + self.piece
                self._take(buffer, min(stop, length), is_last=stop >= length)
        except ValueError:
            return None
        return buffer[: self._start] + b"NaN" + buffer[self._end : length] if self._end else None

    def constant(self, name: str) -> str:
        """What a constant that JSON lacks stands for: one `NaN` for the text.  Raises ValueError for all others."""
        if name != "NaN" or not self.parts:
            raise ValueError(name)
        text, self.parts = "".join(self.parts), []
        return text

    def _seek(self, buffer: bytearray) -> None:
        """Finds the string that begins in the first piece and does not end there, the value of a member."""
        head, _ = utf_8_decode(buffer[: self.piece], "strict", False)
        at = head.find('"')
        while at >= 0:
            try:
                _, end = scanstring(head, at + 1)
            except ValueError:
                break
            at = head.find('"', end)
        if at >= 0 and head[:at].rstrip(" \t\r\n").endswith(":"):
            self._start = len(head[:at].encode())
            self._at = self._start + 1

    def _take(self, buffer: bytearray, stop: int, *, is_last: bool = False) -> None:
        """Decodes up to about `stop`, or to where the string ends."""
        text, used = utf_8_decode(buffer[self._at : stop], "strict", is_last)
        cut = len(text) if is_last else _end_of_whole_escapes(text)
        part, end = scanstring(text[:cut] + '"', 0)
        if end <= cut:
            self._end = self._at + len(text[:end].encode())
        elif is_last:
            raise ValueError("a string without end")
        elif "\ud800" <= part[-1:] <= "\udbff":  # its other half may follow
            part, cut = part[:-1], cut - LONGEST_ESCAPE
        self.parts.append(part)
        self._at += used - len(text[cut:].encode())


def _end_of_whole_escapes(text: str) -> int:
    """Where the last escape sequence begins if it may go on behind the text; else where the text ends."""
    last = text.rfind("\\", -LONGEST_ESCAPE)
    backslashes = last + 1 - len(text[: last + 1].rstrip("\\"))
    return last if backslashes % 2 else len(text)
