"""Tasks: at once or in order, what a failed one takes with it, and how a run ends by that."""

from __future__ import annotations

from typing import Any

import pytest

from engine.orchestrate.effects import UpdateIntent
from engine.orchestrate.task import BadPlan, Tasks, check_plan
from tests.orchestrate.story import RUN, Story

WHOLE = ("implement", "rebase", "review")


def through(story: Story, *tasks: str) -> None:
    for task in tasks:
        story.do(*(f"{task}/{step}" for step in WHOLE))


def planned(*tasks: str, **settings: Any) -> Story:
    story = Story()
    story.start(**settings)
    story.plan(*tasks)
    return story


def test_independent_tasks_are_asked_for_at_once_and_dependents_in_order() -> None:
    story = planned("d:b c", "c:a", "b:a", "a", "e")

    assert set(story.open()) == {"a/implement", "e/implement"}
    through(story, "a")
    assert set(story.open()) == {"b/implement", "c/implement", "e/implement"}
    through(story, "b")
    assert set(story.open()) == {"c/implement", "e/implement"}
    through(story, "c", "d")
    assert story.open() == ["e/implement"]
    through(story, "e")
    assert [task["id"] for task in story.current("integrate").inputs["tasks"]] == ["a", "e", "c", "b", "d"]


def test_a_rebase_stands_between_implement_and_review() -> None:
    story = planned("a")
    for name in ("a/implement", "a/rebase", "a/review"):
        assert story.open() == [name]
        story.do(name)
    assert story.open() == ["integrate"]


def test_a_failed_task_fails_those_that_depend_on_it_and_lets_the_others_go_on() -> None:
    story = planned("a", "b:a", "c:b", "d")
    story.begin("a/implement")
    story.end("a/implement", "refused", error={"class": "tool", "message": "no such command"})

    assert story.task("b").reason == "dependency failed: a"
    assert story.task("c").reason == "dependency failed: b"
    assert story.open() == ["d/implement"]
    through(story, "d")
    assert story.open() == []
    assert (story.ended().state, story.ended().outcome, story.ended().status) == ("failed", "failed", "blocked")
    assert story.ended().reason == "1 of 4 Tasks done, 3 failed; first a: no such command"
    assert story.told("land") == []
    assert story.updates == [UpdateIntent("one", status="blocked")]
    assert story.statuses("d") == ["pending", "running", "succeeded"]


def test_if_every_task_fails_the_intent_is_an_error() -> None:
    story = planned("a", "b:a")
    story.end("a/implement", "refused")

    assert (story.ended().state, story.ended().status) == ("failed", "error")


def test_a_finished_task_tells_of_its_commit_and_its_diff() -> None:
    story = planned("a")
    story.begin("a/implement")
    told = story.end("a/implement")
    commit = f"commit of {RUN}/a/implement/1"

    assert story.told("commit", told) == [
        {
            "commit": commit,
            "commits": [commit],
            "branch": f"penstock/{RUN}/a",
            "start_commit": "base",
            "key": f"{RUN}/a/implement/1",
        }
    ]
    assert story.told("diff", told) == [
        {"start_commit": "base", "commit": commit, "files": ["a.txt"], "added": 2, "removed": 1}
    ]


def test_an_implementation_without_a_commit_is_no_success() -> None:
    story = planned("a")
    story.begin("a/implement")
    told = story.end("a/implement", commit="base", commits=[])

    assert [payload["reason"] for payload in story.told("retry", told)] == ["nothing changed"]


def test_an_empty_change_is_a_success_where_it_is_allowed() -> None:
    story = planned("a")
    story.begin("a/implement")
    told = story.end("a/implement", commit="base", commits=[], allow_empty=True)

    assert story.open() == ["a/rebase"]
    assert story.told("commit", told) == []


def test_a_flow_without_reviews_goes_from_the_rebase_to_the_integration() -> None:
    story = planned("a", flow=["analyze", "implement"])
    story.do("a/implement", "a/rebase")

    assert story.open() == ["integrate"]


def test_a_flow_without_an_analysis_has_one_task() -> None:
    story = Story()
    story.start(flow=["implement", "review"])
    assert story.open() == ["task/implement"]
    through(story, "task")
    assert story.open() == ["integrate"]


@pytest.mark.parametrize("flow", [["implement", "sing"], ["analyze"], []])
def test_a_flow_that_is_not_known_ends_the_run_with_the_reason(flow: list[str]) -> None:
    story = Story()
    story.start(flow=flow)

    assert story.ended().state == "failed"
    assert "are no Flow" in story.ended().reason


@pytest.mark.parametrize(
    "specs, words",
    [
        ([], "names no Tasks"),
        (None, "names no Tasks"),
        (["a"], "is not a mapping"),
        ([{"id": "a"}, {"id": "A"}], "two Tasks are called `A`"),
        ([{"id": "a/b"}], "letters, digits"),
        ([{"id": ""}], "letters, digits"),
        ([{"id": "x" * 65}], "letters, digits"),
        ([{"id": "a", "depends_on": ["b"]}], "`b`, which is no Task"),
        ([{"id": "a", "depends_on": "a"}], "must be a list"),
        ([{"id": "a", "depends_on": ["a"]}], "wait for each other: a"),
        (
            [{"id": "a", "depends_on": ["b"]}, {"id": "b", "depends_on": ["a"]}, {"id": "c"}],
            "wait for each other: a, b",
        ),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(specs: object, words: str) -> None:
    with pytest.raises(BadPlan, match=words):
        check_plan(specs)


def test_tasks_are_a_mapping_that_is_changed_by_copying() -> None:
    tasks = Tasks(check_plan([{"id": f"t{number}"} for number in range(100)]))
    changed = tasks.put(type(tasks["t70"])("t70", reason="new"))

    assert (tasks["t70"].reason, changed["t70"].reason) == ("", "new")
    assert list(changed) == list(tasks) == [f"t{number}" for number in range(100)]
    assert len(changed) == 100 and changed != tasks and changed.put(tasks["t70"]) == tasks
    with pytest.raises(KeyError):
        tasks.put(type(tasks["t70"])("other"))
