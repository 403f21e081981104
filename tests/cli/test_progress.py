"""The progress bar: drawn late, seldom, only on terminals, and wiped."""

from __future__ import annotations

import io

import pytest

from engine.cli.display import display_width
from engine.cli.progress import EVERY, PATIENCE, Progress


class Terminal(io.StringIO):
    """A terminal that one can read from."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> str:
        """What is seen on the line."""
        shown: list[str] = []
        column = 0
        for char in self.getvalue():
            if char == "\r":
                column = 0
            else:
                width = display_width(char)
                shown[column : column + width] = [char, ""][:width]
                column += width
        return "".join(shown).rstrip()


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_short_work_has_no_bar(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress(terminal, clock=clock)
    clock.now += PATIENCE / 2

    progress.show(0.5, "a.json")
    progress.clear()

    assert terminal.getvalue() == ""


def test_long_work_shows_how_far_it_is(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress(terminal, clock=clock)
    clock.now += PATIENCE

    progress.show(0.5, "a.json")

    assert terminal.screen == "[############------------]  50% a.json"


def test_the_bar_is_not_drawn_more_often_than_one_can_see(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress(terminal, clock=clock)
    clock.now += PATIENCE

    for _ in range(1000):
        clock.now += EVERY / 100
        progress.show(None, "a.json")

    assert terminal.getvalue().count("\r") <= 12


def test_the_bar_leaves_nothing_behind(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress(terminal, clock=clock)
    for name in ("a-long-name.json", "日本.json", "b.json"):
        clock.now += PATIENCE
        progress.show(0.1, name)
        assert terminal.screen.endswith(name)

    progress.clear()

    assert terminal.screen == ""


def test_a_name_cannot_be_wider_than_the_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    terminal = Terminal()
    progress = Progress(terminal, clock=clock)
    clock.now += PATIENCE

    progress.show(1.5, "日" * 100 + "\x1b[2J")

    assert display_width(terminal.screen) < 50
    assert "\x1b" not in terminal.screen
    assert "100%" in terminal.screen


@pytest.mark.parametrize(("out", "enabled"), [(io.StringIO(), True), (Terminal(), False)])
def test_where_nobody_looks_nothing_is_drawn(clock: Clock, out: io.StringIO, enabled: bool) -> None:
    progress = Progress(out, enabled=enabled, clock=clock)
    clock.now += PATIENCE

    progress.show(0.5, "a.json")

    assert out.getvalue() == ""
