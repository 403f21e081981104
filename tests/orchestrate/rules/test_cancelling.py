"""Cancelling: nothing that ran is left when it is over."""

from __future__ import annotations

from engine.orchestrate.controller import fold, outstanding
from engine.orchestrate.effects import CancelStep, RunStep, UpdateIntent
from tests.orchestrate.story import RUN, Story


def begun(*tasks: str) -> Story:
    story = Story()
    story.start()
    story.plan(*tasks)
    return story


def test_a_cancelled_run_ends_when_everything_that_ran_has_ended() -> None:
    story = begun("a", "b", "c:a")
    story.begin("a/implement")
    told = story.cancel()

    assert sorted(story.cancels) == [f"{RUN}/a/implement/1", f"{RUN}/b/implement/1"]
    assert [payload["taskId"] for payload in story.told("task_status_update", told, status="cancelled")] == ["c"]
    story.end("a/implement", "cancelled")
    assert RUN in story.state.runs
    told = story.end("b/implement", "cancelled")
    assert (story.ended().state, story.ended().status) == ("cancelled", "cancelled")
    assert story.ended().reason == "cancelled by Ada"
    assert story.updates == [UpdateIntent("one", status="cancelled")]
    assert story.statuses("a") == ["pending", "running", "cancelled"]


def test_what_ends_well_meanwhile_is_cancelled_all_the_same() -> None:
    story = begun("a")
    story.begin("a/implement")
    story.cancel()
    story.end("a/implement")

    assert story.open() == []
    assert story.ended().state == "cancelled"


def test_a_second_wish_to_cancel_changes_nothing() -> None:
    story = begun("a")
    story.cancel()
    before = story.run()
    told = story.cancel()

    assert told == []
    assert story.cancels == [f"{RUN}/a/implement/1"]
    assert story.run() == before


def test_an_analysis_is_cancelled() -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    story.cancel()
    story.end("analyze", "cancelled")

    assert story.ended().state == "cancelled"


def test_a_retry_that_waits_for_its_time_is_cancelled() -> None:
    story = begun("a")
    story.end("a/implement", "failed")
    story.cancel()

    assert story.cancels == [f"{RUN}/a/implement/2"]


def test_after_a_crash_a_cancel_goes_on() -> None:
    story = begun("a", "b")
    story.cancel("a")
    effects = outstanding(fold(story.log))

    taken_up = [type(effect) for effect in effects if isinstance(effect, RunStep | CancelStep)]
    assert taken_up == [RunStep, CancelStep, RunStep]
    assert [effect.key for effect in effects if isinstance(effect, CancelStep)] == [f"{RUN}/a/implement/1"]


def test_a_cancelled_task_cancels_those_that_depend_on_it_and_no_others() -> None:
    story = begun("a", "b:a", "c:b", "d")
    story.cancel("a")

    assert story.cancels == [f"{RUN}/a/implement/1"]
    assert story.task("c").reason == "dependency cancelled: b"
    story.end("a/implement", "cancelled")
    assert story.open() == ["d/implement"]
    story.do("d/implement", "d/rebase", "d/review")
    assert (story.ended().state, story.ended().status) == ("failed", "blocked")
    assert story.ended().reason.startswith("1 of 4 Tasks done, 3 cancelled")


def test_cancelling_every_task_cancels_the_run() -> None:
    story = begun("a", "b:a")
    story.cancel("a")
    story.end("a/implement", "cancelled")

    assert story.ended().state == "cancelled"


def test_cancelling_a_reviewed_task_cancels_what_is_built_on_it() -> None:
    story = begun("a", "b:a")
    story.do("a/implement", "a/rebase", "a/review")
    story.begin("b/implement")
    story.cancel("a")

    assert story.cancels == [f"{RUN}/b/implement/1"]
    story.end("b/implement", "cancelled")
    assert story.ended().state == "cancelled"


def test_a_task_that_waits_for_a_person_is_cancelled_at_once() -> None:
    story = begun("a")
    story.end("a/implement", "question", question="really?")
    story.cancel("a")

    assert story.ended().state == "cancelled"


def test_a_run_in_the_queue_leaves_it() -> None:
    story = Story()
    for name in ("one", "two"):
        story.start(name, f"{name}-1")
        story.plan("a", run_id=f"{name}-1")
        story.do("a/implement", "a/rebase", "a/review", run_id=f"{name}-1")
    story.cancel(run_id="two-1")

    assert story.ended("two-1").state == "cancelled"
    assert story.state.queue == ("one-1",)


def test_a_cancelled_integration_lands_nothing_unless_it_had_landed_already() -> None:
    for result, state in (("cancelled", "cancelled"), ("failed", "cancelled"), ("ok", "succeeded")):
        story = begun("a")
        story.do("a/implement", "a/rebase", "a/review")
        story.begin("integrate")
        story.cancel()
        assert story.cancels == [f"{RUN}/-/integrate/1"]
        story.end("integrate", result)
        assert story.ended().state == state
        assert story.statuses("a")[-1] == state


def test_a_single_task_is_not_taken_out_of_an_integration() -> None:
    story = begun("a", "b")
    for task in ("a", "b"):
        story.do(f"{task}/implement", f"{task}/rebase", f"{task}/review")
    told = story.cancel("a")

    assert story.errors(told) == ["Task `a` is being integrated"]
    assert story.open() == ["integrate"]


def test_what_has_ended_cannot_be_cancelled() -> None:
    story = begun("a", "b")
    story.end("a/implement", "refused")
    assert story.errors(story.cancel("a")) == ["Task `a` has ended"]
    story.end("b/implement", "refused")
    assert story.errors(story.cancel()) == [f"run `{RUN}` has ended"]


def test_a_step_that_was_cancelled_by_nobody_here_is_cancelled() -> None:
    story = begun("a", "b")
    story.begin("a/implement")
    story.end("a/implement", "cancelled")

    assert story.task("a").status == "cancelled"
    assert story.open() == ["b/implement"]
