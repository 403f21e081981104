"""What is kept, and for how long: whatever goes, the state stays, open runs stay whole, and the chain stays intact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.orchestrate.controller import fold
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.redact import Redactor
from engine.orchestrate.state import State
from engine.orchestrate.store.chain import Anchor
from engine.orchestrate.store.event_log import DamagedLog, EventLog
from engine.orchestrate.store.records import Records
from engine.orchestrate.store.retention import Bounds, Plan, plan, prune
from engine.orchestrate.store.verify import Broken, Intact, verify
from tests.orchestrate.simulation import simulate
from tests.orchestrate.story import Story

KEY = b"k" * 32
LATER = datetime(2027, 1, 1, tzinfo=UTC)
EVERYTHING = Bounds(days=0, size=None)


class Kept:
    """A log with records that has a story's events, and the folder of output."""

    def __init__(self, folder: Path, events: Sequence[Event]) -> None:
        self.path, self.logs, self._head = folder / "events.sqlite", folder / "logs", folder / "head"
        self._clock, self._ids = "", iter([*(event.event_id for event in events), *(f"later-{n}" for n in range(99))])
        with self.opened() as log:
            for place, cause in enumerate(events):
                if cause.parent_id is None:
                    self._clock = cause.timestamp
                    log.append(draft(cause), following(events[place + 1 :], cause))
        for run_id in {event.run_id for event in events if event.run_id}:
            (self.logs / run_id).mkdir(parents=True)
            (self.logs / run_id / "a.log").write_bytes(b"x" * 1000)

    def opened(self) -> EventLog:
        records = Records(KEY, Anchor(self._head), Redactor({}))
        return EventLog.open(
            self.path, write=True, now=lambda: self._clock, new_id=lambda: next(self._ids), records=records
        )

    @property
    def state(self) -> State:
        with EventLog.open(self.path, write=False) as log:
            return log.state()

    def read(self) -> list[Event]:
        with EventLog.open(self.path, write=False) as log:
            return list(log.read())

    def plan(self, bounds: Bounds = EVERYTHING, now: datetime = LATER) -> Plan:
        return plan(self.path, self.state.runs, self.logs, bounds, now)

    def prune(self, bounds: Bounds = EVERYTHING, now: datetime = LATER) -> Plan:
        planned = self.plan(bounds, now)
        with self.opened() as log:
            prune(log, planned, "Ada")
        return planned

    def verify(self) -> Intact | Broken | None:
        return verify(self.path, KEY, Anchor(self._head))

    @property
    def outputs(self) -> set[str]:
        return {path.name for path in self.logs.iterdir()}


def draft(event: Event) -> Draft:
    return Draft(type=event.type, payload=event.payload, run_id=event.run_id, intent_id=event.intent_id,
                 task_id=event.task_id, parent_id=event.parent_id, role=event.role)  # fmt: skip


def following(events: Sequence[Event], cause: Event) -> Callable[[Event], list[Draft]]:
    announced = []
    for event in events:
        if event.parent_id != cause.event_id:
            break
        announced.append(draft(event))
    return lambda _: announced


def told(state: State) -> tuple[object, ...]:
    """What a state says that anybody acts on."""
    return state.runs, state.ended, state.intents, state.queue


def run(story: Story, name: str) -> None:
    story.start(name, f"{name}-r")
    story.plan("a", run_id=f"{name}-r")
    story.do("a/implement", "a/rebase", "a/review", "integrate", run_id=f"{name}-r")


def test_the_state_of_many_worlds_is_the_same_after_everything_went_that_may(tmp_path: Path) -> None:
    gone = 0
    for seed in range(25):
        folder = tmp_path / str(seed)
        folder.mkdir()
        world = simulate(seed, intents=5)
        kept = Kept(folder, world.log)
        before = kept.state
        assert told(before) == told(world.state)

        planned = kept.prune()
        gone += planned.events

        assert told(kept.state) == told(before), f"seed {seed}"
        assert isinstance(kept.verify(), Intact)
        assert len(kept.read()) == len(world.log) - planned.events + bool(planned)
    assert gone > 1000


def test_ends_and_approvals_stay_and_everything_else_of_old_runs_goes(tmp_path: Path) -> None:
    story = Story()
    run(story, "one")
    kept = Kept(tmp_path, story.log)
    planned = kept.prune()

    assert [event.type for event in kept.read()] == ["approval", "run.end", "prune"]
    assert planned.events == len(story.log) - 2 and kept.outputs == set()
    assert kept.state.intents["one"].status == "done"
    assert kept.state.updates[-1].status == "done"
    assert not kept.plan()


def test_nothing_goes_that_an_open_run_needs(tmp_path: Path) -> None:
    story = Story()
    run(story, "one")
    story.start("two", "two-r")
    run(story, "three")
    story.begin("analyze", "two-r")
    story.end("analyze", "question", run_id="two-r", clarifications=["Which?"])
    kept = Kept(tmp_path, story.log)
    before = len(kept.read())
    kept.prune()

    assert {event.run_id for event in kept.read() if event.type == "run.start"} == {"two-r", "three-r"}
    assert before > len(kept.read())
    assert kept.outputs == {"two-r"}
    assert kept.state.runs["two-r"].open_questions[0].text == "Which?"


def test_runs_that_ended_lately_stay_whole(tmp_path: Path) -> None:
    story = Story()
    run(story, "one")
    story.seconds += 3600
    run(story, "two")
    kept = Kept(tmp_path, story.log)

    planned = kept.prune(Bounds(days=1, size=None), datetime(2026, 1, 2, 0, 30, tzinfo=UTC))

    assert {event.run_id for event in kept.read() if event.type == "step.end"} == {"two-r"}
    assert [path.name for path in planned.logs] == ["one-r"]
    assert not kept.plan(Bounds(days=None, size=None))


def test_past_a_size_the_oldest_goes_first(tmp_path: Path) -> None:
    story = Story()
    for name in ("one", "two", "three"):
        run(story, name)
    kept = Kept(tmp_path, story.log)
    in_all = kept.path.stat().st_size + 3000

    assert not kept.plan(Bounds(days=None, size=in_all))
    little = kept.plan(Bounds(days=None, size=in_all - 500))
    assert [path.name for path in little.logs] == ["one-r"] and little.events == 0
    kept.prune(Bounds(days=None, size=kept.path.stat().st_size - 5000))
    assert kept.outputs == set()
    assert {event.run_id for event in kept.read() if event.type == "run.start"} == {"two-r", "three-r"}


def test_a_gap_that_nobody_recorded_is_damage_still(tmp_path: Path) -> None:
    story = Story()
    run(story, "one")
    run(story, "two")
    kept = Kept(tmp_path, story.log)
    kept.prune(Bounds(days=None, size=1))
    with kept.opened() as log:
        for text in "abc":
            log.append(Draft(type="cancel", payload={"reason": text, "by": "Ada"}))
        log._connection.execute("DELETE FROM events WHERE sequence = (SELECT max(sequence) - 1 FROM events)")

    with pytest.raises(DamagedLog, match="missing"):
        kept.read()
    with pytest.raises(DamagedLog, match="missing"):
        _ = kept.state
    assert isinstance(kept.verify(), Broken)


def test_a_pruning_that_was_made_up_is_found(tmp_path: Path) -> None:
    story = Story()
    run(story, "one")
    kept = Kept(tmp_path, story.log)
    with EventLog.open(kept.path, write=True) as without_records:
        prune(without_records, kept.plan(), "Eve")

    found = kept.verify()
    assert isinstance(found, Broken) and "taken out of the log" in found.wrong


def test_a_state_that_was_kept_before_is_gone_on_from(tmp_path: Path) -> None:
    story = Story()
    for number in range(16):
        run(story, f"i{number}")
    kept = Kept(tmp_path, story.log)
    with kept.opened() as log:
        log.keep(log.state())
        log.append(Draft(type="approval", payload={"action": "reject", "by": "Ada"}, intent_id="x"))
    before = kept.state
    kept.prune()

    assert told(kept.state) == told(before)


def test_a_reader_that_sees_half_of_a_pruning_sees_the_run_ended() -> None:
    """The first pages were read before it, the others after it."""
    story = Story()
    run(story, "one")
    half = [event for event in story.log if event.sequence < 9 or event.type == "run.end"]

    assert fold(half).runs == {} and fold(half).intents["one"].status == "done"
    assert fold(half).ended == story.state.ended
