"""Which steps make a Flow: their names, and which of them go together in which order.

Data for whoever checks settings; what a step does, and the rules for it, are the Runner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

__all__ = ["STEPS", "FlowStep", "mistake_in"]

FlowStep = Literal[
    "analyze", "implement", "review", "audit", "report", "observe", "abstract", "record", "coordinator", "developer",
    "reviewer", "documenter",
]  # fmt: skip
STEPS: Final[tuple[FlowStep, ...]] = get_args(FlowStep)

_KINDS: Final[tuple[tuple[str, ...], ...]] = (
    ("analyze?", "implement", "review?"),
    ("audit", "report"),
    ("observe", "abstract", "record"),
    ("coordinator", "developer?", "reviewer?", "documenter"),
)
"""The kinds of Flows, each with all its steps in order; those with a `?` may be left out."""


def mistake_in(steps: Sequence[str]) -> str | None:
    """Why these steps, each one of `STEPS`, are no Flow; None if they are one."""
    if not steps:
        return "a Flow has at least one step"
    twice = next((name for name in steps if steps.count(name) > 1), None)
    if twice:
        return f"`{twice}` stands there twice"
    kind = next(kind for kind in _KINDS if any(each.rstrip("?") == steps[0] for each in kind))
    known = [each.rstrip("?") for each in kind]
    foreign = next((name for name in steps if name not in known), None)
    if foreign:
        return f"`{steps[0]}` and `{foreign}` do not go together; with `{steps[0]}` go {_listed(known, steps[0])}"
    missing = next((each for each in kind if not each.endswith("?") and each not in steps), None)
    if missing:
        return f"`{missing}` is missing, without which `{steps[0]}` leads to nothing"
    if sorted(steps, key=known.index) != list(steps):
        return f"the order must be {', '.join(name for name in known if name in steps)}"
    if steps[0] == "coordinator" and len(steps) == 2:
        return "a coordinator needs somebody to delegate to: `developer`, `reviewer` or both"
    return None


def _listed(known: Sequence[str], without: str) -> str:
    return ", ".join(f"`{name}`" for name in known if name != without)
