"""Confining a process: from now on it, and whatever it starts, writes below some folders only, for ever.

By Landlock, which Linux has since 5.13; moving files between folders needs its second version (5.19), so older systems
count as without. Reading and running stay as they were. The guard loads this file by itself, so it imports the standard
library only, and what starting Python has imported anyway.
"""

from __future__ import annotations

import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

__all__ = ["confine", "version"]

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_LEAST: Final = 2

_WRITE_FILE: Final = 1 << 1
_TRUNCATE: Final = 1 << 14
#: what changes a folder: removing, making of every kind, moving into another one
_FOLDERS: Final = sum(1 << bit for bit in range(4, 14))
#: since which version the system knows it; a right that it does not know cannot be asked for
_TRUNCATE_SINCE: Final = 3


def version() -> int:
    """The version of Landlock that this system has; 0 where it has none that will do."""
    if sys.platform != "linux":
        return 0
    found = _call("syscall", _CREATE_RULESET, None, 0, _VERSION)
    return found if found >= _LEAST else 0


def confine(writable: Iterable[bytes]) -> bool:
    """Lets this process write below these folders, and to these files, and nowhere else; whether that holds now.

    What is not there is passed over. Where the system cannot do it, nothing changes.
    """
    known = version()
    if not known:
        return False
    files = _WRITE_FILE | (_TRUNCATE if known >= _TRUNCATE_SINCE else 0)
    everything = files | _FOLDERS
    ruleset = _call("syscall", _CREATE_RULESET, _number(everything, 8), 8, 0)
    if ruleset < 0:
        return False
    try:
        for path in writable:
            _allow(ruleset, path, everything, files)
        return not _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) and not _call("syscall", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: bytes, everything: int, files: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = everything if stat.S_ISDIR(os.fstat(opened).st_mode) and path != b"/dev" else files
        _call("syscall", _ADD_RULE, ruleset, _PATH_BENEATH, _number(rights, 8) + _number(opened, 4), 0)
    finally:
        os.close(opened)


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, sys.byteorder)


def _call(name: str, *arguments: int | bytes | None) -> int:
    """What a function of the C library gives; negative for an error."""
    import _ctypes  # what ctypes adds to it would take as long again as starting Python

    library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
    return int(_ctypes.call_function(_ctypes.dlsym(library, name), arguments))
