"""Which files a check is about: the paths as given, folders walked for the files whose language is known.

Left out are hidden folders (but not those that a language names, like `.penstock`), what tools put into a tree
(`node_modules`, virtual environments, caches) and the patterns of the settings; a file that is named is always checked.
Knows no contents. Invariant: each file comes once, in a stable order, its name begins with the path that was given.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["STDIN", "Target", "Walk", "is_there"]

STDIN: Final = "-"
_TOOLS: Final = frozenset({"node_modules", "__pycache__", "site-packages"})
#: a file that marks its folder as made by a tool: a virtual environment, a cache (bford.info/cachedir)
_MARKERS: Final = ("pyvenv.cfg", "CACHEDIR.TAG")


@dataclass(frozen=True, slots=True)
class Target:
    """Something to check: the name to show, and what kept it from being looked at."""

    name: str
    error: OSError | None = None
    named: bool = False
    """It was given by name, so it is checked whatever it is."""


class Walk:
    """Finds the files of paths.

    `is_known` tells whether a file's name has a language; `hidden` names the hidden folders that are entered all the
    same; `exclude` holds patterns on posix paths below `root`.
    """

    def __init__(
        self,
        is_known: Callable[[str], bool],
        hidden: Iterable[str] = (),
        exclude: Sequence[str] = (),
        root: Path | None = None,
    ) -> None:
        self._is_known = is_known
        self._hidden = frozenset(hidden)
        self._exclude = tuple(pattern.rstrip("/") for pattern in exclude)
        self._root = (root or Path()).resolve()
        self._seen: set[tuple[int, int] | str] = set()

    def targets(self, paths: Iterable[str]) -> Iterator[Target]:
        """What is to be checked, in the order of the paths and sorted within folders."""
        for path in paths:
            if path != STDIN and is_there(path, Path.is_dir):
                yield from self._below(path)
            elif self._is_new(path):
                yield Target(path, named=True)

    def _below(self, top: str) -> Iterator[Target]:
        pending = [top]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(folder) as scanned:
                    entries = sorted(scanned, key=lambda entry: entry.name)
            except OSError as error:
                yield Target(folder, error)
                continue
            folders = [entry for entry in entries if self._is_entered(entry)]
            pending += [_joined(folder, entry.name) for entry in reversed(folders)]
            for entry in entries:
                name = _joined(folder, entry.name)
                if _is_file(entry) and self._is_known(name) and not self._is_excluded(name) and self._is_new(name):
                    yield Target(name)

    def _is_entered(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_dir(follow_symlinks=False) or entry.name in _TOOLS:  # a link could lead round in a circle
            return False
        if entry.name.startswith(".") and entry.name not in self._hidden:
            return False
        return not self._is_excluded(entry.path) and not any(is_there(Path(entry.path, marker)) for marker in _MARKERS)

    def _is_excluded(self, name: str) -> bool:
        if not self._exclude:
            return False
        try:
            path = Path(os.path.abspath(name)).relative_to(self._root).as_posix()  # noqa: PTH100 - links are not followed
        except ValueError:
            return False
        return any(_matches(path, pattern) for pattern in self._exclude)

    def _is_new(self, name: str) -> bool:
        key: tuple[int, int] | str = name
        if name != STDIN:
            try:
                status = Path(name).stat()
                key = (status.st_dev, status.st_ino) if status.st_ino else str(Path(name).resolve())
            except OSError:
                pass
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def is_there(path: str | Path, what: Callable[[Path], bool] = Path.exists) -> bool:
    """Whether there is something (of a kind) at a path; what one may not look at counts as not there."""
    try:
        return what(Path(path))
    except (OSError, ValueError):
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """A regular file or a link to one; no device, and no link that leads nowhere (editors lock files with these)."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _joined(folder: str, name: str) -> str:
    """The name behind the folder as that was given; the current folder needs no mention."""
    if folder == ".":
        return name
    return folder + name if folder.endswith(("/", os.sep)) else f"{folder}{os.sep}{name}"


def _matches(path: str, pattern: str) -> bool:
    """A pattern without a slash is about any part of the path, one with a slash about the path from the root on."""
    if "/" in pattern:
        pattern = pattern.lstrip("/")
        return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, pattern + "/*")
    return any(fnmatch.fnmatchcase(part, pattern) for part in path.split("/"))
