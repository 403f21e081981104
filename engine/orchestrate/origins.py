"""What each run works with: the settings, the checkout and the environment of the client that started or resumed it.

The environment may hold secrets. Invariant: it is kept in memory only, as long as its run goes on in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.config import decode
from engine.orchestrate.agents.environment import handed_on
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.files import IntentFiles
from engine.orchestrate.wire import Refused
from engine.orchestrate.workspace import Workspace

__all__ = ["Origins", "wish", "world_of"]


class Origins:
    """By run, the world of its client; for others that of the process itself.

    `on_change`: is told of the environments of all of them when there are others.
    """

    def __init__(self, own: World, on_change: Callable[[Sequence[Mapping[str, str]]], None]) -> None:
        self.own = own
        self._on_change = on_change
        self._worlds: dict[str, World] = {}
        self._files: dict[str, IntentFiles] = {}

    def of(self, run_id: str) -> World:
        """What the steps of a run work with."""
        return self._worlds.get(run_id, self.own)

    def files(self, intent_id: str) -> IntentFiles:
        """Where the file of an Intent is."""
        return self._files.get(intent_id, self.own.workspace.files)

    def keep(self, run_id: str, intent_id: str | None, world: World) -> None:
        """Notes whose run it is from now on."""
        self._worlds[run_id] = world
        if intent_id is not None:
            self._files[intent_id] = world.workspace.files
        self._changed()

    def forget(self, run_id: str) -> None:
        """A run has ended."""
        self._worlds.pop(run_id, None)
        self._changed()

    def _changed(self) -> None:
        several = {id(world): world.environ for world in (self.own, *self._worlds.values())}
        self._on_change(list(several.values()))


def wish(workspace: Workspace, environ: dict[str, str]) -> dict[str, Any]:
    """A client's checkout, settings and allow-listed environment, as they travel to the runner."""
    more = [pattern for table in workspace.settings.agents.values() for pattern in table.env_allow]
    return {
        "folder": str(workspace.repository.root),
        "settings": workspace.settings.model_dump(mode="json", exclude_defaults=True),
        "environ": handed_on(environ, more),
    }


def world_of(wish: Any, own: World) -> World:
    """The world that a client's wish is about. Raises `Refused` for settings that this version does not have.

    Raises `GitError` for a checkout that cannot be used.
    """
    settings, faults = decode(wish["settings"])
    if faults:
        raise Refused("; ".join(f"{fault.key}: {fault.message}" for fault in faults), "use one version of penstock")
    environ = {str(name): str(value) for name, value in wish["environ"].items()}
    return World(own.workspace.seen_from(Path(wish["folder"]), settings, environ), environ, own.guards)
