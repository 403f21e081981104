"""The TCP transport: one client on the loopback interface.

Any web page can make a browser connect to a local port, so a connection whose first line is not a header of the base
protocol is closed before anything is interpreted.  Further connections wait for nobody: each is judged on its own, and
one that stays silent is dropped.  Invariant: never bound to anything but 127.0.0.1.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable

from lsp_server.transport import SocketChannel

__all__ = ["accept_client", "listen"]

SILENCE_SECONDS = 10.0
"""How long a connection may take for its first line."""
WAITING_CONNECTIONS = 8
"""Connections judged at the same time; more wait in the backlog of the system."""
FIRST_LINE = 1024
"""Bytes within which the first line has to end."""

_START_LINE = re.compile(rb"(?i)content-(length[ \t]*:[ \t]*[0-9]+|type[ \t]*:[^\r\n]*)[ \t]*\r?\n")


def listen(port: int) -> socket.socket:
    """A socket that listens on the loopback interface; port 0 takes a free one."""
    return socket.create_server(("127.0.0.1", port), backlog=WAITING_CONNECTIONS)


def accept_client(listener: socket.socket, clock: Callable[[], float] = time.monotonic) -> SocketChannel:
    """The first connection that opens with a header of the base protocol; blocks until there is one."""
    candidates: dict[socket.socket, tuple[bytearray, float]] = {}
    while True:
        sources = [*candidates, *([listener] if len(candidates) < WAITING_CONNECTIONS else [])]
        timeout = max(0.0, min(until for _, until in candidates.values()) - clock()) if candidates else None
        readable = select.select(sources, [], [], timeout)[0]
        for connection in readable:
            if connection is listener:
                accepted, _ = listener.accept()
                candidates[accepted] = (bytearray(), clock() + SILENCE_SECONDS)
            elif _judge(connection, candidates):
                return _choose(connection, candidates)
        for silent in [one for one, (_, until) in candidates.items() if until <= clock()]:
            _reject(silent, candidates)


def _judge(connection: socket.socket, candidates: dict[socket.socket, tuple[bytearray, float]]) -> bool:
    """Reads what a connection sent; whether it speaks LSP. One that does not is closed."""
    head = candidates[connection][0]
    try:
        head += (chunk := connection.recv(FIRST_LINE))
    except OSError:
        chunk = b""
    if _START_LINE.match(head):
        return True
    if not chunk or b"\n" in head or len(head) >= FIRST_LINE:
        _reject(connection, candidates)
    return False


def _choose(client: socket.socket, candidates: dict[socket.socket, tuple[bytearray, float]]) -> SocketChannel:
    first = bytes(candidates.pop(client)[0])
    for other in list(candidates):
        _reject(other, candidates)
    return SocketChannel(client, first)


def _reject(connection: socket.socket, candidates: dict[socket.socket, tuple[bytearray, float]]) -> None:
    del candidates[connection]
    connection.close()
