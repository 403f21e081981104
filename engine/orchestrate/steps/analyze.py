"""Analyze: from an Intent to its Tasks.

An Intent that gives its commands (`run`, `tasks`) is its own analysis and needs no agent. An agent looks at a checkout
of the base of its own, so that whatever it does to it is gone afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from engine.orchestrate.agents.evidence import evidence_of
from engine.orchestrate.agents.protocol import AgentReply, Failure
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.steps.noticing import noted
from engine.orchestrate.steps.outcomes import failed, no_reply
from engine.orchestrate.steps.prompts import analysis
from engine.orchestrate.steps.reading import asked, checked
from engine.orchestrate.steps.world import World

__all__ = ["analyze", "tasks_given"]


async def analyze(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The Tasks that the Intent gives, or those that its agent finds, or the agent's questions."""
    base = await asyncio.to_thread(_base, world, step)
    tasks = tasks_given(step.inputs["intent"])
    if tasks:
        return Outcome("ok", {"tasks": tasks, "base_commit": base}, {"tasks_from": "intent"})
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, {})
    tree = await asyncio.to_thread(world.worktrees.create, step.key, None, base)
    try:
        request = world.request(step, analysis(step.inputs), tree.path)
        reply, found = await asked(world, agent, request, step, tree.path, stop)
    finally:
        await asyncio.to_thread(world.worktrees.remove, tree.path)
    return await noted(world, step, checked(_outcome(reply, base), step, found, world))


def _outcome(reply: AgentReply, base: str) -> Outcome:
    evidence = {"agent": evidence_of(reply.end)}
    problem = no_reply(reply, evidence)
    if problem or reply.result is None:
        return problem or Outcome("failed", evidence=evidence)
    output = {**reply.result.model_dump(), **reply.cost, "session_id": reply.session_id, "base_commit": base}
    return Outcome("question" if output["clarifications"] else "ok", output, evidence)


def _base(world: World, step: RunStep) -> str:
    """The commit that the run stands on from now; what landed since it was asked for is in it."""
    base = step.inputs["base"]
    now = world.integration.start(base["mode"], world.repository.base(base["branch"]))
    return base["commit"] if isinstance(now, Conflict) else now


def tasks_given(intent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The Tasks that an Intent's own `tasks` or `run` stand for; none if it has neither."""
    if intent["tasks"]:
        return [{**task, "title": task["title"] or task["run"] or task["id"]} for task in intent["tasks"]]
    return [
        {"id": f"run-{number}", "title": line, "run": line, "depends_on": [], "allow_empty": intent["allow_empty"]}
        for number, line in enumerate(intent["run"], 1)
    ]
