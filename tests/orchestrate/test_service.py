"""A runner's socket and its clients, on real sockets."""

import asyncio
import json
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from engine.orchestrate import client
from engine.orchestrate.service import Service
from engine.orchestrate.wire import LONGEST, Refused, decoded, request


class Echo:
    """Answers with what it was asked."""

    def __init__(self):
        self.pids = []

    async def handle(self, method, params, pid):
        self.pids.append(pid)
        if method == "refuse":
            raise Refused("no", "ask again", "policy")
        return {"method": method, **params}

    async def follow(self, params):
        for number in range(params["count"]):
            yield json.dumps({"sequence": number, "text": "x" * params.get("long", 0)})
        yield '{"end": "over"}'


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as name:  # a short path: those of sockets are limited
        yield Path(name)
        assert list(Path(name).iterdir()) == []


@pytest.fixture
async def echo(folder):
    handler = Echo()
    service = Service(folder / "s", handler)
    await service.open()
    yield folder / "s", handler
    await service.close()


async def asked(path, method, **params):
    return await asyncio.to_thread(client.ask, path, method, params)


async def test_a_request_is_answered_and_the_process_behind_it_is_known(echo):
    path, handler = echo
    assert await asked(path, "hello", a=1) == {"method": "hello", "a": 1}
    assert handler.pids == [os.getpid()]


def test_only_the_user_may_knock(echo):
    assert stat.S_IMODE(echo[0].stat().st_mode) == 0o600


async def test_a_refusal_arrives_with_its_reason_and_what_to_do(echo):
    with pytest.raises(Refused) as refused:
        await asked(echo[0], "refuse")
    assert (refused.value.message, refused.value.next_action, refused.value.kind) == ("no", "ask again", "policy")


async def test_events_are_followed_to_their_end(echo):
    events = await asyncio.to_thread(lambda: list(client.follow(echo[0], {"count": 3})))
    assert [event["sequence"] for event in events] == [0, 1, 2]


async def test_an_event_may_be_longer_than_any_request(echo):
    events = await asyncio.to_thread(lambda: list(client.follow(echo[0], {"count": 2, "long": 2 * LONGEST})))
    assert [len(event["text"]) for event in events] == [2 * LONGEST] * 2


async def test_what_is_being_said_when_the_service_closes_is_said_to_its_end(folder):
    spoken, closing = asyncio.Event(), asyncio.Event()

    class Slow(Echo):
        async def follow(self, params):
            yield '{"sequence": 1}'
            spoken.set()
            await closing.wait()
            yield '{"sequence": 2}'
            yield '{"end": "over"}'

    service = Service(folder / "s", Slow())
    await service.open()
    heard = asyncio.create_task(asyncio.to_thread(lambda: list(client.follow(folder / "s", {}))))
    await spoken.wait()
    closed = asyncio.create_task(service.close())
    await asyncio.sleep(0)
    closing.set()
    await closed
    assert [event["sequence"] for event in await heard] == [1, 2]


async def test_a_bug_is_an_answer_too(folder):
    class Broken(Echo):
        async def handle(self, method, params, pid):
            raise LookupError(method)

    service = Service(folder / "s", Broken())
    await service.open()
    with pytest.raises(Refused, match="LookupError"):
        await asked(folder / "s", "hello")
    await service.close()


async def raw(path, data):
    """What the socket answers to bytes."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    if len(data) < LONGEST:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return decoded(answer)


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "no JSON"),
        (b"\xff\xfe\n", "no JSON"),
        (b"[]\n", "no JSON object"),
        (b'{"protocol": 99, "method": "start"}\n', "version 1"),
        (b'{"protocol": 1}\n', "without a method"),
        (b'{"protocol": 1, "method": "hello", "params": 3}\n', "bad parameters"),
        (b"x" * (LONGEST + 1), "longer than"),
    ],
)
async def test_nonsense_is_refused_and_the_next_client_is_served(echo, data, message):
    answer = await raw(echo[0], data)
    assert message in answer["error"]["message"]
    assert await asked(echo[0], "hello") == {"method": "hello"}


async def test_a_client_that_leaves_is_forgotten(echo):
    _, writer = await asyncio.open_unix_connection(echo[0])
    writer.write(request("follow", {"count": 1_000_000}))
    writer.close()
    assert await asked(echo[0], "hello") == {"method": "hello"}


async def test_a_socket_that_a_dead_runner_left_is_replaced(folder):
    path = folder / "s"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(client.NoRunner):
        await asked(path, "hello")
    service = Service(path, Echo())
    await service.open()
    assert await asked(path, "hello") == {"method": "hello"}
    await service.close()


async def test_without_a_socket_there_is_no_runner(tmp_path):
    with pytest.raises(client.NoRunner):
        await asked(tmp_path / "s", "hello")
