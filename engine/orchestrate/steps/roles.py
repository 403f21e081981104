"""The roles that work with text: they are asked in an empty folder of their own, and what they say is the result."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from tempfile import mkdtemp

from engine.orchestrate.agents.protocol import Failure
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.outcomes import failed
from engine.orchestrate.steps.prompts import of_role
from engine.orchestrate.steps.reading import asked, checked, said
from engine.orchestrate.steps.world import World

__all__ = ["role"]


async def role(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """What a role says; whatever it leaves in its folder is thrown away."""
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, {})
    folder = Path(await asyncio.to_thread(mkdtemp, prefix="role-", dir=world.scratch))
    try:
        request = world.request(step, of_role(step.step, step.inputs), None)
        reply, found = await asked(world, agent, request, step, folder, stop)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return checked(said(reply, step), step, found, world)
