"""Lines with styled parts, written plainly or, on a terminal, in colour.

A line is a sequence of (text, style) where a style is a name of ours; which colour it has stands here only.
Rich is imported when a terminal is written to. Invariant: both writers write the same characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["COLOURS", "Line", "LineWriter", "PlainWriter", "RichWriter", "is_terminal", "line_writer"]

Line = Sequence[tuple[str, str]]

COLOURS: Final = {
    "path": "bold",
    "code": "dim",
    "gutter": "blue",
    "error": "bold red",
    "warning": "bold yellow",
    "information": "bold cyan",
    "hint": "bold cyan",
    "fix": "green",
    "strong": "bold",
    "faint": "dim",
    "good": "green",
}
#: columns of a line that is not for a terminal
PLAIN_WIDTH: Final = 120


class LineWriter(Protocol):
    """Something that lines are written to."""

    width: int

    def write(self, line: Line) -> None:
        """Writes a line and its end."""


class PlainWriter:
    """Writes the bare text."""

    def __init__(self, out: IO[str], width: int = PLAIN_WIDTH) -> None:
        self._out = out
        self.width = width

    def write(self, line: Line) -> None:
        """Writes a line and its end."""
        self._out.write("".join(text for text, _ in line).rstrip(" ") + "\n")


class RichWriter:
    """Writes to a terminal in colour (Rich heeds NO_COLOR and dumb terminals)."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.width = console.width

    def write(self, line: Line) -> None:
        """Writes a line and its end."""
        from rich.text import Text

        text = Text.assemble(*((part, COLOURS.get(style, "")) for part, style in line))
        text.rstrip()
        self._console.print(text, soft_wrap=True)


def is_terminal(out: IO[str]) -> bool:
    """Whether a person reads this directly."""
    return bool(getattr(out, "isatty", bool)())


def line_writer(out: IO[str]) -> LineWriter:
    """The writer that suits a stream."""
    if not is_terminal(out):
        return PlainWriter(out)
    from rich.console import Console

    return RichWriter(Console(file=out, highlight=False, markup=False, emoji=False))
