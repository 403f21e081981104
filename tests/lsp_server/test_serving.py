"""A server that is opening ten megabytes: what is asked meanwhile is served between slices, what is seen comes first.

The server runs in this process on a connection that is a list, so messages arrive exactly when the test says.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.languages.reml import REML
from lsp_server.frames import FrameDecoder, Message
from lsp_server.server import PenstockServer, serve
from lsp_server.slices import SliceQueue

URI = "file:///w/a.reml"
UNIT = "fn f(a: Int) -> Int {\n" + f"  let b = g({', '.join(['a + 1'] * 20)})\n" * 20 + "  b\n}\n"
LINES = UNIT.count("\n")
UNITS = 10_000_000 // len(UNIT)
LARGE = UNIT * UNITS
STRAY = "parser.top_level_expr.disallowed"
AMBIGUOUS = "pattern.binding.duplicate_name"
SYNTAX = "parser.syntax.expected_tokens"
MISTAKE = "fn last( = 1\n"
TWICE = "fn g((a, a)) = a\n"


class Line:
    """A connection on which nothing arrives by itself and everything that is sent is kept."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.sent: list[dict[str, Any]] = []
        self._decoder = FrameDecoder()

    def read(self) -> bytes:
        self.over.wait()
        return b""

    def write(self, payload: bytes) -> None:
        self.sent += [one.body for one in self._decoder.feed(payload) if isinstance(one, Message)]

    def can_take(self, length: int) -> bool:
        return True


class Desk:
    """A client of a server in this process."""

    def __init__(self) -> None:
        self.line = Line()
        self.server = PenstockServer()
        self.number = 0

    def say(self, method: str, params: Any, **more: Any) -> None:
        assert self.server.inbox is not None
        self.server.inbox.receive([Message({"jsonrpc": "2.0", "method": method, "params": params, **more}, 0)])

    async def ask(self, method: str, params: Any) -> dict[str, Any]:
        """A request and its reply."""
        self.number += 1
        self.say(method, params, id=self.number)
        await self.until(lambda: any(one.get("id") == self.number for one in self.line.sent))
        return next(one for one in self.line.sent if one.get("id") == self.number)

    def open(self, text: str) -> None:
        item = {"uri": URI, "languageId": "reml", "version": 1, "text": text}
        self.say("textDocument/didOpen", {"textDocument": item})

    async def until(self, is_true: Callable[[], bool]) -> None:
        while not is_true():
            await asyncio.sleep(0)

    def is_settled(self) -> bool:
        return any(one.get("method") == "penstock/settled" for one in self.line.sent)

    def published(self) -> list[list[str]]:
        """The codes of each list of diagnostics."""
        lists = [one["params"] for one in self.line.sent if one.get("method") == "textDocument/publishDiagnostics"]
        return [[found["code"] for found in params["diagnostics"]] for params in lists]


def play(scene: Callable[[Desk], Awaitable[None]]) -> Desk:
    """Plays a scene with a server that has been initialized."""
    desk = Desk()

    async def connection() -> None:
        serving = asyncio.create_task(serve(desk.server, desk.line))
        await desk.until(lambda: desk.server.inbox is not None)
        await desk.ask("initialize", {"capabilities": {}})
        desk.say("initialized", {})
        await scene(desk)
        await desk.ask("shutdown", None)
        desk.say("exit", None)
        desk.line.over.set()
        assert await serving == 0

    asyncio.run(connection())
    return desk


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each slice."""
    done: list[int] = []
    parse = SliceQueue._parse_slice

    def counting(queue: SliceQueue, document: Any) -> None:
        done.append(1)
        parse(queue, document)

    monkeypatch.setattr(SliceQueue, "_parse_slice", counting)
    return done


def test_requests_are_served_between_two_slices_of_ten_megabytes(slices: list[int]) -> None:
    waited: list[int] = []
    top = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    where = {"textDocument": {"uri": URI}, "range": top, "context": {"diagnostics": []}}

    async def scene(desk: Desk) -> None:
        desk.open(LARGE)
        while not desk.is_settled():
            begun = len(slices)
            await desk.ask("textDocument/codeAction", where)
            waited.append(len(slices) - begun)
            await asyncio.sleep(0)

    desk = play(scene)

    assert max(waited) <= 2
    assert len(slices) > 100
    assert len(waited) > len(slices) / 3
    assert [one["method"] for one in desk.line.sent if "method" in one][-2:] == [
        "textDocument/publishDiagnostics",
        "penstock/settled",
    ]
    assert sum(one.get("method") == "penstock/settled" for one in desk.line.sent) == 1


def test_what_the_client_shows_is_checked_before_the_rest() -> None:
    count = 300
    text = UNIT * 10 + "f(1)\n\n" + UNIT * count + TWICE + UNIT * count + MISTAKE

    async def scene(desk: Desk) -> None:
        desk.open(text)
        line = (count + 10) * LINES + 2
        around = {"start": {"line": line - 20, "character": 0}, "end": {"line": line + 20, "character": 0}}
        desk.say("penstock/visibleRange", {"textDocument": {"uri": URI}, "range": around})
        await desk.until(desk.is_settled)

    desk = play(scene)

    lists = desk.published()
    assert [AMBIGUOUS] in lists
    assert lists.index([AMBIGUOUS]) < lists.index([AMBIGUOUS, SYNTAX])
    assert lists[-1] == [STRAY, AMBIGUOUS, SYNTAX]


def test_a_document_that_is_opened_again_and_again_leaves_nothing_behind() -> None:
    gc.collect()
    held = REML.machine().holders
    others, alive = len(held), list[int]()

    async def scene(desk: Desk) -> None:
        for _ in range(5):
            desk.open(UNIT * 300)
        await desk.until(desk.is_settled)
        for _ in range(10):  # turns in which nothing is left to do
            await asyncio.sleep(0)
        gc.collect()
        alive.append(len(held) - others)

    play(scene)

    assert alive == [1]


@pytest.mark.parametrize(
    "params",
    [None, {}, {"textDocument": {"uri": URI}}, {"textDocument": {"uri": URI}, "range": {"start": {"line": -1}}}],
)
def test_a_malformed_visible_range_changes_nothing(params: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(desk: Desk) -> None:
        desk.open("fn f() = 1\n")
        desk.say("penstock/visibleRange", params)
        await desk.until(desk.is_settled)

    assert play(scene).published() == [[]]
    assert "visibleRange" in caplog.text
