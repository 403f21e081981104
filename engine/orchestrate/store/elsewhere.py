"""The head of the audit records, kept where whoever can write here cannot: a file elsewhere, or a command's business.

The file gets a line for each head, and lines are only ever added, so that it may lie on another machine's disk or be
one that can only be appended to. The command gets a head on its standard input, to keep it; with nothing there, it
writes the last one that it kept. It is called at most once at a time, and of heads that come meanwhile gets the latest.
Invariant: whoever writes records waits for no command but at the end, and then for `_PATIENCE` at most.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.orchestrate.store.chain import Head

__all__ = ["Elsewhere"]

#: seconds that a command has
_PATIENCE: Final = 30.0


class Elsewhere:
    """Where heads are kept besides. `file` and `command` may each be missing."""

    def __init__(self, file: Path | None, command: Sequence[str] = ()) -> None:
        self.file = file
        self.command = tuple(command)
        self._turn = threading.Lock()
        self._latest: Head | None = None
        self._worker: threading.Thread | None = None

    def keep(self, head: Head) -> None:
        """Keeps a head; what cannot be kept now is missed when the records are checked, and the next one is kept."""
        if self.file is not None:
            with suppress(OSError):
                descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    os.write(descriptor, _line(head))
                finally:
                    os.close(descriptor)
        if self.command:
            with self._turn:
                self._latest = head
                if self._worker is None:
                    self._worker = threading.Thread(target=self._hand_on, name="records elsewhere", daemon=True)
                    self._worker.start()

    def close(self) -> None:
        """Waits for the command, if it is at work."""
        worker = self._worker
        if worker is not None:
            worker.join(_PATIENCE)

    def heads(self) -> Iterator[tuple[Head, str]]:
        """What was kept, each with where. Raises OSError where it cannot be read, ValueError for what is no head."""
        if self.file is not None and self.file.exists():
            for line in self.file.read_text(encoding="ascii").splitlines():
                yield _head(line), str(self.file)
        if self.command:
            done = subprocess.run(self.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE,
                                  check=False)  # fmt: skip
            if done.returncode:
                raise OSError(f"{self.command[0]} ended with {done.returncode}")
            for line in done.stdout.decode("ascii").splitlines()[-1:]:
                yield _head(line), self.command[0]

    def _hand_on(self) -> None:
        while True:
            with self._turn:
                head, self._latest = self._latest, None
                if head is None:
                    self._worker = None
                    return
            with suppress(OSError, subprocess.SubprocessError):
                subprocess.run(self.command, input=_line(head), capture_output=True, timeout=_PATIENCE, check=False)


def _line(head: Head) -> bytes:
    return f"{head.seq:020} {head.value}\n".encode()


def _head(line: str) -> Head:
    seq, value = line.split()
    return Head(int(seq), value)
