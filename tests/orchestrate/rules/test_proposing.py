"""Intents that agents propose: the children that one is divided into, and what reflection wants done next."""

from __future__ import annotations

import pytest

from tests.orchestrate.story import RUN, Story


def divided(*, intent: dict[str, object] | None = None) -> Story:
    """An Intent that was divided into two."""
    story = Story()
    story.start(intent=intent or {})
    story.begin("analyze")
    story.end("analyze", tasks=[], child_intents=[{"title": "a", "body": ""}, {"title": "b", "body": ""}])
    story.do("propose")
    return story


def landed(unprocessed: int = 1) -> Story:
    """A run that has just landed."""
    story = Story()
    story.start()
    story.plan("a")
    story.do("a/implement", "a/rebase", "a/review")
    story.begin("integrate")
    story.end("integrate", unprocessed=unprocessed)
    return story


def run_child(story: Story, name: str) -> None:
    story.start(name, f"{name}-r")
    story.begin("analyze", f"{name}-r")
    story.end("analyze", run_id=f"{name}-r", tasks=[{"id": "t"}])
    story.do("t/implement", "t/rebase", "t/review", "integrate", run_id=f"{name}-r")


def test_a_parent_is_done_when_its_children_are() -> None:
    story = divided()
    assert story.open() == [] and story.run().waits_for == ("child-1", "child-2")
    run_child(story, "child-1")
    assert story.run().waits_for == ("child-2",)
    run_child(story, "child-2")

    assert (story.ended().state, story.ended().status) == ("succeeded", "done")
    assert story.ended().reason == "its parts are done: child-1, child-2" and story.is_whole()
    assert not story.told("step.start", step="reflect")


def test_children_are_written_as_proposals_of_their_parent() -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    story.end("analyze", child_intents=[{"title": "a", "body": "b"}])

    inputs = story.current("propose").inputs
    assert (inputs["parent"], inputs["proposals"]) == ("one", [{"title": "a", "body": "b"}])


def test_a_child_that_is_rejected_ends_its_parent_with_what_to_do() -> None:
    story = divided()
    story.happens("approval", {"action": "reject", "hash": "h", "by": "Ada"}, intent_id="child-1")

    assert story.ended().state == "failed" and story.ended().reason == "dependency `child-1` ended cancelled"
    assert story.ended().next_action == "penstock approve child-1 one --again"


def test_a_parent_whose_children_are_there_is_not_divided_again() -> None:
    story = Story()
    story.start(children=["child-1"])
    assert story.open() == [] and story.run().waits_for == ("child-1",)
    run_child(story, "child-1")
    assert story.ended().state == "succeeded"


@pytest.mark.parametrize("children", ["text", [{"body": "no title"}], [{"title": str(n)} for n in range(21)]])
def test_what_is_no_list_of_intents_is_tried_again(children: object) -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    story.end("analyze", child_intents=children)
    assert story.current("analyze").attempt == 2


def test_a_waiting_parent_can_be_cancelled() -> None:
    story = divided()
    story.cancel()
    assert story.ended().state == "cancelled"


def test_reflection_follows_a_landing_where_something_was_noticed() -> None:
    story = landed()
    assert story.open() == ["reflect"] and story.statuses("a")[-1] == "succeeded"
    story.begin("reflect")
    story.end("reflect", intents=[{"title": "next"}], processed=["o1"])
    assert story.current("propose").inputs["processed"] == ["o1"]
    story.do("propose")

    assert story.ended().state == "succeeded" and list(story.ended().commits) == list(story.told("land")[0]["commits"])
    assert len(story.told("land")) == 1 and story.is_whole()


def test_what_was_looked_at_counts_as_processed_where_nothing_is_proposed() -> None:
    story = landed()
    story.begin("reflect")
    story.end("reflect", intents=[], processed=["o1", "o2"])
    assert story.current("propose").inputs["processed"] == ["o1", "o2"]


def test_nothing_noticed_is_nothing_to_reflect_on() -> None:
    assert landed(0).ended().state == "succeeded"


def test_a_run_with_children_is_not_reflected_on() -> None:
    story = Story()
    story.start(children=["child-1"])
    run_child(story, "child-1")
    assert not story.told("step.start", step="reflect")


@pytest.mark.parametrize("result", ["refused", "failed", "cancelled"])
def test_whatever_becomes_of_a_reflection_what_landed_has_succeeded(result: str) -> None:
    story = landed()
    if result == "cancelled":
        story.cancel()
    while story.open():
        story.end("reflect", result, error={"class": "tool", "message": "no"})

    assert story.ended().state == "succeeded" and story.ended().branch == "penstock/landed"
    assert bool(story.told("error")) == (result != "cancelled")


def test_other_runs_need_not_wait_for_a_reflection() -> None:
    story = landed()
    assert story.state.queue == ()


def test_a_prompt_is_divided_into_tasks_only() -> None:
    story = Story()
    story.prompt(flow=("analyze", "implement", "review"))
    story.begin("analyze")
    story.end("analyze", child_intents=[{"title": "a"}])
    assert story.current("analyze").attempt == 2
    assert RUN in story.state.runs
