"""From an analysis to Tasks, and what else an analysis may say."""

from __future__ import annotations

from engine.orchestrate.effects import UpdateIntent
from tests.orchestrate.story import Story


def test_an_analysis_is_told_what_the_other_active_intents_are_at() -> None:
    story = Story()
    story.start("one", "one-1")
    story.begin("analyze", "one-1")
    story.end("analyze", run_id="one-1", tasks=[{"id": "a", "plan": "p" * 300, "relevant_files": ["x.py", "y.py"]}])
    story.start("two", "two-1")
    story.start(None, "prompt-1")
    story.start("three", "three-1")

    told = story.current("analyze", "three-1").inputs["active_intents"]
    assert told == [
        {"id": "one", "title": "title of one", "status": "implementing", "relevant_files": ["x.py", "y.py"],
         "plan": "p" * 200},
        {"id": "two", "title": "title of two", "status": "analyzing", "relevant_files": [], "plan": ""},
    ]  # fmt: skip
    story.do("a/implement", "a/rebase", run_id="one-1")
    story.start("four", "four-1")
    (first, *_) = story.current("analyze", "four-1").inputs["active_intents"]
    assert first["status"] == "reviewing"


def test_a_models_bad_plan_is_given_back_with_what_is_wrong() -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    told = story.end("analyze", tasks=[{"id": "a", "depends_on": ["b"]}], session_id="s1")

    assert story.told("retry", told)[0]["reason"] == "Task `a` depends on `b`, which is no Task"
    inputs = story.current("analyze").inputs
    assert inputs["feedback"] == {"issues": ["Task `a` depends on `b`, which is no Task"]}
    assert inputs["session_id"] == "s1"
    story.plan("a")
    assert story.open() == ["a/implement"]


def test_a_persons_bad_plan_ends_the_run() -> None:
    story = Story()
    story.start(intent={"tasks": [{"id": "a", "depends_on": ["a"]}]})
    story.begin("analyze")
    story.end("analyze", tasks=[{"id": "a", "depends_on": ["a"]}])

    assert (story.ended().state, story.ended().status) == ("failed", "error")
    assert story.ended().reason == "these Tasks wait for each other: a"


def test_a_refused_analysis_ends_the_run() -> None:
    story = Story()
    story.start()
    told = story.end(
        "analyze", "refused", error={"class": "user", "message": "no such agent", "next_action": "install"}
    )

    assert story.told("error", told) == [{"class": "user", "message": "no such agent", "next_action": "install"}]
    assert (story.ended().reason, story.ended().status) == ("no such agent", "error")


def test_dependencies_that_an_analysis_finds_keep_its_plan() -> None:
    story = Story()
    story.start("two", "two-1")
    story.start("one", "one-1")
    story.plan("a", run_id="one-1", depends_on_intents=["two"])

    assert story.updates == [UpdateIntent("one", depends_on=("two",))]
    assert story.open("one-1") == []
    story.plan("b", run_id="two-1")
    story.do("b/implement", "b/rebase", "b/review", "integrate", run_id="two-1")
    assert story.open("one-1") == ["a/implement"]
