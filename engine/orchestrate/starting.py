"""Which Intents may start, and the event that starts one.

A run begins with a copy of the Intent as it was approved, so that nothing the file says later changes a run that goes
on. Pure: the state and the documents come in, a choice and events come out.
Invariant: no run starts without an approval in the log whose hash is that of the document as it is now.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.config_tables import BudgetsTable
from engine.languages.intent.document import IntentDocument
from engine.orchestrate.events import Draft
from engine.orchestrate.flow import FLOWS, classify, flow_of
from engine.orchestrate.git.integration import merge_by_hand
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.state import State
from engine.orchestrate.wire import Refused

__all__ = ["Choice", "Flows", "Started", "children", "choose", "hold", "run_start", "steps_of", "waits_for"]


#: the steps of each Flow
Flows = Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Started:
    """What came of the wish to run Intents: their runs by Intent, and why the others wait.

    `own`: of these runs, those that it started, went on with or named. `notes`: what could not be done, in words.
    """

    runs: dict[str, str] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Choice:
    """What is to be done about Intents: those to start, open runs to go on with, and why the others wait."""

    start: list[IntentDocument] = field(default_factory=list)
    go_on: list[str] = field(default_factory=list)
    waits: dict[str, str] = field(default_factory=dict)


def choose(
    state: State,
    documents: Mapping[str, IntentDocument],
    named: Sequence[str],
    own: Flows | None = None,
    over: Collection[str] = (),
) -> Choice:
    """What to do about the named Intents, each of which must be a document; about every approved one if none is.

    `own`: the project's Flows. `over`: Intents whose runs were all that was wanted, and have ended: nothing.
    """
    choice = Choice()
    if not named:
        choice.go_on += state.runs
    for name in named or sorted(documents):
        if name in over:
            continue
        document, intent = documents[name], state.intents.get(name)
        if intent is not None and intent.run_id is not None:
            if named:
                choice.go_on.append(intent.run_id)
            continue
        reason = _why_not(state, document)
        unknown = _no_flow(document, own) if reason is None else None
        if unknown is not None:
            choice.waits[name] = unknown
        elif reason is None:
            choice.start.append(document)
        elif named:
            choice.waits[name] = reason
    return choice


def _why_not(state: State, document: IntentDocument) -> str | None:
    """Why an Intent may not start, None if it may."""
    known = state.intents.get(document.id)
    approval = known.approval if known else None
    if document.intent is None:
        return "it has mistakes: penstock status shows them"
    if approval is None:
        return f"it is not approved: penstock approve {document.id}"
    if approval.hash != document.approval_hash:
        return f"it was changed after its approval: penstock approve {document.id}"
    if known is not None and known.status not in {None, "approved"}:
        return f"it has ended as {known.status}: penstock approve {document.id} --again"
    if document.intent.open_questions:
        return f'it has a question: penstock answer {document.id} "…"'
    return None


def _no_flow(document: IntentDocument, own: Flows | None) -> str | None:
    """Why there is no Flow for an Intent, None if there is one."""
    kind = document.intent.type if document.intent else None
    try:
        steps_of(kind or "feature", own)
    except Refused as refused:
        return f"its type is no Flow: {refused}"
    return None


def run_start(
    document: IntentDocument,
    run_id: str,
    *,
    limits: Mapping[str, Any],
    base: Mapping[str, str],
    waits_for: Sequence[str],
    children: Sequence[str] = (),
    own: Flows | None = None,
    budgets: BudgetsTable | None = None,
    policy: Mapping[str, Any] | None = None,
) -> Draft:
    """The event that starts an Intent. `budgets`, `policy`: those of the settings.

    `base`: the `branch` it is for, the `commit` that the work stands on, and the `mode` of its integration.
    `waits_for`: the Intents that must be done before. `children`: those that it was divided into.
    `own`: the project's Flows. Raises `Refused` for a type without a Flow.
    """
    intent = document.intent
    assert intent is not None
    classified = None if intent.type else classify(intent.title, intent.body)
    kind = classified.type if classified else intent.type
    payload = {
        "intent": {**intent.model_dump(mode="json"), "type": kind},
        "hash": document.approval_hash,
        "classified": {"type": classified.type, "by_rule": classified.by_rule} if classified else None,
        "flow": list(steps_of(kind or "", own)),
        "limits": dict(limits),
        "budget": (budgets or BudgetsTable()).of(intent.budget.model_dump() if intent.budget else {}),
        "policy": dict(policy or {}),
        "base": dict(base),
        "integrate": base["mode"],
        "waits_for": list(waits_for),
        "children": list(children),
    }
    return Draft(type="run.start", payload=payload, run_id=run_id, intent_id=document.id)


def steps_of(flow: str, own: Flows | None = None) -> tuple[str, ...]:
    """The steps of a Flow, a project's `own` first. Raises `Refused` for one that there is not."""
    found = flow_of(flow, own)
    if found is None:
        known = sorted({*FLOWS, *(own or {})})
        near = difflib.get_close_matches(flow, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
        raise Refused(f"there is no Flow `{flow}`", hint)
    return found


def hold(document: IntentDocument, branch: str, conflict: Conflict) -> Draft:
    """The event that an Intent cannot start because its base branch conflicts with what landed before."""
    payload = {
        "reason": f"{branch} conflicts with what landed before, in {', '.join(conflict.files[:5])}",
        "next_action": merge_by_hand(branch),
    }
    return Draft(type="hold", payload=payload, intent_id=document.id)


def waits_for(state: State, documents: Mapping[str, IntentDocument], document: IntentDocument) -> list[str]:
    """The Intents that an Intent depends on and that are not done."""
    depends_on = document.intent.depends_on if document.intent else ()
    return [name for name in depends_on if not _is_done(state, documents, name)]


def children(state: State, documents: Mapping[str, IntentDocument], document: IntentDocument) -> list[str]:
    """The Intents that an Intent was divided into, and that nobody rejected; none of one with Tasks of its own."""
    intent = document.intent
    if intent is None or intent.run or intent.tasks:
        return []
    found = (each.intent for each in documents.values() if each.intent and each.intent.parent == document.id)
    known = {each.id: state.intents.get(each.id) for each in found if each.status != "cancelled"}
    return [name for name, each in known.items() if each is None or each.status != "cancelled"]


def _is_done(state: State, documents: Mapping[str, IntentDocument], name: str) -> bool:
    """Whether an Intent has ended well, here or, by its file that came along with the changes, elsewhere."""
    known = state.intents.get(name)
    if known is not None and known.status is not None:
        return known.status == "done"
    document = documents.get(name)
    return bool(document and document.intent and document.intent.status == "done")
