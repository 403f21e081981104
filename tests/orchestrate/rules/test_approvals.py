"""Approvals: who may start what, and when."""

from __future__ import annotations

import pytest

from engine.orchestrate.effects import UpdateIntent
from tests.orchestrate.story import RUN, Story


def test_an_approval_is_kept_with_its_hash_and_written_into_the_file() -> None:
    story = Story()
    story.approve()
    known = story.state.intents["one"]

    assert known.approval is not None
    assert (known.approval.hash, known.approval.by, known.status) == ("hash of one", "Ada", "approved")
    assert story.updates == [UpdateIntent("one", status="approved")]


def test_an_intent_that_nobody_approved_does_not_run() -> None:
    story = Story()
    told = story.happens("run.start", {"intent": {}, "flow": ["analyze", "implement"]}, run_id=RUN, intent_id="one")

    assert story.errors(told) == ["Intent `one` is not approved"]
    assert told[0].payload["class"] == "policy"
    assert story.state.runs == {}


def test_an_intent_that_was_changed_after_its_approval_does_not_run() -> None:
    story = Story()
    story.approve()
    told = story.start(hash="another")

    assert story.errors(told) == ["Intent `one` was changed after it was approved"]
    assert story.state.runs == {}
    story.start(hash="hash of one")
    assert story.open() == ["analyze"]


def test_an_intent_runs_once_at_a_time() -> None:
    story = Story()
    story.start()
    told = story.start(run_id="one-00000002")

    assert story.errors(told) == [f"Intent `one` is running already, as `{RUN}`"]
    assert list(story.state.runs) == [RUN]


@pytest.mark.parametrize("end", ["done", "error", "cancelled"])
def test_an_ended_intent_needs_again_to_be_approved(end: str) -> None:
    story = Story()
    story.start()
    if end == "done":
        story.plan("a")
        story.do("a/implement", "a/rebase", "a/review", "integrate")
    elif end == "error":
        story.end("analyze", "refused")
    else:
        story.cancel()
        story.end("analyze", "cancelled")
    assert story.state.intents["one"].status == end

    assert story.errors(story.start(run_id="one-00000002")) == ["Intent `one` is not approved"]
    assert story.errors(story.approve()) == [f"Intent `one` has ended {end}"]
    assert story.errors(story.approve(again=True)) == []
    story.start(run_id="one-00000002")
    assert story.open("one-00000002") == ["analyze"]


def test_a_rejected_intent_is_cancelled_and_has_no_approval() -> None:
    story = Story()
    story.approve()
    story.happens("approval", {"action": "reject", "by": "Ada"}, intent_id="one")

    assert story.state.intents["one"].approval is None
    assert story.updates == [UpdateIntent("one", status="cancelled")]


def test_a_prompt_without_an_intent_needs_no_approval() -> None:
    story = Story()
    story.start(None, "prompt-1")
    story.plan("a", run_id="prompt-1")
    story.do("a/implement", "a/rebase", "a/review", "integrate", run_id="prompt-1")

    assert story.ended("prompt-1").state == "succeeded"
    assert story.updates == []
