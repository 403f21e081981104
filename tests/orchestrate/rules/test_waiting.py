"""Intents that depend on Intents."""

from __future__ import annotations

import pytest

from tests.orchestrate.story import Story


def land(story: Story, run_id: str) -> None:
    story.plan("t", run_id=run_id)
    story.do("t/implement", "t/rebase", "t/review", "integrate", run_id=run_id)


def test_a_run_waits_until_the_intents_it_needs_are_done() -> None:
    story = Story()
    story.start("two", "two-1")
    story.start("three", "three-1")
    story.start("one", "one-1", waits_for=["two", "three"])

    assert story.run("one-1").status == "pending"
    assert story.open("one-1") == []
    land(story, "two-1")
    assert story.open("one-1") == []
    land(story, "three-1")
    assert story.open("one-1") == ["analyze"]
    assert story.is_whole()


def test_an_intent_that_is_done_is_not_waited_for() -> None:
    story = Story()
    story.start("two", "two-1")
    land(story, "two-1")
    story.start("one", "one-1", waits_for=["two"])

    assert story.open("one-1") == ["analyze"]


@pytest.mark.parametrize("end", ["error", "cancelled"])
def test_a_dependency_that_ended_without_success_ends_the_run_with_the_reason(end: str) -> None:
    story = Story()
    story.start("two", "two-1")
    story.start("one", "one-1", waits_for=["two"])
    story.start("zero", "zero-1", waits_for=["one"])
    if end == "error":
        story.end("analyze", "refused", run_id="two-1")
    else:
        story.cancel(run_id="two-1")
        story.end("analyze", "cancelled", run_id="two-1")

    assert story.ended("one-1").reason == f"dependency `two` ended {end}"
    assert story.ended("one-1").state == "failed"
    assert story.ended("zero-1").reason == "dependency `one` ended error"


def test_a_dependency_that_ended_before_ends_the_run_at_once_unless_it_was_approved_again() -> None:
    story = Story()
    story.start("two", "two-1")
    story.end("analyze", "refused", run_id="two-1")
    story.start("one", "one-1", waits_for=["two"])
    assert story.ended("one-1").reason == "dependency `two` ended error"

    story.approve("two", again=True)
    story.approve("one", again=True)
    story.start("one", "one-2", waits_for=["two"])
    assert story.run("one-2").waits_for == ("two",)


def test_a_rejected_dependency_ends_the_run_that_waits_for_it() -> None:
    story = Story()
    story.approve("two")
    story.start("one", "one-1", waits_for=["two"])
    story.happens("approval", {"action": "reject", "by": "Ada"}, intent_id="two")

    assert story.ended("one-1").reason == "dependency `two` ended cancelled"


def test_intents_that_wait_for_each_other_are_refused() -> None:
    story = Story()
    story.start("one", "one-1", waits_for=["two"])
    story.start("two", "two-1", waits_for=["three"])
    story.start("three", "three-1", waits_for=["one"])

    assert story.ended("three-1").reason == "Intents wait for each other: three -> one -> two -> three"
    assert story.ended("two-1").reason == "dependency `three` ended error"
    assert story.ended("one-1").reason == "dependency `two` ended error"
    assert story.state.runs == {}


def test_an_intent_that_waits_for_itself_is_refused() -> None:
    story = Story()
    story.start("one", "one-1", waits_for=["one"])

    assert story.ended("one-1").reason == "Intents wait for each other: one -> one"


def test_a_cycle_that_an_analysis_closes_is_refused_too() -> None:
    story = Story()
    story.start("one", "one-1", waits_for=["two"])
    story.start("two", "two-1")
    story.plan("a", run_id="two-1", depends_on_intents=["one"])

    assert story.ended("two-1").reason == "Intents wait for each other: two -> one -> two"
    assert story.statuses("a") == ["pending", "failed"]
    assert story.state.runs == {}
    assert story.is_whole()


def test_a_waiting_run_can_be_cancelled() -> None:
    story = Story()
    story.start("one", "one-1", waits_for=["two"])
    story.cancel(run_id="one-1")

    assert story.ended("one-1").state == "cancelled"
