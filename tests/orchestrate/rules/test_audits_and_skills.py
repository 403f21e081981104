"""The Flows for audits and for skills, step by step."""

from __future__ import annotations

import pytest

from engine.orchestrate.flow import FLOWS
from tests.orchestrate.story import RUN, Story


def skills(**found: object) -> Story:
    """A run that looks for skills, whose agents find this."""
    story = Story()
    story.start(flow=list(FLOWS["skill_extraction"]))
    story.begin("observe")
    story.end("observe", patterns=found.get("patterns", [{"name": "p"}]))
    if story.open():
        story.begin("abstract")
        story.end("abstract", skills=found.get("skills", [{"name": "A skill", "description": "", "instructions": ""}]))
    return story


def test_an_audit_is_reported_and_the_report_is_the_answer() -> None:
    story = Story()
    story.start(flow=list(FLOWS["audit"]))
    story.begin("audit")
    story.end("audit", observations=[{"content": "x"}])
    assert story.current("report").inputs["observations"] == [{"content": "x"}]
    story.begin("report")
    told = story.end("report", observed=["o1"], path=".penstock/reports/r.md", text="# Audit")

    assert story.told("result", told) == [{"response": "# Audit", "taskId": RUN, "runId": RUN}]
    assert (story.ended().state, story.ended().status) == ("succeeded", "done")
    assert story.ended().reason == "1 observation, in .penstock/reports/r.md" and story.is_whole()


def test_an_audit_that_says_nothing_is_tried_again_and_one_that_fails_ends_it() -> None:
    story = Story()
    story.start(flow=list(FLOWS["audit"]), limits={"max_retries_per_role": 1})
    story.end("audit")
    assert story.current("audit").attempt == 2
    story.end("audit", "failed", error={"class": "tool", "message": "exit 1"})
    assert story.ended().state == "failed"


def test_skills_are_recorded_by_a_task_that_lands_like_any_other() -> None:
    story = skills()
    assert story.open() == ["record/record"]
    assert story.current("record/record").inputs["task"]["skills"][0]["name"] == "A skill"
    story.begin("record/record")
    story.end("record/record", start_commit="base", commit="c1", files=[".claude/skills/a-skill/SKILL.md"])
    assert [told["commit"] for told in story.told("commit")] == ["c1"]
    story.do("record/rebase", "integrate")

    assert story.ended().state == "succeeded" and len(story.told("land")) == 1 and story.is_whole()


@pytest.mark.parametrize("found", [{"patterns": []}, {"skills": []}])
def test_nothing_to_go_on_with_ends_it_early_and_well(found: dict[str, object]) -> None:
    story = skills(**found)
    assert story.open() == [] and story.ended().state == "succeeded"
    assert story.told("step.start", step="record") == []


def test_skills_that_conflict_are_recorded_again_on_the_updated_base() -> None:
    story = skills()
    story.begin("record/record")
    story.end("record/record", start_commit="base", commit="c1")
    story.begin("record/rebase")
    story.end("record/rebase", "conflict", files=["f"], onto="new")
    assert story.current("record/record").inputs["onto"] == "new"
