"""Analyze: from an Intent to its Tasks.

An Intent that gives its commands (`run`, `tasks`) is its own analysis and needs no agent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.world import World, failure

__all__ = ["analyze", "tasks_given"]


async def analyze(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The Tasks that the Intent gives, or those that its agent finds, or the agent's questions."""
    intent = step.inputs["intent"]
    tasks = tasks_given(intent)
    if tasks:
        return Outcome("ok", {"tasks": tasks}, {"from": "the Intent"})
    return failure("user", "no agent", "add run: to the Intent", result="refused")


def tasks_given(intent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The Tasks that an Intent's own `tasks` or `run` stand for; none if it has neither."""
    if intent["tasks"]:
        return [{**task, "title": task["title"] or task["run"] or task["id"]} for task in intent["tasks"]]
    return [
        {"id": f"run-{number}", "title": line, "run": line, "depends_on": [], "allow_empty": intent["allow_empty"]}
        for number, line in enumerate(intent["run"], 1)
    ]
