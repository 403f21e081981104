"""Who follows the runs of a process: their events as they happen, notes, and how it ends.

Each follower has a bounded queue of its own. Invariant: nobody waits for a follower; one that does not keep up is let
go and may follow again from the last event it saw, so that it misses none.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final

from engine.orchestrate.events import Event
from engine.orchestrate.runner import Runner
from engine.orchestrate.store.event_log import EventLog

__all__ = ["Followers"]

#: events that wait for a client that follows
QUEUED: Final = 10_000
#: an event, or a line that is no event
_Queue = asyncio.Queue[Event | str]


class Followers:
    """Clients that follow. All methods belong to the runner's event loop."""

    def __init__(self, runner: Runner, log: EventLog) -> None:
        self._runner = runner
        self._log = log
        self._queues: set[_Queue] = set()
        self._end: str | None = None
        runner.watch(self._tell)

    def note(self, text: str) -> None:
        """Tells everybody something that is no event."""
        self._tell(json.dumps({"note": text}))

    def end(self, reason: str) -> None:
        """Lets everybody go, with the reason; who comes later is let go at once. The first reason counts."""
        if self._end is None:
            self._end = reason
            self._tell(_farewell(reason))

    async def follow(self, params: Mapping[str, Any]) -> AsyncIterator[str]:
        """The events of some `runs` as lines of JSON, those in the log `after` a place first, then as they happen.

        The last line is `{"end": REASON}`: `over` when nothing goes on in these runs, `lost` for who reads too slowly.
        """
        wanted = frozenset(params.get("runs", ()))
        queue = _Queue(QUEUED)
        self._queues.add(queue)
        try:
            last, after = self._log.last, int(params.get("after", 0))
            of_each = (self._log.read(after, run_id=name) for name in wanted)
            for event in heapq.merge(*of_each, key=attrgetter("sequence")):
                if event.sequence > last:
                    break  # it waits in the queue
                yield event.to_json()
            while not queue.empty() or (self._end is None and self._go_on(wanted)):
                told = await queue.get()
                if isinstance(told, Event):
                    if told.sequence > last and told.run_id in wanted:
                        yield told.to_json()
                    continue
                yield told
                if "end" in json.loads(told):
                    return
            yield _farewell(self._end or "over")
        finally:
            self._queues.discard(queue)

    def _tell(self, told: Event | str) -> None:
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                told = _farewell("lost")
            queue.put_nowait(told)

    def _go_on(self, wanted: Iterable[str]) -> bool:
        """Whether some of these runs go on by themselves, or wait for Intents whose runs do."""
        state, going = self._runner.state, frozenset(self._runner.going)
        pending, seen = list(wanted), set[str]()
        while pending:
            name = pending.pop()
            if name in going:
                return True
            if name not in seen and name in state.runs:
                seen.add(name)
                needed = (state.intents.get(each) for each in state.runs[name].waits_for)
                pending += [each.run_id for each in needed if each and each.run_id]
        return False


def _farewell(reason: str) -> str:
    return json.dumps({"end": reason})
