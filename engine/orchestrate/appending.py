"""Appending an event from a command that runs nothing: through the runner if there is one, else by itself.

One process writes to the log. Where that is a runner it is asked over its socket; where nobody is, this process holds
the lock for as long as one event takes, and does what follows for the Intents' files.
Invariant: when this returns, the event is safe on disk, whoever wrote it, and it is there once: a runner that dies
before it has answered may have written it, which its id tells.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.orchestrate import client, controller
from engine.orchestrate.effects import Announce, Effect, UpdateIntent
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.reaching import reached
from engine.orchestrate.wire import Refused
from engine.orchestrate.workspace import Workspace

__all__ = ["append"]


def append(workspace: Workspace, draft: Draft, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Appends a cause, or an announcement; what could not be done about the Intents' files, in words.

    Raises `Refused` when the event makes no sense to the controller, or when nobody can write; `DamagedLog`.
    """
    event_id = uuid.uuid4().hex
    return reached(lambda: _here(workspace, draft, event_id), lambda: _there(workspace, draft, event_id), pause)


def _here(workspace: Workspace, draft: Draft, event_id: str) -> list[str]:
    with workspace.open_log() as log:
        state = log.state()
        effects: Sequence[Effect] = ()

        def follow(event: Event) -> list[Draft]:
            nonlocal effects
            _, effects = controller.step(state, event)
            return [effect.draft for effect in effects if isinstance(effect, Announce)]

        known = log.appended(event_id)
        events = known or log.append(draft, follow, event_id)
    _refuse_senseless(draft, events[1:], effects)
    wanted = controller.outstanding(state) if known else effects
    updates = [effect for effect in wanted if isinstance(effect, UpdateIntent)]
    return [said for update in updates if (said := workspace.files.apply(update)) is not None]


def _there(workspace: Workspace, draft: Draft, event_id: str) -> list[str]:
    params: Mapping[str, Any] = {"draft": {**asdict(draft), "payload": dict(draft.payload)}, "event_id": event_id}
    client.ask(workspace.socket, "append", params)
    return []


def _refuse_senseless(draft: Draft, announced: Sequence[Event], effects: Sequence[Effect]) -> None:
    """Raises `Refused` if all that the controller had to say about a cause is that it is an error."""
    if draft.type == "error" or any(not isinstance(effect, Announce) for effect in effects):
        return
    if [event.type for event in announced] == ["error"]:
        said = announced[0].payload
        raise Refused(str(said.get("message", "")), str(said.get("next_action", "")), str(said.get("class", "user")))
