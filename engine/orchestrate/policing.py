"""What a process that runs Intents refuses its clients, and under which policy runs begin: refused is recorded.

Invariant: an agent's process appends nothing to the log but that it was refused something.
"""

from __future__ import annotations

from typing import Final

from engine.config import Settings
from engine.orchestrate.confinement import shown_policy
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.prompting import Prompt, refusal_of
from engine.orchestrate.runner import Runner
from engine.orchestrate.verdicts import refusal_event
from engine.orchestrate.wire import Refused

__all__ = ["check", "refuse_prompt", "refuse_settings", "refuse_unfit", "show_policy"]

#: what clients append; everything else comes from runs
_FROM_CLIENTS: Final = frozenset({"approval", "answer", "error", "trust"})


async def show_policy(runner: Runner, settings: Settings) -> None:
    """Keeps under which policy runs begin from now on, if that has changed."""
    now, before = shown_policy(settings.policy), runner.state.policy
    if now != before:
        changes = [f"{name}: {before.get(name)} -> {now[name]}" for name in now if now[name] != before.get(name)]
        reason = f"runs begin under another policy: {'; '.join(changes)}"
        await runner.append(Draft(type="policy", payload={"policy": now, "reason": reason}))


async def refuse_settings(runner: Runner, mine: Settings, asked: Settings, step: str) -> None:
    """Records that an agent's process wants runs under another policy, or with agents of its own."""
    if (asked.policy, asked.agents) != (mine.policy, mine.agents):
        await runner.append(refusal_event("change the policy", None, step))


async def refuse_unfit(runner: Runner, draft: Draft, step: str | None) -> None:
    """Raises `Refused` for an event that a client may not append. `step`: that of the agent's process it comes from."""
    own = draft.type == "error" and draft.payload.get("class") == "policy"  # that it was refused something
    if step is not None and not own:
        await runner.append(refusal_event(draft.type, draft.intent_id, step))
        raise Refused("an agent may not decide anything; that is for people, and it was recorded", kind="policy")
    if draft.type not in _FROM_CLIENTS:
        raise Refused(f"a client may not append `{draft.type}`", kind="policy")


async def refuse_prompt(runner: Runner, prompt: Prompt, settings: Settings, step: str | None) -> None:
    """Raises `Refused` for a prompt that an agent's process, at work in `step`, may not start."""
    if (refusal := refusal_of(prompt, settings, step)) is not None:
        await runner.append(refusal)
        raise Refused("an agent may start no Flow that makes commits; it was recorded", kind="policy")


def check(refusal: Event | None) -> None:
    """Raises `Refused` for an `error` that the controller announced instead of doing something."""
    if refusal is not None:
        said = refusal.payload
        raise Refused(str(said["message"]), str(said["next_action"]), str(said["class"]))
