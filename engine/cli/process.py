"""The command line as a process: what ends it, and with which exit code.

Commands return their exit code or raise; here that becomes the process's end. A reader of our output that went away is
no error of ours, Ctrl-C leaves no traceback, and a bug of ours is told apart from findings by its own code.
Knows no command. Invariant: no traceback reaches a user who did not ask for it (`PENSTOCK_TRACEBACK=1`).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import click

from engine.cli.app import penstock

__all__ = ["BROKEN_PIPE", "INTERNAL_FAILURE", "INTERRUPTED", "USAGE", "collect_rarely", "exit_code", "run"]

USAGE: Final = 2
INTERNAL_FAILURE: Final = 3
INTERRUPTED: Final = 130
#: what a shell reports for a process that SIGPIPE ended; 1 would claim that something was found
BROKEN_PIPE: Final = 141
#: Objects made before garbage is looked for; by default 700, which doubles the time that a large tree takes.
_OBJECTS: Final = 100_000


def collect_rarely() -> None:
    """Tunes garbage collection for a process that is ours: what the engine makes in masses is in no cycles."""
    gc.set_threshold(_OBJECTS)


def run() -> None:
    """Runs the command of this process's arguments and ends the process."""
    collect_rarely()
    _replace_closed()
    for stream in (sys.stdout, sys.stderr):
        _prepare(stream)
    if "_PENSTOCK_COMPLETE" in os.environ:  # a shell asks for completions; Click answers and exits
        penstock.main(prog_name="penstock")
    sys.exit(exit_code(sys.argv[1:]))


def exit_code(arguments: Sequence[str]) -> int:
    """Runs a command and returns the exit code; everything it has to say is said on return."""
    try:
        return _outcome(arguments)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except OSError as error:
        if not _reader_left(error):
            return _refused(error)
        _drop_output()
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last line of defence of the process
        return _known(error) or _failed(error)


def _outcome(arguments: Sequence[str]) -> int:
    with penstock.make_context("penstock", list(arguments)) as context:
        result = penstock.invoke(context)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _replace_closed() -> None:
    """Whoever starts us with a standard stream closed wants nothing read from it and nothing written to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for the process's life


def _prepare(stream: IO[str] | None) -> None:
    """Line ends are `\\n` on every platform, and a character that the terminal does not have must not stop us."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace", newline="\n")


def _reader_left(error: OSError) -> bool:
    # Windows reports a closed pipe as EINVAL on write
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == 22)


def _interrupted() -> int:
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    click.echo("penstock: interrupted", err=True)
    return INTERRUPTED


def _drop_output() -> None:
    """Lets the interpreter flush into nothing when it ends, instead of failing once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def _refused(error: OSError) -> int:
    """Reading or writing failed where no diagnostic can say so: a full disk, for example."""
    _drop_output()
    click.echo(f"penstock: input or output failed: {error.strerror or error}", err=True)
    return INTERNAL_FAILURE


def _known(error: Exception) -> int | None:
    """The exit code after saying what is wrong around runs; None for an error that is ours."""
    if "engine.orchestrate" not in sys.modules:
        return None
    from engine.cli.runs.opened import clear_end

    end = clear_end(error)
    if end is None:
        return None
    end.show()
    return end.exit_code


def _failed(error: Exception) -> int:
    if os.environ.get("PENSTOCK_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    click.echo(
        f"penstock: internal failure: {what}\nThis is a bug; PENSTOCK_TRACEBACK=1 shows where. Please report it.",
        err=True,
    )
    return INTERNAL_FAILURE
