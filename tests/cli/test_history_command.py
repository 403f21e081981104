"""`penstock history`: what is said of wishes that came to nothing."""

from __future__ import annotations

from engine.cli.intents.status import telling
from tests.orchestrate.story import Story


def said(story: Story) -> list[str]:
    return [told[0] for _, told in telling(story.log) if told is not None]


def test_an_answer_that_came_too_late_is_no_answer() -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    story.end("analyze", "question", clarifications=["Which?"])
    story.answer(0, "first")
    story.answer(0, "second")
    story.cancel("nobody")

    told = said(story)

    assert told[-3] == "answered by Ada: first"
    assert told[-2].startswith("answer refused: question 0 of run")
    assert told[-1].startswith("cancel refused: run")


def test_a_no_that_ends_a_task_is_an_answer() -> None:
    story = Story()
    story.start()
    story.plan("a")
    story.begin("a/implement")
    story.end("a/implement", "question", question="It changes penstock.toml. Agree?", kind="policy")
    story.answer(0, "no")

    told = said(story)

    assert "answered by Ada: no" in told and not any("refused:" in line and "answer" in line for line in told)

