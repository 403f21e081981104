"""Large documents in slices: in which order, what is shown meanwhile, and that other things are served in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from engine.languages import CheckSettings
from lsp_server.documents import Documents, OpenDocument
from lsp_server.loading import AT_ONCE
from lsp_server.positions import Positions
from lsp_server.slices import LEAST_CHARACTERS, MOST_CHARACTERS, PART_SECONDS, SLICE_SECONDS, SliceQueue
from lsp_server.sync import Changed, Edit, Opened
from lsp_server.testing import ServerProcess

LINES = AT_ONCE // 3 + 1
LARGE = "1,\n" * LINES


class Desk:
    """A queue whose loop and clock are in the test's hands; parsing takes as long as the test says."""

    def __init__(self, seconds_each: float = SLICE_SECONDS) -> None:
        self.documents = Documents(Positions(), CheckSettings())
        self.soon: deque[Callable[[], None]] = deque()
        self.shown: list[tuple[str, bool]] = []
        self.now = 0.0
        self.seconds_each = seconds_each
        self.queue = SliceQueue(self.documents, self.show, self.soon.append, self.clock)

    def clock(self) -> float:
        self.now += self.seconds_each
        return self.now

    def show(self, document: OpenDocument) -> None:
        self.shown.append((document.uri, not document.is_loading))

    def open(self, name: str, text: str = LARGE) -> OpenDocument:
        document = self.documents.open(Opened(f"file:///{name}.json", "json", 1, text))
        self.queue.add(document)
        return document

    def turns(self, most: int = 10_000) -> int:
        count = 0
        while self.soon and count < most:
            assert len(self.soon) == 1
            self.soon.popleft()()
            count += 1
        return count


def test_a_small_document_needs_no_slices() -> None:
    desk = Desk()

    desk.open("a", "[]")

    assert desk.turns() == 0


def test_a_large_document_is_shown_in_parts_and_completely_once_at_the_end() -> None:
    desk = Desk(seconds_each=PART_SECONDS / 4)
    document = desk.open("a")

    turns = desk.turns()

    assert turns > 5
    assert len(desk.shown) > 3
    assert desk.shown[-1] == (document.uri, True)
    assert [complete for _, complete in desk.shown].count(True) == 1
    assert document.text is not None
    assert document.text.text() == LARGE


def test_the_document_that_was_touched_last_comes_first() -> None:
    desk = Desk()
    first, second = desk.open("a"), desk.open("b")
    desk.turns(1)
    assert (first.text.analysis.document.line_count, second.is_loading) == (1, True)  # type: ignore[union-attr]
    desk.queue.add(first)
    desk.turns()

    assert desk.shown == [(first.uri, True), (second.uri, True)]


def test_a_document_that_is_closed_or_lost_or_replaced_is_forgotten() -> None:
    desk = Desk()
    closed, lost, replaced = desk.open("a"), desk.open("b"), desk.open("c")
    desk.documents.close(closed.uri)
    desk.documents.change(Changed(lost.uri, 2, (Edit("x", (0, 1), (0, 0)),)))
    again = desk.open("c", LARGE + "2\n")
    desk.turns()

    assert desk.shown == [(again.uri, True)]
    assert replaced.is_loading
    assert closed.is_loading


def test_a_slices_length_follows_from_how_long_one_takes() -> None:
    slow, fast = Desk(seconds_each=SLICE_SECONDS * 100), Desk(seconds_each=0.0)
    for desk in (slow, fast):
        desk.open("a", LARGE * 20)

    assert slow.turns(200) == 200
    assert fast.turns() < 3 + len(LARGE) * 20 // MOST_CHARACTERS + 5
    assert slow.queue._characters == LEAST_CHARACTERS


URI = "file:///w/a.json"


def json_text(count: int) -> str:
    return "[\n" + "".join(f'{{"id": {number}, "name": "item {number}"}},\n' for number in range(count)) + "0]\n"


def test_requests_are_served_while_a_large_document_is_parsed(penstock: ServerProcess) -> None:
    penstock.open(URI, json_text(30_000), "json")
    asked = [penstock.begin("penstock/unknown") for _ in range(3)]
    penstock.settled(URI)

    order = [one.get("id", one.get("method")) for one in penstock.ledger.received]
    assert [penstock.reply(which)["error"]["code"] for which in asked] == [-32601] * 3
    assert all(order.index(which) < order.index("penstock/settled") for which in asked)


def test_edits_while_a_large_document_is_parsed_are_in_the_final_result(penstock: ServerProcess) -> None:
    lines = 30_002
    text = json_text(lines - 2)
    penstock.open(URI, text, "json")
    penstock.change(URI, {"range": place(lines - 1, 1), "text": ' "wrong" '})
    penstock.change(URI, {"range": place(1, 0), "text": "\n\n"})
    version = penstock.change(URI, {"range": place(5, 1, 5), "text": ""})

    found = penstock.settled(URI, version)

    assert [one["range"]["start"]["line"] for one in found if one["severity"] == 1][-1] == lines + 1
    complete = [one for one in penstock.ledger.received if one.get("method") == "penstock/settled"]
    assert [one["params"]["version"] for one in complete] == [version]


def place(line: int, start: int, end: int | None = None) -> dict:
    last = start if end is None else end
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": last}}
