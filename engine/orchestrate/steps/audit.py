"""Audit: what should be better, by an agent that looks at a checkout of the base; and the report of what it found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.noticing import add
from engine.orchestrate.steps.outcomes import failure
from engine.orchestrate.steps.prompts import audit_of
from engine.orchestrate.steps.reading import read_checkout
from engine.orchestrate.steps.world import World
from engine.orchestrate.store import atomic
from engine.orchestrate.store.observations import BadObservations

__all__ = ["audit", "report"]

#: characters of a report that the run answers with; the file has all of it
_LONGEST: Final = 200_000


async def audit(world: World, step: RunStep, stop: asyncio.Event) -> Outcome:
    """The observations of the auditing agent."""
    return await read_checkout(world, step, audit_of(step.inputs), step.inputs["base"]["commit"], stop)


async def report(world: World, step: RunStep, _stop: asyncio.Event) -> Outcome:
    """Writes the observations down, and a summary in Markdown, where that is, and what it says."""
    return await asyncio.to_thread(_reported, world, step)


def _reported(world: World, step: RunStep) -> Outcome:
    text = "\n".join(_lines(step)) + "\n"
    path = world.workspace.files.folder / "reports" / f"{step.run_id}.md"
    try:
        observed = add(world, step, step.inputs["observations"]) if step.inputs["observations"] else []
        path.parent.mkdir(parents=True, exist_ok=True)
        if not atomic.create(path, text.encode()):
            atomic.replace(path, lambda _: text.encode())
    except (BadObservations, atomic.ChangedMeanwhile, OSError) as error:
        return failure("user", str(error), "mend the file, then run it again", result="refused")
    told = str(path.relative_to(world.workspace.files.root))
    return Outcome("ok", {"observed": observed, "path": told, "text": text[:_LONGEST]})


def _lines(step: RunStep) -> Iterator[str]:
    observations = step.inputs["observations"]
    yield f"# {step.inputs['intent']['title']}"
    yield ""
    if not observations:
        yield "Nothing was found."
    for observation in observations:
        yield f"- {' '.join(str(observation['content']).split())}"
        yield from (f"  - {_evidence(each)}" for each in observation.get("evidence") or ())


def _evidence(evidence: Mapping[str, Any]) -> str:
    return f"{evidence.get('type')}: `{evidence.get('ref')}`"
