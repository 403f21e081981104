"""The threads around the loop, on real pipes: order, and what a client that does not read never loses."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from lsp_server.frames import Fault, FrameDecoder, Message, frame
from lsp_server.transport import MERGE_ABOVE, OUTBOX_BOUND, EndOfInput, Item, Outbox, Reader, _readiness

LIMIT = 60


class PipeChannel:
    """What the server has in its hands when its input and output are pipes."""

    def __init__(self) -> None:
        self.input, self.to_server = os.pipe()
        self.from_server, self.output = os.pipe()

    def read(self) -> bytes:
        return os.read(self.input, 1 << 16)

    def write(self, payload: bytes) -> None:
        view = memoryview(payload)
        while view:
            view = view[os.write(self.output, view) :]

    def can_take(self, length: int) -> bool:
        return _readiness(self.output)(length)


@pytest.fixture
def channel() -> Iterator[PipeChannel]:
    made = PipeChannel()
    yield made
    for end in (made.input, made.to_server, made.from_server, made.output):
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


def drained(channel: PipeChannel, outbox: Outbox) -> list[str]:
    """Everything the client gets from now on until the outbox is closed."""
    chunks: list[bytes] = []

    def read() -> None:
        while chunk := os.read(channel.from_server, 1 << 16):
            chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    assert outbox.close(LIMIT)
    os.close(channel.output)
    reader.join(LIMIT)
    decoder = FrameDecoder()
    items = decoder.feed(b"".join(chunks))
    assert decoder.close() == (True, [])
    return [item.body["m"] for item in items if isinstance(item, Message)]


def payload(name: str, size: int = 0) -> bytes:
    return frame(b'{"m":"%b","x":"%b"}' % (name.encode(), b"x" * size))


def started(channel: PipeChannel) -> Outbox:
    outbox = Outbox(channel, lambda: None)
    outbox.start()
    return outbox


def test_frames_leave_in_the_order_in_which_they_came(channel: PipeChannel) -> None:
    outbox = started(channel)
    for number in range(300):
        outbox.send(payload(str(number)))

    assert drained(channel, outbox) == [str(number) for number in range(300)]


def test_without_a_backlog_no_frame_is_superseded(channel: PipeChannel) -> None:
    outbox = started(channel)
    for number in range(MERGE_ABOVE // 2):
        outbox.send(payload(f"a{number}", 100_000), "a")

    assert drained(channel, outbox) == [f"a{number}" for number in range(MERGE_ABOVE // 2)]


def test_a_client_that_does_not_read_gets_every_reply_and_the_newest_of_each_topic(channel: PipeChannel) -> None:
    outbox = started(channel)
    for number in range(1000):
        outbox.send(payload(f"a{number}", 10_000), "a")
        outbox.send(payload(f"b{number}", 10_000), "b")
        outbox.send(payload(f"r{number}"))

    got = drained(channel, outbox)

    assert [name for name in got if name[0] == "r"] == [f"r{number}" for number in range(1000)]
    for topic in "ab":
        versions = [int(name[1:]) for name in got if name[0] == topic]
        assert versions == sorted(versions)
        assert versions[-1] == 999
        assert len(versions) < 60
    assert got.index("r998") < got.index("a999") < got.index("b999") < got.index("r999")


def test_past_the_bound_nothing_more_is_taken_from_the_client(channel: PipeChannel) -> None:
    outbox = started(channel)
    size = OUTBOX_BOUND // 8
    for number in range(10):
        outbox.send(payload(str(number), size))
    has_room = threading.Event()

    def wait() -> None:
        outbox.wait_for_room()
        has_room.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not has_room.is_set()

    got = drained(channel, outbox)

    assert has_room.wait(LIMIT)
    assert got == [str(number) for number in range(10)]


def test_a_broken_connection_is_told_once_and_blocks_nobody(channel: PipeChannel) -> None:
    told: list[int] = []
    broken = threading.Event()

    def on_broken() -> None:
        told.append(1)
        broken.set()

    outbox = Outbox(channel, on_broken)
    outbox.start()
    os.close(channel.from_server)
    for number in range(10):
        outbox.send(payload(str(number), OUTBOX_BOUND // 4))
    assert broken.wait(LIMIT)
    outbox.wait_for_room()
    outbox.send(payload("late"))

    assert told == [1]
    assert not outbox.close(LIMIT)


async def test_the_reader_delivers_on_the_loop_and_says_how_the_input_ended(channel: PipeChannel) -> None:
    loop = asyncio.get_running_loop()
    received: list[Item] = []
    ended = asyncio.Event()

    def receive(items: list[Item]) -> None:
        assert asyncio.get_running_loop() is loop
        received.extend(items)
        if isinstance(items[-1], EndOfInput):
            ended.set()

    reader = Reader(channel, Outbox(channel, lambda: None), loop, receive)
    reader.start()
    os.write(channel.to_server, payload("1") + payload("2") + b"Content-")
    os.close(channel.to_server)
    await asyncio.wait_for(ended.wait(), LIMIT)

    assert [item.body["m"] for item in received if isinstance(item, Message)] == ["1", "2"]
    assert [type(item) for item in received[-2:]] == [Fault, EndOfInput]
    assert received[-1] == EndOfInput(clean=False)


async def test_the_reader_waits_for_a_loop_that_is_behind(
    channel: PipeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsp_server.transport.INBOX_BOUND", 10_000)
    loop = asyncio.get_running_loop()
    received: list[Item] = []
    reader = Reader(channel, Outbox(channel, lambda: None), loop, received.extend)
    reader.start()
    for number in range(10):
        threading.Thread(
            target=channel_write, args=(channel.to_server, payload(str(number), 60_000)), daemon=True
        ).start()
    taken: list[Item] = []

    def take() -> bool:
        while received:
            taken.append(received.pop(0))
            reader.handled(taken[-1])
        return len(taken) >= 10

    async with asyncio.timeout(LIMIT):
        while not take():
            await asyncio.sleep(0)

    assert sorted(int(item.body["m"]) for item in taken if isinstance(item, Message)) == list(range(10))


WRITING = threading.Lock()


def channel_write(end: int, data: bytes) -> None:
    with WRITING:
        view = memoryview(data)
        while view:
            view = view[os.write(end, view) :]
