"""What agents are told in words."""

from __future__ import annotations

from typing import Any

import pytest

from engine.orchestrate.steps.prompts import analysis, implementation, review_of
from tests.orchestrate.story import Story

INTENT = {"id": "fix-login", "title": "Fix the login", "type": "fix", "body": "It fails for é.", "clarifications": []}
TASK = {"id": "form", "title": "The form", "plan": "Mend it.", "relevant_files": ["a.py", "b.py"], "complexity": "low"}
ANSWERED = [{"question": "Which?", "answer": "the second"}, {"question": "When?", "answer": None}]


def inputs(**more: Any) -> dict[str, Any]:
    return {"intent": INTENT, "task": TASK, "answers": [], "feedback": None, "session_id": None, **more}


@pytest.mark.parametrize("prompt", [analysis, implementation, lambda given: review_of(given, truncated=False)])
def test_every_role_is_told_the_intent(prompt: Any) -> None:
    told = prompt(inputs())

    assert told.startswith("# Fix the login (fix-login, fix)\n\nIt fails for é.\n")
    assert "Answers" not in told and "Others" not in told and "mended" not in told.partition("diff_path")[0]


def test_an_analysis_knows_what_others_are_at() -> None:
    other = {
        "id": "b", "title": "Other", "status": "implementing", "relevant_files": ["c.py"], "plan": "Do it.",
    }  # fmt: skip

    assert "## Others at work\n\n- b: Other (implementing): c.py Do it.\n" in analysis(inputs(active_intents=[other]))


@pytest.mark.parametrize("prompt", [analysis, implementation])
def test_what_a_person_answered_in_the_file_is_told_and_what_is_open_is_not(prompt: Any) -> None:
    told = prompt(inputs(intent={**INTENT, "clarifications": ANSWERED}))

    assert "## Answers\n\nWhich?\nthe second\n" in told and "When?" not in told


def test_a_session_that_asked_is_told_the_answers_only() -> None:
    told = analysis(inputs(answers=ANSWERED[:1], session_id="s"))

    assert told.startswith("## Answers\n\nWhich?\nthe second\n") and "login" not in told
    assert analysis(inputs(session_id="s")) == analysis(inputs())
    assert "login" in analysis(inputs(answers=ANSWERED[:1]))


def test_an_implementation_is_told_its_task() -> None:
    told = implementation(inputs())

    assert "## Task form: The form\n\nMend it.\n\nRelevant files: a.py, b.py\n\nComplexity: low\n" in told
    assert "Relevant" not in implementation(inputs(task={"id": "t"}))


@pytest.mark.parametrize("prompt", [analysis, implementation])
def test_feedback_is_told_with_places_and_suggestions(prompt: Any) -> None:
    issues = [{"path": "a.py", "line": 3, "message": "wrong"}, {"message": "missing"}, "in words"]
    told = prompt(inputs(feedback={"text": "No.", "issues": issues, "suggestions": ["shorter"], "output": "E: 1"}))

    wanted = ["What must be mended", "No.", "- a.py:3: wrong", "- missing", "- in words", "- perhaps: shorter", "E: 1"]
    places = [told.index(part) for part in wanted]
    assert places == sorted(places)


def test_a_reviewer_is_told_the_plan_and_where_the_diff_is() -> None:
    told = review_of(inputs(), truncated=False)

    assert "Mend it." in told and "`diff_path` names, the current" in told
    assert "(cut at its end)" in review_of(inputs(), truncated=True)


def test_what_was_answered_during_the_analysis_reaches_the_implementation() -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    story.end("analyze", "question", clarifications=["Which?"])
    story.answer(0, "the second")
    story.plan("t")

    assert story.current("t/implement").inputs["answers"] == [{"question": "Which?", "answer": "the second"}]
