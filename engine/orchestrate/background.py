"""The runner as a process of its own: one for all clients of a repository, which ends when it has nothing to do.

    python -m engine.orchestrate.background CHANNEL

`spawning.py` starts it and gives it, over the socket CHANNEL, the checkout and the settings; it answers there once that
it listens, or why it cannot. It has its own session, no terminal, and a log of bounded size.
Invariant: when it ends, whatever it started has ended; only after kill -9 that is left to the guards.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from engine.config import decode
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.host import Host, open_host
from engine.orchestrate.store.locations import LocationsError
from engine.orchestrate.store.writer_lock import LockedLog
from engine.orchestrate.workspace import Workspace

__all__ = ["main"]

#: characters that one process writes to its log
_WRITTEN: Final = 1 << 18


class _Bounded(io.TextIOBase):
    """A text stream that takes so many characters and drops the rest."""

    def __init__(self, to: IO[str], room: int) -> None:
        self._to = to
        self._room = room

    def write(self, text: str) -> int:
        kept, self._room = text[: self._room], self._room - len(text[: self._room])
        self._to.write(kept)
        self._to.flush()
        return len(text)


def main(channel: socket.socket) -> None:
    """Runs Intents until nobody needs it; what keeps it from beginning goes to the channel."""
    sys.stdout = sys.stderr = _Bounded(sys.stderr, _WRITTEN)
    with channel:
        order = json.load(channel.makefile("r"))
        try:
            asyncio.run(_served(order, channel))
        except LockedLog as error:
            _say(channel, {"locked": {"path": str(error.path), "pid": error.pid, "since": error.since}})
        except (GitError, LocationsError) as error:
            _say(channel, {"error": str(error), "class": "user"})
        except Exception as error:
            _say(channel, {"error": str(error) or type(error).__name__, "class": "system"})
            raise


async def _served(order: Mapping[str, Any], channel: socket.socket) -> None:
    settings, _ = decode(order["settings"])
    workspace = Workspace.open(Path(order["folder"]), settings, os.environ)
    async with open_host(workspace, os.environ, background=True) as host:
        host.on_note = _log
        _heed_signals(host)
        _say(channel, {"ready": os.getpid()})
        host.end(await host.until_over(settings.run.idle_seconds))


def _heed_signals(host: Host) -> None:
    """SIGTERM and SIGINT end it; its terminal is nobody's, so that a SIGHUP means nothing."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.end, "stopped")
    loop.add_signal_handler(signal.SIGHUP, _go_on)  # not ignored, or what it starts would ignore it too


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _go_on() -> None:
    return


def _say(channel: socket.socket, words: Mapping[str, Any]) -> None:
    """Says something to who started it, who may have gone; only the first thing counts."""
    try:
        channel.sendall(json.dumps(words).encode() + b"\n")
        channel.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
