"""Reviews that say no, and conflicts with the base."""

from __future__ import annotations

from tests.orchestrate.story import RUN, Story


def begun(**limits: int) -> Story:
    story = Story()
    story.start(limits=limits)
    story.plan("a")
    return story


def test_a_rejected_task_is_implemented_again_by_the_same_session_with_the_feedback() -> None:
    story = begun()
    story.do("a/implement", "a/rebase")
    story.begin("a/review")
    feedback = {"issues": [{"path": "a.py", "line": 1, "message": "wrong"}], "suggestions": []}
    story.end("a/review", "rejected", feedback=feedback)

    inputs = story.current("a/implement").inputs
    assert inputs["feedback"] == feedback
    assert inputs["session_id"] == f"session of {RUN}/a/implement/1"
    assert (inputs["round"], story.current("a/implement").attempt) == (2, 1)
    story.do("a/implement", "a/rebase", "a/review")
    assert story.open() == ["integrate"]


def test_a_review_that_does_not_approve_has_rejected() -> None:
    story = begun()
    story.do("a/implement", "a/rebase")
    story.end("a/review", approved=False, issues=["x"], suggestions=["y"])

    assert story.current("a/implement").inputs["feedback"] == {"issues": ["x"], "suggestions": ["y"]}


def test_review_retries_are_exhausted() -> None:
    story = begun(max_review_retries=2)
    for _ in range(2):
        story.do("a/implement", "a/rebase")
        story.end("a/review", "rejected", feedback={"text": "no"})
    story.do("a/implement", "a/rebase")
    told = story.end("a/review", "rejected", feedback={"text": "no"})

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_review_retries", 2, 3)
    assert (story.ended().state, story.ended().status) == ("failed", "error")
    assert [payload["status"] for payload in story.told("task_status_update", told)] == ["failed", "failed"]


def test_no_review_retries_means_one_round() -> None:
    story = begun(max_review_retries=0)
    story.do("a/implement", "a/rebase")
    story.end("a/review", "rejected", feedback={"text": "no"})

    assert story.ended().status == "error"


def test_a_conflict_with_the_base_is_implemented_afresh_on_the_updated_base() -> None:
    story = begun()
    story.do("a/implement")
    story.begin("a/rebase")
    story.end("a/rebase", "conflict", files=["x.py"], onto="tip")

    inputs = story.current("a/implement").inputs
    assert (inputs["onto"], inputs["session_id"], inputs["feedback"]) == ("tip", None, None)
    assert inputs["task"]["plan"] == "plan of a"
    story.do("a/implement", "a/rebase", "a/review")
    assert story.open() == ["integrate"]


def test_the_second_conflict_with_the_base_is_escalated() -> None:
    story = begun()
    for _ in range(2):
        story.do("a/implement")
        told = story.end("a/rebase", "conflict", files=["x.py"], onto="tip")

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_conflicts", 1, 2)
    assert (story.ended().state, story.ended().outcome) == ("failed", "escalated")
    assert "x.py" in story.ended().reason


def test_dependencies_that_conflict_with_each_other_are_escalated() -> None:
    story = Story()
    story.start()
    story.plan("a", "b", "c:a b")
    for name in ("a", "b"):
        story.do(f"{name}/implement", f"{name}/rebase", f"{name}/review")
    story.end("c/implement", "conflict", files=["x.py"])

    assert (story.ended().outcome, story.ended().status) == ("escalated", "blocked")


def test_a_fetch_that_fails_is_tried_again_and_is_no_conflict() -> None:
    story = begun()
    story.do("a/implement")
    story.end("a/rebase", "failed", error={"class": "network", "message": "no route"})

    assert story.open() == ["a/rebase"]
    assert story.current("a/rebase").inputs["commit"] == f"commit of {RUN}/a/implement/1"
