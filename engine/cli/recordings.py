"""The file of `--record`: opened with care for what is in it, written line by line as things happen.

A failing disk must not cost the findings of a check or an editor its server: what cannot be written is said at the end.
Knows no stream. Invariant: a file that holds anything but a recording is never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar

import click

if TYPE_CHECKING:
    from engine.parse.recording import Recorder

__all__ = ["RecordingFile", "record_option"]

_F = TypeVar("_F", bound=Callable[..., Any])
#: bytes of a file's first line that are looked at; a recording's first line is shorter
_FIRST_LINE = 1 << 16


def record_option(what: str) -> Callable[[_F], _F]:
    """Gives a command the option `--record`, passed to it as `record`; `what` is its help."""
    return click.option(
        "--record", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=False, path_type=Path), help=what
    )


class RecordingLost(click.ClickException):
    """A recording could not be written to its end."""

    exit_code = 2


class RecordingFile:
    """A recording being written; a context that ends with it. `recorder` is None where none is asked for."""

    def __init__(self, path: Path | None) -> None:
        """Raises UsageError for a path that cannot be written, or holds something else."""
        self.path = path
        self.recorder: Recorder | None = None
        self._file: IO[str] | None = None
        self._lost: OSError | None = None
        if path is not None:
            from engine.parse.recording import Recorder

            self._file = _opened(path)
            self.recorder = Recorder(self._write)

    def is_file(self, name: str) -> bool:
        """Whether a file of that name is the recording itself."""
        try:
            return self.path is not None and self.path.samefile(name)
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Closes the file. Raises `RecordingLost` if not everything could be written, unless worse has happened."""
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as failure:
            self._lost = self._lost or failure
        if self._lost is not None and error is None:
            raise RecordingLost(f"the recording {self.path} is not complete: {self._lost.strerror}")

    def _write(self, line: str) -> None:
        if self._file is not None and self._lost is None:
            try:
                self._file.write(line)
            except OSError as failure:
                self._lost = failure


def _opened(path: Path) -> IO[str]:
    try:
        if path.is_file() and not _may_be_overwritten(path):
            raise click.UsageError(f"{path} is no recording, so it is not overwritten; give --record another name")
        return path.open("w", buffering=1, encoding="ascii", newline="\n")
    except OSError as error:
        raise click.UsageError(f"the recording {path} cannot be written: {error.strerror}") from error


def _may_be_overwritten(path: Path) -> bool:
    """Whether a file is empty or begins as a recording does."""
    from engine.parse.recording import read_recording

    with path.open("rb") as file:
        first = file.readline(_FIRST_LINE)
    return not first or not any(line.problems for line in read_recording([first])) and first.strip() != b""
