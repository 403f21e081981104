"""Trying again, and where that stops; every stop says why, everywhere alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orchestrate.limits import RECENT, Limits, Stop, backoff, digest, signature
from tests.orchestrate.story import RUN, Story


def begun(**limits: Any) -> Story:
    story = Story()
    story.start(limits=limits)
    story.plan("a")
    return story


def epoch(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


@pytest.mark.parametrize("result", ["failed", "timeout", "stalled", "rejected", "no such result"])
def test_a_step_that_failed_recovers_on_retry(result: str) -> None:
    story = begun()
    story.begin("a/implement")
    told = story.end("a/implement", result, error={"class": "tool", "message": "it broke"})

    effect = story.current("a/implement")
    assert (effect.key, effect.attempt) == (f"{RUN}/a/implement/2", 2)
    (retry,) = story.told("retry", told)
    assert retry["key"] == effect.key
    assert retry["not_before"] == effect.not_before
    assert 0.5 <= effect.not_before - epoch(story.log[-len(told) - 1].timestamp) <= 1.0
    story.do("a/implement", "a/rebase", "a/review", "integrate")
    assert story.ended().state == "succeeded"


def test_retries_stop_at_their_limit() -> None:
    story = begun(max_retries_per_role=2)
    for _ in range(2):
        story.begin("a/implement")
        told = story.end("a/implement", "failed", error={"class": "tool", "message": "exit 1"})
        assert story.told("stop", told) == []
    story.begin("a/implement")
    told = story.end("a/implement", "failed", error={"class": "tool", "message": "exit 1"})

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_retries_per_role", 2, 3)
    assert stop["reason"] == "implement failed and was tried again 2 times: exit 1"
    assert [entry["key"] for entry in stop["recent_history"]] == [f"{RUN}/a/implement/{n}" for n in (1, 2, 3)]
    assert story.open() == [] and story.ended().state == "failed"


def test_retries_of_a_role_are_counted_over_the_whole_run() -> None:
    story = begun(max_retries_per_role=1)
    story.end("a/implement", "failed")
    story.do("a/implement", "a/rebase")
    story.end("a/review", "rejected", feedback={"text": "no"})
    told = story.end("a/implement", "failed")

    assert [stop["trigger"] for stop in story.told("stop", told)] == ["max_retries_per_role"]


def test_no_retries_means_one_attempt() -> None:
    story = begun(max_retries_per_role=0)
    story.end("a/implement", "timeout")

    assert story.ended().reason.endswith("implement failed: timeout")


def test_what_was_refused_is_not_tried_again() -> None:
    story = begun()
    told = story.end(
        "a/implement", "refused", error={"class": "tool", "message": "nothing changed", "next_action": "x"}
    )

    assert story.told("retry", told) == []
    assert {"class": "tool", "message": "nothing changed", "next_action": "x"} in story.told("error", told)
    assert story.ended().state == "failed"


def test_a_failing_commit_hook_is_feedback_to_the_same_session() -> None:
    story = begun()
    story.end("a/implement", "failed", feedback={"text": "hook: no"}, session_id="s1")

    inputs = story.current("a/implement").inputs
    assert (inputs["feedback"], inputs["session_id"]) == ({"text": "hook: no"}, "s1")


def test_an_analysis_that_fails_for_good_ends_the_run() -> None:
    story = Story()
    story.start(limits={"max_retries_per_role": 1})
    story.end("analyze", "failed")
    told = story.end("analyze", "failed", error={"class": "network", "message": "offline"})

    assert story.ended().reason == "analyze failed and was tried again 1 times: offline"
    (end,) = story.told("task_status_update", told, taskId=RUN)
    assert end["stop"]["trigger"] == "max_retries_per_role"


def test_a_run_is_stopped_by_loop_when_it_asks_the_same_over_and_over() -> None:
    story = Story()
    story.start(limits={"max_cycle_count": 2})
    for index in range(2):
        story.begin("analyze")
        story.end("analyze", clarifications=["which?"])
        story.answer(index, "this one")
    story.begin("analyze")
    story.end("analyze", clarifications=["which?"])
    told = story.answer(2, "this one")

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_cycle_count", 2, 3)
    assert story.ended().state == "failed"


def test_alternating_prompts_are_a_loop_too() -> None:
    story = Story()
    story.start(limits={"max_cycle_count": 2})
    index, told = 0, []
    while story.state.runs:
        story.begin("analyze")
        story.end("analyze", clarifications=[f"question {index % 2}?"])
        told = story.answer(index, f"answer {index % 2}")
        index += 1

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["value"]) == ("max_cycle_count", 3)
    assert index == 5


def test_retries_are_repeats_too() -> None:
    story = begun(max_retries_per_role=9, max_cycle_count=3)
    for _ in range(2):
        story.end("a/implement", "failed")
    told = story.end("a/implement", "failed")

    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_cycle_count", 3, 4)


def test_a_new_commit_resets_the_repeats() -> None:
    story = begun(max_retries_per_role=9, max_cycle_count=2, max_review_retries=9)
    for _ in range(4):
        story.end("a/implement", "failed")
        story.do("a/implement", "a/rebase")
        story.end("a/review", "rejected", feedback={"text": "the same every time"})

    assert story.open() == ["a/implement"]


def test_log_notification_and_run_agree_on_a_stop() -> None:
    story = begun(max_retries_per_role=0)
    story.begin("a/implement")
    told = story.end("a/implement", "failed", error={"class": "tool", "message": "exit 1"})

    (stop,) = story.told("stop", told)
    (update,) = story.told("task_status_update", told, taskId="a")
    renamed = {**stop, "recentHistory": stop["recent_history"]}
    del renamed["recent_history"]
    assert update["stop"] == renamed
    assert update["message"] == stop["reason"]
    assert stop["reason"] in story.ended().reason
    assert stop["reason"] in str(story.told("run.end", told)[0]["reason"])
    assert story.told("error", told)[0]["message"] == stop["reason"]


def test_past_a_threshold_nothing_continues() -> None:
    story = Story()
    story.start(limits={"max_retries_per_role": 0})
    story.plan("a", "b:a", "c:b")
    story.end("a/implement", "failed")

    assert story.effects and story.open() == [] and story.state.runs == {}


def test_a_stop_tells_of_the_last_ten_endings() -> None:
    story = begun(max_retries_per_role=20, max_cycle_count=15)
    while story.state.runs:
        told = story.end("a/implement", "failed")

    (stop,) = story.told("stop", told)
    assert [entry["key"] for entry in stop["recent_history"]] == [f"{RUN}/a/implement/{n}" for n in range(6, 16)]
    assert set(stop["recent_history"][0]) == {"key", "step", "attempt", "result", "message", "ended_at"}


@given(st.integers(1, 2000), st.text(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_backoff_doubles_up_to_its_cap_and_its_jitter_is_that_of_the_event(
    retry: int, event_id: str, base: float, cap: float
) -> None:
    limits = Limits(retry_base_seconds=base, retry_cap_seconds=cap)
    delay, whole = backoff(limits, retry, event_id), min(cap, base * 2.0 ** min(retry - 1, 62))

    assert whole / 2 - 0.001 <= delay <= whole + 0.001
    assert delay == backoff(limits, retry, event_id)


def test_jitter_differs_from_event_to_event() -> None:
    assert len({backoff(Limits(), 1, str(number)) for number in range(100)}) > 90


def test_prompts_that_differ_in_white_space_and_case_only_are_the_same() -> None:
    assert digest({"text": "Do  it\n now"}) == digest({"text": "do it NOW"})
    assert digest({"text": "do it"}) != digest({"text": "do that"})
    assert signature("review", "x") != signature("implement", "x")


def test_limits_have_the_defaults_that_were_asked_for() -> None:
    limits = Limits()
    assert (limits.max_parallel_roles, limits.max_retries_per_role, limits.max_cycle_count) == (4, 2, 3)
    assert limits.max_review_retries == 2
    assert Limits.of({"max_cycle_count": 7, "unknown": 1}) == Limits(max_cycle_count=7)


@pytest.mark.parametrize("value", [True, "3", 0, -1, 2.5, None])
def test_a_limit_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="max_cycle_count"):
        Limits.of({"max_cycle_count": value})


def test_a_stop_says_everything() -> None:
    history = ({"key": "k"},) * RECENT
    assert Stop("max_conflicts", 1, 2, "why", history).payload() == {
        "trigger": "max_conflicts",
        "threshold": 1,
        "value": 2,
        "reason": "why",
        "recent_history": [{"key": "k"}] * RECENT,
    }
