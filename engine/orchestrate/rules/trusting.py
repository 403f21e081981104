"""What a person trusts of a repository's settings, and the policy that runs begin under: kept, so that changes show.

Whoever appends a `trust` has checked that it comes from a person.
"""

from __future__ import annotations

from engine.orchestrate.rules.outputs import mapping, text
from engine.orchestrate.rules.turn import Nonsense, Turn

__all__ = ["policy_changed", "trusted"]


def trusted(turn: Turn) -> None:
    """Trust settings as they are, or (`revoke`) none any more. Raises Nonsense for anything else."""
    payload = turn.event.payload
    action = payload.get("action")
    if action == "revoke":
        turn.trusted = ()
    elif action == "trust":
        digest = text(payload, "hash")
        turn.trusted = (*(one for one in turn.trusted if one != digest), digest)
    else:
        raise Nonsense("trust is given by `trust` or taken back by `revoke`", kind="system")


def policy_changed(turn: Turn) -> None:
    """Runs begin under another policy from now on."""
    turn.policy = mapping(turn.event.payload, "policy")
