"""The TCP transport: only LSP, only from this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading

import pytest

from lsp_server.frames import FrameDecoder, Message, frame
from lsp_server.loopback import accept_client, listen
from lsp_server.transport import SocketChannel

LIMIT = 60
INITIALIZE = frame(
    json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
    ).encode()
)


def connected(listener: socket.socket) -> socket.socket:
    connection = socket.create_connection(listener.getsockname(), LIMIT)
    connection.settimeout(LIMIT)
    return connection


def accepting(listener: socket.socket) -> tuple[threading.Thread, list[SocketChannel]]:
    accepted: list[SocketChannel] = []
    thread = threading.Thread(target=lambda: accepted.append(accept_client(listener)), daemon=True)
    thread.start()
    return thread, accepted


def test_it_listens_on_the_loopback_interface_only() -> None:
    with listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "start",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\n",
        b"{}\n",
        b"Content-Length: x\r\n",
        b"\r\n",
        b"x" * 2000,
    ],
)
def test_a_start_that_is_not_lsp_is_closed_and_the_next_client_is_served(start: bytes) -> None:
    with listen(0) as listener:
        thread, accepted = accepting(listener)
        with connected(listener) as stranger:
            stranger.sendall(start)
            try:
                assert stranger.recv(1) == b""
            except ConnectionResetError:
                pass  # closed with bytes of ours unread
        with connected(listener) as client:
            client.sendall(b"content-length: 2\r\n")
            thread.join(LIMIT)

            assert accepted[0].read() == b"content-length: 2\r\n"


def test_a_silent_connection_keeps_nobody_waiting() -> None:
    with listen(0) as listener, connected(listener) as silent:
        thread, accepted = accepting(listener)
        with connected(listener) as client:
            for byte in b"Content-Type: x\r\n":
                client.sendall(bytes([byte]))
            thread.join(LIMIT)

            assert accepted[0].read() == b"Content-Type: x\r\n"
            assert silent.recv(1) == b""


def test_a_connection_that_stays_silent_is_dropped_in_the_end() -> None:
    with listen(0) as listener, connected(listener) as silent:
        ticks = iter([0.0])
        thread = threading.Thread(target=accept_client, args=(listener, lambda: next(ticks, 1000.0)), daemon=True)
        thread.start()

        assert silent.recv(1) == b""
        with connected(listener) as client:
            client.sendall(b"Content-Length: 2\r\n")
            thread.join(LIMIT)
        assert not thread.is_alive()


def test_the_server_serves_one_client_over_tcp() -> None:
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "lsp_server", "--tcp", "0"],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert server.stderr is not None
    port = int(server.stderr.readline().rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        client.settimeout(LIMIT)
        client.sendall(INITIALIZE + frame(b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}'))
        decoder = FrameDecoder()
        replies: list[dict] = []
        while len(replies) < 2:
            replies += [item.body for item in decoder.feed(client.recv(1 << 16)) if isinstance(item, Message)]
        client.sendall(frame(b'{"jsonrpc":"2.0","method":"exit"}'))

        assert server.wait(LIMIT) == 0
        assert [reply["id"] for reply in replies] == [1, 2]
    server.stderr.close()
