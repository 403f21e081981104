"""What the demo shows: on a terminal the file as it changes, anywhere else one line per change.

Knows no server. Invariant: both screens show the same facts: the change, what was reported, how long it took.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Self

import click

from engine.cli.demo.script import Act, Keystroke, Text
from engine.cli.display import display_width
from engine.cli.styled import is_terminal

if TYPE_CHECKING:
    from engine.cli.demo.client import Answer
    from engine.cli.demo.play import Played

__all__ = ["HEADINGS", "Screen", "described", "rows", "screen_for"]

HEADINGS: Final = ("act", "keystrokes", "p50 ms", "p95 ms", "slowest ms", "result")


class Screen:
    """One line per change."""

    is_live = False

    def __init__(self, out: IO[str], *, quiet: bool = False) -> None:
        self._out = out
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put back."""

    def started(self, seconds: float) -> None:
        """The server answered `initialize`."""
        self._say(f"language server ready after {seconds:.2f} s")

    def act(self, act: Act) -> None:
        """An act begins."""
        self._say(f"\n== {act.title}")

    def opened(self, text: Text, answer: Answer) -> None:
        """The file was opened."""
        self._say(f"   {len(text.lines)} lines {_took(answer)}  {described(answer)}")

    def changed(self, text: Text, key: Keystroke, answer: Answer) -> None:  # noqa: ARG002
        """A keystroke was answered."""
        label = key.label + " " * (10 - display_width(key.label))
        self._say(f"   {key.line + 1:>3}:{key.column + 1:<3} {label} {_took(answer)}  {described(answer)}")

    def status(self, line: str) -> None:
        """The server said how far it is."""
        self._say(f"   {line}")

    def ended(self, wrong: str | None) -> None:
        """An act is over."""
        if wrong:
            self._say(f"   NOT AS EXPECTED: {wrong}")

    def failed(self, reason: str, log: str) -> None:
        """The conversation broke down."""
        click.echo(f"penstock demo: {reason}", err=True)
        for line in log.strip().splitlines()[-10:]:
            click.echo(f"  server: {line}", err=True)

    def summary(self, played: Sequence[Played]) -> None:
        """Everything is over."""
        table = [HEADINGS, *rows(played)]
        widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
        self._out.write("\n")
        for row in table:
            cells = [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:], strict=False)),
            ]
            self._out.write("  ".join([*cells, row[-1]]) + "\n")
        self._out.flush()

    def _say(self, line: str) -> None:
        if not self._quiet:
            self._out.write(line + "\n")
            self._out.flush()


def screen_for(out: IO[str], *, quiet: bool) -> Screen:
    """The screen that suits a stream."""
    if quiet or not is_terminal(out):
        return Screen(out, quiet=quiet)
    from engine.cli.demo.live import LiveScreen

    return LiveScreen(out)


def rows(played: Sequence[Played]) -> list[tuple[str, ...]]:
    """The account as table rows, the sum last."""
    from engine.cli.demo.play import Played, percentile

    everything = Played("all keystrokes", tuple(s for act in played if act.is_typing for s in act.seconds), None)
    wrong = sum(act.wrong is not None for act in played)
    result = []
    for act in [*played, everything]:
        numbers = (percentile(act.seconds, 50), percentile(act.seconds, 95), max(act.seconds))
        timed = tuple(f"{seconds * 1000:.1f}" for seconds in numbers)
        result.append((act.title, str(len(act.seconds)), *timed, act.wrong or "as expected"))
    verdict = f"{wrong} of {len(played)} acts not as expected" if wrong else "all as expected"
    return [*result[:-1], (*result[-1][:-1], verdict)]


def described(answer: Answer) -> str:
    """What was reported, in a line."""
    if not answer.diagnostics:
        return "nothing to report"
    first: dict[str, Any] = answer.diagnostics[0]
    start = first["range"]["start"]
    more = f" (and {len(answer.diagnostics) - 1} more)" if len(answer.diagnostics) > 1 else ""
    return f"{start['line'] + 1}:{start['character'] + 1} {first['message']}{more}"


def _took(answer: Answer) -> str:
    return f"{answer.seconds * 1000:6.1f} ms"
