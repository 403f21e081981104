"""`penstock run --flow F --prompt T`: a Flow on a prompt instead of an Intent; what it answers goes to standard output.

Invariant: nothing but the answer is written there, so that it can be piped on.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from engine.orchestrate.events import Event
    from engine.orchestrate.prompting import Prompt
    from engine.orchestrate.workspace import Workspace

__all__ = ["Answer", "show_flow", "wanted"]

#: characters of a prompt, which is a part of events and of messages to the runner
_LONGEST: Final = 100_000


class Answer:
    """Waits for the answer of a run: what its last role said of the run as a whole."""

    def __init__(self, run_id: str) -> None:
        self.text: str | None = None
        self._run_id = run_id

    def see(self, event: Event) -> None:
        """Takes an event in."""
        if event.type == "result" and event.payload.get("taskId") == event.run_id == self._run_id:
            self.text = str(event.payload["response"])


def wanted(workspace: Workspace, flow: str, text: str) -> Prompt:
    """The prompt of a Flow. Raises `Refused` for a Flow that there is not, or that an agent may not start."""
    from engine.orchestrate.appending import append
    from engine.orchestrate.policy import acting_agent
    from engine.orchestrate.prompting import Prompt, refusal_of
    from engine.orchestrate.starting import steps_of
    from engine.orchestrate.wire import Refused

    if not text.strip():
        raise click.UsageError("the prompt is empty: say what is wanted")
    if len(text) > _LONGEST:
        raise click.UsageError(f"the prompt has {len(text)} characters; {_LONGEST} are taken")
    steps_of(flow, workspace.settings.own_flows)
    prompt = Prompt(f"{flow}-{secrets.token_hex(4)}", flow, text)
    refusal = refusal_of(prompt, workspace.settings, acting_agent(os.environ))
    if refusal is not None:
        append(workspace, refusal)
        raise Refused("an agent may start no Flow that makes commits; it was recorded", kind="policy")
    return prompt


def show_flow(workspace: Workspace, flow: str) -> int:
    """Prints the steps of a Flow and what each is there for; starts nothing."""
    from engine.orchestrate.flow import DUTIES
    from engine.orchestrate.starting import steps_of

    for name in steps_of(flow, workspace.settings.own_flows):
        click.echo(f"{name}: {DUTIES[name]}")
    return 0
