"""Bringing a run's Tasks together, one run after the other."""

from __future__ import annotations

from typing import Any

from tests.orchestrate.story import RUN, Story


def ready(*tasks: str) -> Story:
    story = Story()
    story.start()
    story.plan(*tasks)
    for task in tasks:
        review(story, task.partition(":")[0])
    return story


def review(story: Story, task: str, run_id: str = RUN, **output: Any) -> None:
    story.begin(f"{task}/implement", run_id)
    story.end(f"{task}/implement", run_id=run_id, **output)
    story.do(f"{task}/rebase", f"{task}/review", run_id=run_id)


def test_what_landed_is_told_with_its_commits() -> None:
    story = ready("a")
    story.begin("integrate")
    told = story.end("integrate", url="https://example.org/1", added=3)

    (land,) = story.told("land", told)
    assert land == {
        "branch": "penstock/landed", "before": "x", "after": f"commit of {RUN}/-/integrate/1", "mode": "branch",
        "commits": [f"commit of {RUN}/-/integrate/1"], "files": ["f"], "added": 3, "url": "https://example.org/1",
        "key": f"{RUN}/-/integrate/1",
    }  # fmt: skip


def test_one_integration_at_a_time_in_the_order_in_which_runs_were_ready() -> None:
    story = Story()
    for name in ("one", "two", "three"):
        story.start(name, f"{name}-1")
        story.plan("a", run_id=f"{name}-1")
    for name in ("two", "three", "one"):
        review(story, "a", f"{name}-1")

    order = []
    while story.state.runs:
        (run_id,) = [run_id for run_id in story.state.runs if story.open(run_id) == ["integrate"]]
        order.append(run_id)
        story.do("integrate", run_id=run_id)
    assert order == ["two-1", "three-1", "one-1"]
    assert story.state.queue == ()


def test_a_conflicting_task_is_implemented_on_what_the_integration_has_and_reviewed_again() -> None:
    story = ready("a", "b")
    story.begin("integrate")
    story.end("integrate", "conflict", task_id="b", files=["x.py"], onto="tip")

    assert story.open() == ["b/implement"]
    inputs = story.current("b/implement").inputs
    assert (inputs["onto"], inputs["session_id"]) == ("tip", None)
    story.do("b/implement")
    assert story.open() == ["b/review"]  # it stands on what is to be landed: no rebase
    story.do("b/review")
    assert story.open() == ["integrate"]
    assert story.current("integrate").inputs["tasks"][1]["start_commit"] == "tip"
    story.do("integrate")
    assert story.ended().state == "succeeded"
    assert story.statuses("b") == ["pending", "running", "succeeded"]


def test_the_second_conflict_evicts_the_run_to_the_inbox() -> None:
    story = ready("a", "b")
    story.end("integrate", "conflict", task_id="b", files=["x.py"], onto="tip")
    story.do("b/implement", "b/review")
    told = story.end("integrate", "conflict", task_id="b", files=["x.py"], onto="tip")

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_conflicts", 1, 2)
    assert (story.ended().state, story.ended().outcome, story.ended().status) == ("failed", "escalated", "blocked")
    assert story.state.queue == ()
    assert story.told("land") == []


def test_each_task_may_conflict_once() -> None:
    story = ready("a", "b")
    story.end("integrate", "conflict", task_id="a", files=[], onto="tip")
    story.do("a/implement", "a/review")
    story.end("integrate", "conflict", task_id="b", files=[], onto="tip")
    story.do("b/implement", "b/review", "integrate")

    assert story.ended().state == "succeeded"


def conflicting(others_files: list[str]) -> Story:
    """A run that conflicts and another one that is ready and touches these files."""
    story = Story()
    for name, files in (("one", ["x.py", "y.py"]), ("two", others_files)):
        story.start(name, f"{name}-1")
        story.plan("a", run_id=f"{name}-1")
        review(story, "a", f"{name}-1", files=files)
    story.end("integrate", "conflict", run_id="one-1", task_id="a", files=["x.py"], onto="tip")
    return story


def test_a_run_that_mends_a_conflict_keeps_its_place_against_those_that_touch_its_files() -> None:
    story = conflicting(["y.py"])
    assert story.open("two-1") == []
    story.end("a/implement", run_id="one-1", files=["x.py", "y.py"])
    assert story.open("two-1") == []
    story.do("a/review", run_id="one-1")
    assert (story.open("one-1"), story.open("two-1")) == (["integrate"], [])
    story.do("integrate", run_id="one-1")
    assert story.open("two-1") == ["integrate"]


def test_runs_that_touch_other_files_go_first_meanwhile() -> None:
    story = conflicting(["z.py"])

    assert story.open("two-1") == ["integrate"]
    story.do("a/implement", "a/review", run_id="one-1")
    assert story.open("one-1") == []
    story.do("integrate", run_id="two-1")
    assert story.open("one-1") == ["integrate"]


def test_a_replay_that_fails_ends_the_run_and_lets_the_next_one_in() -> None:
    story = conflicting(["y.py"])
    story.end("a/implement", "refused", run_id="one-1")

    assert story.ended("one-1").state == "failed"
    assert story.open("two-1") == ["integrate"]


def test_what_fails_its_verification_together_does_not_land() -> None:
    story = ready("a", "b")
    story.end("integrate", "rejected", feedback={"text": "2 tests fail"})

    assert story.ended().reason == "the Tasks together did not pass verification: 2 tests fail"
    assert (story.ended().outcome, story.ended().status) == ("failed", "blocked")


def test_an_integration_is_tried_again_after_a_failure() -> None:
    story = ready("a")
    story.end("integrate", "failed", error={"class": "network", "message": "push failed"})
    assert story.open() == ["integrate"]
    story.do("integrate")

    assert story.ended().state == "succeeded"


def test_an_integration_that_fails_for_good_lets_the_next_one_in() -> None:
    story = conflicting(["y.py"])
    story.end("a/implement", run_id="one-1", files=["x.py", "y.py"])
    story.do("a/review", run_id="one-1")
    story.end("integrate", "refused", run_id="one-1", error={"class": "user", "message": "the checkout is dirty"})

    assert story.ended("one-1").reason == "the checkout is dirty"
    assert story.open("two-1") == ["integrate"]


def test_a_conflict_of_an_unknown_task_is_a_failure() -> None:
    story = ready("a")
    told = story.end("integrate", "conflict", task_id="z", files=[], onto="tip")

    assert "`z`, which is no Task" in str(story.told("retry", told)[0]["reason"])
