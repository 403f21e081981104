"""Reflect: what should be done next, by an agent that sees what was done and what was noticed.

It looks at a checkout of what landed. The observations that it was shown count as processed once its proposals are
written, so nothing is proposed twice.
"""

from __future__ import annotations

import asyncio

from engine.orchestrate.agents.evidence import evidence_of
from engine.orchestrate.agents.protocol import Failure
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.outcomes import failed, failure, no_reply
from engine.orchestrate.steps.prompts import reflection
from engine.orchestrate.steps.reading import asked, checked
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.observations import BadObservations

__all__ = ["reflect"]

#: observations that one reflection is shown; the next one sees the others
_MOST = 200


async def reflect(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The Intents that the agent proposes, and the observations they are made of."""
    try:
        observations = (await asyncio.to_thread(world.observations.unprocessed))[:_MOST]
    except (BadObservations, OSError) as error:
        return failure("user", str(error), "mend the file", result="refused")
    if not observations:
        return Outcome("ok", {"intents": [], "processed": []})
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, {})
    tree = await asyncio.to_thread(world.worktrees.create, step.key, None, step.inputs["base"]["commit"])
    try:
        request = world.request(step, reflection(step.inputs, observations), tree.path)
        reply, found = await asked(world, agent, request, step, tree.path, stop)
    finally:
        await asyncio.to_thread(world.worktrees.remove, tree.path)
    evidence = {"agent": evidence_of(reply.end)}
    problem = no_reply(reply, evidence)
    if problem or reply.result is None:
        return problem or Outcome("failed", evidence=evidence)
    processed = [each["id"] for each in observations]
    output = {**reply.result.model_dump(), "session_id": reply.session_id, "processed": processed}
    return checked(Outcome("ok", output, evidence), step, found, world)
