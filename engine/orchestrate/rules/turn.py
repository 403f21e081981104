"""A turn: one event being worked on, with the state as it changes and the effects so far.

Rules name runs and Tasks by id and take them from the turn each time, so they never hold an old version of one.
The state that a turn began with stays as it was. `Nonsense` ends a turn that should not have begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from engine.orchestrate.effects import Announce, Effect, UpdateIntent
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.replacing import changed
from engine.orchestrate.state import IntentState, RunEnd, RunState, State
from engine.orchestrate.task import TaskState, Work

__all__ = ["Nonsense", "Turn"]

_UPDATES_KEPT: Final = 16


class Nonsense(Exception):
    """An event that makes no sense here. `kind`: user, policy or system; `next_action`: what to do about it."""

    def __init__(self, message: str, next_action: str = "", kind: str = "user") -> None:
        super().__init__(message)
        self.next_action = next_action
        self.kind = kind


class Turn:
    """What a rule works with. `ended`: runs that ended in this turn, whose dependants are looked at last.

    A `quiet` turn announces nothing: it is for folding the log, in which the announcements are already.
    """

    def __init__(self, state: State, event: Event, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.event = event
        self.effects: list[Effect] = []
        self.touched: dict[str, None] = {}
        self.ended: list[RunEnd] = []
        self.queue = state.queue
        self.day = state.day
        self.trusted = state.trusted
        self.policy = state.policy
        self._before = state
        self._runs: dict[str, RunState] | None = None
        self._ends: dict[str, RunEnd] = {}
        self._intents: dict[str, IntentState] = {}
        self._updates: tuple[UpdateIntent, ...] = ()

    def state(self) -> State:
        """The state as it is now."""
        before = self._before
        return State(
            runs=before.runs if self._runs is None else self._runs,
            ended={**before.ended, **self._ends} if self._ends else before.ended,
            intents={**before.intents, **self._intents} if self._intents else before.intents,
            queue=self.queue,
            updates=(before.updates + self._updates)[-_UPDATES_KEPT:] if self._updates else before.updates,
            trusted=self.trusted,
            policy=self.policy,
            day=self.day,
            sequence=self.event.sequence,
        )

    @property
    def now(self) -> str:
        """The event's timestamp."""
        return self.event.timestamp

    @property
    def seconds(self) -> float:
        """The event's timestamp in seconds since the epoch."""
        return datetime.fromisoformat(self.event.timestamp).timestamp()

    @property
    def runs(self) -> Mapping[str, RunState]:
        """The runs that have not ended."""
        return self._before.runs if self._runs is None else self._runs

    def is_known(self, run_id: str) -> bool:
        """Whether there is or was such a run."""
        return run_id in self.runs or run_id in self._before.ended or run_id in self._ends

    def run(self, run_id: str | None) -> RunState:
        """The open run of that id. Raises Nonsense if there is none."""
        run = self.runs.get(run_id or "")
        if run is None:
            known = run_id is not None and self.is_known(run_id)
            raise Nonsense(
                f"run `{run_id}` has ended" if known else f"there is no run `{run_id}`", "see penstock status"
            )
        return run

    def task(self, run_id: str, task_id: str) -> TaskState:
        """The Task of that id. Raises Nonsense if there is none."""
        task = self.run(run_id).tasks.get(task_id)
        if task is None:
            raise Nonsense(f"run `{run_id}` has no Task `{task_id}`", "see penstock status")
        return task

    def work(self, run_id: str, task_id: str | None) -> Work:
        """What was done for a Task, or (None) for the run itself."""
        return self.run(run_id).work if task_id is None else self.task(run_id, task_id).work

    def put_run(self, run: RunState) -> None:
        """Add a run, or exchange the one of the same id."""
        if self._runs is None:
            self._runs = dict(self._before.runs)
        self._runs[run.id] = run
        self.touched[run.id] = None

    def change_run(self, run_id: str, **fields: Any) -> None:
        """Change fields of a run."""
        self.put_run(changed(self.run(run_id), **fields))

    def change_task(self, run_id: str, task_id: str, **fields: Any) -> TaskState:
        """Change fields of a Task and keep the run's counts; the Task as it is now."""
        run, task = self.run(run_id), self.task(run_id, task_id)
        after_it = changed(task, **fields)
        before, after, counts = _count_of(task), _count_of(after_it), {}
        if before != after:
            counts = {name: getattr(run, name) - 1 for name in (before,) if name}
            counts |= {name: getattr(run, name) + 1 for name in (after,) if name}
        self.put_run(changed(run, tasks=run.tasks.put(after_it), **counts))
        return after_it

    def change_work(self, run_id: str, task_id: str | None, **fields: Any) -> None:
        """Change fields of what was done for a Task or the run itself."""
        work = changed(self.work(run_id, task_id), **fields)
        if task_id is None:
            self.change_run(run_id, work=work)
        else:
            self.change_task(run_id, task_id, work=work)

    def end_run(self, run_id: str, end: RunEnd) -> None:
        """Take a run out of those that are open."""
        self.run(run_id)
        if self._runs is None:
            self._runs = dict(self._before.runs)
        del self._runs[run_id]
        self.touched.pop(run_id, None)
        self.queue = tuple(name for name in self.queue if name != run_id)
        self._ends[run_id] = end
        self.ended.append(end)

    def remember(self, run_id: str, end: RunEnd) -> None:
        """Add the end of a run that is not known otherwise."""
        self._ends[run_id] = end

    def intent(self, intent_id: str) -> IntentState:
        """What is known of an Intent; of one never heard of, nothing."""
        return self._intents.get(intent_id) or self._before.intents.get(intent_id) or IntentState()

    def change_intent(self, intent_id: str, **fields: Any) -> None:
        """Change what is known of an Intent."""
        self._intents[intent_id] = changed(self.intent(intent_id), **fields)

    def update_intent(self, update: UpdateIntent) -> None:
        """Have an Intent's file changed."""
        self.effects.append(update)
        self._updates += (update,)

    def announce(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        run_id: str | None = None,
        task_id: str | None = None,
        role: str | None = None,
    ) -> None:
        """Have an event appended together with the one of this turn, unless the turn is `quiet`."""
        if self.quiet:
            return
        run = self.runs.get(run_id or "")
        intent_id = run.intent_id if run else self.event.intent_id
        draft = Draft(type=kind, payload=payload, run_id=run_id, intent_id=intent_id, task_id=task_id, role=role,
                      parent_id=self.event.event_id)  # fmt: skip
        self.effects.append(Announce(draft))


def _count_of(task: TaskState) -> str | None:
    """Which of its run's counts a Task is in."""
    if task.stage == "reviewed" or task.status == "succeeded":
        return "reviewed"
    return task.status if task.status in {"failed", "cancelled"} else None
