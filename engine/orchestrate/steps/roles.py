"""The roles that work with text: they are asked in an empty folder of their own, and what they say is the result."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from engine.orchestrate.agents.evidence import evidence_of
from engine.orchestrate.agents.protocol import AgentReply, Failure
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.outcomes import failed, failure, no_reply
from engine.orchestrate.steps.prompts import of_role
from engine.orchestrate.steps.reading import asked, checked
from engine.orchestrate.steps.world import World

__all__ = ["role"]

#: bytes of an answer, which is an event, a part of the documenter's prompt, and a message to clients
_LONGEST: Final = 200_000


async def role(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """What a role says; whatever it leaves in its folder is thrown away."""
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, {})
    folder = Path(await asyncio.to_thread(mkdtemp, prefix="penstock-role-"))
    try:
        request = world.request(step, of_role(step.step, step.inputs), None)
        reply, found = await asked(world, agent, request, step, folder, stop)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return checked(_outcome(reply, step), step, found, world)


def _outcome(reply: AgentReply, step: RunStep) -> Outcome:
    evidence = {"agent": evidence_of(reply.end)}
    problem = no_reply(reply, evidence)
    if problem or reply.result is None:
        return problem or Outcome("failed", evidence=evidence)
    output = {**reply.result.model_dump(), "session_id": reply.session_id}
    size = len(str(output.get("text") or "").encode())
    if size > _LONGEST:
        message = f"the answer of the {step.step} has {size} bytes; {_LONGEST} are taken"
        return failure("tool", message, "ask for less", evidence=evidence)
    return Outcome("ok", output, evidence)
