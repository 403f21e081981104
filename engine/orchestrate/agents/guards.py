"""Where guards come from: one process of ours that forks a guard (`guard.py`) for each command.

It is started with the first command and anew when it has died; it ends when it is closed, and when this process dies,
however that comes. Its guards are their own: each watches its command, and this process, by pipes of its own.
Invariant: nothing here waits for longer than `_PATIENCE`, however it is with that process.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from engine.orchestrate.agents import family, guard

__all__ = ["Guards", "Pipes"]

#: seconds that a process which does nothing but fork may take to read a request
_PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Pipes:
    """Our ends of the pipes of one guard (see `guard.py`) and of its command, to be closed by whoever has them."""

    control: int
    status: IO[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]


class Guards:
    """Starts guards. Close it, or use `with`, or a process is left. All methods belong to one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def start(
        self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], writable: Sequence[Path] | None = None
    ) -> Pipes:
        """Has a command started in a folder under a new guard, with exactly these variables.

        `writable`: where alone it may write, as far as the system can see to that (`landlock.py`); None for anywhere.
        `environment` has the step's key (`MARKER`). Raises OSError if `cwd` is no folder, or no guard can be started.
        """
        with ExitStack() as ours, ExitStack() as theirs:
            folder = os.open(cwd, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            theirs.callback(os.close, folder)
            kept, given = [], []
            for we_write in (True, False, True, False, False):
                reading, writing = os.pipe()
                kept.append(writing if we_write else reading)
                given.append(reading if we_write else writing)
                ours.callback(os.close, kept[-1])
                theirs.callback(os.close, given[-1])
            variables = (f"{name}={value}" for name, value in environment.items())
            folders = [] if writable is None else [str(path) for path in writable]
            counts = [str(len(command)), "" if writable is None else str(len(folders))]
            self._ask("\0".join([*counts, *command, *folders, *variables]), [*given, folder])
            ours.pop_all()
        control, status, stdin, stdout, stderr = kept
        reads = (os.fdopen(descriptor, "rb", 0) for descriptor in (stdout, stderr))
        return Pipes(control, os.fdopen(status, "rb", 0), os.fdopen(stdin, "wb", 0), *reads)

    def _ask(self, request: str, descriptors: Sequence[int]) -> None:
        """Hands a request on; once more, and to another process, where the one that was there has gone."""
        try:
            self._write(os.fsencode(request), descriptors)
        except OSError:
            self.close()
            self._write(os.fsencode(request), descriptors)

    def _write(self, request: bytes, descriptors: Sequence[int]) -> None:
        requests = self._requests or self._begin()
        socket.send_fds(requests, [len(request).to_bytes(guard.HEADER, "big")], descriptors)
        requests.sendall(request)

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*_python(), str(theirs.fileno())],
                env={family.MARKER: guard.UNNAMED, "ROOM_FOR_A_KEY": " " * guard.LONGEST_KEY},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        ours.settimeout(_PATIENCE)
        self._requests = ours
        return ours

    def close(self) -> None:
        """Ends the process that forks, whatever it does; guards at work go on. The next command has another one."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _python() -> list[str]:
    """How to start it: isolated from the folder and the variables of whoever runs this."""
    without_site = ["-S"] if sys.platform == "linux" else []  # elsewhere it needs psutil
    return [sys.executable, "-I", *without_site, guard.__file__]
