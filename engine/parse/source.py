"""Source text: positions, lines, UTF-8.

A text is a sequence of *pieces*, each with its line end; only ``\\n``, ``\\r\\n`` and ``\\r`` end a line (LSP, section
"Text Documents").  Bytes that are no UTF-8 stay in the text as the surrogates of Python's ``surrogateescape`` (PEP
383), so every text can be turned back into exactly the bytes it came from and every byte has a place in it.

Knows no grammar.  Invariant: positions count code points; other units exist only in the two conversion functions.
"""
from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BOM", "Position", "Span", "Utf8Decoder", "bad_sequences", "column_from_units", "has_escapes",
           "line_end", "split_lines",
           "units_from_column", "utf8_length"]

BOM = "\ufeff"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]+|[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: 0-based line, 0-based column in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of a text; `end` is exclusive."""

    start: Position
    end: Position

    @classmethod
    def on_line(cls, line: int, start: int, end: int) -> Span:
        """The span of the columns `start` to `end` of one line."""
        return cls(Position(line, start), Position(line, end))

    def shifted(self, lines: int) -> Span:
        """The same span, `lines` further down."""
        start, end = self.start, self.end
        return Span(Position(start.line + lines, start.column), Position(end.line + lines, end.column))


def split_lines(text: str) -> list[str]:
    """The lines of a text with their ends; the last one has none, so ``"a\\n"`` gives ``["a\\n", ""]``."""
    lines = list(io.StringIO(text, newline=""))          # universal newlines, untranslated: exact, and at C's speed
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def line_end(line: str) -> int:
    """The column at which the line's content ends and its line break, if any, begins."""
    if line.endswith("\r\n"):
        return len(line) - 2
    return len(line) - 1 if line.endswith(("\n", "\r")) else len(line)


def utf8_length(text: str) -> int:
    """The number of bytes a text stands for: an escaped byte is one, any other lone surrogate three."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return sum(1 if "\udc80" <= c <= "\udcff" else len(c.encode("utf-8", "surrogatepass")) for c in text)


class Utf8Decoder:
    """Bytes in any chunks to text; never raises.

    Undecodable bytes become escapes.  ``held`` is the unfinished code point at the end, at most three bytes.
    """

    __slots__ = ("held",)

    def __init__(self, held: bytes = b"") -> None:
        self.held = held

    def decode(self, chunk: bytes, final: bool = False) -> str:
        """The text of everything decidable so far; with `final`, of everything."""
        data = self.held + chunk if self.held else chunk
        try:
            text, used = codecs.utf_8_decode(data, "surrogateescape", final)
        except UnicodeDecodeError:                       # the handler cannot fail; the codec's contract says it may
            text, used = data.decode("latin-1"), len(data)
        self.held = bytes(data[used:])
        return text


def has_escapes(text: str) -> bool:
    """Does the text hold surrogates, that is, something no UTF-8 can say?"""
    return not text.isascii() and _SURROGATE.search(text) is not None


def bad_sequences(text: str) -> Iterator[tuple[int, int]]:
    """The (start, end) columns of each maximal ill-formed sequence (Unicode, section 3.9, "maximal subpart")."""
    if not has_escapes(text):
        return
    for run in _ESCAPED_BYTES.finditer(text):
        if not "\udc80" <= run[0][0] <= "\udcff":
            yield run.span()
            continue
        start = run.start()
        data = run[0].encode("utf-8", "surrogateescape")
        while data:
            length = _maximal_subpart(data)
            yield start, start + length
            start, data = start + length, data[length:]


def _maximal_subpart(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.end - error.start
    return len(data)


def column_from_units(line: str, units: int, encoding: str) -> int | None:
    """The column after `units` code units of a line; past its end, the end; None inside a character.

    `encoding` is ``utf-8``, ``utf-16`` or ``utf-32``.
    """
    end = line_end(line)
    if encoding == "utf-32" or line.isascii():
        return min(units, end)
    content = line[:end]
    if has_escapes(content):                             # two lone halves would look like a pair
        return _counted(content, units, encoding)
    width, codec = (1, "utf-8") if encoding == "utf-8" else (2, "utf-16-le")
    data = content.encode(codec)
    try:
        return len(data[:max(units, 0) * width].decode(codec))
    except UnicodeDecodeError:
        return None


def _counted(content: str, units: int, encoding: str) -> int | None:
    seen = 0
    for column, character in enumerate(content):
        if seen >= units:
            return column if seen == units else None
        seen += units_from_column(character, 1, encoding)
    return len(content) if seen <= units else None


def units_from_column(line: str, column: int, encoding: str) -> int:
    """The number of code units before a column, in ``utf-8``, ``utf-16`` or ``utf-32``."""
    if encoding == "utf-32" or line.isascii():
        return column
    head = line[:column]
    if encoding == "utf-8":
        return len(head.encode("utf-8", "surrogatepass"))
    return len(head.encode("utf-16-le", "surrogatepass")) // 2
