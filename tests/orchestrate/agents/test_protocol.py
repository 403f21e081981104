"""What each role may answer, and how a mistake in it is told."""

import json

import pytest

from engine.orchestrate.agents.protocol import RESULTS, Request, read_result
from engine.orchestrate.agents.results import NoResult

TASK = {"id": "a", "title": "Do it", "plan": "so", "relevant_files": ["x"], "depends_on": [], "complexity": "low"}


@pytest.mark.parametrize("role, answer", [
    ("analyze", {"tasks": [TASK], "observations": ["odd", {"content": "c", "evidence": [{"type": "f", "ref": "x"}]}]}),
    ("analyze", {"child_intents": [{"title": "One", "body": "b"}]}),
    ("analyze", {"clarifications": ["Which?"]}),
    ("analyze", {"depends_on_intents": ["add-logger"]}),
    ("implement", {"summary": "s", "session_id": "i", "usage": {"input_tokens": 3, "output_tokens": 4}, "cost_usd": 0}),
    ("review", {"approved": False, "issues": [{"path": "a", "line": 3, "severity": "error", "message": "no"}]}),
    ("review", {"approved": True, "suggestions": ["x"]}),
    ("reflect", {"intents": [{"title": "Next", "body": "", "type": "fix", "risk": "low"}]}),
    ("audit", {"observations": [{"content": "c", "evidence": []}]}),
    ("observe", {"patterns": [{"any": "shape"}, "text"]}),
    ("abstract", {"skills": [{"name": "n", "description": "d", "instructions": "i"}]}),
    ("coordinator", {"delegations": [{"role": "developer", "prompt": "p"}]}),
    ("documenter", {"text": "all of it"}),
])  # fmt: skip
def test_a_result_keeps_what_was_said(role, answer):
    result = read_result(role, "Thinking…\n" + json.dumps(answer)).model_dump(exclude_unset=True)

    assert result == answer


@pytest.mark.parametrize("role, answer, place", [
    ("analyze", {"tasks": [TASK, {**TASK, "id": "../b"}]}, r"tasks\[1\].id: "),
    ("analyze", {"tasks": [{"id": "a"}]}, r"tasks\[0\].title: Field required"),
    ("analyze", {"tasks": [TASK], "clarifications": ["?"]}, "tasks and clarifications exclude each other"),
    ("analyze", {"tasks": []}, "there are no tasks, no child_intents and no clarifications"),
    ("analyze", {"clarifications": ["  "]}, r"clarifications\[0\]: "),
    ("review", {"approved": "yes"}, "approved: Input should be a valid boolean"),
    ("review", {"issues": []}, "approved: Field required"),
    ("review", {"approved": False, "issues": [{"line": 0, "message": "m"}]}, r"issues\[0\].line: "),
    ("implement", {"usage": {"input_tokens": -1}}, "usage.input_tokens: "),
    ("implement", {"cost_usd": -1}, "cost_usd: "),
    ("implement", {"summary": 7}, "summary: "),
    ("documenter", {}, "there is no text"),
    ("reflect", {"intents": [{"title": "t", "risk": "huge"}]}, r"intents\[0\].risk: "),
])  # fmt: skip
def test_a_mistake_is_told_with_its_place(role, answer, place):
    with pytest.raises(NoResult, match=f"^the result is not one of {role}: .*{place}"):
        read_result(role, json.dumps(answer))


def test_only_some_of_many_mistakes_are_told():
    with pytest.raises(NoResult, match=r"and 95 more$"):
        read_result("abstract", json.dumps({"skills": [{"name": "n", "description": "d"}] * 100}))


def test_more_than_was_asked_for_is_passed_over_and_a_task_brings_no_command():
    result = read_result("analyze", json.dumps({"tasks": [{**TASK, "run": "rm -rf /"}], "mood": "good"}))

    assert result.model_dump()["tasks"] == [TASK]


def test_implement_may_say_nothing_and_others_may_not():
    assert read_result("implement", "I did it.").model_dump()["summary"] == ""
    for role in RESULTS.keys() - {"implement"}:
        with pytest.raises(NoResult):
            read_result(role, "I did it.")


def test_a_request_is_one_object_with_all_its_keys():
    request = Request(run_id="r", intent={"title": "t"}, role="implement", prompt="p", task=TASK, worktree="/w")

    assert json.loads(request.model_dump_json()) == {
        "schema_version": 1,
        "run_id": "r",
        "intent": {"title": "t"},
        "role": "implement",
        "task": TASK,
        "worktree": "/w",
        "prompt": "p",
        "context": {"active_intents": [], "feedback": None, "answers": [], "diff_path": None},
        "session_id": None,
    }
