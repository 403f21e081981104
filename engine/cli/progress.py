"""A progress bar on the terminal, for work that takes longer than a person likes to wait without a sign.

It lives on one line of standard error and is wiped before anything else is written, so it never mixes with findings.
Knows nothing about the work but how much of it is done. Invariant: nothing is drawn where nobody looks.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import IO, Final

from engine.cli.display import display_width, printable
from engine.cli.styled import is_terminal

__all__ = ["Progress"]

#: seconds of work before the bar appears
PATIENCE: Final = 0.7
#: seconds between two drawings
EVERY: Final = 0.1
_BAR: Final = 24


class Progress:
    """The bar."""

    def __init__(self, out: IO[str], *, enabled: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._enabled = enabled and is_terminal(out)
        self._due = clock() + PATIENCE
        self._drawn = 0

    def show(self, share: float | None, what: str) -> None:
        """Draws the bar if it is time to: the share of the work that is done, if known, and what is being worked on."""
        if not self._enabled or self._clock() < self._due:
            return
        self._due = self._clock() + EVERY
        line = printable(what) if share is None else f"{_bar(share)} {printable(what)}"
        room = shutil.get_terminal_size().columns - 1
        while display_width(line) > room:
            line = line[:-1]
        width = display_width(line)
        self._out.write("\r" + line + " " * (self._drawn - width))
        self._out.flush()
        self._drawn = width

    def clear(self) -> None:
        """Wipes the bar, so that something else can be written."""
        if self._drawn:
            self._out.write("\r" + " " * self._drawn + "\r")
            self._out.flush()
            self._drawn = 0


def _bar(share: float) -> str:
    filled = round(min(1.0, share) * _BAR)
    return f"[{'#' * filled}{'-' * (_BAR - filled)}] {min(1.0, share):4.0%}"
