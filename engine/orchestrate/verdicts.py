"""What a person decides about Intents, as events: approve, reject, answer.

Checks that the decision makes sense now, and says in words why not. Pure: state and documents come in, a draft comes
out.
Invariant: an approval carries the hash of the very document that was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.languages.intent.document import IntentDocument, parse
from engine.languages.intent.model import END_STATES
from engine.orchestrate.budget import BadAnswer, raise_of
from engine.orchestrate.events import Draft
from engine.orchestrate.overview import Request, open_questions
from engine.orchestrate.state import State
from engine.orchestrate.trust import digest_of, told
from engine.orchestrate.wire import Refused

__all__ = ["Person", "answer", "answer_places", "approve", "asked", "refusal_event", "reject", "revoke", "trust"]

_YES_NO: Final = frozenset({"yes", "no"})


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: by the identity that git has for them, and from where (`cli` or `editor`)."""

    by: str
    mode: str


def approve(document: IntentDocument, state: State, person: Person, *, again: bool) -> Draft:
    """The approval of an Intent as it is. Raises `Refused`."""
    if document.intent is None or document.approval_hash is None:
        problem = document.problems[0].message if document.problems else "it cannot be read"
        raise Refused(f"`{document.id}` has mistakes ({problem})", "correct the file, then approve it")
    _not_running(document.id, state)
    known = state.intents.get(document.id)
    ended = known.status if known and known.status else document.intent.status
    if ended in END_STATES and not again:
        raise Refused(
            f"`{document.id}` has ended ({ended})", f"to run it once more: penstock approve {document.id} --again"
        )
    payload = {
        "action": "approve",
        "hash": document.approval_hash,
        "by": person.by,
        "mode": person.mode,
        "again": again,
    }
    return Draft(type="approval", payload=payload, intent_id=document.id)


def reject(document: IntentDocument, state: State, person: Person) -> Draft:
    """The rejection of an Intent. Raises `Refused`."""
    _not_running(document.id, state)
    payload = {
        "action": "reject",
        "hash": document.approval_hash,
        "by": person.by,
        "mode": person.mode,
        "again": False,
    }
    return Draft(type="approval", payload=payload, intent_id=document.id)


def asked(document: IntentDocument | str, state: State, number: int | None = None) -> Request:
    """The question that an answer is for: the only one, or the one of that number from 1. Raises `Refused`.

    `document`: that of the Intent, or the id of a prompt's run.
    """
    name = document if isinstance(document, str) else document.id
    questions = open_questions(None if isinstance(document, str) else document, state, name)
    if not questions:
        raise Refused(f"nobody asks anything about `{name}`", "see what waits for you: penstock inbox")
    if number is None and len(questions) > 1:
        raise Refused(f"there are {len(questions)} questions about `{name}`:\n{_listed(questions)}", "say which")
    if number is not None and not 1 <= number <= len(questions):
        raise Refused(f"`{name}` has {len(questions)} open questions:\n{_listed(questions)}", "say which")
    return questions[(number or 1) - 1]


def answer(question: Request, text: str, person: Person) -> Draft | None:
    """The answer to a question; None for one that no run waits for, whose answer stands in the file only.

    Raises `Refused`.
    """
    if not text.strip():
        raise Refused("an answer needs some text", f"{question.command}")
    if question.policy and text.strip().casefold() not in _YES_NO:
        raise Refused(f"this is answered by yes or no: {question.text}", question.command)
    if question.unit is not None:
        try:
            raise_of(text, question.unit)
        except BadAnswer as wrong:
            raise Refused(f"this is about a budget: {question.text}", str(wrong)) from None
    if question.run_id is None:
        return None
    payload = {"index": question.index, "answer": text.strip(), "by": person.by, "mode": person.mode}
    intent_id = None if question.intent_id == question.run_id else question.intent_id
    return Draft(type="answer", payload=payload, run_id=question.run_id, intent_id=intent_id)


def answer_places(intent_id: str, text: str, question: str) -> list[int]:
    """The index of the first open clarification in a file that asks this; none if the file does not have it."""
    intent = parse(intent_id, text).intent
    found = (
        [index for index in intent.open_questions if intent.clarifications[index].question == question.strip()]
        if intent
        else []
    )
    return found[:1]


def trust(claims: Mapping[str, Any], person: Person) -> Draft:
    """Trust in what a repository's settings claim, as it is."""
    reason = f"the repository's own settings as they are: {', '.join(line.split(' = ')[0] for line in told(claims))}"
    payload = {"action": "trust", "hash": digest_of(claims), "reason": reason, "by": person.by, "mode": person.mode}
    return Draft(type="trust", payload=payload)


def revoke(person: Person) -> Draft:
    """No trust in any of a repository's settings any more."""
    reason = "nothing of the repository's own settings is trusted any more"
    payload = {"action": "revoke", "reason": reason, "by": person.by, "mode": person.mode}
    return Draft(type="trust", payload=payload)


def refusal_event(action: str, intent_id: str | None, step: str) -> Draft:
    """The record that a process of an agent's tried to decide something."""
    payload = {
        "class": "policy",
        "message": f"an agent's process tried to {action}; that is for people",
        "next_action": "look at what the agent was doing",
        "step": step,
    }
    return Draft(type="error", payload=payload, intent_id=intent_id)


def _not_running(intent_id: str, state: State) -> None:
    known = state.intents.get(intent_id)
    if known is not None and known.run_id is not None:
        raise Refused(f"`{intent_id}` is running as {known.run_id}", f"first: penstock cancel {known.run_id}")


def _listed(questions: Sequence[Request]) -> str:
    return "\n".join(f"  {number}. {question.text}" for number, question in enumerate(questions, 1))
