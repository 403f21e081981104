"""Reflect: what should be done next, by an agent that sees what was done and what was noticed.

It looks at a checkout of what landed. The observations that it was shown count as processed once its proposals are
written, so nothing is proposed twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.outcomes import failure
from engine.orchestrate.steps.prompts import reflection
from engine.orchestrate.steps.reading import read_checkout
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.observations import BadObservations

__all__ = ["reflect"]

#: observations that one reflection is shown; the next one sees the others
_MOST: Final = 200


async def reflect(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The Intents that the agent proposes, and the observations they are made of."""
    try:
        observations = (await asyncio.to_thread(world.observations.unprocessed))[:_MOST]
    except (BadObservations, OSError) as error:
        return failure("user", str(error), "mend the file", result="refused")
    if not observations:
        return Outcome("ok", {"intents": [], "processed": [], "turns": 0})
    prompt = reflection(step.inputs, observations)
    outcome = await read_checkout(world, step, prompt, step.inputs["base"]["commit"], stop)
    return replace(outcome, output={**outcome.output, "processed": [each["id"] for each in observations]})
