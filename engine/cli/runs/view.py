"""How runs are shown while they go on: lines as things happen or, on a terminal, a table that follows them.

Invariant: both tell what happened in the same words; what is redrawn on a terminal is never written to a file.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self

from engine.cli.runs.board import STYLES, Board, Row, RunRow, seconds_between
from engine.cli.styled import COLOURS, is_terminal, line_writer
from engine.orchestrate.events import Event

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["LiveView", "View", "view_for"]

#: redraws of the table in a second
_PER_SECOND: Final = 8


class View:
    """A line for each thing that happens; nothing when `quiet`."""

    def __init__(self, out: IO[str], *, quiet: bool = False) -> None:
        self.board = Board()
        self._lines = line_writer(out)
        self._out = out
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put back."""

    def see(self, event: Event) -> None:
        """Shows an event."""
        line = self.board.see(event)
        if line and not self._quiet:
            self._lines.write(line)
            self._out.flush()


class LiveView(View):
    """A table of runs and Tasks that is redrawn in place, below the lines that stay: what went wrong, and each end."""

    _STAY: Final = frozenset({"run.end", "question", "retry", "stop", "error", "land"})

    def __init__(self, out: IO[str]) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(out)
        self._lock = threading.Lock()
        self._console = Console(file=out, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console, get_renderable=self._table, refresh_per_second=_PER_SECOND, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def see(self, event: Event) -> None:
        """Shows an event."""
        from rich.text import Text

        with self._lock:
            line = self.board.see(event)
        if line and event.type in self._STAY:
            self._console.print(Text.assemble(*((part, COLOURS.get(style, "")) for part, style in line)))

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_edge=False, expand=False)
        for heading in ("run / task", "role", "state", "time", "what"):
            table.add_column(heading, no_wrap=True, overflow="ellipsis", header_style="dim")
        with self._lock:
            for run in self.board.runs.values():
                if not run.until:
                    self._add(table, run, run.name, f"{run.done}/{len(run.rows)} tasks" if run.rows else run.message)
                    for row in _shown(run):
                        self._add(table, row, f"  {row.name}", row.message)
        return table

    @staticmethod
    def _add(table: Table, row: Row, name: str, message: str) -> None:
        from rich.text import Text

        seconds = seconds_between(row.since, row.until, time.time())
        style = COLOURS.get(STYLES.get(row.state, ""), "")
        table.add_row(name, row.role, Text(row.state, style), "" if seconds is None else f"{seconds:.1f} s", message)


#: Tasks of a run that fit below each other; of more, those that go on are shown
_ROWS: Final = 20


def _shown(run: RunRow) -> list[Row]:
    rows = list(run.rows.values())
    if len(rows) <= _ROWS:
        return rows
    return [row for row in rows if row.state in {"running", "waiting_approval"}][:_ROWS]


def view_for(out: IO[str], *, quiet: bool) -> View:
    """The view that suits a stream."""
    return LiveView(out) if is_terminal(out) and not quiet else View(out, quiet=quiet)
