"""Review: whether a Task's commits are good, by the Intent's `verify` commands and by an agent who only reads.

Both work in a clean checkout of the commit under review that is thrown away afterwards. An Intent that gives its own
commands needs no reviewing agent unless it names one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.orchestrate.agents.evidence import checkout_state, evidence_of
from engine.orchestrate.agents.protocol import AgentReply, Failure, ReviewResult
from engine.orchestrate.budget import asks_agent
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.history import diff_text
from engine.orchestrate.steps.noticing import noted
from engine.orchestrate.steps.outcomes import failed, failure, no_reply
from engine.orchestrate.steps.prompts import review_of
from engine.orchestrate.steps.reading import asked, checked
from engine.orchestrate.steps.verify import verify
from engine.orchestrate.steps.world import World

__all__ = ["review"]


async def review(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """Approved, or rejected with feedback."""
    tree = await asyncio.to_thread(world.worktrees.create, step.key, None, step.inputs["commit"])
    try:
        verified = await verify(world, step, step.inputs["verify"], tree.path, stop)
        if verified.outcome is not None:
            return replace(verified.outcome, output={**verified.outcome.output, "turns": 0})  # no agent was asked
        evidence: dict[str, Any] = {"verify": verified.evidence}
        if not asks_agent("review", step.inputs):
            return Outcome("ok", {"approved": True}, evidence)
    finally:
        await asyncio.to_thread(world.worktrees.remove, tree.path)
    return await _asked(world, step, evidence, stop)


async def _asked(world: World, step: RunStep, evidence: dict[str, Any], stop: asyncio.Event) -> Outcome:
    """The verdict of the reviewing agent."""
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, evidence)
    commit = step.inputs["commit"]
    tree = await asyncio.to_thread(world.worktrees.create, step.key, None, commit)
    try:
        diff = await asyncio.to_thread(diff_text, world.repository, step.inputs["start_commit"], commit)
        path = await asyncio.to_thread(_written, world, step, diff.text)
        request = world.request(step, review_of(step.inputs, truncated=diff.truncated), tree.path, diff_path=str(path))
        before = await asyncio.to_thread(checkout_state, tree.path, world.repository.environment)
        reply, found = await asked(world, agent, request, step, tree.path, stop)
        after = await asyncio.to_thread(checkout_state, tree.path, world.repository.environment)
    finally:
        await asyncio.to_thread(world.worktrees.remove, tree.path)
    changed = before.differences(after)
    evidence |= {"agent": evidence_of(reply.end), "changed": changed}
    return await noted(world, step, checked(_outcome(reply, changed, evidence), step, found, world))


def _outcome(reply: AgentReply, changed: Sequence[str], evidence: Mapping[str, Any]) -> Outcome:
    problem = no_reply(reply, evidence)
    if problem is not None:
        return problem
    if changed:
        message = f"the reviewer changed what it was to review: {', '.join(changed[:10])}"
        return failure("policy", message, "use another agent", evidence=evidence, output=reply.cost)
    assert isinstance(reply.result, ReviewResult)
    return _verdict(reply.result, {"session_id": reply.session_id, **reply.cost}, evidence)


def _verdict(said: ReviewResult, told: Mapping[str, Any], evidence: Mapping[str, Any]) -> Outcome:
    output = {**said.model_dump(), **told}
    if said.approved:
        return Outcome("ok", output, evidence)
    output["feedback"] = {"issues": output["issues"], "suggestions": output["suggestions"]}
    return Outcome("rejected", output, evidence)


def _written(world: World, step: RunStep, text: str) -> Path:
    path = world.log(step, "diff").with_suffix(".diff")
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path
