"""Asking an agent in a role that only reads: what it says counts once it is clear that it changed nothing elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from engine.orchestrate.agents.protocol import Agent, AgentReply, Request
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.beyond import Found, named, told, watched
from engine.orchestrate.steps.world import World

__all__ = ["asked", "checked"]


async def asked(
    world: World, agent: Agent, request: Request, step: RunStep, cwd: Path, stop: asyncio.Event
) -> tuple[AgentReply, Found]:
    """What the agent answers, and what changed beyond its worktree meanwhile."""
    return await watched(world, lambda: world.ask(agent, request, step, cwd, stop))


def checked(outcome: Outcome, step: RunStep, found: Found, world: World) -> Outcome:
    """The outcome of a step in whose time that changed; a person must agree before what the agent said is of use."""
    outcome, asks = told(outcome, found, world), found.asks(world)
    if not asks or outcome.error is not None or outcome.result == "cancelled":
        return outcome
    task = f" of Task {step.task_id}" if step.task_id else ""
    question = f"While the agent for {step.step}{task} was at work, {named(asks)} changed: do you agree?"
    return replace(outcome, result="question", output={**outcome.output, "kind": "policy", "question": question})
