"""Putting questions to a person: kept with the step that they are about, told, and written into the Intent's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.orchestrate.effects import RunStep, UpdateIntent
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import Question, QuestionKind, RunState

__all__ = ["put_questions"]


def put_questions(
    turn: Turn,
    effect: RunStep,
    kind: QuestionKind,
    wanted: Sequence[str],
    output: Mapping[str, Any],
    told: Mapping[str, Any] | None = None,
) -> None:
    """Ask a person about a step. `told`: what the event says besides."""
    run_id, run = effect.run_id, turn.run(effect.run_id)
    first = _first_index(run)
    new = tuple(Question(first + place, kind, text, effect, output) for place, text in enumerate(wanted))
    turn.change_run(run_id, questions=run.questions + new)
    for question in new:
        payload = {"index": question.index, "kind": kind, "question": question.text, "step": effect.step,
                   "key": effect.key, **(told or {})}  # fmt: skip
        turn.announce("question", payload, run_id=run_id, task_id=effect.task_id, role=effect.step)
    if run.intent_id is not None and kind != "budget":  # which says nothing of the Intent itself
        turn.update_intent(UpdateIntent(run.intent_id, clarifications=tuple(wanted)))
    turn.queue = tuple(name for name in turn.queue if name != run_id)  # other runs need not wait for a person


def _first_index(run: RunState) -> int:
    before = run.intent.get("clarifications")
    return (len(before) if isinstance(before, list | tuple) else 0) + len(run.questions)
