"""Large documents in slices: in which order, what is shown meanwhile, and that other things are served in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count, pairwise

import pytest

from engine.languages import CheckSettings
from engine.parse.flow import Auto, BackpressureSpec, FlowController
from engine.parse.stream import Continuation, resume
from lsp_server.documents import Documents, OpenDocument
from lsp_server.loading import AT_ONCE
from lsp_server.positions import Positions
from lsp_server.slices import LEAST_WORK, PART_NS, SLICE_NS, SLICE_WORK, Pace, SliceQueue
from lsp_server.sync import Changed, Edit, Opened, Unreadable
from lsp_server.testing import ServerProcess

LINES = AT_ONCE // 3 + 1
LARGE = "1,\n" * LINES


class Desk:
    """A queue whose loop and clocks are in the test's hands; turns and slices take as long as the test says."""

    def __init__(self, turn_ns: int = 0, slice_ns: int = 0) -> None:
        self.documents = Documents(Positions(), CheckSettings())
        self.soon: deque[tuple[float, Callable[[], None]]] = deque()
        self.shown: list[tuple[str, bool]] = []
        self.told: list[tuple[str, bool]] = []
        self.applied: list[int] = []
        self.now = 0
        self.turn_ns = turn_ns
        spent = count(step=slice_ns)
        self.queue = SliceQueue(
            self.documents, self.show, self.apply, self.tell, self.later, lambda: self.now, lambda: next(spent)
        )

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.soon.append((seconds, call))

    def show(self, document: OpenDocument) -> None:
        self.shown.append((document.uri, not document.is_parsing))

    def tell(self, document: OpenDocument) -> None:
        self.told.append((document.uri, document.is_parsing))

    def apply(self, changed: Changed | Unreadable) -> None:
        assert isinstance(changed, Changed)
        document = self.documents.change(changed)
        assert document is not None
        self.applied.append(changed.version)
        self.queue.begin(document)

    def open(self, name: str, text: str = LARGE) -> OpenDocument:
        document = self.documents.open(Opened(f"file:///{name}.json", "json", 1, text))
        self.queue.begin(document)
        return document

    def turns(self, most: int = 10_000) -> int:
        count = 0
        while self.soon and count < most:
            assert len(self.soon) == 1
            seconds, call = self.soon.popleft()
            self.now += self.turn_ns + round(seconds * 1e9)
            call()
            count += 1
        return count


def insert(version: int, text: str = "1", line: int = 0) -> Changed:
    return Changed("file:///a.json", version, (Edit(text, (line, 0), (line, 0)),))


def test_a_small_document_needs_no_slices() -> None:
    desk = Desk()

    desk.open("a", "[]")

    assert desk.turns() == 0


def test_a_large_document_is_shown_in_parts_and_completely_once_at_the_end() -> None:
    desk = Desk(turn_ns=PART_NS // 4)
    document = desk.open("a")

    turns = desk.turns()

    assert turns > 9
    assert desk.shown[0] == (document.uri, False)
    assert 0 <= len(desk.shown) - (2 + (turns - 2) // 4) <= 2  # and when what is seen is checked, and all is parsed
    assert desk.shown[-1] == (document.uri, True)
    assert [complete for _, complete in desk.shown].count(True) == 1
    assert desk.told == [(document.uri, True)] * (turns - 1)
    assert document.text is not None
    assert document.text.text() == LARGE


def test_the_beginning_is_shown_after_the_first_slice() -> None:
    desk = Desk()
    document = desk.open("a")

    assert desk.shown == [(document.uri, False)]
    assert document.is_loading


def test_the_document_that_was_touched_last_comes_first() -> None:
    desk = Desk()
    first, second = desk.open("a"), desk.open("b")
    assert first.text is not None
    before = first.text.analysis.document.line_count
    desk.turns(1)
    assert (first.text.analysis.document.line_count, second.is_parsing) == (before, True)
    desk.queue.add(first)
    desk.turns()

    assert [one for one in desk.shown if one[1]] == [(first.uri, True), (second.uri, True)]


def test_a_document_that_is_closed_or_lost_or_replaced_is_forgotten() -> None:
    desk = Desk()
    closed, lost, replaced = desk.open("a"), desk.open("b"), desk.open("c")
    desk.documents.close(closed.uri)
    desk.documents.change(Changed(lost.uri, 2, (Edit("x", (0, 1), (0, 0)),)))
    again = desk.open("c", LARGE + "2\n")
    desk.shown.clear()
    desk.turns()

    assert desk.shown[-1] == (again.uri, True)
    assert {uri for uri, _ in desk.shown} == {again.uri}
    assert replaced.is_parsing
    assert closed.is_parsing


def test_no_slice_is_more_than_its_share() -> None:
    desk = Desk()
    document = desk.open("a", LARGE * 5)
    assert document.text is not None
    parsed = []
    while desk.turns(1):
        parsed.append(document.text.analysis.document.line_count)

    longest = max(after - before for before, after in pairwise(parsed))
    assert longest <= 2 * SLICE_WORK


def test_changes_wait_while_slices_are_parsed_and_come_before_the_next_one() -> None:
    desk = Desk()
    document = desk.open("a")
    desk.turns(2)
    for version in (2, 3):
        desk.queue.feed(document, insert(version))

    desk.turns(1)
    assert desk.applied == [2]
    desk.turns(1)
    assert desk.applied == [2, 3]
    desk.turns()
    assert document.text is not None
    assert document.text.text() == "11" + LARGE


def test_changes_past_the_watermark_are_merged_into_the_last_version() -> None:
    desk = Desk()
    document = desk.open("a")
    desk.turns(2)
    for version in range(2, 202):
        desk.queue.feed(document, insert(version))
    assert desk.told[2:] == [(document.uri, True)] * (200 - 64)
    desk.turns()

    assert desk.applied == [201]
    assert document.text is not None
    assert document.text.text() == "1" * 200 + LARGE


def test_who_asks_for_the_newest_version_gets_it_at_once() -> None:
    desk = Desk()
    document = desk.open("a")
    for version in (2, 3, 4):
        desk.queue.feed(document, insert(version))

    desk.queue.flush()

    assert desk.applied == [4]
    assert not document.feeder


def test_with_a_debounce_changes_wait_for_more_and_slices_go_on() -> None:
    desk = Desk()
    desk.documents.flow = FlowController(policy=Auto(BackpressureSpec(debounce=5_000_000)))
    document = desk.open("a")
    desk.queue.feed(document, insert(2))

    desk.turns()

    assert desk.shown[-1][1]  # parsed to the end while the change waited
    assert desk.applied == [2]
    assert desk.now == 5_000_000


def changed_from_the_top(desk: Desk) -> OpenDocument:
    """A large document, parsed; then a bracket at its beginning, and one slice of what that changes below."""
    document = desk.open("a", f"[\n{LARGE * 3}1]\n")
    desk.turns()
    desk.shown.clear()
    desk.apply(insert(2, "["))
    desk.turns(1)
    return document


def test_a_slice_resumes_the_pending_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    document = changed_from_the_top(desk)
    assert document.text is not None
    pending = document.text.analysis.document.pending
    resumed: list[object] = []

    def noting(continuation: Continuation, more: list[str]) -> object:
        resumed.append(continuation)
        return resume(continuation, more)

    monkeypatch.setattr("engine.parse.document.resume", noting)
    desk.turns(1)

    assert pending is not None
    assert resumed[0] is pending.continuation


def test_what_an_edit_supersedes_is_dropped() -> None:
    desk = Desk()
    document = changed_from_the_top(desk)
    whole = Desk()
    changed_from_the_top(whole)

    desk.apply(Changed(document.uri, 3, (Edit("", (0, 0), (0, 1)),)))

    assert desk.turns() == 1
    assert whole.turns() > 5
    assert [complete for _, complete in desk.shown].count(True) == 1
    assert document.version == 3


def test_slices_that_take_long_become_smaller_and_no_smaller_than_that() -> None:
    pace = Pace()
    for nanoseconds, work in (
        (0, SLICE_WORK),
        (SLICE_NS, SLICE_WORK),
        (2 * SLICE_NS, SLICE_WORK / 2),
        (100 * SLICE_NS, LEAST_WORK),
        (SLICE_NS // 2, 2 * LEAST_WORK),
        (0, 4 * LEAST_WORK),
        (0, SLICE_WORK),
    ):
        pace.took(nanoseconds)
        assert pace.work == work


def test_where_slices_take_long_less_is_done_in_each() -> None:
    turns = []
    for slice_ns in (SLICE_NS, 20 * SLICE_NS):
        desk = Desk(slice_ns=slice_ns)
        desk.open("a")
        turns.append(desk.turns())

    assert 3 * turns[0] < turns[1] < 20 * turns[0]


MISTAKEN = "[\n" + "1 1,\n" * 150 + "1]"


def test_words_for_many_mistakes_are_found_a_few_at_a_time_and_what_is_known_is_shown() -> None:
    desk = Desk(turn_ns=PART_NS // 4)
    document = desk.open("a", MISTAKEN)
    assert document.analysis is not None
    wording = document.analysis.document.wording
    worded = [wording.worded]
    while desk.turns(1):
        worded.append(wording.worded)

    assert max(after - before for before, after in pairwise(worded)) <= 5
    assert wording.worded == 150
    assert [complete for _, complete in desk.shown].count(True) == 1
    assert len(desk.shown) > 5


def test_words_that_a_newer_edit_supersedes_are_never_looked_for() -> None:
    desk = Desk()
    document = desk.open("a", MISTAKEN)
    desk.turns()
    assert document.analysis is not None
    wording = document.analysis.document.wording
    before, shown = wording.worded, len(desk.shown)
    for version in range(2, 52):  # each concerns every mistake: what opens the list moves
        desk.apply(insert(version, " "))

    assert desk.shown[shown:] == []  # no diagnostic vanishes for a moment
    assert wording.worded - before <= 50 * 5
    desk.turns()
    assert desk.shown[shown:] == [(document.uri, True)]
    assert wording.worded - before <= 50 * 5 + 150


def test_who_types_on_sees_from_time_to_time_what_there_are_words_for() -> None:
    desk = Desk()
    document = desk.open("a", MISTAKEN)
    desk.turns()
    shown = len(desk.shown)
    for version in range(2, 32):
        desk.now += PART_NS // 5
        desk.queue.feed(document, insert(version, " "))
        desk.turns(2)

    assert desk.applied == list(range(2, 32))
    assert desk.shown[shown:] == [(document.uri, False)] * 5


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
