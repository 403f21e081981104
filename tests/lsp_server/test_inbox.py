"""The queue before the loop: order, cancellation of what waits, and turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lsp_server.frames import Fault, Message
from lsp_server.inbox import TURN_SECONDS, Inbox
from lsp_server.transport import Item


class Desk:
    """An inbox whose loop and clock are in the test's hands."""

    def __init__(self, seconds_each: float = 0.0) -> None:
        self.handled: list[object] = []
        self.cancelled: list[object] = []
        self.soon: deque[Callable[[], None]] = deque()
        self.now = 0.0
        self.seconds_each = seconds_each
        self.inbox = Inbox(self.handle, self.cancelled.append, self.soon.append, lambda: self.now)

    def handle(self, item: Item, is_cancelled: bool) -> None:
        self.now += self.seconds_each
        name = item.body.get("id", item.body.get("method")) if isinstance(item, Message) else item
        self.handled.append((name, "cancelled") if is_cancelled else name)


def request(which: object) -> Message:
    return Message({"id": which, "method": "m"}, 1)


def note(method: str) -> Message:
    return Message({"method": method}, 1)


def cancel(which: object) -> Message:
    return Message({"method": "$/cancelRequest", "params": {"id": which}}, 1)


def test_messages_are_handled_in_order_at_once() -> None:
    desk = Desk()
    fault = Fault(-32700, "bad")

    desk.inbox.receive([note("a"), request(1), fault, note("b")])

    assert desk.handled == ["a", 1, fault, "b"]


def test_a_waiting_request_is_handled_as_cancelled() -> None:
    desk = Desk()

    desk.inbox.receive([request(1), request("1"), request(2), cancel("1"), cancel(2)])

    assert desk.handled == [1, ("1", "cancelled"), (2, "cancelled")]
    assert desk.cancelled == []


def test_what_is_handled_already_is_cancelled_elsewhere() -> None:
    desk = Desk()

    desk.inbox.receive([request(1)])
    desk.inbox.receive([cancel(1), cancel("never")])

    assert desk.handled == [1]
    assert desk.cancelled == [1, "never"]


def test_a_cancellation_comes_in_time_while_earlier_messages_take_long() -> None:
    desk = Desk(seconds_each=2 * TURN_SECONDS)

    desk.inbox.receive([note("slow"), note("slow"), request(1)])
    assert desk.handled == ["slow"]
    desk.inbox.receive([cancel(1), note("late")])
    while desk.soon:
        desk.soon.popleft()()

    assert desk.handled == ["slow", "slow", (1, "cancelled"), "late"]


def test_an_id_that_is_used_again_is_not_cancelled_by_the_old_cancellation() -> None:
    desk = Desk()

    desk.inbox.receive([request(1), cancel(1)])
    desk.inbox.receive([request(1)])

    assert desk.handled == [(1, "cancelled"), 1]


def test_malformed_cancellations_are_ignored() -> None:
    desk = Desk()

    desk.inbox.receive(
        [request(1), cancel(None), cancel([1]), Message({"method": "$/cancelRequest", "params": [1]}, 1)]
    )

    assert desk.handled == [1]
    assert desk.cancelled == []


def test_a_cancel_request_with_an_id_is_a_request_like_any_other() -> None:
    desk = Desk()

    desk.inbox.receive([Message({"id": 5, "method": "$/cancelRequest", "params": {"id": 5}}, 1)])

    assert desk.handled == [5]
