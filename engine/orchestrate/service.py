"""The private socket of a repository's runner, where its clients knock.

It accepts connections of the same user only (the folder is private, and the peer is asked), one request each, and ends
them all when it is closed. What a request means is the handler's business.
Whoever has asked it to end sees the end of the connection when the process has ended, not before.
Invariant: a client that is slow, silent or talks nonsense delays nobody else: its queue of events is bounded, and one
that does not keep up is dropped and may follow again from where it stood.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from engine.orchestrate.wire import (
    ANY_PROTOCOL,
    FAREWELLS,
    LONGEST,
    Refused,
    decoded,
    demand_protocol,
    encoded,
    refusal,
)  # fmt: skip

__all__ = ["Handler", "Service", "peer_pid"]

#: seconds a client has for its request
PATIENCE: Final = 5.0
#: seconds for what is being said when the service closes
LAST_WORDS: Final = 0.5


class Handler(Protocol):
    """What answers requests."""

    async def handle(self, method: str, params: Mapping[str, Any], pid: int | None) -> Mapping[str, Any]:
        """The result of a request from a process. Raises `Refused`."""

    def follow(self, params: Mapping[str, Any]) -> AsyncIterator[str]:
        """Events as lines of JSON, from a place in the log on; the last line is `{"end": REASON}`."""


class Service:
    """A socket at `path`, which must lie in a private folder; what stands there from a dead runner is replaced."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._knock = asyncio.Event()

    async def open(self) -> None:
        """Begins to listen."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._accepted, self._path, limit=LONGEST)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Ends every conversation, after a moment for those that are ending, and takes the socket away."""
        if self._server is None:
            return
        self._server.close()
        await self.until_silent(LAST_WORDS)
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        with suppress(FileNotFoundError):
            self._path.unlink()

    async def until_silent(self, patience: float = PATIENCE) -> None:
        """Waits until the conversations of this moment have ended, or for that many seconds."""
        if self._talks:
            await asyncio.wait(set(self._talks), timeout=patience)

    @property
    def silent(self) -> bool:
        """Whether nobody is talking."""
        return not self._talks

    async def until_knock(self, seconds: float) -> bool:
        """Waits for the next client, or for that many seconds; whether one came."""
        self._knock.clear()
        try:
            await asyncio.wait_for(self._knock.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._knock.set()
        self._talks.add(talk)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or we are
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, params = _request(await _line(reader))
            if method == "follow":
                await self._followed(params, writer)
                return
            connection = writer.get_extra_info("socket")
            result = await self._handler.handle(method, params, peer_pid(connection))
            if method in FAREWELLS:
                os.dup(connection.fileno())  # closed by the end of the process, which the client waits for
            writer.write(encoded({"result": dict(result)}))
        except Refused as error:
            writer.write(refusal(error))
        except Exception as error:  # noqa: BLE001 - a client must not wait for an answer that does not come
            said = f"{type(error).__name__}: {error}"
            writer.write(refusal(Refused(said, "this is a bug, please report it", "system")))
        await writer.drain()

    async def _followed(self, params: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(encoded({"result": {}}))
        async for line in self._handler.follow(params):
            writer.write(line.encode() + b"\n")
            await writer.drain()


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.readline(), PATIENCE)
    except TimeoutError:
        raise Refused("no request came") from None
    except ValueError:  # longer than the reader's limit
        raise Refused(f"a message longer than {LONGEST} bytes") from None


def _request(line: bytes) -> tuple[str, Mapping[str, Any]]:
    message = decoded(line)
    method, params = message.get("method"), message.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise Refused("a request without a method or with bad parameters")
    if method not in ANY_PROTOCOL:
        demand_protocol(message.get("protocol"))
    return method, params


def peer_pid(connection: socket.socket, platform: str = sys.platform) -> int | None:
    """The process at the other end of a Unix socket, None where the system does not tell."""
    if platform == "darwin":
        (pid,) = struct.unpack("i", connection.getsockopt(0, 2, 4))  # SOL_LOCAL, LOCAL_PEERPID
        return int(pid)
    if platform != "linux":
        return None
    pid, uid, _ = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid != os.getuid():
        raise Refused("this runner belongs to another user", kind="policy")
    return int(pid)
