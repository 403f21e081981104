"""A person's verdict on an Intent.

An approval is bound to the Intent as it was. Whoever appends it has checked that it comes from a person.
"""

from __future__ import annotations

from engine.orchestrate.effects import UpdateIntent
from engine.orchestrate.rules.turn import Nonsense, Turn
from engine.orchestrate.state import Approval, RunEnd

__all__ = ["approval"]

_ENDED = frozenset({"done", "blocked", "error", "cancelled"})


def approval(turn: Turn) -> None:
    """Approve or reject an Intent. Raises Nonsense while it runs, or if it has ended and `again` is not given."""
    payload, intent_id = turn.event.payload, turn.event.intent_id
    action, digest = payload.get("action"), payload.get("hash")
    if intent_id is None or action not in {"approve", "reject"}:
        raise Nonsense("an approval must name an Intent and be `approve` or `reject`", kind="system")
    intent = turn.intent(intent_id)
    if intent.run_id is not None:
        raise Nonsense(f"Intent `{intent_id}` is running as `{intent.run_id}`", f"cancel `{intent.run_id}` first")
    if action == "reject":
        turn.change_intent(intent_id, approval=None, status="cancelled", hold=None)
        turn.update_intent(UpdateIntent(intent_id, status="cancelled"))
        turn.ended.append(
            RunEnd(intent_id, "cancelled", "failed", "rejected", "cancelled")
        )  # for those that wait for it
        return
    if not isinstance(digest, str) or not digest:
        raise Nonsense(f"the approval of Intent `{intent_id}` does not say what was approved", kind="system")
    if intent.status in _ENDED and payload.get("again") is not True:
        raise Nonsense(f"Intent `{intent_id}` has ended {intent.status}", "approve it with --again to run it once more")
    given = Approval(digest, str(payload.get("by") or "unknown"), turn.now)
    turn.change_intent(intent_id, approval=given, status="approved", hold=None)
    turn.update_intent(UpdateIntent(intent_id, status="approved"))
