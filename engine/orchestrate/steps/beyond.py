"""What changed beyond a step's worktree while its command or agent was at work.

Looked at are the checkout that the run was started from (its HEAD and its files), what git shares between worktrees
(settings, hooks, the stash) and `penstock/landed`. A person may have done it themselves at the same time, so what is
found is a question to them, or, for their own checkout, only recorded if the settings say so. Not counted are
`.penstock/` (the Runner writes there, and no file there decides anything), what git ignores, what this process writes
itself, and a landing that a person asked for. Reads only.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from engine.orchestrate.agents.evidence import CheckoutState, checkout_state
from engine.orchestrate.effects import Outcome
from engine.orchestrate.git.errors import GitInterrupted
from engine.orchestrate.git.integration import LANDED_BRANCH
from engine.orchestrate.git.landing import RUN_REFS
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.shared import SharedState, shared_state
from engine.orchestrate.steps.world import World

__all__ = ["Beyond", "Found", "beyond", "named", "told", "watched"]

#: names in a question
_NAMED: Final = 5
#: of what git shares, what a person changes by working in their checkout
_OF_THE_CHECKOUT: Final = frozenset({"stash"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """What changed, each in words that a person finds it by: in the person's `checkout`, and `elsewhere`."""

    checkout: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All of it."""
        return [*self.checkout, *self.elsewhere]

    def asks(self, world: World) -> list[str]:
        """What of it a person has to agree to."""
        records = world.workspace.settings.policy.checkout_changes == "record"
        return list(self.elsewhere) if records else self.names


@dataclass(frozen=True, slots=True)
class Beyond:
    """All that lies beyond a worktree, at one moment. `landed`: the tip of `penstock/landed`."""

    checkout: CheckoutState
    shared: SharedState
    landed: str | None

    def changes(self, later: Beyond, repository: Repository, apart: Sequence[Path] = ()) -> Found:
        """What changed until `later`.

        `apart`: folders that do not count, such as that of the worktrees if it lies in the checkout.
        """
        shared = self.shared.differences(later.shared)
        checkout = [
            *self._in_the_checkout(later, repository, apart),
            *(f"git's {name}" for name in shared if name in _OF_THE_CHECKOUT),
        ]
        elsewhere = [f"git's {name}" for name in shared if name not in _OF_THE_CHECKOUT]
        if self.landed and not (later.landed and repository.is_ancestor(self.landed, later.landed)):
            elsewhere.append(LANDED_BRANCH)
        return Found(tuple(checkout), tuple(elsewhere))

    def _in_the_checkout(self, later: Beyond, repository: Repository, apart: Sequence[Path]) -> list[str]:
        differences = self.checkout.differences(later.checkout)
        if not differences:
            return []
        own = _own_files(repository.root) | repository.ignored(self._vanished(differences, later))
        others = (".penstock/", *(f"{os.path.relpath(folder, repository.root)}/" for folder in apart))
        found = []
        for name in differences:
            if name == "HEAD" and later.checkout.head in repository.refs(RUN_REFS).values():
                continue  # a run landed there
            if not name.startswith(others) and name not in own:
                found.append(name if name not in {"HEAD", "branch"} else f"the {name} of {repository.root}")
        return found

    def _vanished(self, names: Sequence[str], later: Beyond) -> list[str]:
        """Untracked files that git does not speak of any more: they are gone, or ignored by now."""
        before, after = self.checkout.files, later.checkout.files
        return [name for name in names if name in before and name not in after and str(before[name][0])[0] == "?"]


def beyond(repository: Repository) -> Beyond:
    """What lies beyond the worktrees of a repository, now. Raises `GitError` if git does not answer."""
    checkout = checkout_state(repository.root, repository.environment)
    return Beyond(checkout, shared_state(repository), repository.tip(LANDED_BRANCH))


async def watched(world: World, work: Callable[[], Awaitable[_T]]) -> tuple[_T, Found]:
    """What a step's work gives, and what changed beyond its worktree meanwhile."""
    before = await asyncio.to_thread(beyond, world.repository)
    result = await work()
    try:
        return result, await asyncio.to_thread(_changes, world, before)
    except GitInterrupted:  # how the work ended is known, and counts
        return result, Found()


def _changes(world: World, before: Beyond) -> Found:
    places = world.workspace.locations
    return before.changes(beyond(world.repository), world.repository, (places.state, places.worktrees))


def told(outcome: Outcome, found: Found, world: World) -> Outcome:
    """An outcome with what was found: as evidence, and in its error if it has one."""
    if found.names:
        outcome = replace(outcome, evidence={**outcome.evidence, "beyond": found.names})
    asks = found.asks(world)
    if not asks or outcome.error is None:
        return outcome
    message = f"{outcome.error['message']}; while it was at work, {named(asks)} changed"
    return replace(outcome, error={**outcome.error, "message": message})


def named(names: Sequence[str]) -> str:
    """The first few of many names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _own_files(root: Path) -> set[str]:
    """The files in a checkout that this process has open: where its events and its output go."""
    paths = set()
    for opened in Path("/dev/fd").iterdir():
        with suppress(OSError, ValueError):
            paths.add(str(opened.readlink().relative_to(root.resolve())))
    return paths
