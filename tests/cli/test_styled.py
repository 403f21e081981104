"""Styled lines: the same characters in colour and without."""

from __future__ import annotations

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from engine.cli.styled import Line, PlainWriter, RichWriter, line_writer
from tests.cli.command import COMMAND, PATIENCE, environment, write

ANSI = re.compile(r"\x1b\[[0-9;]*m")
LINES: list[Line] = [
    [
        ("a.json:1:2", "path"),
        (": ", ""),
        ("error", "error"),
        (": [red]no markup[/] :smile: ", "strong"),
        ("[x.y]", "code"),
    ],
    [(" 1 | ", "gutter"), ("日本語 = " + "x" * 200, "")],
    [("   | ", "gutter"), ("^^", "error")],
    [],
    [("trailing   ", "")],
]


def test_both_writers_write_the_same_characters() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    console = Console(file=coloured, force_terminal=True, color_system="256", width=40, markup=False, emoji=False)

    for line in LINES:
        PlainWriter(plain).write(line)
        RichWriter(console).write(line)

    assert "\x1b" in coloured.getvalue()
    assert ANSI.sub("", coloured.getvalue()) == plain.getvalue()


def test_a_stream_that_is_no_terminal_gets_plain_text() -> None:
    assert isinstance(line_writer(io.StringIO()), PlainWriter)


def on_terminal(folder: Path, *arguments: str, **more: str) -> str:
    """What a command shows on a terminal."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**environment(folder), "TERM": "xterm-256color", **more},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while part := _read(ours):
        shown += part
    os.close(ours)
    assert process.wait(PATIENCE) is not None
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals on Windows")
def test_a_terminal_gets_colours_unless_they_are_unwanted(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": "[1,]\n"})

    coloured = on_terminal(tmp_path, "check", "a.json")
    plain = on_terminal(tmp_path, "check", "a.json", NO_COLOR="1")

    assert "\x1b[1;31m" in coloured
    assert "\x1b[1;31m" not in plain
    assert ANSI.sub("", coloured) == ANSI.sub("", plain)
    assert "a.json:1:4: error: " in ANSI.sub("", plain)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals on Windows")
def test_a_page_is_rendered_on_a_terminal(tmp_path: Path) -> None:
    shown = on_terminal(tmp_path, "explain", "exit-codes")

    assert "\x1b[" in shown
    assert "| code |" not in shown
    assert "Exit codes" in shown


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals on Windows")
def test_the_demo_draws_on_a_terminal(tmp_path: Path) -> None:
    shown = on_terminal(tmp_path, "demo", "--fast")

    assert "✓ \x1b[0mlose a parenthesis" in shown or "✓ lose a parenthesis" in ANSI.sub("", shown)
    assert "all as expected" in shown
    assert "fn flow(gate: Gate" in ANSI.sub("", shown)
