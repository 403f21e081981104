"""Audit records: whatever happens, each has every field, and says who did what."""

from __future__ import annotations

from typing import Any

import pytest

from engine.orchestrate.audit import NOTIFICATIONS, OF_A_STOP, REQUIRED, Agreement, record_of
from engine.orchestrate.events import ANNOUNCEMENTS, CAUSES, Event
from tests.orchestrate.simulation import simulate
from tests.orchestrate.story import RUN, Story

ADA = Agreement("Ada", "2026-01-01T00:00:00Z", "cli")
_RESULTS = {"allowed", "asked", "refused", "stopped"}


def records(events: list[Event]) -> list[dict[str, Any]]:
    """The records of a log, each cause with what was announced because of it."""
    told = []
    for place, event in enumerate(events):
        announced = []
        for later in events[place + 1 :]:
            if later.parent_id != event.event_id:
                break
            announced.append(later)
        if event.type not in NOTIFICATIONS:
            told.append(record_of(event, announced, ADA))
    return told


def check(record: dict[str, Any]) -> None:
    assert set(record) - set(OF_A_STOP) == set(REQUIRED)
    for name in set(REQUIRED) - {"approval", "run_id", "task_id"}:
        assert record[name], (name, record)
    assert record["policy_result"] in _RESULTS
    assert record["actor"] != "unknown", record
    if record["approval"] is not None:
        assert all(record["approval"][name] for name in ("by", "at", "mode"))
    if record["action"] == "stop":
        assert record["value"] >= record["threshold"] >= 0 and record["trigger"]
        assert record["value"] > record["threshold"] or record["trigger"].startswith("budget.")  # reached, not passed
        assert isinstance(record["recent_history"], list)
    else:
        assert not set(record) & set(OF_A_STOP)


def test_required_fields_are_missing_in_no_record_of_many_worlds() -> None:
    seen: set[str] = set()
    for seed in range(40):
        events = simulate(seed, intents=5).log
        seen |= {event.type for event in events}
        for record in records(events):
            check(record)

    from_elsewhere = {"tool_call", "prune", "parallelism", "trust", "policy"}
    assert seen == (CAUSES | ANNOUNCEMENTS) - from_elsewhere


@pytest.mark.parametrize("kind", sorted((CAUSES | ANNOUNCEMENTS | {"something new"}) - NOTIFICATIONS))
def test_an_event_that_says_nothing_has_a_whole_record_too(kind: str) -> None:
    event = Event(type=kind, event_id="e", sequence=1, timestamp="2026-01-01T00:00:00Z")
    record = record_of(event, [], None)

    assert set(REQUIRED) <= set(record)
    assert all(record[name] for name in set(REQUIRED) - {"approval", "run_id", "task_id"})


def whole_story() -> list[dict[str, Any]]:
    story = Story()
    story.start()
    story.plan("a")
    story.begin("a/implement")
    story.end("a/implement", "question", question="It changes penstock.toml. Agree?", kind="policy")
    story.answer(0, "yes")
    story.answer(0, "yes")
    story.do("a/implement", "a/rebase", "a/review", "integrate")
    return records(story.log)


def of(told: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    return [record for record in told if record["action"] == action]


def test_it_says_who_did_what_to_what_and_why() -> None:
    told = whole_story()

    assert [(r["actor"], r["target"], r["reason"]) for r in of(told, "approve")] == [
        ("Ada", "one", "the Intent as it is, hash of one")
    ]
    assert of(told, "step.start")[0]["actor"] == "agent:analyze"
    assert of(told, "step.start")[0]["target"] == f"{RUN}/-/analyze/1"
    assert [r["reason"] for r in of(told, "question")] == ["It changes penstock.toml. Agree?"]
    assert [r["policy_result"] for r in of(told, "question")] == ["asked"]
    (land,) = of(told, "land")
    assert (land["actor"], land["target"], land["approval"]["by"]) == ("penstock", "penstock/landed", "Ada")
    assert of(told, "run.end")[0]["target"] == RUN


def test_an_answer_that_came_to_nothing_is_refused_and_agrees_to_nothing() -> None:
    first, second = of(whole_story(), "answer")

    assert (first["actor"], first["policy_result"], first["approval"]["by"]) == ("Ada", "allowed", "Ada")
    assert (second["policy_result"], second["approval"]) == ("refused", None)


def test_a_stop_carries_trigger_threshold_value_and_history() -> None:
    story = Story()
    story.start(limits={"max_retries_per_role": 1})
    for _ in range(2):
        story.begin("analyze")
        story.end("analyze", "failed", error={"class": "tool", "message": "exit 1"})
    (stop,) = of(records(story.log), "stop")

    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_retries_per_role", 1, 2)
    assert [entry["message"] for entry in stop["recent_history"]] == ["exit 1", "exit 1"]
    assert stop["policy_result"] == "stopped" and "exit 1" in stop["reason"]
