"""The queue of messages that wait for the loop, and which of them were cancelled while they waited.

Messages are handled in the order in which they came.  A cancellation is looked at when it arrives, so a request that is
still waiting is answered without being run.  After some milliseconds the loop gets its turn, so that new arrivals are
seen and other work goes on.  Knows no method but the cancellation.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from lsp_server.frames import Message
from lsp_server.transport import Item

__all__ = ["Inbox"]

TURN_SECONDS = 0.005
"""How long messages are handled before the loop gets a turn."""

CANCEL = "$/cancelRequest"


class Inbox:
    """Takes messages from the reader, gives them to `handle` one by one."""

    def __init__(
        self,
        handle: Callable[[Item, bool], None],
        cancel: Callable[[Any], None],
        call_soon: Callable[[Callable[[], None]], object],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._handle = handle
        self._cancel = cancel
        self._call_soon = call_soon
        self._clock = clock
        self._items: deque[Item] = deque()
        self._waiting: dict[str | int, int] = {}
        self._cancelled: set[str | int] = set()
        self._is_scheduled = False
        self._turns = 0

    def burst(self) -> int | None:
        """The number of the run of messages that is being handled; None when no other message waits."""
        return self._turns if self._items else None

    def receive(self, items: list[Item]) -> None:
        """Takes messages; handles them now unless older ones are still waiting for their turn."""
        for item in items:
            body = item.body if isinstance(item, Message) else {}
            if body.get("method") == CANCEL and "id" not in body:
                self._note_cancellation(body.get("params"))
            else:
                self._items.append(item)
                if (waiting := _request_id(body)) is not None:
                    self._waiting[waiting] = self._waiting.get(waiting, 0) + 1
        if not self._is_scheduled:
            self._take_turn()

    def _note_cancellation(self, params: Any) -> None:
        which = params.get("id") if isinstance(params, dict) else None
        if not isinstance(which, str | int):
            return
        if which in self._waiting:
            self._cancelled.add(which)
        else:
            self._cancel(which)

    def _take_turn(self) -> None:
        self._is_scheduled = False
        self._turns += 1
        until = self._clock() + TURN_SECONDS
        while self._items:
            item = self._items.popleft()
            self._handle(item, self._is_cancelled(item))
            if self._items and self._clock() > until:
                self._is_scheduled = True
                self._call_soon(self._take_turn)
                return

    def _is_cancelled(self, item: Item) -> bool:
        which = _request_id(item.body) if isinstance(item, Message) else None
        if which is None:
            return False
        self._waiting[which] -= 1
        if self._waiting[which] == 0:
            del self._waiting[which]
        is_cancelled = which in self._cancelled
        self._cancelled.discard(which)
        return is_cancelled


def _request_id(body: dict[str, Any]) -> str | int | None:
    which = body.get("id")
    return which if isinstance(which, str | int) and "method" in body else None
