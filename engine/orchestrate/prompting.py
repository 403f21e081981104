"""A Flow on a prompt: the run of an Intent that is nobody's, which the person who types it has agreed to by that.

Invariant: an agent starts no Flow that makes commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from engine.config import Settings
from engine.languages.intent.model import Intent
from engine.orchestrate.confinement import shown_policy
from engine.orchestrate.events import Draft
from engine.orchestrate.flow import writes
from engine.orchestrate.git.integration import merge_by_hand
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.starting import steps_of
from engine.orchestrate.steps.world import World
from engine.orchestrate.verdicts import refusal_event
from engine.orchestrate.wire import Refused

__all__ = ["Prompt", "prompt_start", "refusal_of", "started"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A Flow to be run on a text. Whoever wants it has chosen the run's id, so that asking twice starts one run."""

    run_id: str
    flow: str
    text: str


def refusal_of(prompt: Prompt, settings: Settings, step: str | None) -> Draft | None:
    """The record that an agent, at work in `step`, wants what only people may; None if this one may be started.

    Raises `Refused` for a Flow that there is not.
    """
    if step is None or not writes(steps_of(prompt.flow, settings.own_flows)):
        return None
    return refusal_event(f"run the Flow {prompt.flow}", None, step)


def started(prompt: Prompt, world: World) -> Draft:
    """The event that starts a prompt in a repository as it is now. Waits for git.

    Raises `Refused` for a Flow that there is not, `GitError` for a repository without a base where one is needed.
    """
    settings = world.workspace.settings
    steps = steps_of(prompt.flow, settings.own_flows)
    return prompt_start(prompt, steps, settings, _base(world) if "coordinator" not in steps else {})


def prompt_start(
    prompt: Prompt, steps: Sequence[str], settings: Settings, base: Mapping[str, str]
) -> Draft:
    """The event that starts a Flow on a prompt, as the run of an Intent that is nobody's. Raises `Refused`."""
    lines = prompt.text.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if not first:
        raise Refused("the prompt is empty", "say what is wanted")
    values = {"id": "prompt", "title": first[:_TITLE], "body": prompt.text, "type": prompt.flow}
    try:
        intent = Intent.model_validate(values).model_dump(mode="json")
    except ValidationError as error:
        raise Refused(f"`{prompt.flow}` is no name of a Flow: {error.errors()[0]['msg']}") from None
    payload = {
        "intent": {**intent, "id": None},
        "flow": list(steps),
        "limits": settings.run.limits(),
        "budget": settings.run.budget.of({}),
        "policy": shown_policy(settings.policy),
        "base": dict(base),
        "integrate": base.get("mode"),
        "waits_for": [],
    }
    return Draft(type="run.start", payload=payload, run_id=prompt.run_id)


#: characters of what a prompt is called
_TITLE: Final = 72


def _base(world: World) -> dict[str, str]:
    """What a run without an Intent stands on. Raises `Refused` where the base conflicts with what landed before."""
    base, mode = world.repository.base(world.settings.base_branch), world.settings.integrate
    onto = world.integration.start(mode, base)
    if isinstance(onto, Conflict):
        where = ", ".join(onto.files[:5])
        raise Refused(f"{base.branch} conflicts with what landed before, in {where}", merge_by_hand(base.branch))
    return {"branch": base.branch, "commit": onto, "mode": mode}
