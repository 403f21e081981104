"""History: what a run was, in a file for people."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine.orchestrate.store.history import add_to_history, read_history, summary
from tests.orchestrate.story import RUN, Story

INTENT = {"title": 'Größe: a "quoted" title\n# no comment', "type": "fix", "source": "human", "risk": "low"}


def landed(run_id: str = RUN, again: bool = False) -> Story:
    story = Story()
    story.start(intent=INTENT, run_id=run_id)
    story.plan("a", run_id=run_id, usage={"input_tokens": 100, "output_tokens": 20}, cost_usd=0.5)
    story.end("a/implement", "failed", run_id=run_id, error={"class": "tool", "message": "exit 1"})
    story.do("a/implement", "a/rebase", run_id=run_id)
    story.end("a/review", "rejected", run_id=run_id, feedback={"text": "no"})
    story.do("a/implement", "a/rebase", "a/review", run_id=run_id)
    story.begin("integrate", run_id)
    story.end("integrate", run_id=run_id, added=7, removed=3)
    return story


def test_a_summary_says_what_was_done_what_it_cost_and_what_came_of_it() -> None:
    told = summary(landed().log)

    assert (told["title"], told["type"], told["source"], told["risk"]) == tuple(INTENT.values())
    assert told["flow"] == ["analyze", "implement", "review"]
    assert told["adjustments"] == ["a: implement tried again: exit 1", "a: review ended in rejected"]
    assert (told["outcome"], told["state"], told["reason"]) == (
        "success", "succeeded", "1 of 1 Tasks landed on penstock/landed",
    )  # fmt: skip
    assert told["lines"] == {"added": 7, "removed": 3}
    assert told["steps"][0] == {
        "step": "analyze", "result": "ok", "session_id": f"session of {RUN}/-/analyze/1", "input_tokens": 100,
        "output_tokens": 20, "cost_usd": 0.5, "ended_at": "2026-01-01T00:00:03Z",
    }  # fmt: skip
    assert [(step["step"], step["result"]) for step in told["steps"][1:4]] == [
        ("implement", "failed"), ("implement", "ok"), ("rebase", "ok"),
    ]  # fmt: skip
    assert told["started_at"] < told["ended_at"]


def test_a_run_that_did_not_land_counts_the_lines_of_its_tasks() -> None:
    story = Story()
    story.start()
    story.plan("a", "b")
    story.do("a/implement", "a/rebase", "a/review")
    story.end("b/implement", "refused", error={"class": "tool", "message": "exit 2"})
    told = summary(story.log)

    assert told["lines"] == {"added": 2, "removed": 1}
    assert (told["outcome"], told["reason"]) == ("failed", "1 of 2 Tasks done, 1 failed; first b: exit 2")
    assert told["commits"] == [f"commit of {RUN}/a/implement/1"]


def test_what_a_person_must_look_at_is_escalated() -> None:
    story = Story()
    story.start()
    story.plan("a")
    story.do("a/implement", "a/rebase", "a/review")
    for onto in ("tip 1", "tip 2"):
        story.begin("integrate")
        story.end("integrate", "conflict", task_id="a", onto=onto, files=["f"])
        if onto == "tip 1":
            story.do("a/implement", "a/review")
    told = summary(story.log)

    assert (told["outcome"], told["state"]) == ("escalated", "failed")
    assert "conflicts with what landed meanwhile again" in told["reason"]
    assert told["adjustments"][:2] == ["integrate ended in conflict", "integrate ended in conflict"]
    assert told["adjustments"][2].startswith("a: stopped: it conflicts")


def test_a_run_that_has_not_ended_has_no_summary() -> None:
    story = Story()
    story.start()
    with pytest.raises(ValueError, match="from its start to its end"):
        summary(story.log)


def test_runs_are_added_to_a_file_that_keeps_what_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    path = add_to_history(folder, landed().log)
    assert path == folder / "one.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# a person's remark", encoding="utf-8")
    add_to_history(folder, landed("one-00000002").log)

    assert "# a person's remark\n" in path.read_text(encoding="utf-8")
    assert [run["run_id"] for run in read_history(path)] == [RUN, "one-00000002"]
    assert read_history(path)[0] == summary(landed().log)
    assert len(list(yaml.safe_load_all(path.read_text(encoding="utf-8")))) == 2


def test_nothing_of_a_very_long_history_is_lost(tmp_path: Path) -> None:
    path = add_to_history(tmp_path, landed().log)
    assert path is not None
    long = path.read_bytes() + b"# a remark of a person\n" * 100_000
    path.write_bytes(long)
    add_to_history(tmp_path, landed("r2").log)

    assert path.read_bytes().startswith(long) and read_history(path)[-1]["run_id"] == "r2"


def test_writing_a_run_again_changes_nothing(tmp_path: Path) -> None:
    path = add_to_history(tmp_path, landed().log)
    assert path is not None
    before = path.read_bytes()
    add_to_history(tmp_path, landed().log)

    assert path.read_bytes() == before


def test_a_run_without_an_intent_has_no_history(tmp_path: Path) -> None:
    story = Story()
    story.start(None)
    story.cancel()
    story.end("analyze", "cancelled")

    assert add_to_history(tmp_path, story.log) is None
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_broken_file_is_read_as_no_runs(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [", encoding="utf-8")

    assert read_history(broken) == read_history(tmp_path / "missing.yaml") == []
