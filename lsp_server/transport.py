"""The two threads between a connection and the event loop: one reads and decodes, one writes.

The loop never waits for the client.  What it sends goes into the outbox; when the client does not read, newer
diagnostics take the place of older ones of the same document, replies stay, and past a bound nothing more is read from
the client until it reads again.  Knows frames, no method.
Invariants: every reply is written or the connection is broken; standard output carries frames and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import queue
import select
import socket
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lsp_server.frames import Fault, FrameDecoder, Message

__all__ = ["Channel", "EndOfInput", "Item", "Outbox", "Reader", "SocketChannel", "StdioChannel"]

CHUNK = 1 << 16
"""Bytes of one read: what a pipe holds on Linux."""
MERGE_ABOVE = 32
"""Waiting frames from which on superseded ones are dropped; below, a client that reads sees every version."""
OUTBOX_BOUND = 32 * 1024 * 1024
"""Bytes waiting for the client from which on nothing is read from it."""
INBOX_BOUND = 64 * 1024 * 1024
"""Bytes of decoded messages waiting for the loop from which on nothing is read."""
MESSAGE_WEIGHT = 512
"""What a message counts beside its bytes, so that the inbox is bounded in number as well."""


@dataclass(frozen=True, slots=True)
class EndOfInput:
    """The client will send nothing more; `clean` when it ended between two messages."""

    clean: bool


Item = Message | Fault | EndOfInput


class Channel(Protocol):
    """A connection to a client, used by one reading and one writing thread."""

    def read(self) -> bytes:
        """The next bytes; none at the end of input."""

    def write(self, payload: bytes) -> None:
        """Writes all of it, however long that takes; OSError when nobody will read it."""

    def can_take(self, length: int) -> bool:
        """Whether so many bytes can surely be written without waiting."""


class StdioChannel:
    """Standard input and output, taken away from everybody else in the process.

    Whatever is printed later, here or in a child process, goes to standard error; children read an empty input.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._input, self._output = os.dup(0), os.dup(1)  # raises OSError when one is closed
        self._is_ready = _readiness(self._output)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

    def read(self) -> bytes:
        """See `Channel`."""
        try:
            return os.read(self._input, CHUNK)
        except OSError:
            return b""

    def write(self, payload: bytes) -> None:
        """See `Channel`."""
        written = os.write(self._output, payload)
        while written < len(payload):
            written += os.write(self._output, memoryview(payload)[written:])

    def can_take(self, length: int) -> bool:
        """See `Channel`."""
        return self._is_ready(length)


class SocketChannel:
    """An accepted connection, and the bytes that were read from it to see that it speaks LSP."""

    def __init__(self, connection: socket.socket, first: bytes) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._first = first
        self._is_ready = _readiness(connection.fileno())

    def read(self) -> bytes:
        """See `Channel`."""
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return self._connection.recv(CHUNK)
        except OSError:
            return b""

    def write(self, payload: bytes) -> None:
        """See `Channel`."""
        self._connection.sendall(payload)

    def can_take(self, length: int) -> bool:
        """See `Channel`."""
        return self._is_ready(length)


if sys.platform == "win32":

    def _readiness(_descriptor: int) -> Callable[[int], bool]:
        return lambda _length: False

else:

    def _readiness(descriptor: int) -> Callable[[int], bool]:
        """A question that is answered at once: may so many bytes be written without waiting?

        What POSIX guarantees of a pipe that is reported as ready for writing is `PIPE_BUF`.
        """
        writable = select.poll()
        writable.register(descriptor, select.POLLOUT)

        def is_ready(length: int) -> bool:
            return length <= select.PIPE_BUF and any(event == select.POLLOUT for _, event in writable.poll(0))

        return is_ready


class Outbox:
    """The bounded queue of frames on their way to the client, and the thread that writes them."""

    def __init__(self, channel: Channel, on_broken: Callable[[], None]) -> None:
        self._channel = channel
        self._on_broken = on_broken
        self._lock = threading.Lock()
        self._frames: OrderedDict[int, bytes] = OrderedDict()
        self._topics: dict[str, list[int]] = {}
        self._topic_of: dict[int, str] = {}
        self._number = 0
        self._bytes = 0
        self._closing = self._broken = False
        self._room = threading.Condition(self._lock)
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._awake = False
        self._thread = threading.Thread(target=self._write_all, name="penstock-writer", daemon=True)

    def start(self) -> None:
        """Starts the writing thread."""
        self._thread.start()

    def send(self, payload: bytes, topic: str | None = None) -> None:
        """Queues a frame; one with a `topic` takes the place of waiting ones of that topic once there is a backlog.

        When nothing is before it and the client can take it at once, it is written right here: with every keystroke
        that saves waking the other thread.
        """
        with self._lock:
            if self._broken:
                return
            if not self._awake and self._channel.can_take(len(payload)) and self._write_now(payload):
                return
            if topic is not None:
                if len(self._frames) > MERGE_ABOVE:
                    self._drop(topic)
                self._topics.setdefault(topic, []).append(self._number)
                self._topic_of[self._number] = topic
            self._frames[self._number] = payload
            self._number += 1
            self._bytes += len(payload)
            asleep, self._awake = not self._awake, True
        if asleep:
            self._wake.put(None)

    def _write_now(self, payload: bytes) -> bool:
        """Writes a frame that does not have to wait; a failure is left to the thread, which tells of it."""
        try:
            self._channel.write(payload)
        except OSError:
            return False
        return True

    def wait_for_room(self) -> None:
        """Blocks the calling thread while too much waits for the client."""
        with self._room:
            while self._bytes > OUTBOX_BOUND and not self._broken:
                self._room.wait()

    def close(self, seconds: float) -> bool:
        """Writes what is waiting, for at most so long; whether all of it is out."""
        with self._lock:
            self._closing = True
        self._wake.put(None)
        self._thread.join(seconds)
        with self._lock:
            return not self._frames and not self._broken and not self._thread.is_alive()

    def _drop(self, topic: str) -> None:
        for number in self._topics.pop(topic, ()):
            self._bytes -= len(self._frames.pop(number))
            del self._topic_of[number]

    def _take(self) -> bytes | None:
        """The next frame; falls asleep when there is none."""
        with self._lock:
            if not self._frames:
                self._awake = False
                return None
            number, payload = self._frames.popitem(last=False)
            topic = self._topic_of.pop(number, None)
            if topic is not None:
                numbers = self._topics[topic]
                numbers.remove(number)
                if not numbers:
                    del self._topics[topic]
            return payload

    def _write_all(self) -> None:
        while True:
            payload = self._take()
            if payload is None:
                if self._closing:
                    return
                self._wake.get()
            elif not self._write(payload):
                return

    def _write(self, payload: bytes) -> bool:
        try:
            self._channel.write(payload)
        except OSError:
            with self._room:
                self._broken = True
                self._frames.clear()
                self._room.notify_all()
            self._on_broken()
            return False
        with self._room:
            self._bytes -= len(payload)
            self._room.notify_all()
        return True


class Reader:
    """The thread that reads and decodes, and the bounded queue between it and the loop."""

    def __init__(
        self, channel: Channel, outbox: Outbox, loop: asyncio.AbstractEventLoop, receive: Callable[[list[Item]], None]
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._loop = loop
        self._receive = receive
        self._decoder = FrameDecoder()
        self._room = threading.Condition()
        self._bytes = 0
        self._thread = threading.Thread(target=self._read_all, name="penstock-reader", daemon=True)

    def start(self) -> None:
        """Starts the reading thread."""
        self._thread.start()

    def handled(self, item: Item) -> None:
        """Says that the loop is done with a message, which makes room for another."""
        if isinstance(item, EndOfInput):
            return
        with self._room:
            self._bytes -= item.size + MESSAGE_WEIGHT
            self._room.notify()

    def _read_all(self) -> None:
        while chunk := self._channel.read():
            items = self._decoder.feed(chunk)
            if items and not self._hand_over(list(items)):
                return
            self._outbox.wait_for_room()
        is_clean, faults = self._decoder.close()
        self._hand_over([*faults, EndOfInput(is_clean)])

    def _hand_over(self, items: list[Item]) -> bool:
        """Gives messages to the loop, waiting while it is behind; whether there still is a loop."""
        with self._room:
            while self._bytes > INBOX_BOUND:
                self._room.wait()
            self._bytes += sum(item.size + MESSAGE_WEIGHT for item in items if not isinstance(item, EndOfInput))
        try:
            self._loop.call_soon_threadsafe(self._receive, items)
        except RuntimeError:  # the loop is closed: the server is ending
            return False
        return True
