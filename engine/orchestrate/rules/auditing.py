"""An audit: an agent looks for what should be better, and what it found is written down. Nothing else comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import RunStep
from engine.orchestrate.rules.announcements import result_told
from engine.orchestrate.rules.ending import end_run
from engine.orchestrate.rules.outputs import BadOutput, text, texts
from engine.orchestrate.rules.steps import ask
from engine.orchestrate.rules.turn import Turn

__all__ = ["audited", "begin", "reported"]


def begin(turn: Turn, run_id: str) -> None:
    """Ask the auditing agent."""
    turn.change_run(run_id, phase="steps")
    run = turn.run(run_id)
    ask(turn, run_id, None, "audit", {"intent": run.intent, "base": run.base, "session_id": None})


def audited(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """The audit has found something, or nothing: have the report written. Raises BadOutput."""
    observations = output.get("observations")
    if not isinstance(observations, list | tuple):
        raise BadOutput("the audit's `observations` are no list")
    run = turn.run(effect.run_id)
    ask(turn, effect.run_id, None, "report", {"intent": run.intent, "observations": list(observations)})


def reported(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """The report is there, and it is the answer. Raises BadOutput."""
    count = len(texts(output, "observed"))
    result_told(turn, effect, text(output, "text"))
    reason = f"{count} observation{'s' * (count != 1)}, in {text(output, 'path')}"
    end_run(turn, effect.run_id, "succeeded", reason, role="report")
