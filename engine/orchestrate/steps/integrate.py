"""Integrate: a run's reviewed Tasks, replayed in order on the tip of where they go, verified together, and landed.

Invariant: nothing moves before the commands of `verify` passed on exactly the commit that the branch moves to.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.integration import Prepared, TaskCommits, merge_by_hand
from engine.orchestrate.git.landing import Landed
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.steps.noticing import noticed
from engine.orchestrate.steps.outcomes import conflicted, refused
from engine.orchestrate.steps.verify import verify
from engine.orchestrate.steps.world import World

__all__ = ["integrate"]

#: how often the work is done again because the branch moved in the meantime
_TRIES: Final = 5


async def integrate(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The commits where they landed; the conflict of a Task; the verification that failed; or why nothing lands."""
    result: Outcome | None = None
    for _ in range(_TRIES):
        result = await _tried(world, step, stop)
        if result is not None:
            break
    said = "the branch moved each time that the run was about to land"
    return result or refused(Refusal("moved", said, next_action="run the Intent again when nobody else moves it"))


async def _tried(world: World, step: RunStep, stop: asyncio.Event) -> Outcome | None:
    """One try; None if the branch moved in the meantime."""
    inputs = step.inputs
    prepared = await asyncio.to_thread(_prepared, world, step)
    if not isinstance(prepared, Prepared):
        return await noticed(world, step, _ended(step, prepared))
    verified = await verify(world, step, inputs["verify"], prepared.path, stop)
    if verified.outcome is not None:
        return verified.outcome
    if stop.is_set():
        return Outcome("cancelled")
    done = await asyncio.to_thread(world.integration.publish, prepared, agreed=bool(inputs.get("agreed")))
    if isinstance(done, Refusal) and done.kind == "moved":
        return None
    return await noticed(world, step, _ended(step, done, {"verify": verified.evidence}))


def _prepared(world: World, step: RunStep) -> Prepared | Landed | Conflict | Refusal:
    inputs = step.inputs
    tasks = [TaskCommits(task["id"], task["start_commit"], task["commit"]) for task in inputs["tasks"]]
    base = world.repository.base(inputs["base_branch"])
    return world.integration.prepare(step.run_id, tasks, inputs["mode"], base)


def _ended(step: RunStep, done: Landed | Conflict | Refusal, evidence: dict[str, Any] | None = None) -> Outcome:
    if isinstance(done, Landed):
        output = {
            "branch": done.branch,
            "before": done.before,
            "after": done.after,
            "commits": list(done.commits),
            "files": list(done.files),
            "added": done.added,
            "removed": done.removed,
            "url": done.url,
            "command": done.command,
        }
        return Outcome("ok", output, evidence or {})
    if isinstance(done, Refusal):
        if done.kind == "agreement":
            return Outcome("question", {"kind": "policy", "question": f"{done.message}: may it?"})
        return refused(done, kind="user")
    if done.task_id is None:
        named = ", ".join(done.files[:10])
        branch = step.inputs["base_branch"]
        message = f"the base branch {branch} conflicts with penstock/landed in {named}"
        return refused(Refusal("dirty", message, next_action=merge_by_hand(branch)), kind="user")
    return conflicted(done)
