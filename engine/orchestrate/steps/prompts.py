"""What agents are told, in words: the Intent, the Task, what a person answered, what a review found.

Everything said here stands in the request's fields as well; the words are for agents that read nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.orchestrate.flow import DUTIES

__all__ = ["analysis", "audit_of", "implementation", "of_role", "reflection", "review_of"]

Inputs = Mapping[str, Any]


def analysis(inputs: Inputs) -> str:
    """What an analysis is about: the whole Intent, or, for a session that asked, the answers only."""
    answers = inputs.get("answers") or []
    if answers and inputs.get("session_id"):
        return _joined(["## Answers", *_told(answers), "Go on with the analysis."])
    parts = [*_intent(inputs), *_answers(inputs), *_feedback(inputs)]
    others = inputs.get("active_intents") or []
    if others:
        parts += ["## Others at work", *(_other(other) for other in others)]
    return _joined([*parts, "Divide this into Tasks, or ask what only a person can decide; answer with a JSON object."])


def implementation(inputs: Inputs) -> str:
    """What is to be done for one Task."""
    task = inputs["task"]
    parts = [*_intent(inputs), f"## Task {task['id']}: {task.get('title') or ''}"]
    if task.get("plan"):
        parts.append(str(task["plan"]))
    if task.get("relevant_files"):
        parts.append("Relevant files: " + ", ".join(task["relevant_files"]))
    if task.get("complexity"):
        parts.append(f"Complexity: {task['complexity']}")
    return _joined([*parts, *_answers(inputs), *_feedback(inputs),
                    "Work in the current folder, on its branch, and commit."])  # fmt: skip


def review_of(inputs: Inputs, *, truncated: bool) -> str:
    """What a reviewer judges."""
    task = inputs["task"]
    cut = " (cut at its end)" if truncated else ""
    return _joined([
        *_intent(inputs),
        f"## Task {task['id']}: {task.get('title') or ''}",
        str(task.get("plan") or ""),
        f"The diff is in the file that `diff_path` names{cut}, the current folder is a checkout of it; change nothing.",
        "Approve it, or say what must be mended; answer with a JSON object.",
    ])  # fmt: skip


def reflection(inputs: Inputs, observations: Iterable[Mapping[str, Any]]) -> str:
    """What is to be reflected on: what a run did, and what was noticed and nobody has thought about yet."""
    summary = inputs["summary"]
    done = [f"- {task['id']}: {task.get('title') or ''} ({', '.join(task['files'])})" for task in summary["tasks"]]
    return _joined([
        *_intent(inputs),
        f"This was done, and is on {summary['branch']}:",
        "\n".join(done),
        "## Observations",
        "\n".join(_observation(each) for each in observations),
        "Propose Intents for what should be done next, each worth a person's time, or none.",
        'Answer with a JSON object: {"intents": [{"title", "body", "type", "risk"}]}.',
    ])  # fmt: skip


def _observation(observation: Mapping[str, Any]) -> str:
    refs = ", ".join(f"{each.get('type')} {each.get('ref')}" for each in observation.get("evidence") or ())
    return f"- {observation.get('content')}" + (f" ({refs})" if refs else "")


def audit_of(inputs: Inputs) -> str:
    """What an audit is about."""
    return _joined([
        *_intent(inputs),
        "Look at the current folder for what should be better, and change nothing; say what each observation rests on.",
        'Answer with a JSON object: {"observations": [{"content", "evidence": [{"type", "ref"}]}]}.',
        "A type is file, skill, history or decision.",
    ])  # fmt: skip


def of_role(role: str, inputs: Inputs) -> str:
    """What a role that works with text is asked."""
    if role == "observe":
        return _joined([*_intent(inputs), "## Runs", "\n".join(inputs["histories"]),
                        "Which patterns are there in these runs that agents should know of, if any?",
                        'Answer with a JSON object: {"patterns": [{"name", "description", "examples"}]}.'])  # fmt: skip
    if role == "abstract":
        return _joined([*_intent(inputs), "## Patterns", json.dumps(inputs["patterns"], ensure_ascii=False, indent=1),
                        "Draw from these the skills that an agent needs in this repository, if any.",
                        'Answer with a JSON object: {"skills": [{"name", "description", "instructions"}]}.',
                        ])  # fmt: skip
    parts = [str(inputs["prompt"])]
    if role == "coordinator":
        able = "; ".join(f"{name}: {DUTIES[name]}" for name in inputs["roles"])
        parts.append(f"Delegate this, all of it at once, to some of these roles: {able}. They see your prompts alone. "
                     'Answer with a JSON object: {"delegations": [{"role", "prompt"}]}.')  # fmt: skip
        return _joined([*parts, *_feedback(inputs)])
    parts += [
        f"## {share['task_id']} ({share['role']}) was asked:\n\n{share['prompt']}\n\nand answered:\n\n{share['text']}"
        for share in inputs.get("shares") or ()
    ]
    what = "Make the answer of all this" if role == "documenter" else "Answer"
    return _joined([*parts, f'{what}, with a JSON object: {{"text"}}.'])


def _intent(inputs: Inputs) -> list[str]:
    intent = inputs["intent"]
    named = ", ".join(filter(None, (intent.get("id"), intent.get("type"))))
    return [f"# {intent['title']} ({named})" if named else f"# {intent['title']}", str(intent.get("body") or "")]


def _answers(inputs: Inputs) -> list[str]:
    """What a person has answered: in the Intent's file, and since."""
    known = [*(inputs["intent"].get("clarifications") or ()), *(inputs.get("answers") or ())]
    told = _told(known)
    return ["## Answers", *told] if told else []


def _told(answers: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{each['question']}\n{each['answer']}" for each in answers if each.get("answer")]


def _feedback(inputs: Inputs) -> Iterator[str]:
    feedback = inputs.get("feedback") or {}
    if not feedback:
        return
    yield "## What must be mended"
    if feedback.get("text"):
        yield str(feedback["text"])
    for issue in feedback.get("issues") or ():
        yield "- " + (issue if isinstance(issue, str) else _issue(issue))
    for suggestion in feedback.get("suggestions") or ():
        yield f"- perhaps: {suggestion}"
    if feedback.get("output"):
        yield str(feedback["output"])


def _issue(issue: Mapping[str, Any]) -> str:
    place = ":".join(str(issue[name]) for name in ("path", "line") if issue.get(name))
    return f"{place + ': ' if place else ''}{issue.get('message', '')}"


def _other(other: Mapping[str, Any]) -> str:
    files = ", ".join(other.get("relevant_files") or ())
    named = f"{other.get('id')}: {other.get('title')} ({other.get('status')})"
    return f"- {named}: {files} {other.get('plan') or ''}".rstrip()


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part)
