"""The controller as a whole: a run from its start to what landed, totality, purity, re-entry, work."""

from __future__ import annotations

import copy
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orchestrate.controller import fold, outstanding, step
from engine.orchestrate.effects import RunStep, UpdateIntent
from engine.orchestrate.events import ANNOUNCEMENTS, CAUSES, Event
from engine.orchestrate.state import State
from tests.orchestrate.story import RUN, Story


def test_a_run_goes_from_its_approval_to_what_landed() -> None:
    story = Story()
    story.start()
    story.plan("a", "b:a")
    assert story.open() == ["a/implement"]
    story.do("a/implement", "a/rebase", "a/review")
    assert story.open() == ["b/implement"]
    story.do("b/implement", "b/rebase", "b/review")
    assert story.open() == ["integrate"]
    told = story.do("integrate")

    assert [event.type for event in told] == [
        "land", "task_status_update", "task_status_update", "task_status_update", "run.end",
    ]  # fmt: skip
    end = told[-1].payload
    assert (end["state"], end["outcome"], end["status"]) == ("succeeded", "success", "done")
    assert (end["branch"], end["commits"]) == ("penstock/landed", [f"commit of {RUN}/-/integrate/1"])
    assert story.updates == [UpdateIntent("one", status="done")]
    assert story.state.runs == {} and story.ended().state == "succeeded"
    assert story.statuses("a") == story.statuses("b") == ["pending", "running", "succeeded"]
    assert story.is_whole()


def test_a_steps_key_counts_its_invocations() -> None:
    story = Story()
    story.start()
    assert story.current("analyze").key == f"{RUN}/-/analyze/1"
    story.plan("a")
    assert story.current("a/implement").key == f"{RUN}/a/implement/1"
    story.do("a/implement", "a/rebase")
    story.end("a/review", "rejected", feedback={"text": "no"})
    assert story.current("a/implement").key == f"{RUN}/a/implement/2"


def test_a_step_knows_what_it_needs() -> None:
    story = Story()
    story.start(intent={"verify": ["pytest -q"]})
    story.plan("a", "b:a")
    story.do("a/implement", "a/rebase", "a/review")
    implement = story.current("b/implement").inputs
    assert implement["dependencies"] == [{"task_id": "a", "commit": f"commit of {RUN}/a/implement/1"}]
    assert (implement["base_commit"], implement["onto"], implement["session_id"]) == ("base", None, None)
    assert implement["task"]["plan"] == "plan of b"
    story.do("b/implement")
    assert story.current("b/rebase").inputs["branch"] == f"penstock/{RUN}/b"
    story.do("b/rebase")
    review = story.current("b/review").inputs
    assert (review["start_commit"], review["commit"]) == ("new base", f"commit of {RUN}/b/implement/1")
    assert review["verify"] == ["pytest -q"]
    story.do("b/review")
    integrate = story.current("integrate").inputs
    assert [task["id"] for task in integrate["tasks"]] == ["a", "b"]
    assert (integrate["mode"], integrate["base_branch"]) == ("branch", "main")


def test_a_step_that_a_crash_interrupted_is_entered_again_and_counts_against_nothing() -> None:
    story = Story()
    story.start()
    story.plan("a")
    story.begin("a/implement")
    before = story.state
    for _ in range(10):  # ten crashes
        state = fold(story.log)
        (again,) = [effect for effect in outstanding(state) if isinstance(effect, RunStep)]
        assert again == story.current("a/implement")
        assert story.begin("a/implement") == []
    assert story.run() == before.runs[RUN]
    story.end("a/implement")
    assert story.open() == ["a/rebase"]


def test_after_a_crash_files_are_brought_up_to_date() -> None:
    story = Story()
    story.approve("one")
    story.approve("two")

    updates = [effect for effect in outstanding(fold(story.log)) if isinstance(effect, UpdateIntent)]
    assert updates == [UpdateIntent("one", status="approved"), UpdateIntent("two", status="approved")]


@pytest.mark.parametrize(
    "kind, payload, names, words",
    [
        ("step.end", {"key": "x/y/z/1", "result": "ok"}, {}, "there is no run `x`"),
        ("step.end", {}, {}, "there is no run"),
        ("step.end", {"key": f"{RUN}/a/implement/7", "result": "ok"}, {}, "nobody waits for step"),
        ("step.end", {"key": f"{RUN}/zz/implement/1", "result": "ok"}, {}, "has no Task `zz`"),
        ("step.start", {"key": f"{RUN}/-/analyze/1"}, {}, "nobody waits for step"),
        ("run.start", {}, {"run_id": RUN}, "was started before"),
        ("run.start", {}, {}, "must have an id"),
        ("run.start", {"limits": {"max_retries_per_role": "many"}}, {"run_id": "r"}, "must be a number"),
        ("run.start", {"limits": {"max_cycle_count": 0}}, {"run_id": "r"}, "too small"),
        ("cancel", {}, {"run_id": "nobody"}, "there is no run"),
        ("cancel", {}, {"run_id": RUN, "task_id": "zz"}, "has no Task"),
        ("answer", {"index": 0, "answer": "yes"}, {"run_id": RUN}, "waits for no answer"),
        ("answer", {"index": 0, "answer": "yes"}, {"intent_id": "two"}, "no run of Intent"),
        ("approval", {"action": "approve"}, {}, "must name an Intent"),
        ("approval", {"action": "approve"}, {"intent_id": "two"}, "does not say what"),
        ("approval", {"action": "approve", "hash": "h"}, {"intent_id": "one"}, "is running"),
    ],
)
def test_an_event_that_makes_no_sense_changes_nothing_and_is_announced(
    kind: str, payload: dict[str, object], names: dict[str, str], words: str
) -> None:
    story = Story()
    story.start()
    story.plan("a", "b")
    before = story.state
    told = story.happens(kind, payload, **names)

    assert [event.type for event in told] == ["error"]
    assert words in str(told[0].payload["message"])
    assert told[0].payload["class"] in {"user", "policy", "system"}
    assert story.effects == []
    assert (story.state.runs, story.state.intents, story.state.ended) == (before.runs, before.intents, before.ended)


def test_a_doubled_end_is_told_and_does_nothing() -> None:
    story = Story()
    story.start()
    story.plan("a", "b")
    story.begin("a/implement")
    story.end("a/implement")
    ended = next(event for event in reversed(story.log) if event.type == "step.end")
    before = story.run()
    told = story.happens("step.end", ended.payload, run_id=RUN, task_id="a")

    assert story.errors(told) == [f"nobody waits for step '{RUN}/a/implement/1'"]
    assert story.run() == before


def test_announcements_are_no_causes() -> None:
    story = Story()
    story.start()
    before = story.state
    for kind in sorted(ANNOUNCEMENTS):
        story.happens(kind, {"state": "failed"}, run_id=RUN)
    assert story.state is before


def test_a_step_leaves_the_state_before_it_as_it_was() -> None:
    story = Story()
    story.start()
    story.plan("a", "b:a", "c")
    before, kept = story.state, copy.deepcopy(story.state)
    story.do("a/implement", "a/rebase", "a/review")
    story.cancel()
    assert before == kept and story.state != before


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["", "a", "ok", RUN, "yes", "-"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["tasks", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=3,
)
NAMES = [
    "key", "step", "result", "output", "error", "index", "answer", "action", "hash", "intent", "flow", "limits", "base",
    "waits_for", "by", "reason",
]  # fmt: skip
KEYS = [f"{RUN}/-/analyze/1", f"{RUN}/a/implement/1", f"{RUN}/b/implement/1", "x", "//", f"{RUN}/-/integrate/1"]
OUTPUTS = [
    "tasks", "clarifications", "question", "kind", "commit", "commits", "start_commit", "files", "onto", "task_id",
    "usage", "cost_usd", "approved", "feedback", "depends_on_intents", "child_intents", "branch",
]  # fmt: skip
RESULTS = ["ok", "rejected", "question", "conflict", "failed", "refused", "timeout", "stalled", "cancelled", "?"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(CAUSES)),
            st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
            st.sampled_from(KEYS),
            st.sampled_from(RESULTS),
            st.dictionaries(st.sampled_from(OUTPUTS), VALUES, max_size=4),
            st.sampled_from([RUN, None, "other"]),
            st.sampled_from(["a", "b", None]),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_no_event_makes_the_controller_raise(events: list[tuple], planned: bool) -> None:
    story = Story()
    story.start()
    if planned:
        story.plan("a", "b:a")
    for kind, payload, key, result, output, run_id, task_id in events:
        given = {"key": key, "result": result, "output": output, **payload} if len(payload) < 5 else payload
        story.happens(kind, given, run_id=run_id, intent_id="one", task_id=task_id)
    assert all(one.effect.key in story.asked for run in story.state.runs.values() for one in run.invocations)


def test_an_output_that_makes_no_sense_is_a_failure_and_is_tried_again() -> None:
    story = Story()
    story.start()
    story.plan("a")
    story.begin("a/implement")
    told = story.end("a/implement", commit=None)

    assert [payload["reason"] for payload in story.told("retry", told)] == ["the step's output has no `commit`"]
    assert story.current("a/implement").attempt == 2


def calls_of_a_run(count: int, needs_first: bool) -> int:
    """Python calls that the controller makes for a run of so many Tasks; all depend on the first, or on nothing."""
    story = Story()
    story.start()
    names = [f"t{number}" for number in range(count)]
    calls = 0

    def watch(frame: object, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call"

    events: list[Event] = []
    state = story.state

    def feed(kind: str, payload: dict[str, object]) -> list[RunStep]:
        nonlocal state
        event = Event(type=kind, payload=payload, run_id=RUN, event_id=str(len(events)), sequence=len(events) + 10,
                      timestamp="2026-01-01T00:00:00Z")  # fmt: skip
        events.append(event)
        state, effects = step(state, event)
        return [effect for effect in effects if isinstance(effect, RunStep)]

    specs = [{"id": name, "depends_on": names[:1] if needs_first and name != "t0" else []} for name in names]
    sys.setprofile(watch)
    try:
        pending = feed("step.end", {"key": f"{RUN}/-/analyze/1", "result": "ok", "output": {"tasks": specs}})
        while pending:
            effect = pending.pop()
            output = story._usual(effect)
            feed("step.start", {"key": effect.key})
            pending += feed("step.end", {"key": effect.key, "result": "ok", "output": output})
    finally:
        sys.setprofile(None)
    assert state.ended[RUN].state == "succeeded"
    return calls


@pytest.mark.parametrize("needs_first", [False, True])
def test_work_grows_with_the_number_of_tasks_and_no_faster(needs_first: bool) -> None:
    few, many = calls_of_a_run(30, needs_first), calls_of_a_run(300, needs_first)

    assert many < 11 * few


def test_an_empty_log_is_an_empty_state() -> None:
    assert fold([]) == State()
    assert outstanding(State()) == []
