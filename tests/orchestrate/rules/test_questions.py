"""Questions to a person, and what their answers set going."""

from __future__ import annotations

from typing import Any

import pytest

from engine.orchestrate.effects import UpdateIntent
from tests.orchestrate.story import RUN, Story


def asking() -> Story:
    story = Story()
    story.start(intent={"clarifications": [{"question": "old?", "answer": "yes"}]})
    story.begin("analyze")
    story.end("analyze", clarifications=["which one?", "how fast?"], session_id="s1")
    return story


def test_an_analysis_that_asks_waits_and_says_so() -> None:
    story = asking()

    assert story.run().status == "waiting_approval"
    assert story.open() == []
    assert story.updates == [UpdateIntent("one", clarifications=("which one?", "how fast?"))]
    assert [(told["index"], told["kind"], told["question"]) for told in story.told("question")] == [
        (1, "clarification", "which one?"),
        (2, "clarification", "how fast?"),
    ]
    (told,) = story.told("task_status_update", status="waiting_approval")
    assert told["taskId"] == RUN


def test_all_answers_resume_the_session_and_nothing_else_is_said_to_it() -> None:
    story = asking()
    story.answer(2, "very")
    assert story.open() == []
    story.answer(1, "the red one", run_id=None, intent_id="one")

    effect = story.current("analyze")
    assert effect.key == f"{RUN}/-/analyze/2"
    assert effect.inputs["session_id"] == "s1"
    assert effect.inputs["answers"] == [
        {"question": "which one?", "answer": "the red one"},
        {"question": "how fast?", "answer": "very"},
    ]
    story.plan("a")
    assert story.open() == ["a/implement"]


def test_a_second_round_of_questions_has_its_own_answers_only() -> None:
    story = asking()
    story.answer(1, "x")
    story.answer(2, "y")
    story.end("analyze", "question", clarifications=["sure?"])
    assert [one.index for one in story.run().open_questions] == [3]
    story.answer(3, "z")

    assert story.current("analyze").inputs["answers"] == [{"question": "sure?", "answer": "z"}]


def test_a_question_is_answered_once() -> None:
    story = asking()
    story.answer(1, "x")
    told = story.answer(1, "y")

    assert story.errors(told) == [f"question 1 of run `{RUN}` waits for no answer"]
    assert story.run().questions[0].answer == "x"


@pytest.mark.parametrize("text", ["", "  ", None, 3])
def test_an_empty_answer_is_none(text: str) -> None:
    story = asking()

    assert story.errors(story.answer(1, text)) == ["question 1 needs an answer"]
    assert len(story.run().open_questions) == 2


def policy(**output: Any) -> Story:
    story = Story()
    story.start()
    story.plan("a", "b")
    story.begin("a/implement")
    story.end("a/implement", "question", kind="policy", question="It changes penstock.toml. Agree?", **output)
    return story


def test_a_task_that_touches_policy_waits_for_a_person_and_the_others_go_on() -> None:
    story = policy(start_commit="base", commit="c1")

    assert story.task("a").status == "waiting_approval"
    assert story.open() == ["b/implement"]
    assert story.run().status == "running"
    assert [told["kind"] for told in story.told("question")] == ["policy"]


def test_yes_accepts_what_the_step_made() -> None:
    story = policy(start_commit="base", commit="c1", commits=["c1"])
    told = story.answer(0, "Yes")

    assert set(story.open()) == {"a/rebase", "b/implement"}
    assert story.current("a/rebase").inputs["commit"] == "c1"
    assert [payload["commit"] for payload in story.told("commit", told)] == ["c1"]


def test_yes_lets_a_step_that_made_nothing_yet_try_again() -> None:
    story = policy()
    story.answer(0, "yes")

    assert story.current("a/implement").inputs["agreed"] is True


def test_no_fails_the_task() -> None:
    story = policy(start_commit="base", commit="c1")
    told = story.answer(0, "no")

    assert story.task("a").status == "failed"
    assert story.told("error", told)[0]["class"] == "policy"
    story.do("b/implement", "b/rebase", "b/review")
    assert story.ended().status == "blocked"


def test_a_policy_is_answered_by_yes_or_no() -> None:
    story = policy(start_commit="base", commit="c1")

    assert story.errors(story.answer(0, "maybe")) == ["question 0 is answered by `yes` or `no`"]
    assert len(story.run().open_questions) == 1


def test_an_integration_that_asks_lets_others_go_first() -> None:
    story = Story()
    for name in ("one", "two"):
        story.start(name, f"{name}-1")
        story.plan("a", run_id=f"{name}-1")
        story.do("a/implement", "a/rebase", "a/review", run_id=f"{name}-1")
    assert story.open("one-1") == ["integrate"] and story.open("two-1") == []
    story.end("integrate", "question", run_id="one-1", kind="policy", question="Move main?")
    assert story.open("two-1") == ["integrate"]
    assert story.run("one-1").status == "waiting_approval"
    story.answer(0, "yes", run_id="one-1")
    assert story.open("one-1") == []
    story.do("integrate", run_id="two-1")
    assert story.current("integrate", "one-1").inputs["agreed"] is True
    story.do("integrate", run_id="one-1")
    assert story.ended("one-1").state == "succeeded"


def test_a_task_that_asks_while_its_run_mends_a_conflict_holds_up_no_other_run() -> None:
    story = Story()
    for name in ("one", "two"):
        story.start(name, f"{name}-1")
        story.plan("a", run_id=f"{name}-1")
        story.do("a/implement", "a/rebase", "a/review", run_id=f"{name}-1")
    story.end("integrate", "conflict", run_id="one-1", task_id="a", files=["a.txt"], onto="tip")
    assert story.open("two-1") == []
    story.end("a/implement", "question", run_id="one-1", question="really?")
    assert story.open("two-1") == ["integrate"]
    story.do("integrate", run_id="two-1")
    story.answer(0, "yes", run_id="one-1")
    story.do("a/implement", "a/review", "integrate", run_id="one-1")
    assert story.ended("one-1").state == "succeeded"


def test_the_end_of_a_task_closes_its_questions() -> None:
    story = policy(start_commit="base", commit="c1")
    story.cancel("a")

    assert story.run().open_questions == ()
    assert story.errors(story.answer(0, "yes")) == [f"question 0 of run `{RUN}` waits for no answer"]


def test_a_waiting_run_can_be_cancelled() -> None:
    story = asking()
    story.cancel()

    assert story.ended().state == "cancelled"


def test_a_step_that_asks_nothing_has_failed() -> None:
    story = Story()
    story.start()
    told = story.end("analyze", "question")

    assert "there is no question" in str(story.told("retry", told)[0]["reason"])
