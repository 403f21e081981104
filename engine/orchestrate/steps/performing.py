"""Doing any step, by its name.

Invariant: what goes wrong with git ends the step like any failure, with what to do about it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.steps.analyze import analyze
from engine.orchestrate.steps.audit import audit, report
from engine.orchestrate.steps.implement import implement
from engine.orchestrate.steps.integrate import integrate
from engine.orchestrate.steps.observe import observe
from engine.orchestrate.steps.outcomes import failure
from engine.orchestrate.steps.propose import propose
from engine.orchestrate.steps.rebase import rebase
from engine.orchestrate.steps.reflect import reflect
from engine.orchestrate.steps.review import review
from engine.orchestrate.steps.roles import role
from engine.orchestrate.steps.world import World

__all__ = ["perform"]

_STEPS: Final = {
    "analyze": analyze,
    "implement": implement,
    "rebase": rebase,
    "review": review,
    "integrate": integrate,
    "coordinator": role,
    "developer": role,
    "reviewer": role,
    "documenter": role,
    "reflect": reflect,
    "propose": propose,
    "audit": audit,
    "report": report,
    "observe": observe,
    "abstract": role,
    "record": implement,
}


async def perform(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """Does a step; ends early, with the result `cancelled`, once `stop` is set."""
    try:
        return await _STEPS[step.step](world, step, stop)
    except GitError as error:
        where = f" ({error.where})" if error.where else ""
        return failure("tool", error.message + where, error.next_action)
