"""Implement: one Task in a worktree and on a branch of its own, from its dependencies' results to new commits.

A command (`run`) begins anew each time; an agent whose work was rejected goes on with it. What is not committed is
committed here, after a look at what it adds. Whether it worked is for git to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.orchestrate.agents.evidence import evidence_of
from engine.orchestrate.agents.protocol import Failure
from engine.orchestrate.confinement import added_paths, led_out
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.changes import Committed, commit_changes
from engine.orchestrate.git.history import FileChanges, commits, file_changes
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.git.scan import Limits
from engine.orchestrate.git.worktrees import Worktree, place_task_file
from engine.orchestrate.steps.beyond import Found, named, told, watched
from engine.orchestrate.steps.outcomes import conflicted, ended_badly, failed, failure, no_reply, refused
from engine.orchestrate.steps.prompts import implementation
from engine.orchestrate.steps.record import record
from engine.orchestrate.steps.world import World

__all__ = ["branch_of", "implement"]


def branch_of(run_id: str, task_id: str | None) -> str:
    """The branch of a Task."""
    return f"penstock/{run_id}/{task_id}"


async def implement(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """A Task's new commits, or why there are none."""
    inputs, task = step.inputs, step.inputs["task"]
    previous = inputs.get("previous") if not task.get("run") else None
    start = previous["commit"] if previous else await asyncio.to_thread(_start, world, inputs)
    if isinstance(start, Conflict):
        return conflicted(start)
    tree = await asyncio.to_thread(_tree, world, step, start)
    worked, found = Outcome("ok"), Found()
    if tree.finished is None:
        worked, found = await _worked(world, step, tree, stop)
        if worked.result != "ok":
            return told(worked, found, world)
    began = (previous or {}).get("start_commit")
    committed = await asyncio.to_thread(_committed, world, step, tree, worked, began, found.asks(world))
    return told(committed, found, world)


def _start(world: World, inputs: Any) -> str | Conflict:
    """The commit that a Task builds on: the base it is to stand on, and its dependencies' results."""
    heads = [each["commit"] for each in inputs["dependencies"]]
    return world.worktrees.start_point(inputs["onto"] or inputs["base_commit"], heads)


def _tree(world: World, step: RunStep, start: str) -> Worktree:
    """The Task's worktree: clean, or, for an agent who is to mend what it did, as it left it."""
    branch = branch_of(step.run_id, step.task_id)
    if step.attempt > 1 and step.inputs["feedback"]:
        left = world.worktrees.resume(branch, start)
        if left is not None:
            return left
    return world.worktrees.create(step.key, branch, start)


async def _worked(world: World, step: RunStep, tree: Worktree, stop: asyncio.Event) -> tuple[Outcome, Found]:
    """What the Task's command or agent did, and what changed elsewhere meanwhile; nothing is committed yet."""
    task = step.inputs["task"]
    if step.step == "record":
        return await asyncio.to_thread(record, tree.path, task["skills"]), Found()
    if world.mode(step) == "read-only":
        message = "the policy lets implement only read"
        return failure("policy", message, "set implement in [policy.mode]", result="refused"), Found()
    stopped = world.forbidden(step, [*world.settings.worktree_setup, *filter(None, [task.get("run")])])
    if stopped is not None:
        return stopped, Found()
    setup = await world.set_up(step, tree.path, stop)
    if setup is not None:
        return ended_badly(setup, {"setup": evidence_of(setup)}) or Outcome("failed"), Found()
    await asyncio.to_thread(_place_task, tree, step)
    return await watched(world, _done(world, step, tree, stop))


async def _done(world: World, step: RunStep, tree: Worktree, stop: asyncio.Event) -> Outcome:
    """How the Task's command or agent ended."""
    task = step.inputs["task"]
    if task.get("run"):
        seconds = world.settings.implement_timeout_seconds
        end = await world.shell(step, task["run"], tree.path, stop, name="run", seconds=seconds, as_role=True)
        evidence = {"run": evidence_of(end)}
        return ended_badly(end, evidence) or Outcome("ok", evidence=evidence)
    agent = world.agent(step)
    if isinstance(agent, Failure):
        return failed(agent, {})
    request = world.request(step, implementation(step.inputs), tree.path)
    reply = await world.ask(agent, request, step, tree.path, stop)
    evidence = {"agent": evidence_of(reply.end)}
    output = {"session_id": reply.session_id, "summary": getattr(reply.result, "summary", ""), **reply.cost}
    return no_reply(reply, evidence) or Outcome("ok", output, evidence)


def _place_task(tree: Worktree, step: RunStep) -> None:
    """Says in the worktree what is to be done; on one line, since indenting takes ten times as long."""
    told = {"intent": step.inputs["intent"], "task": step.inputs["task"]}
    place_task_file(tree.path, json.dumps(told) + "\n")


def _committed(
    world: World, step: RunStep, tree: Worktree, worked: Outcome, began: str | None, changes: Sequence[str]
) -> Outcome:
    """The commits that are there now, as the outcome; `changes`: what a person must agree to besides."""
    task = step.inputs["task"]
    limits = Limits(total_bytes=world.settings.max_commit_bytes)
    done = commit_changes(
        world.repository, tree, _message(step), step.key, limits, allow_empty=bool(task.get("allow_empty"))
    )
    if isinstance(done, Refusal):
        agents = step.step == "implement" and not task.get("run")
        outcome = refused(done, feedback=agents, evidence={**worked.evidence, "refused": done.kind})
        return replace(outcome, output={**worked.output, **outcome.output})
    output = {**worked.output, **_described(world, done, began or done.start_commit), "branch": tree.branch}
    evidence = {**worked.evidence, "commits": output["commits"]}
    links = led_out(tree.path, done.files, added_paths(world.workspace.settings.policy, world.repository.root))
    questions = [] if step.inputs.get("agreed") else _questions(step, done, changes, links)
    if questions:
        return Outcome("question", {**output, "kind": "policy", "question": " ".join(questions)}, evidence)
    return Outcome("ok", output, evidence)


def _questions(step: RunStep, done: Committed, changes: Sequence[str], links: Sequence[str]) -> list[str]:
    """What a person must agree to before the Task goes on."""
    found = []
    if changes:
        found.append(f"While Task {step.task_id} was at work, {named(changes)} changed: do you agree?")
    if links:
        found.append(f"Task {step.task_id} adds links that lead out of the repository, {named(links)}: do you agree?")
    if done.policy_files:
        files = named(done.policy_files)
        found.append(f"Task {step.task_id} changes {files}, which steers Penstock itself: is that what you want?")
    return found


def _described(world: World, done: Committed, start: str) -> dict[str, Any]:
    """The Task's commits after `start`, which are more than this step's if it went on with a rejected work."""
    made, changes = list(done.commits), FileChanges(done.files, done.added, done.removed)
    if start != done.start_commit:
        made = commits(world.repository, start, done.commit)
        changes = file_changes(world.repository, start, done.commit)
    return {
        "start_commit": start,
        "commit": done.commit,
        "commits": made,
        "files": list(changes.files),
        "added": changes.added,
        "removed": changes.removed,
    }


def _message(step: RunStep) -> str:
    intent, task = step.inputs["intent"], step.inputs["task"]
    title = str(task.get("title") or task["id"])
    subject = title if len(title) <= _SUBJECT else title[: _SUBJECT - 1] + "…"
    named = ", ".join(filter(None, (intent["id"], f"Task {task['id']}")))
    return f"{subject}\n\n{intent['title']} ({named})\n"


#: characters of a commit's first line
_SUBJECT = 72
