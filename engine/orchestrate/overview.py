"""How the Intents of a repository stand: their files and the log, seen together.

The log decides what is approved, running and ended; a file decides only about what the log has never heard of.
Pure: the state and the documents come in. Invariant: what is shown as approved is what `run` would start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from engine.languages.intent.document import IntentDocument
from engine.orchestrate.state import RunState, State

__all__ = ["STANDINGS", "Request", "Standing", "open_questions", "requests", "standing", "standings"]

#: how an Intent can stand, in the order in which a person cares
STANDINGS: Final = (
    "waiting_approval", "interrupted", "running", "pending", "approved", "proposed", "broken", "blocked", "error",
    "cancelled", "done",
)  # fmt: skip
_ENDED: Final = frozenset({"blocked", "error", "cancelled", "done"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How one Intent stands: one of `STANDINGS`, with its open run, if any, and what there is to say about it."""

    intent_id: str
    title: str
    status: str
    run_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that waits for a person, and the command with which they go on.

    `index` counts a question among the Intent's; `policy` marks one that is answered by yes or no.
    """

    kind: Literal["proposed", "question", "escalated"]
    intent_id: str
    text: str
    command: str
    run_id: str | None = None
    index: int | None = None
    policy: bool = False


def standings(documents: Mapping[str, IntentDocument], state: State, *, alive: bool = True) -> list[Standing]:
    """All Intents, those first that concern a person most. `alive`: a process is there that goes on with runs."""
    rank = {status: number for number, status in enumerate(STANDINGS)}
    found = [standing(document, state, alive=alive) for document in documents.values()]
    return sorted(found, key=lambda each: (rank[each.status], each.intent_id))


def standing(document: IntentDocument, state: State, *, alive: bool = True) -> Standing:
    """How an Intent stands; a run that nobody goes on with is `interrupted`."""
    known = state.intents.get(document.id)
    run = state.runs.get(known.run_id) if known and known.run_id else None
    title = document.intent.title if document.intent else str(run.intent.get("title", "")) if run else ""
    if run is not None:
        if not alive and run.status != "waiting_approval":
            return Standing(
                document.id, title, "interrupted", run.id, f"{_progress(run)}; penstock run goes on with it"
            )
        return Standing(document.id, title, run.status, run.id, _progress(run))
    if document.intent is None:
        return Standing(document.id, title, "broken", note=document.problems[0].message if document.problems else "")
    status, note = _at_rest(document, state)
    return Standing(document.id, title, status, note=note)


def _at_rest(document: IntentDocument, state: State) -> tuple[str, str]:
    """The status of an Intent without a run, and a note."""
    assert document.intent is not None
    written = document.intent.status
    known = state.intents.get(document.id)
    if known is None or known.status is None:
        if written == "approved":
            return "proposed", "its file says approved, but nobody has approved it here"
        return written, ""
    if known.status in _ENDED:
        return known.status, _last_reason(document.id, state)
    if known.approval is None or known.approval.hash != document.approval_hash:
        return "proposed", "changed since it was approved"
    return "approved", f"by {known.approval.by.partition(' <')[0]}"


def _last_reason(intent_id: str, state: State) -> str:
    reasons = [end.reason for end in state.ended.values() if end.intent_id == intent_id]
    return reasons[-1] if reasons else ""


def _progress(run: RunState) -> str:
    if run.phase == "waiting" and run.waits_for:
        return f"waits for {', '.join(run.waits_for)}"
    if run.open_questions:
        return f"asks: {run.open_questions[0].text}"
    return f"{run.settled} of {len(run.tasks)} Tasks" if run.tasks else run.phase


def open_questions(document: IntentDocument | None, state: State, intent_id: str) -> list[Request]:
    """The questions about an Intent that wait for an answer: those of its open run, else those in its file."""
    known = state.intents.get(intent_id)
    run = state.runs.get(known.run_id) if known and known.run_id else None
    if run is not None:
        return [
            Request(
                "question",
                intent_id,
                question.text,
                f"penstock answer {intent_id} {'yes' if question.kind == 'policy' else 'TEXT'}",
                run.id,
                question.index,
                question.kind == "policy",
            )
            for question in run.open_questions
        ]
    intent = document.intent if document else None
    if intent is None or intent.status in _ENDED:
        return []
    return [
        Request(
            "question",
            intent_id,
            intent.clarifications[index].question,
            f"penstock answer {intent_id} TEXT",
            None,
            index,
        )
        for index in intent.open_questions
    ]


def requests(documents: Mapping[str, IntentDocument], state: State) -> Iterator[Request]:
    """Everything that waits for a person: questions first, then what needs a look, then what needs an approval."""
    for document in documents.values():
        yield from open_questions(document, state, document.id)
    for run_id, end in state.ended.items():
        if end.outcome == "escalated" and end.intent_id and _is_last(run_id, end.intent_id, state):
            command = f"penstock logs {run_id}"
            yield Request("escalated", end.intent_id, end.reason, command, run_id)
    for each in standings(documents, state):
        if each.status == "proposed":
            text = f"{each.title} ({each.note})" if each.note else each.title
            yield Request("proposed", each.intent_id, text, f"penstock approve {each.intent_id}")


def _is_last(run_id: str, intent_id: str, state: State) -> bool:
    """Whether nothing has been done about an Intent since a run of it ended."""
    known = state.intents.get(intent_id)
    last = [name for name, end in state.ended.items() if end.intent_id == intent_id][-1]
    return last == run_id and known is not None and known.status in _ENDED and known.run_id is None
