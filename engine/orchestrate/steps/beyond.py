"""What changed beyond a Task's worktree while its command or agent was at work.

Looked at are the checkout that the run was started from (its HEAD and its files), what git shares between worktrees
(settings, hooks, the stash) and `penstock/landed`. A person may have done it themselves at the same time, so what is
found is a question to them. Not counted are `.penstock/` (the Runner writes there, and no file there decides anything),
what this process writes itself, and a landing that a person asked for. Reads only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.orchestrate.agents.evidence import CheckoutState, checkout_state
from engine.orchestrate.git.integration import LANDED_BRANCH
from engine.orchestrate.git.landing import RUN_REFS
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.shared import SharedState, shared_state

__all__ = ["Beyond", "beyond"]


@dataclass(frozen=True, slots=True)
class Beyond:
    """All that lies beyond a worktree, at one moment. `landed`: the tip of `penstock/landed`."""

    checkout: CheckoutState
    shared: SharedState
    landed: str | None

    def changes(self, later: Beyond, repository: Repository, apart: Sequence[Path] = ()) -> list[str]:
        """What changed until `later`, each in words that a person finds it by; empty if nothing did.

        `apart`: folders that do not count, such as that of the worktrees if it lies in the checkout.
        """
        own = _own_files(repository.root)
        others = (".penstock/", *(f"{os.path.relpath(folder, repository.root)}/" for folder in apart))
        found = []
        for name in self.checkout.differences(later.checkout):
            if name == "HEAD" and later.checkout.head in repository.refs(RUN_REFS).values():
                continue  # a run landed there
            if not name.startswith(others) and name not in own:
                found.append(name if name not in {"HEAD", "branch"} else f"the {name} of {repository.root}")
        found += [f"git's {name}" for name in self.shared.differences(later.shared)]
        if self.landed and not (later.landed and repository.is_ancestor(self.landed, later.landed)):
            found.append(LANDED_BRANCH)
        return found


def beyond(repository: Repository) -> Beyond:
    """What lies beyond the worktrees of a repository, now. Raises `GitError` if git does not answer."""
    checkout = checkout_state(repository.root, repository.environment)
    return Beyond(checkout, shared_state(repository), repository.tip(LANDED_BRANCH))


def _own_files(root: Path) -> set[str]:
    """The files in a checkout that this process has open: where its events and its output go."""
    paths = set()
    for opened in Path("/dev/fd").iterdir():
        with suppress(OSError, ValueError):
            paths.add(str(opened.readlink().relative_to(root.resolve())))
    return paths
