"""Rebase: a Task's commits on the base as it is now, if it has moved since the Task began."""

from __future__ import annotations

import asyncio

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git import combining
from engine.orchestrate.git.combining import Rebased
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.steps.outcomes import conflicted, refused
from engine.orchestrate.steps.world import World

__all__ = ["rebase"]


async def rebase(world: World, step: RunStep, _stop: asyncio.Event) -> Outcome:
    """Where the Task's commits stand now, or the conflict."""
    return await asyncio.to_thread(_rebased, world, step)


def _rebased(world: World, step: RunStep) -> Outcome:
    inputs, base = step.inputs, step.inputs["base"]
    start, commit = inputs["start_commit"], inputs["commit"]
    stays = Outcome("ok", {"start_commit": start, "commit": commit, "moved": False})
    onto = world.integration.start(base["mode"], world.repository.base(base["branch"]))
    if isinstance(onto, Conflict):
        return stays  # the integration says what to do about a base that conflicts with what landed
    if onto == base["commit"] or world.repository.is_ancestor(onto, start):
        return stays  # nothing is new on the base since the run began, or the Task stands on it already
    onto = world.worktrees.start_point(onto, [start])
    if isinstance(onto, Conflict):
        return stays  # a dependency's change conflicts with the base: its own rebase or the integration tells
    tree = world.worktrees.create(step.key, inputs["branch"], commit)
    done = combining.rebase(world.repository, tree.path, inputs["branch"], start, onto)
    if isinstance(done, Rebased):
        return Outcome("ok", {"start_commit": done.start_commit, "commit": done.commit, "moved": done.moved})
    return refused(done) if isinstance(done, Refusal) else conflicted(done)
