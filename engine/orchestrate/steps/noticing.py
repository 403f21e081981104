"""What agents notice besides their task: it goes into `.penstock/observations.yaml`, for people and for reflection.

Invariant: a note that cannot be written fails no work; it stays in the log, with the reason as evidence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.orchestrate.budget import asks_agent
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.observations import BadObservations

__all__ = ["add", "noted", "noticed"]


async def noted(world: World, step: RunStep, outcome: Outcome) -> Outcome:
    """The outcome of an agent's step, after what it noticed was written down; `observed` are the ids of that."""
    found = outcome.output.get("observations") or []
    if not found:
        return outcome
    try:
        ids = await asyncio.to_thread(add, world, step, found)
    except (BadObservations, OSError) as error:
        return replace(outcome, evidence={**outcome.evidence, "observations_not_written": str(error)})
    return replace(outcome, output={**outcome.output, "observed": ids})


def add(world: World, step: RunStep, found: Sequence[Mapping[str, Any] | str]) -> list[str]:
    """Writes observations down once, however often the step is done. Raises `BadObservations`, OSError."""
    told = [{"content": each, "evidence": []} if isinstance(each, str) else each for each in found]
    source = "audit" if step.step == "report" else step.step
    about = {"source": source, "intent_id": step.inputs["intent"].get("id"), "run_id": step.run_id}
    return world.observations.add(step.key, [{**each, **about} for each in told])


async def noticed(world: World, step: RunStep, outcome: Outcome) -> Outcome:
    """The outcome of a landing, with how many observations wait for a reflection that an agent is to make."""
    if outcome.result != "ok" or not asks_agent("reflect", step.inputs):
        return outcome
    try:
        count = len(await asyncio.to_thread(world.observations.unprocessed))
    except (BadObservations, OSError) as error:
        return replace(outcome, evidence={**outcome.evidence, "observations_not_read": str(error)})
    return replace(outcome, output={**outcome.output, "unprocessed": count})
