"""Each `didChange` goes through the parser's `resume`: a wrapper that counts sees every edit pass."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from lsp_server.testing import ServerProcess

COUNTING_SERVER = """
import asyncio, functools
import engine.parse.document as document
from lsp_server.server import PenstockServer, serve
from lsp_server.transport import StdioChannel

channel = StdioChannel()
server = PenstockServer()
passed = []
resume = document.resume

@functools.wraps(resume)
def counting(continuation, more, *rest, **named):
    passed.append(sum(map(len, more)))
    return resume(continuation, more, *rest, **named)

document.resume = counting

@server.feature("test/passed")
def tell(params):
    told = list(passed)
    passed.clear()
    return told

raise SystemExit(asyncio.run(serve(server, channel)))
"""

URI = "file:///w/a.reml"
LINES = [f"fn f{number}(x: Int) -> Int = x + {number}\n" for number in range(500)]


def edit(line: int, start: int, end: int, text: str) -> dict:
    return {
        "range": {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}},
        "text": text,
    }


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """The real server with `resume` behind a wrapper that notes the length of what passes."""
    with ServerProcess([sys.executable, "-P", "-c", COUNTING_SERVER]) as started:
        started.initialize()
        yield started


@pytest.fixture
def counting(server: ServerProcess) -> Iterator[ServerProcess]:
    """That server with a document that has gone through `resume` once."""
    server.open(URI, "".join(LINES))
    server.settled(URI)
    assert sum(server.request("test/passed")) == len("".join(LINES))
    yield server
    server.close(URI)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param([edit(250, 3, 3, "a")], id="a letter"),
        pytest.param([edit(250, 3, 4, "")], id="a deletion"),
        pytest.param([edit(250, 0, 0, "\n")], id="a new line"),
        pytest.param([edit(0, 0, 0, "{")], id="an error"),
        pytest.param([edit(499, 0, 99, "")], id="the last line"),
        pytest.param([{"text": "fn a() = 1\n"}], id="a full text"),
    ],
)
def test_every_change_is_seen_by_resume(counting: ServerProcess, change: list[dict]) -> None:
    counting.change(URI, *change)
    counting.settled(URI)

    assert counting.request("test/passed") != []


def test_each_edit_of_a_batch_is_seen_by_resume(counting: ServerProcess) -> None:
    counting.change(URI, *(edit(number, 3, 3, "a") for number in range(100)))
    counting.settled(URI)

    assert len(counting.request("test/passed")) >= 100


def test_typing_resumes_with_the_touched_line_and_no_more(counting: ServerProcess) -> None:
    longest = max(map(len, LINES)) + 100
    for number in range(50):
        counting.change(URI, edit(100 + number, 3, 3, "a"))
    counting.settled(URI)

    passed = counting.request("test/passed")

    assert len(passed) >= 50
    assert sum(passed) <= 50 * 2 * longest, json.dumps(passed)
