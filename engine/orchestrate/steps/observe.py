"""Observe: patterns in the history of runs. Without a history there are none, and nobody is asked."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.roles import role
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.history import read_history

__all__ = ["observe"]

_NAMES: Final = ("intent_id", "title", "type", "flow", "adjustments", "outcome", "reason", "lines")
#: characters of histories that an agent is told; of more, the latest
_LONGEST: Final = 100_000


async def observe(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The patterns that the agent sees in the runs there have been."""
    histories = await asyncio.to_thread(_histories, world.workspace.files.folder / "history")
    if not histories:
        return Outcome("ok", {"patterns": [], "turns": 0}, {"histories": 0})
    return await role(world, replace(step, inputs={**step.inputs, "histories": histories}), stop)


def _histories(folder: Path) -> list[str]:
    """Runs in short, each on a line, the latest last."""
    runs = [run for path in sorted(folder.glob("*.yaml")) for run in read_history(path)]
    runs.sort(key=lambda run: str(run.get("ended_at")))
    lines = [json.dumps({name: run.get(name) for name in _NAMES}, default=str) for run in runs]
    kept, size = list[str](), 0
    for line in reversed(lines):
        size += len(line)
        if size > _LONGEST:
            break
        kept.append(line)
    return kept[::-1]
