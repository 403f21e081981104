"""Roles: a coordinator delegates, others work side by side, a documenter makes the answer; and where that stops."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrate.rules.test_announcements import ALWAYS
from tests.orchestrate.story import RUN, Story

DELEGATED = {"parent_task_id", "child_task_id", "role", "prompt_digest", "started_at"}


def delegated(*shares: str, **limits: Any) -> Story:
    """A prompt whose coordinator has delegated, each share a `role: prompt`."""
    story = Story()
    story.prompt(limits=limits)
    story.begin("coordinator")
    pairs = [share.partition(": ") for share in shares or ("developer: write", "reviewer: judge")]
    story.end("coordinator", delegations=[{"role": role, "prompt": prompt} for role, _, prompt in pairs])
    return story


def failing(story: Story, name: str) -> None:
    story.begin(name)
    story.end(name, "failed", error={"class": "tool", "message": "exit 1"})


def test_roles_work_side_by_side_and_the_documenter_gets_every_result() -> None:
    story = delegated()
    assert story.open() == ["developer-1/developer", "reviewer-1/reviewer"]
    story.do("reviewer-1/reviewer")
    assert story.open() == ["developer-1/developer"]
    story.do("developer-1/developer")

    shares = story.current("documenter").inputs["shares"]
    assert [(share["task_id"], share["prompt"], share["text"]) for share in shares] == [
        ("developer-1", "write", f"text of {RUN}/developer-1/developer/1"),
        ("reviewer-1", "judge", f"text of {RUN}/reviewer-1/reviewer/1"),
    ]
    story.begin("documenter")
    told = story.end("documenter", text="the answer")
    assert story.told("result", told) == [{"response": "the answer", "taskId": RUN, "runId": RUN}]
    assert story.ended().state == "succeeded" and story.is_whole()


def test_a_role_sees_its_own_prompt_and_nobody_has_a_session_of_another() -> None:
    story = delegated("developer: one", "developer: two")
    inputs = [story.current(f"developer-{number}/developer").inputs for number in (1, 2)]
    assert [each["prompt"] for each in inputs] == ["one", "two"]
    assert [each["session_id"] for each in inputs] == [None, None]


def test_required_fields_of_roles_are_never_missing() -> None:
    story = delegated()
    story.do("developer-1/developer")
    failing(story, "reviewer-1/reviewer")
    story.do("reviewer-1/reviewer", "documenter")

    delegations = story.told("role_delegation")
    assert len(delegations) == 10
    for told in delegations:
        assert set(told) in (DELEGATED, DELEGATED | {"ended_at", "result"})
        assert all(told[name] for name in told)
    assert {told["child_task_id"]: told["parent_task_id"] for told in delegations if told["role"] in "developer"} == {
        "developer-1": RUN
    }
    for update in story.told("task_status_update"):
        assert ALWAYS <= set(update) <= ALWAYS | {"endedAt", "result", "stop"}
    ends = [update for update in story.told("task_status_update") if "endedAt" in update]
    assert [(end["taskId"], end["role"], end["status"]) for end in ends] == [
        ("developer-1", "developer", "succeeded"), ("reviewer-1", "reviewer", "succeeded"),
        (RUN, "documenter", "succeeded"),
    ]  # fmt: skip
    assert all(end["startedAt"] and end["result"] for end in ends)


def test_one_role_after_the_other_gives_the_same_answer_and_the_same_kinds_of_events() -> None:
    serial, parallel = delegated(), delegated()
    serial.do("developer-1/developer", "reviewer-1/reviewer", "documenter")
    parallel.begin("developer-1/developer")
    parallel.begin("reviewer-1/reviewer")
    parallel.end("reviewer-1/reviewer")
    parallel.end("developer-1/developer")
    parallel.do("documenter")

    assert sorted(event.type for event in serial.log) == sorted(event.type for event in parallel.log)
    assert serial.told("result", taskId=RUN) == parallel.told("result", taskId=RUN)


def test_a_role_recovers_on_retry() -> None:
    story = delegated(max_retries_per_role=1)
    failing(story, "developer-1/developer")
    assert story.current("developer-1/developer").attempt == 2
    story.do("developer-1/developer", "reviewer-1/reviewer", "documenter")

    assert story.ended().state == "succeeded"
    assert len(story.told("retry")) == 1 and story.told("stop") == []


def test_a_role_stops_at_the_retry_limit_and_the_others_stop_with_it() -> None:
    story = delegated(max_retries_per_role=1)
    story.begin("reviewer-1/reviewer")
    failing(story, "developer-1/developer")
    failing(story, "developer-1/developer")

    (stop,) = story.told("stop")
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_retries_per_role", 1, 2)
    assert [entry["result"] for entry in stop["recent_history"]] == ["failed", "failed"]
    assert story.cancels == [f"{RUN}/reviewer-1/reviewer/1"]
    story.end("reviewer-1/reviewer", "cancelled")
    assert story.ended().state == "failed" and "tried again 1 times: exit 1" in story.ended().reason
    (told,) = [update["stop"] for update in story.told("task_status_update") if "stop" in update]
    assert told == {**{name: stop[name] for name in stop if name != "recent_history"},
                    "recentHistory": stop["recent_history"]}  # fmt: skip


def test_delegating_the_same_over_and_over_is_stopped_by_loop() -> None:
    story = delegated("developer: Do it", "developer: do  IT", "developer: do it", "developer: do it", "reviewer: no")

    (stop,) = story.told("stop")
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_cycle_count", 3, 4)
    assert stop["reason"] and stop["recent_history"]
    for number in (1, 2, 3):
        story.end(f"developer-{number}/developer", "cancelled")
    assert story.ended().state == "failed" and stop["reason"] in story.ended().reason
    assert story.told("step.start") == story.told("step.start", step="coordinator")


def test_a_retry_counts_as_a_repeat_over_all_shares() -> None:
    story = delegated("developer: do it", "developer: do it", max_retries_per_role=5, max_cycle_count=3)
    failing(story, "developer-1/developer")
    failing(story, "developer-2/developer")

    assert [stop["trigger"] for stop in story.told("stop")] == ["max_cycle_count"]


@pytest.mark.parametrize(
    "output, what",
    [
        ({"delegations": [{"role": "artist", "prompt": "paint"}]}, "only to developer and reviewer"),
        ({"delegations": [{"role": "developer"}]}, "no `prompt`"),
        ({"delegations": "developer"}, "must be a list"),
        ({"delegations": []}, "nothing is said"),
    ],
)
def test_a_coordinator_is_told_what_was_wrong(output: dict[str, Any], what: str) -> None:
    story = Story()
    story.prompt()
    story.begin("coordinator")
    story.end("coordinator", session_id="s", **output)

    inputs = story.current("coordinator").inputs
    assert what in inputs["feedback"]["issues"][0] and inputs["session_id"] == "s"


def test_what_a_coordinator_says_itself_goes_to_the_documenter() -> None:
    story = Story()
    story.prompt("What is 2 + 2?")
    story.begin("coordinator")
    story.end("coordinator", delegations=[], text="4")

    (share,) = story.current("documenter").inputs["shares"]
    assert (share["role"], share["prompt"], share["text"]) == ("coordinator", "What is 2 + 2?", "4")


def test_a_flow_may_leave_a_role_out() -> None:
    story = Story()
    story.prompt(flow=("coordinator", "developer", "documenter"))
    assert story.current("coordinator").inputs["roles"] == ["developer"]


@pytest.mark.parametrize("begun", ["coordinator", "developer-1/developer", "documenter"])
def test_a_cancelled_prompt_ends_wherever_it_is(begun: str) -> None:
    story = Story()
    story.prompt()
    for name in ("coordinator", "developer-1/developer", "reviewer-1/reviewer", "documenter"):
        story.begin(name)
        if name == begun:
            break
        story.end(name)
    story.cancel()
    for name in story.open():
        story.end(name, "cancelled")
    assert story.ended().state == "cancelled" and story.is_whole()


def test_a_cancelled_share_ends_all_of_it() -> None:
    story = delegated()
    story.cancel("reviewer-1")
    for name in story.open():
        story.end(name, "cancelled")
    assert story.ended().state == "cancelled"


def test_what_a_person_accepts_of_a_role_counts() -> None:
    story = delegated("developer: write")
    story.begin("developer-1/developer")
    story.end("developer-1/developer", "question", kind="policy", question="agree?", text="done")
    story.answer(0, "yes")
    assert story.current("documenter").inputs["shares"][0]["text"] == "done"
