"""Asking an agent in a role that only reads.

Invariant: what it says counts once it is clear that it changed nothing elsewhere, or a person has agreed to that.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.orchestrate.agents.evidence import evidence_of
from engine.orchestrate.agents.protocol import Agent, AgentReply, Failure, Request
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.beyond import Found, named, told, watched
from engine.orchestrate.steps.outcomes import failed, failure, no_reply
from engine.orchestrate.steps.world import World

__all__ = ["asked", "checked", "read_checkout", "said"]


async def asked(
    world: World, agent: Agent, request: Request, step: RunStep, cwd: Path, stop: asyncio.Event
) -> tuple[AgentReply, Found]:
    """What the agent answers, and what changed beyond its worktree meanwhile."""
    return await watched(world, lambda: world.ask(agent, request, step, cwd, stop))


async def read_checkout(world: World, step: RunStep, prompt: str, commit: str, stop: asyncio.Event) -> Outcome:
    """What a step's agent says after a look at a checkout of a commit, which is gone afterwards."""
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, {})
    tree = await asyncio.to_thread(world.worktrees.create, step.key, None, commit)
    try:
        reply, found = await asked(world, agent, world.request(step, prompt, tree.path), step, tree.path, stop)
    finally:
        await asyncio.to_thread(world.worktrees.remove, tree.path)
    return checked(said(reply, step), step, found, world)


def said(reply: AgentReply, step: RunStep) -> Outcome:
    """What an agent answered as an outcome; an answer that is too long for an event is a failure."""
    evidence = {"agent": evidence_of(reply.end)}
    problem = no_reply(reply, evidence)
    if problem or reply.result is None:
        return problem or Outcome("failed", evidence=evidence)
    output = {**reply.result.model_dump(), **reply.cost, "session_id": reply.session_id}
    size = len(json.dumps(output))
    if size > _LONGEST:
        message = f"the answer in the role {step.step} has {size} bytes; {_LONGEST} are taken"
        return failure("tool", message, "ask for less", evidence=evidence, output=reply.cost)
    return Outcome("ok", output, evidence)


#: bytes of an answer, which is a part of events, of prompts to others, and of messages to clients
_LONGEST: Final = 200_000


def checked(outcome: Outcome, step: RunStep, found: Found, world: World) -> Outcome:
    """The outcome of a step in whose time that changed; a person must agree before what the agent said is of use."""
    outcome, asks = told(outcome, found, world), found.asks(world)
    if not asks or outcome.error is not None or outcome.result == "cancelled":
        return outcome
    task = f" of Task {step.task_id}" if step.task_id else ""
    question = f"While the agent for {step.step}{task} was at work, {named(asks)} changed: do you agree?"
    return replace(outcome, result="question", output={**outcome.output, "kind": "policy", "question": question})
