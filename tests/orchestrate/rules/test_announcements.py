"""What watchers are told has every field that was promised, each time."""

from __future__ import annotations

from tests.orchestrate.story import RUN, Story

ALWAYS = {
    "taskId", "runId", "intentId", "role", "status", "message", "startedAt", "tokens", "costUsd", "counts",
}  # fmt: skip


def eventful() -> Story:
    """A story with everything in it."""
    story = Story()
    story.start(limits={"max_retries_per_role": 1, "max_review_retries": 0})
    story.end("analyze", "question", clarifications=["which?"])
    story.answer(0, "this")
    story.plan("a", "b:a", "c", "d", usage={"input_tokens": 10, "output_tokens": 5}, cost_usd=0.25)
    story.do("a/implement", "a/rebase", "a/review")
    story.begin("c/implement")
    story.end("c/implement", "failed", error={"class": "tool", "message": "x"})
    story.end("c/implement", "failed", error={"class": "tool", "message": "x"})
    story.do("b/implement")
    story.end("b/rebase", "conflict", files=["f"], onto="tip")
    story.do("b/implement", "b/rebase")
    story.end("b/review", "rejected", feedback={"text": "no"})
    story.cancel("d")
    story.end("d/implement", "cancelled")
    assert story.state.runs == {}
    return story


def test_required_fields_of_a_task_status_are_never_missing() -> None:
    updates = eventful().told("task_status_update")

    assert len(updates) >= 25
    for update in updates:
        assert set(update) >= ALWAYS
        assert set(update) - ALWAYS <= {"endedAt", "result", "stop"}
        assert update["status"] in {"pending", "running", "waiting_approval", "succeeded", "failed", "cancelled"}
        assert update["message"] and update["role"]
        if update["status"] in {"succeeded", "failed", "cancelled"}:
            assert update["endedAt"] and update["result"]
        if "stop" in update:
            assert set(update["stop"]) == {"trigger", "threshold", "value", "reason", "recentHistory"}
            assert update["stop"]["recentHistory"]


def test_counts_say_how_many_tasks_are_done() -> None:
    story = eventful()
    counts = [tuple(update["counts"].values()) for update in story.told("task_status_update")]

    assert counts[0] == (0, 0) and counts[-1] == (4, 4)
    assert counts == sorted(counts, key=lambda pair: (pair[1], pair[0]))


def test_usage_is_summed_up() -> None:
    story = eventful()
    (end,) = story.told("run.end")

    assert (end["tokens"], end["cost_usd"]) == (15, 0.25)
    assert story.told("task_status_update")[-1]["costUsd"] == 0.25


def test_each_role_is_delegated_to_and_comes_back_with_its_result() -> None:
    story = Story()
    story.start()
    story.plan("a")
    story.do("a/implement", "a/rebase", "a/review", "integrate")
    delegations = story.told("role_delegation")

    assert [(told["child_task_id"], told["role"], told.get("result")) for told in delegations] == [
        (f"{RUN}/-/analyze/1", "analyze", None),
        (f"{RUN}/-/analyze/1", "analyze", "ok"),
        ("a", "implement", None),
        ("a", "implement", "ok"),
        ("a", "review", None),
        ("a", "review", "ok"),
    ]
    for told in delegations:
        assert told["parent_task_id"] == RUN
        assert len(told["prompt_digest"]) == 16
        assert told["started_at"]
        assert ("ended_at" in told) == ("result" in told)


def test_every_announcement_names_its_run_its_intent_and_its_cause() -> None:
    story = eventful()
    causes = {event.event_id for event in story.log if event.parent_id is None}
    announced = [event for event in story.log if event.parent_id is not None]

    assert {event.parent_id for event in announced} <= causes
    assert {(event.run_id, event.intent_id) for event in announced} == {(RUN, "one")}


def test_the_end_of_a_run_says_what_became_of_everything() -> None:
    (end,) = eventful().told("run.end")

    assert set(end) == {
        "state", "outcome", "reason", "next_action", "branch", "commits", "status", "tasks", "tokens", "cost_usd",
        "budget", "started_at",
    }  # fmt: skip
    assert end["tasks"] == {"total": 4, "succeeded": 1, "failed": 2, "cancelled": 1}
    assert end["commits"] == [f"commit of {RUN}/a/implement/1", f"commit of {RUN}/b/implement/2"]
