"""How the Intents of a repository stand: their files and the log, seen together.

The log decides what is approved, running and ended; a file decides only about what the log has never heard of.
Pure: the state and the documents come in. Invariant: what is shown as approved is what `run` would start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from engine.languages.intent.document import IntentDocument
from engine.orchestrate.budget import Unit
from engine.orchestrate.state import QuestionKind, RunEnd, RunState, State

__all__ = ["STANDINGS", "Request", "Standing", "open_questions", "requests", "standing", "standings"]

#: how an Intent can stand, in the order in which a person cares
STANDINGS: Final = (
    "waiting_approval", "interrupted", "running", "pending", "approved", "proposed", "broken", "blocked", "error",
    "cancelled", "done",
)  # fmt: skip
_FAILED: Final = frozenset({"blocked", "error"})
_ENDED: Final = frozenset({*_FAILED, "cancelled", "done"})


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
    """Something that waits for a person, and the commands with which they go on: one of them, or one after the other.

    `look`: a run that failed or an Intent that cannot start. `index` counts a question among the Intent's; `policy`
    marks one that is answered by yes or no, `unit` one about a budget in it, which is raised or stops the run.
    """

    kind: Literal["proposed", "question", "look"]
    intent_id: str
    text: str
    commands: tuple[str, ...]
    run_id: str | None = None
    index: int | None = None
    policy: bool = False
    unit: Unit | None = None

    @property
    def command(self) -> str:
        """The first command."""
        return self.commands[0]


def standings(documents: Mapping[str, IntentDocument], state: State, *, alive: bool = True) -> list[Standing]:
    """All Intents, and open runs of prompts, those first that concern a person most.

    `alive`: a process is there that goes on with runs.
    """
    rank = {status: number for number, status in enumerate(STANDINGS)}
    ends = _last_ends(state)
    found = [_standing(document, state, ends, alive=alive) for document in documents.values()]
    found += [_open(run, str(run.intent.get("title", "")), run.id, alive=alive) for run in _of_prompts(state)]
    return sorted(found, key=lambda each: (rank[each.status], each.intent_id))


def standing(document: IntentDocument, state: State, *, alive: bool = True) -> Standing:
    """How an Intent stands; a run that nobody goes on with is `interrupted`."""
    return _standing(document, state, _last_ends(state), alive=alive)


#: by Intent, its run that ended last
_Ends = Mapping[str | None, tuple[str, RunEnd]]


def _last_ends(state: State) -> _Ends:
    return {end.intent_id: (run_id, end) for run_id, end in state.ended.items()}


def _standing(document: IntentDocument, state: State, ends: _Ends, *, alive: bool) -> Standing:
    known = state.intents.get(document.id)
    run = state.runs.get(known.run_id) if known and known.run_id else None
    title = document.intent.title if document.intent else str(run.intent.get("title", "")) if run else ""
    if run is not None:
        return _open(run, title, document.id, alive=alive)
    if document.intent is None:
        return Standing(document.id, title, "broken", note=document.problems[0].message if document.problems else "")
    status, note = _at_rest(document, state, ends)
    return Standing(document.id, title, status, note=note)


def _open(run: RunState, title: str, name: str, *, alive: bool) -> Standing:
    """How an open run stands; `name`: its Intent's, or its own."""
    if not alive and run.status != "waiting_approval":
        return Standing(name, title, "interrupted", run.id, f"{_progress(run)}; penstock run goes on with it")
    return Standing(name, title, run.status, run.id, _progress(run))


def _of_prompts(state: State) -> list[RunState]:
    """The open runs that have no Intent."""
    return [run for run in state.runs.values() if run.intent_id is None]


def _at_rest(document: IntentDocument, state: State, ends: _Ends) -> tuple[str, str]:
    """The status of an Intent without a run, and a note."""
    assert document.intent is not None
    written = document.intent.status
    known = state.intents.get(document.id)
    if known is None or known.status is None:
        if written == "approved":
            return "proposed", "its file says approved, but nobody has approved it here"
        return written, ""
    if known.status in _ENDED:
        return known.status, _why_ended(document.id, known.status, ends)
    if known.approval is None or known.approval.hash != document.approval_hash:
        return "proposed", "changed since it was approved"
    if known.hold is not None:
        return "approved", f"{known.hold.reason}; {known.hold.next_action}"
    return "approved", f"by {known.approval.by.partition(' <')[0]}"


def _why_ended(intent_id: str, status: str, ends: _Ends) -> str:
    """Why the last run of an Intent ended, and what to do if it did not succeed."""
    if intent_id not in ends:
        return ""
    _, end = ends[intent_id]
    return f"{end.reason}; {end.next_action or 'penstock inbox shows what to do'}" if status in _FAILED else end.reason


def _progress(run: RunState) -> str:
    if run.phase == "waiting" and run.waits_for:
        return f"waits for {', '.join(run.waits_for)}"
    if run.open_questions:
        return f"asks: {run.open_questions[0].text}"
    return f"{run.settled} of {len(run.tasks)} Tasks" if run.tasks else run.phase


def open_questions(document: IntentDocument | None, state: State, intent_id: str) -> list[Request]:
    """The questions about an Intent that wait for an answer: those of its open run, else those in its file.

    A run of a prompt is asked about by its own id.
    """
    known = state.intents.get(intent_id)
    run = state.runs.get(known.run_id if known and known.run_id else intent_id)
    if run is not None:
        return [
            Request("question", intent_id, one.text, _answers(intent_id, one.kind), run.id, one.index,
                    policy=one.kind == "policy", unit=one.output["unit"] if one.kind == "budget" else None)
            for one in run.open_questions
        ]
    intent = document.intent if document else None
    if intent is None or intent.status in _ENDED:
        return []
    return [
        Request("question", intent_id, intent.clarifications[index].question, _answers(intent_id), None, index)
        for index in intent.open_questions
    ]


_WORDS: Final[Mapping[QuestionKind, tuple[str, ...]]] = {
    "clarification": ("TEXT",), "policy": ("yes", "no"), "budget": ("raise", "stop"),
}  # fmt: skip


def _answers(intent_id: str, kind: QuestionKind = "clarification") -> tuple[str, ...]:
    return tuple(f"penstock answer {intent_id} {word}" for word in _WORDS[kind])


def requests(documents: Mapping[str, IntentDocument], state: State) -> Iterator[Request]:
    """Everything that waits for a person: questions first, then what needs a look, then what needs an approval."""
    for document in documents.values():
        yield from open_questions(document, state, document.id)
    for run in _of_prompts(state):
        yield from open_questions(None, state, run.id)
    for intent_id, (run_id, end) in _last_ends(state).items():
        known = state.intents.get(intent_id or "")
        if intent_id and known and known.status in _FAILED:
            yield _look_at(run_id, intent_id, end)
    found = standings(documents, state)
    for each in found:
        hold = state.intents[each.intent_id].hold if each.status == "approved" else None
        if hold is not None:
            yield Request("look", each.intent_id, hold.reason, (hold.next_action, f"penstock run {each.intent_id}"))
    for each in found:
        if each.status == "proposed":
            text = f"{each.title} ({each.note})" if each.note else each.title
            commands = (f"penstock approve {each.intent_id}", f"penstock reject {each.intent_id}")
            yield Request("proposed", each.intent_id, text, commands)


def _look_at(run_id: str, intent_id: str, end: RunEnd) -> Request:
    """What there is to do about a run that failed: what its end says, else to look and to try again."""
    again = f"penstock approve {intent_id} --again"
    if end.next_action.startswith("penstock "):
        return Request("look", intent_id, end.reason, (end.next_action, f"penstock reject {intent_id}"), run_id)
    text = f"{end.reason}; {end.next_action}" if end.next_action else end.reason
    return Request("look", intent_id, text, (f"penstock logs {run_id}", again), run_id)
