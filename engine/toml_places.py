"""Where the keys and values of a TOML document stand.

`tomllib` answers with values and forgets their places; a message about a key should point at it. This reads the same
text once more, only for the places. It knows nothing of what the keys mean.
Invariant: the text is a document that `tomllib` accepted; of any other the answer may be incomplete, it never raises.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from engine.parse.source import Position, Span, split_lines

__all__ = ["KeyPath", "Place", "TomlPlaces"]

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
#: the four kinds of strings (a long one may end in up to two quotes of its own), a date with a blank, any other word
_SCALAR = re.compile(
    r'"""(?s:\\.|.)*?"""(?!")"{0,2}|\'\'\'(?s:.)*?\'\'\'(?!\')\'{0,2}'
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\d{4}-\d\d-\d\d \d[^\s,\]}#]*|[^\s,\]}#]+"""
)


@dataclass(frozen=True, slots=True)
class Place:
    """The span of a key as it is written (of its last part when dotted), and the span of its value."""

    key: Span
    value: Span


class TomlPlaces:
    """The places of a TOML document, by the path of keys and array indices that `tomllib` would give."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[KeyPath, tuple[int, int, int, int]] = {}
        self._elements: dict[KeyPath, int] = {}
        self._starts = [0]
        for line in split_lines(text):
            self._starts.append(self._starts[-1] + len(line))
        self._document()

    def find(self, path: KeyPath) -> Place | None:
        """The place of exactly this path, None when the document does not have it."""
        found = self._found.get(path)
        if found is None:
            return None
        return Place(self._span(found[0], found[1]), self._span(found[2], found[3]))

    def nearest(self, path: KeyPath) -> Place | None:
        """The place of the path or of its longest prefix that the document has."""
        for length in range(len(path), 0, -1):
            if (place := self.find(path[:length])) is not None:
                return place
        return None

    def _span(self, start: int, end: int) -> Span:
        return Span(self.position(start), self.position(end))

    def position(self, offset: int) -> Position:
        """The position of an offset into the text, in code points."""
        low, high = 0, len(self._starts) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= offset else (low, middle)
        return Position(low, offset - self._starts[low])

    def _document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank() < len(self._text):
            before = self._at
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            if self._at == before:
                return

    def _skip_blank(self) -> int:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._at

    def _header(self) -> KeyPath:
        start = self._at
        array = self._text.startswith("[[", start)
        self._at += 2 if array else 1
        keys = self._keys()
        self._at += 2 if array else 1
        path: KeyPath = ()
        for name, _, _ in keys[:-1]:
            path = self._inside((*path, name))
        if not keys:
            return path
        path = (*path, keys[-1][0])
        place = (keys[-1][1], keys[-1][2], start, self._at)
        self._found.setdefault(path, place)
        if not array:
            return self._inside(path)
        self._elements[path] = self._elements.get(path, -1) + 1
        self._found[self._inside(path)] = place
        return self._inside(path)

    def _inside(self, path: KeyPath) -> KeyPath:
        """The path to go on from: of an array of tables, its latest element."""
        return (*path, self._elements[path]) if path in self._elements else path

    def _keys(self) -> list[tuple[str, int, int]]:
        keys: list[tuple[str, int, int]] = []
        self._at = self._skip_spaces()
        while (match := _KEY.match(self._text, self._at)) is not None:
            keys.append((_unquoted(match[0]), match.start(), match.end()))
            dot = _DOT.match(self._text, match.end())
            self._at = dot.end() if dot else match.end()
            if dot is None:
                break
        self._at = self._skip_spaces()
        return keys

    def _skip_spaces(self) -> int:
        at = self._at
        while self._text.startswith((" ", "\t"), at):
            at += 1
        return at

    def _pair(self, table: KeyPath) -> None:
        keys = self._keys()
        if not keys or not self._text.startswith("=", self._at):
            return
        self._at += 1
        path = table
        for name, start, end in keys[:-1]:
            path = (*path, name)
            self._found.setdefault(path, (start, end, start, end))
        name, start, end = keys[-1]
        value_start, value_end = self._value((*path, name))
        self._found[*path, name] = (start, end, value_start, value_end)

    def _value(self, path: KeyPath) -> tuple[int, int]:
        start = self._skip_blank()
        if self._text.startswith("[", start):
            self._array(path)
        elif self._text.startswith("{", start):
            self._inline_table(path)
        elif (scalar := _SCALAR.match(self._text, start)) is not None:
            self._at = scalar.end()
        return start, self._at

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while not self._closed("]"):
            before = self._at
            start, end = self._value((*path, index))
            self._found[*path, index] = (start, end, start, end)
            index += 1
            self._skip_comma()
            if self._at == before:
                return

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._closed("}"):
            before = self._at
            self._pair(path)
            self._skip_comma()
            if self._at == before:
                return

    def _closed(self, closer: str) -> bool:
        at = self._skip_blank()
        if self._text.startswith(closer, at):
            self._at += 1
            return True
        return at >= len(self._text)

    def _skip_comma(self) -> None:
        if self._text.startswith(",", self._skip_blank()):
            self._at += 1


def _unquoted(key: str) -> str:
    if not key.startswith(('"', "'")):
        return key
    try:
        return str(tomllib.loads(f"k = {key}")["k"])
    except tomllib.TOMLDecodeError:
        return key
