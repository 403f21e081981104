"""Trust: what a repository's own settings claim counts only after the person has looked at it.

Claims are what decides what is executed, where it may write, who reviews it and what it may cost: all of `agents`,
`flows` and `policy`, and of `run` the agent, the commands and place of worktrees, and budgets. Trust is for claims as
they are, whatever else the file says; it lies in the person's own state, as an event of the log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["claims_of", "digest_of", "told"]

_TABLES: Final = ("agents", "flows", "policy")
_OF_RUN: Final = ("agent", "budget", "worktree_dir", "worktree_setup")


def claims_of(layer: Mapping[str, Any]) -> dict[str, Any]:
    """What of the settings in a repository needs trust; empty if nothing does."""
    claims = {name: layer[name] for name in _TABLES if layer.get(name)}
    run = {name: layer["run"][name] for name in _OF_RUN if name in layer.get("run", {})}
    return {**claims, "run": run} if run else claims


def digest_of(claims: Mapping[str, Any]) -> str:
    """What tells claims from all others; 64 hex digits."""
    return hashlib.sha256(json.dumps(claims, sort_keys=True, default=str).encode()).hexdigest()


def told(claims: Mapping[str, Any]) -> Iterator[str]:
    """The claims, a line for each: `policy.mode.review = "full-access"`."""
    for name, value in claims.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{line}" for line in told(value))
        else:
            yield f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}"
