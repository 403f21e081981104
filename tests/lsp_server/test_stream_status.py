"""What `penstock/streamStatus` says, and how often."""

from __future__ import annotations

import json
from typing import Any

from engine.languages import CheckSettings
from lsp_server.documents import Documents, OpenDocument
from lsp_server.positions import Positions
from lsp_server.stream_status import STATUS_NS, StreamStatus
from lsp_server.sync import Changed, Edit, Opened
from lsp_server.testing import ServerProcess

URI = "file:///w/a.reml"
FIELDS = {"uri", "version", "state", "demand", "bufferedBytes", "pending", "reason"}
LARGE = "".join(f"fn f{number}(x: Int) -> Int = x + {number}\n" for number in range(20_000))


class Desk:
    """A status with a clock in the test's hands."""

    def __init__(self) -> None:
        self.now = 0
        self.sent: list[dict[str, Any]] = []
        self.status = StreamStatus(self.send, lambda: self.now)
        self.documents = Documents(Positions(), CheckSettings())

    def send(self, payload: bytes, topic: str | None) -> None:
        assert topic is not None
        self.sent.append(json.loads(payload.partition(b"\r\n\r\n")[2])["params"])

    def open(self, text: str = LARGE) -> OpenDocument:
        return self.documents.open(Opened(URI, "reml", 1, text))


def test_a_document_that_is_parsed_at_once_is_not_spoken_of() -> None:
    desk = Desk()
    desk.status.tell(desk.open("fn a() = 1\n"))

    assert desk.sent == []


def test_the_fields_are_those_of_the_contract() -> None:
    desk = Desk()
    document = desk.open()
    desk.status.tell(document)

    told = desk.sent[0]
    assert told.keys() == FIELDS
    assert told["demand"].keys() == {"minBytes", "preferredBytes", "frameBoundary", "reason", "action"}
    assert told["demand"]["minBytes"] >= 64
    assert (told["uri"], told["version"], told["state"], told["pending"]) == (URI, 1, "parsing", True)
    assert (told["reason"], told["demand"]["action"]) == ("input.exhausted", "continue")
    assert told["bufferedBytes"] == len(LARGE)


def test_it_is_told_at_a_bounded_rate_and_the_end_always() -> None:
    desk = Desk()
    document = desk.open()
    turns = 0
    while document.is_parsing:
        desk.documents.advance(document, 200)
        desk.now += STATUS_NS // 10
        desk.status.tell(document)
        turns += 1
    desk.status.tell(document)

    states = [told["state"] for told in desk.sent]
    assert states == ["parsing"] * (len(states) - 1) + ["awaiting"]
    assert 3 < len(states) <= 2 + turns // 10
    assert desk.sent[-1] | {"demand": None, "bufferedBytes": 0, "pending": False, "reason": "feeder.await"} == (
        desk.sent[-1]
    )
    buffered = [told["bufferedBytes"] for told in desk.sent]
    assert buffered == sorted(buffered, reverse=True)


def test_a_backlog_is_told_of_as_a_pause() -> None:
    desk = Desk()
    document = desk.open()
    for version in range(2, 100):
        document.feeder.put(Changed(URI, version, (Edit("a", (0, 0), (0, 0)),)), 0)
    desk.status.tell(document)

    assert (desk.sent[0]["reason"], desk.sent[0]["demand"]["action"]) == ("pending.backpressure", "pause")
    assert desk.sent[0]["bufferedBytes"] == len(LARGE) + 98 * 64


def test_typing_that_needs_two_slices_each_time_is_told_of_at_a_bounded_rate() -> None:
    desk = Desk()
    document = desk.open()
    for number in range(100):
        desk.documents.advance(document, 1e9)
        desk.documents.change(Changed(URI, 2 + number, (Edit("/*" if number % 2 else "*/", (0, 0), (0, 0)),)))
        desk.status.tell(document)
        desk.documents.advance(document, 1e9)
        desk.now += STATUS_NS // 10
        desk.status.tell(document)

    assert len(desk.sent) <= 2 * 10 + 2


def test_the_server_tells_of_a_large_document(penstock: ServerProcess) -> None:
    penstock.open(URI, LARGE)
    penstock.settled(URI)
    top = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    penstock.change(URI, {"range": top, "text": "/*"})
    penstock.settled(URI)
    document: dict = {"uri": URI}
    context: dict = {"diagnostics": []}
    penstock.request("textDocument/codeAction", {"textDocument": document, "range": top, "context": context})

    told = [one["params"] for one in penstock.ledger.received if one.get("method") == "penstock/streamStatus"]
    assert told[0]["state"] == "parsing"
    assert told[-1]["state"] == "awaiting"
    assert all(one.keys() == FIELDS for one in told)
