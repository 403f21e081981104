"""A run begins: of an Intent that a person approved and nothing else runs, or of a prompt that has no Intent.

What may not begin at all is nonsense and leaves no run. What may, but cannot be done, is a run that ends at once, with
the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.budget import limits_of
from engine.orchestrate.limits import Limits
from engine.orchestrate.rules import beginning, waiting
from engine.orchestrate.rules.announcements import announce_error, run_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.outputs import BadOutput, mapping, text, texts
from engine.orchestrate.rules.turn import Nonsense, Turn
from engine.orchestrate.state import Hold, RunState

__all__ = ["held", "run_started"]

def run_started(turn: Turn) -> None:
    """Begin a run. Raises Nonsense for one that may not begin; a Flow that is not known ends it with the reason."""
    event, payload = turn.event, turn.event.payload
    run_id = event.run_id
    if not run_id or "/" in run_id:
        raise Nonsense("a run must have an id without `/`", kind="system")
    if turn.is_known(run_id):
        raise Nonsense(f"run `{run_id}` was started before", kind="system")
    if event.intent_id is not None:
        _check_approval(turn, event.intent_id, payload)
    try:
        run = _read(turn, run_id, payload)
        needed = texts(payload, "waits_for")
    except (BadOutput, ValueError) as wrong:
        raise Nonsense(f"run `{run_id}` cannot start: {wrong}", "mend the settings", kind="user") from None
    turn.put_run(run)
    if event.intent_id is not None:
        turn.change_intent(event.intent_id, run_id=run_id, hold=None)
    if not beginning.is_possible(run.flow):
        reason = f"the steps {list(run.flow)} are no Flow"
        fail(turn, run_id, None, "run", reason, error={"class": "user", "next_action": "use the default Flow"})
        return
    run_status(turn, run_id, "run", "running", "started")
    if not waiting.wait_for(turn, run_id, needed):
        beginning.begin(turn, run_id)


def held(turn: Turn) -> None:
    """An approved Intent cannot start: it stays approved, and what a person must do first is kept and told.

    Raises Nonsense for one that is not approved or runs, BadOutput for an event without a reason.
    """
    intent_id, payload = turn.event.intent_id or "", turn.event.payload
    intent = turn.intent(intent_id)
    if intent.run_id is not None or intent.status != "approved":
        raise Nonsense(f"Intent `{intent_id}` was not about to start", "see penstock status", kind="system")
    hold = Hold(text(payload, "reason"), text(payload, "next_action"))
    turn.change_intent(intent_id, hold=hold)
    announce_error(turn, hold.reason, kind="user", next_action=hold.next_action)


def _check_approval(turn: Turn, intent_id: str, payload: Mapping[str, Any]) -> None:
    intent = turn.intent(intent_id)
    if intent.run_id is not None:
        raise Nonsense(f"Intent `{intent_id}` is running already, as `{intent.run_id}`", "see penstock status")
    if intent.approval is None or intent.status != "approved":
        raise Nonsense(f"Intent `{intent_id}` is not approved", f"penstock approve {intent_id}", kind="policy")
    if payload.get("hash") not in {None, intent.approval.hash}:
        action = f"read it again, then penstock approve {intent_id}"
        raise Nonsense(f"Intent `{intent_id}` was changed after it was approved", action, kind="policy")


def _read(turn: Turn, run_id: str, payload: Mapping[str, Any]) -> RunState:
    return RunState(
        id=run_id,
        intent_id=turn.event.intent_id,
        intent=mapping(payload, "intent"),
        flow=texts(payload, "flow"),
        limits=Limits.of(mapping(payload, "limits")),
        base=mapping(payload, "base"),
        children=texts(payload, "children"),
        integrate=str(payload.get("integrate") or "branch"),
        started_at=turn.now,
        budget=limits_of(mapping(payload, "budget")),
    )
