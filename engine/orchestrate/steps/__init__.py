"""What a step does, one step a file: git's work, agents and commands put together into an outcome.

`perform` does any step. Invariant: a step's outcome rests on what was found (commits, exit codes, trees), never on what
an agent said of itself; what a person must mend is an outcome with the next action, not an exception.
"""

from __future__ import annotations

import asyncio

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.errors import GitError
from engine.orchestrate.steps.analyze import analyze
from engine.orchestrate.steps.implement import implement
from engine.orchestrate.steps.integrate import integrate
from engine.orchestrate.steps.rebase import rebase
from engine.orchestrate.steps.review import review
from engine.orchestrate.steps.world import World, failure

__all__ = ["World", "perform"]

_STEPS = {"analyze": analyze, "implement": implement, "rebase": rebase, "review": review, "integrate": integrate}


async def perform(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """Does a step; ends early, with the result `cancelled`, once `stop` is set."""
    try:
        return await _STEPS[step.step](world, step, stop)
    except GitError as error:
        return failure("tool", error.message if error.where is None else f"{error.message} ({error.where})",
                       error.next_action)  # fmt: skip
