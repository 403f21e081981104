"""The demo's screen on a terminal: the part of the file that changes, its findings underlined, the latency below.

Drawn in place with Rich. Invariant: what scrolls by and stays is one line per act; the rest is wiped.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as RichText

from engine.cli.demo.screen import HEADINGS, Screen, described, rows
from engine.cli.demo.script import Act, Keystroke, Text
from engine.cli.display import cells

if TYPE_CHECKING:
    from engine.cli.demo.client import Answer
    from engine.cli.demo.play import Played

__all__ = ["LiveScreen"]

#: lines of the file that are shown above and below the one that changes
_AROUND: Final = 5


class LiveScreen(Screen):
    """The file as it changes."""

    is_live = True

    def __init__(self, out: IO[str]) -> None:
        super().__init__(out)
        self._console = Console(file=out, highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._title = ""
        self._wrong: str | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def started(self, seconds: float) -> None:
        """The server answered `initialize`."""
        self._console.print(RichText(f"language server ready after {seconds:.2f} s", "dim"))

    def act(self, act: Act) -> None:
        """An act begins."""
        self._title = act.title

    def opened(self, text: Text, answer: Answer) -> None:
        """The file was opened."""
        self._draw(text, len(text.lines) - 1, answer, "opened")
        self.ended(None)

    def changed(self, text: Text, key: Keystroke, answer: Answer) -> None:
        """A keystroke was answered."""
        self._draw(text, key.line, answer, key.label)

    def status(self, line: str) -> None:
        """The server said how far it is."""
        self._live.update("", refresh=True)
        self._console.print(RichText(f"  {line}", "dim"))

    def ended(self, wrong: str | None) -> None:
        """An act is over."""
        mark = RichText("✗ ", "bold red") if wrong else RichText("✓ ", "bold green")
        self._console.print(mark + RichText(f"{self._title}{f': {wrong}' if wrong else ''}"))

    def failed(self, reason: str, log: str) -> None:
        """The conversation broke down."""
        self._live.stop()
        super().failed(reason, log)

    def summary(self, played: Sequence[Played]) -> None:
        """Everything is over."""
        self._live.stop()
        table = Table(*HEADINGS)
        for column in table.columns[1:-1]:
            column.justify = "right"
        for row in rows(played):
            table.add_row(*row)
        self._console.print(table)

    def _draw(self, text: Text, line: int, answer: Answer, change: str) -> None:
        last = max(line + _AROUND, 2 * _AROUND)
        first = max(0, min(line - _AROUND, len(text.lines) - 2 * _AROUND - 1))
        shown = RichText("\n").join(
            _row(number, text.lines[number], answer) for number in range(first, min(last + 1, len(text.lines)))
        )
        footer = RichText(f"{change:<12} {answer.seconds * 1000:6.1f} ms  ", "dim")
        footer.append(described(answer), "red" if answer.diagnostics else "green")
        footer.truncate(self._console.width, overflow="ellipsis")
        panel = Panel(shown, title=self._title, title_align="left")
        self._live.update(Group(panel, footer), refresh=True)


def _row(number: int, line: str, answer: Answer) -> RichText:
    """A line of the file with what was reported in it underlined."""
    row = RichText(f"{number + 1:>3}  ", "blue", no_wrap=True)
    marked = _marked(number, answer)
    for column, (shown, _) in enumerate(cells(line.rstrip("\r\n"))):
        row.append(shown, "red underline" if column in marked else "")
    if any(column >= len(line.rstrip("\r\n")) for column in marked):
        row.append(" ", "red underline")
    return row


def _marked(number: int, answer: Answer) -> set[int]:
    """The columns of a line that diagnostics are about; something missing marks the column where it is missed."""
    columns: set[int] = set()
    for diagnostic in answer.diagnostics:
        start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
        if start["line"] == number:
            until = end["character"] if end["line"] == number else 1000
            columns.update(range(start["character"], max(until, start["character"] + 1)))
    return columns
