"""Propose: what an agent wants done, as Intents that a person may approve.

Invariant: however often the step is done, each Intent is written once; one that says the same is left as it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.steps.outcomes import failure
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.files import FilesError
from engine.orchestrate.store.observations import BadObservations

__all__ = ["propose"]

_TYPE: Final = re.compile(r"[a-z][a-z0-9_-]*")


async def propose(world: World, step: RunStep, _stop: asyncio.Event) -> Outcome:
    """The ids of the Intents that are there now."""
    return await asyncio.to_thread(_written, world, step)


def _written(world: World, step: RunStep) -> Outcome:
    files, inputs = world.workspace.files, step.inputs
    try:
        names = [files.propose(_values(each, inputs["parent"])).id for each in inputs["proposals"]]
        world.observations.mark(inputs["processed"])
    except (FilesError, BadObservations, OSError) as error:
        return failure("user", str(error), "mend the file, then run it again", result="refused")
    except ValueError as error:
        return failure("tool", f"what was proposed is no Intent: {error}", "look at what the agent said")
    return Outcome("ok", {"intents": list(dict.fromkeys(names))})


def _values(proposal: Mapping[str, Any], parent: str | None) -> dict[str, Any]:
    """The keys of the Intent; a type that is none is left out, and the rule chooses one."""
    kind = str(proposal.get("type") or "")
    values = {
        "title": " ".join(str(proposal["title"]).split()),
        "body": str(proposal.get("body") or ""),
        "type": kind if _TYPE.fullmatch(kind) else None,
        "risk": proposal.get("risk"),
        "parent": parent,
        "source": "reflection",
    }
    return {name: value for name, value in values.items() if value is not None}
