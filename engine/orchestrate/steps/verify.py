"""The commands that say whether a change is good: an Intent's `verify`, in a clean checkout of the change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.orchestrate.agents.evidence import evidence_of
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.outcomes import ended_badly
from engine.orchestrate.steps.world import World

__all__ = ["Verified", "verify"]


@dataclass(slots=True)
class Verified:
    """What the commands said. `outcome`: set if one of them did not exit with 0, and then how the step ends."""

    evidence: list[dict[str, Any]] = field(default_factory=list)
    outcome: Outcome | None = None


async def verify(
    world: World, step: RunStep, lines: Sequence[str], checkout: Path, stop: asyncio.Event
) -> Verified:
    """Runs the commands one after the other, up to the first that fails: then the change is rejected with its output.

    A command that does not exist, or takes too long, says nothing of the change: that ends the step as it is.
    """
    setup_lines = world.settings.worktree_setup if lines else ()
    verified = Verified(outcome=world.forbidden(step, [*setup_lines, *lines]))
    if verified.outcome is not None:
        return verified
    setup = await world.set_up(step, checkout, stop) if lines else None
    if setup is not None:
        verified.evidence.append(evidence_of(setup))
        verified.outcome = ended_badly(setup, {"verify": verified.evidence})
        return verified
    seconds = world.settings.verify_timeout_seconds
    for number, line in enumerate(lines, 1):
        end = await world.shell(step, line, checkout, stop, name=f"verify-{number}", seconds=seconds)
        verified.evidence.append(evidence_of(end))
        outcome = ended_badly(end, {"verify": verified.evidence})
        if outcome is not None:
            verified.outcome = outcome if outcome.result != "failed" else _rejected(line, end.output, outcome)
            break
    return verified


def _rejected(line: str, output: str, outcome: Outcome) -> Outcome:
    message = str((outcome.error or {}).get("message", ""))
    feedback = {"text": f"`{line}` failed", "issues": [{"severity": "error", "message": message}], "output": output}
    return Outcome("rejected", {"approved": False, "feedback": feedback}, outcome.evidence, outcome.error)
