"""Questions to a person: a step that asked goes on when all it asked is answered.

A clarification's answers go to the session that asked, and nothing else does. A policy's question is answered by yes or
no: yes accepts what the step made, lets it try again (`agreed`) or run `commands`, no fails the Task or run. A budget
is raised, or its run stops: it is cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.orchestrate.effects import RunStep
from engine.orchestrate.flow import AGENT_STEPS
from engine.orchestrate.replacing import changed
from engine.orchestrate.rules import budgets
from engine.orchestrate.rules.announcements import run_status, task_status
from engine.orchestrate.rules.asking import put_questions
from engine.orchestrate.rules.cancelling import cancel_run
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.outputs import BadOutput, text_or_none, texts
from engine.orchestrate.rules.steps import ask
from engine.orchestrate.rules.turn import Nonsense, Turn
from engine.orchestrate.state import Question, QuestionKind

__all__ = ["Accepted", "answered", "asked"]

_YES: Final = frozenset({"yes", "y", "true", "agree", "ok", "allow"})
_NO: Final = frozenset({"no", "n", "false", "disagree", "deny", "refuse"})

_READING: Final = frozenset(AGENT_STEPS) - {"implement"}

Accepted = tuple[RunStep, Mapping[str, Any]]
"""A step whose output a person accepted: it has ended well after all."""


def asked(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A step asks. Raises BadOutput if there is no question in its output."""
    kind: QuestionKind = "policy" if output.get("kind") == "policy" else "clarification"
    single = text_or_none(output, "question")
    wanted = ((single,) if single else ()) or texts(output, "clarifications")
    if not wanted:
        raise BadOutput("the step asks, but there is no question in its output")
    put_questions(turn, effect, kind, wanted, output)
    _show_waiting(turn, effect, f"{effect.step} waits for {len(wanted)} answer{'s' * (len(wanted) > 1)}")


def _show_waiting(turn: Turn, effect: RunStep, message: str) -> None:
    if effect.task_id is None:
        run_status(turn, effect.run_id, effect.step, "waiting_approval", message, result="question")
    else:
        turn.change_task(effect.run_id, effect.task_id, status="waiting_approval")
        task_status(turn, effect.run_id, effect.task_id, effect.step, message, result="question")


def answered(turn: Turn, run_id: str) -> Accepted | None:
    """A person answers. Raises Nonsense for a question that is not open, or an answer that is none to it."""
    index, text = turn.event.payload.get("index"), turn.event.payload.get("answer")
    run = turn.run(run_id)
    question = next((one for one in run.questions if one.index == index and not isinstance(index, bool)), None)
    if question is None or not question.open:
        raise Nonsense(f"question {index} of run `{run_id}` waits for no answer", "see penstock inbox")
    if not isinstance(text, str) or not text.strip():
        raise Nonsense(f"question {index} needs an answer", "answer with some text")
    word = text.strip().casefold()
    if question.kind == "policy" and word not in _YES | _NO:
        raise Nonsense(f"question {index} is answered by `yes` or `no`", "answer yes or no")
    stops = question.kind == "budget" and budgets.stops(turn, run_id, question, text)
    closed = changed(question, answer=text, open=False)
    questions = tuple(closed if one.index == index else one for one in run.questions)
    turn.change_run(run_id, questions=questions)
    if question.kind == "budget":  # what was parked is begun when the turn is settled
        if stops:
            cancel_run(turn, run_id, f"stopped by {turn.event.payload.get('by') or 'a person'}: {question.text}")
        return None
    if question.kind == "policy" and word in _NO:
        _refused(turn, closed)
        return None
    batch = [one for one in questions if one.effect.key == question.effect.key and one.kind == question.kind]
    if any(one.open for one in batch):
        return None
    return _go_on(turn, closed, batch)


def _refused(turn: Turn, question: Question) -> None:
    effect = question.effect
    reason = f"a person refused: {question.text}"
    fail(turn, effect.run_id, effect.task_id, effect.step, reason, error={"class": "policy"})


def _go_on(turn: Turn, question: Question, batch: list[Question]) -> Accepted | None:
    effect, output = question.effect, question.output
    if effect.task_id is not None:
        turn.change_task(effect.run_id, effect.task_id, status="running")
        task_status(turn, effect.run_id, effect.task_id, effect.step, "answered; goes on")
    else:
        run_status(turn, effect.run_id, effect.step, "running", "answered; goes on")
    commands = texts(output, "commands")
    if effect.step == "integrate":  # it takes its place in the queue anew
        what = {"allowed": commands} if commands else {"agreed": question.kind == "policy"}
        turn.change_run(effect.run_id, phase="tasks", **what)
        return None
    if commands:
        inputs: Mapping[str, Any] = {**effect.inputs, "allowed": commands}
    elif question.kind == "policy":
        if effect.step in _READING or text_or_none(output, "commit"):
            return effect, {name: value for name, value in output.items() if name not in {"kind", "question"}}
        inputs = {**effect.inputs, "agreed": True}
    else:
        pairs = [{"question": one.text, "answer": one.answer} for one in batch]
        session = turn.work(effect.run_id, effect.task_id).sessions.get(effect.step)
        inputs = {**effect.inputs, "answers": pairs, "session_id": session, "feedback": None}
    ask(turn, effect.run_id, effect.task_id, effect.step, inputs)
    return None
