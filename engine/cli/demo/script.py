"""What the demo does to its file: acts of single keystrokes, each with what must be reported after the last of them.

Knows neither server nor screen. Invariant: the file is free of findings before the first act and after the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from engine.parse.source import split_lines

__all__ = ["Act", "Keystroke", "Text", "acts", "sample"]

_SYNTAX: Final = "parser.syntax.expected_tokens"
_LEXER: Final = "parser.lexer.unknown_token"
_TOP_LEVEL: Final = "parser.top_level_expr.disallowed"
_DRAIN: Final = """
fn drain(basin: Basin, by: Int) -> Basin {
  let rest = if basin.volume < by then 0 else basin.volume - by
  Basin { name: basin.name, volume: rest }
}
"""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """One edit within a line: `text` put in place of `removed` code points at a place."""

    line: int
    column: int
    removed: int
    text: str

    @property
    def label(self) -> str:
        """The edit as it is shown."""
        if self.removed:
            return "backspace" if self.removed == 1 else f"{self.removed} backspaces"
        return {"\n": "enter", " ": "space"}.get(self.text, self.text)


@dataclass(frozen=True, slots=True)
class Act:
    """A few keystrokes with one meaning. Afterwards each of `codes` must be reported; without any, nothing may be."""

    title: str
    keystrokes: tuple[Keystroke, ...]
    codes: frozenset[str] = frozenset()

    def missing(self, reported: frozenset[str]) -> str | None:
        """What is wrong with the codes that were reported, None if they are as they must be."""
        if self.codes:
            absent = self.codes - reported
            return f"{', '.join(sorted(absent))} did not arrive" if absent else None
        return f"{', '.join(sorted(reported))} should have gone" if reported else None


class Text:
    """The document as the editor has it."""

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)

    def press(self, key: Keystroke) -> str:
        """Applies a keystroke; the line as it was before."""
        before = self.lines[key.line]
        after = before[: key.column] + key.text + before[key.column + key.removed :]
        self.lines[key.line : key.line + 1] = split_lines(after)[: None if not before.endswith("\n") else -1]
        return before

    def find(self, needle: str) -> tuple[int, int]:
        """The place behind the first occurrence of a text within a line."""
        line = next(number for number, each in enumerate(self.lines) if needle in each)
        return line, self.lines[line].index(needle) + len(needle)


def sample() -> str:
    """The demo's file."""
    return (files("engine.cli.demo") / "tour.reml").read_text(encoding="utf-8")


def acts(text: Text) -> Iterator[Act]:
    """The acts in order. Each is made when the one before was played, on the text as it then is."""
    end = len(text.lines) - 1
    yield Act("type a new function", _typed(end, 0, _DRAIN))
    line, column = text.find("flow(gate: Gate")
    yield Act("lose a parenthesis", (Keystroke(line, column, 1, ""),), frozenset({_SYNTAX}))
    yield Act("put it back", (Keystroke(line, column, 0, ")"),))
    line, column = text.find("let inflow ")
    yield Act("mistype an operator", (Keystroke(line, column, 1, "$"),), frozenset({_LEXER}))
    yield Act("correct it", (Keystroke(line, column, 1, "="),))
    line = len(text.lines) - 1
    call = "drain(lake, 3)"
    yield Act("write a call outside of any function", _typed(line, 0, call), frozenset({_TOP_LEVEL}))
    yield Act("delete it", _erased(line, len(call)))
    yield Act("begin a comment at the very top", _typed(0, 0, "/*"), frozenset({_LEXER}))
    yield Act("close it", _typed(0, 2, "*/"))
    yield Act("name something in Japanese", _typed(line, 0, 'let 水位 = "満水 🌊"'))
    column = len(text.lines[line])
    yield Act("forget its quotation mark", _erased(line, column, 1), frozenset({_LEXER}))
    yield Act("remember it", _typed(line, column - 1, '"'))


def _typed(line: int, column: int, text: str) -> tuple[Keystroke, ...]:
    keys = []
    for char in text:
        keys.append(Keystroke(line, column, 0, char))
        line, column = (line + 1, 0) if char == "\n" else (line, column + 1)
    return tuple(keys)


def _erased(line: int, column: int, count: int | None = None) -> tuple[Keystroke, ...]:
    """Backspaces from a column on, `count` of them, or to the line's beginning."""
    stop = 0 if count is None else column - count
    return tuple(Keystroke(line, at - 1, 1, "") for at in range(column, stop, -1))
