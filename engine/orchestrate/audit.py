"""Audit records: of each event that matters, who did what to what, why, what the policy said, and who had agreed.

A record is a pure function of an event, of what was announced because of it, and of the agreement that its run stands
on; it has every field, whatever the event lacks. Knows no store and no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.orchestrate.events import Event

__all__ = ["NOTIFICATIONS", "REQUIRED", "Agreement", "agreement_of", "record_of"]

#: events that only say again what others say; any other type has a record, one that is new too
NOTIFICATIONS: Final = frozenset({"task_status_update", "role_delegation", "diff", "result"})
#: fields of every record besides its `seq`
REQUIRED: Final = (
    "event", "timestamp", "run_id", "task_id", "actor", "action", "target", "reason", "policy_result", "approval",
)  # fmt: skip
#: what a stop's record has besides
OF_A_STOP: Final = ("trigger", "threshold", "value", "recent_history")

_BY_PEOPLE: Final = frozenset({"approval", "answer", "cancel", "trust"})
#: characters of a reason; an agent's message can be long, and stands in the event
_LONGEST_REASON: Final = 500
_REASONS: Final = ("reason", "message", "question", "answer")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who agreed (by the identity that git has for them), when, and from where."""

    by: str
    at: str
    mode: str


def agreement_of(payload: Mapping[str, Any], at: str) -> Agreement:
    """The agreement in the payload of an event that a person made."""
    return Agreement(str(payload.get("by") or "unknown"), at, str(payload.get("mode") or "unknown"))


def record_of(event: Event, announced: Sequence[Event], agreement: Agreement | None) -> dict[str, Any]:
    """The record of an event, without its number.

    `announced`: what follows from it, if it is a cause. `agreement`: that of the event's run, None where there is none.
    """
    payload = event.payload
    refused = event.type in _BY_PEOPLE and [each.type for each in announced] == ["error"]
    if event.type in {"approval", "answer", "trust"}:
        agreement = None if refused else agreement_of(payload, event.timestamp)
    record: dict[str, Any] = {
        "event": event.sequence,
        "timestamp": event.timestamp,
        "run_id": event.run_id,
        "task_id": event.task_id,
        "actor": _actor(event),
        "action": str(payload.get("action") or event.type) if event.type in {"approval", "trust"} else event.type,
        "target": _target(event),
        "reason": _reason(event)[:_LONGEST_REASON],
        "policy_result": "refused" if refused else _policy_result(event),
        "approval": asdict(agreement) if agreement else None,
    }
    if event.type == "stop":
        record |= {name: payload.get(name) for name in OF_A_STOP}
    if event.type == "prune":
        record["up_to"] = payload.get("up_to", 0)
    return record


def _actor(event: Event) -> str:
    """A person, an agent (by its role, or by the step it did something forbidden in), or Penstock itself."""
    payload = event.payload
    if event.type in _BY_PEOPLE or payload.get("by"):
        return str(payload.get("by") or "unknown")
    if event.type == "error" and payload.get("step"):
        return f"agent:{payload['step']}"
    if event.role and (event.type.startswith("step.") or payload.get("kind") == "clarification"):
        return f"agent:{event.role}"
    return "penstock"


def _target(event: Event) -> str:
    named = event.payload.get("branch" if event.type in {"commit", "land"} else "key")
    own = "/".join(name for name in (event.run_id, event.task_id) if name) or event.intent_id
    return str(named or own or "repository")


def _reason(event: Event) -> str:
    """Why, in the event's own words, or else what came of it."""
    payload = event.payload
    error = payload.get("error")
    said = error.get("message") if isinstance(error, Mapping) else None
    said = said or next((payload[name] for name in _REASONS if payload.get(name)), None)
    if said is not None:
        return str(said)
    match event.type:
        case "approval":
            return f"the Intent as it is, {payload.get('hash')}"
        case "step.start":
            return f"{payload.get('step')}, attempt {payload.get('attempt')}"
        case "step.end":
            return str(payload.get("result"))
        case "run.start":
            return f"Flow {', '.join(map(str, payload.get('flow') or ()))}"
        case "commit" | "land":
            return f"commit {payload.get('commit') or payload.get('after')}"
    return event.type


def _policy_result(event: Event) -> str:
    """`allowed`, `asked` (a person must say), `refused` (the policy does not let it be) or `stopped` (at a limit)."""
    payload, error = event.payload, event.payload.get("error")
    if event.type == "stop":
        return "stopped"
    if event.type == "question" or payload.get("result") == "question":
        return "asked"
    of_policy = isinstance(error, Mapping) and error.get("class") == "policy"
    if of_policy or payload.get("result") == "refused" or (event.type == "error" and payload.get("class") == "policy"):
        return "refused"
    return "allowed"
