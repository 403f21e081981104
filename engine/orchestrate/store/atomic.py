"""Writing files so that nobody ever sees half of one, and nobody's change is lost.

A text is written beside its target and has reached the disk before it takes the target's name. Changes of ours to one
folder are one after the other (a lock on the folder); those of editors are noticed by comparing just before the rename.
Knows no format.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

__all__ = ["ChangedMeanwhile", "create", "locked", "read_regular", "replace", "tidy"]

#: how often a change is made anew because the file changed under it; an editor saves once, not five times in a row
_ATTEMPTS: Final = 5
#: bytes read of a file at most; more is no Intent
_LARGEST: Final = 1 << 21
_ALL: Final = -1
#: the end of a file's name that has not got its own yet, and all of it, as `mkstemp` makes it
_UNFINISHED: Final = ".tmp"
_BESIDE: Final = re.compile(r"\..+\.[a-z0-9_]{8}\.tmp")


class ChangedMeanwhile(Exception):
    """Somebody else kept writing to the file."""


def read_regular(path: Path, limit: int = _LARGEST) -> bytes:
    """The content of a regular file, of a larger one than `limit` the beginning; all of it if that is negative.

    Raises `OSError`; links are not followed.
    """
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(file, "rb") as opened:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no regular file")
        return opened.read() if limit < 0 else opened.read(min(status.st_size, limit))  # a buffer of just that size


def create(path: Path, content: bytes, mode: int = 0o644, *, alone: bool = False) -> bool:
    """Writes a new file; False, and nothing is written, if something is there already. Raises `OSError`.

    `alone`: who calls this has the folder `locked`.
    """
    with nullcontext() if alone else locked(path.parent), _beside(path, content, mode) as written:
        try:
            os.link(written, path, follow_symlinks=False)
        except FileExistsError:
            return False
        except (NotImplementedError, PermissionError):  # a file system without hard links
            with suppress(FileExistsError), path.open("xb") as file:
                file.write(content)
                os.fsync(file.fileno())
                return True
            return False
    return True


def tidy(folder: Path) -> list[str]:
    """Takes away what writers in a folder left that were killed; its names. Raises `OSError`."""
    if not folder.is_dir() or sys.platform == "win32":
        return []
    with locked(folder):  # nobody is at it
        left = [path for path in folder.glob(f".*{_UNFINISHED}") if _BESIDE.fullmatch(path.name)]
        for path in left:
            path.unlink()
    return [path.name for path in left]


def replace(path: Path, change: Callable[[bytes], bytes]) -> bytes:
    """The new content of a file, after a change of what is in it.

    `change` is called again on the new content when the file changed meanwhile. Raises `OSError`, and
    `ChangedMeanwhile` when that happens again and again.
    """
    with locked(path.parent):
        for _ in range(_ATTEMPTS):
            before = read_regular(path, _ALL)  # what is not read would be lost
            after = change(before)
            if after == before:
                return after
            with _beside(path, after, stat.S_IMODE(path.stat().st_mode)) as written:
                if read_regular(path, _ALL) == before:
                    written.replace(path)
                    _sync(path.parent)
                    return after
    raise ChangedMeanwhile(f"{path.name} keeps changing; save it in your editor, then try again")


@contextmanager
def _beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A file on the disk beside a path, with a content; it is gone at the end unless it was renamed."""
    number, name = mkstemp(prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        written.chmod(mode)
        yield written
    finally:
        written.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone among our processes with a folder."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _sync(folder: Path) -> None:
    """Makes a rename in a folder reach the disk, where folders can be synced."""
    if sys.platform == "win32":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)
