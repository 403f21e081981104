"""The first step of a run, by its Flow: what a Flow consists of decides how it begins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from engine.orchestrate.flow import DUTIES
from engine.orchestrate.rules import auditing, delegating, planning, proposing, skills, waiting
from engine.orchestrate.rules.turn import Turn

__all__ = ["begin", "is_possible"]

_BY_STEP: Final[Mapping[str, Callable[[Turn, str], None]]] = {
    "implement": planning.begin,
    "coordinator": delegating.begin,
    "audit": auditing.begin,
    "observe": skills.begin,
}
"""What begins a Flow that has this step, which every Flow of its kind has."""


def is_possible(flow: Collection[str]) -> bool:
    """Whether there is a rule for these steps."""
    return all(name in DUTIES for name in flow) and any(name in flow for name in _BY_STEP)


def begin(turn: Turn, run_id: str) -> None:
    """Begin a run that waits for nothing any more; a parent whose parts are there already, waits for them."""
    run = turn.run(run_id)
    flow = run.flow
    if run.children and not run.tasks:
        if not waiting.wait_for(turn, run_id, run.children):
            proposing.children_done(turn, run_id)
        return
    next(rule for name, rule in _BY_STEP.items() if name in flow)(turn, run_id)
