"""Ends of commands, agents and git's work as outcomes of a step.

Each outcome without success says what happened and what to do next. Knows no step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.config_tables import Verdict
from engine.orchestrate.agents.command import failure_of
from engine.orchestrate.agents.process import ProcessEnd
from engine.orchestrate.agents.protocol import AgentReply, Failure
from engine.orchestrate.effects import Outcome, StepResult
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.permitting import verdict_on
from engine.orchestrate.policy import danger_of

__all__ = ["conflicted", "ended_badly", "failed", "failure", "forbidden", "no_reply", "refused"]


def failure(kind: str, message: str, next_action: str = "", *, result: StepResult = "failed", **more: Any) -> Outcome:
    """An outcome without success: its class, what happened, what to do."""
    return Outcome(result, error={"class": kind, "message": message, "next_action": next_action}, **more)


def failed(problem: Failure, evidence: Mapping[str, Any]) -> Outcome:
    """The outcome of a command or agent that did not do what it was for."""
    if problem.result == "cancelled":
        return Outcome("cancelled", evidence=evidence)
    return Outcome(problem.result, evidence=evidence, error=problem.error)


def ended_badly(end: ProcessEnd, evidence: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a command that did not end well, None for one that did."""
    problem = failure_of(end)
    return failed(problem, evidence) if problem else None


def no_reply(reply: AgentReply, evidence: Mapping[str, Any]) -> Outcome | None:
    """The outcome of an agent without a result, None for one with a result."""
    return replace(failed(reply.failure, evidence), output=reply.cost) if reply.failure else None


def refused(refusal: Refusal, *, kind: str = "tool", feedback: bool = False, **more: Any) -> Outcome:
    """The outcome of git's work that was refused; with `feedback` an agent is told, and may mend it."""
    said = f"{refusal.message}: {refusal.output}" if refusal.output else refusal.message
    files = f" ({', '.join(refusal.files[:10])})" if refusal.files else ""
    if not feedback:
        return failure(kind, said + files, refusal.next_action, result="refused", **more)
    text = f"{said}{files}; {refusal.next_action}" if refusal.next_action else said + files
    return failure(kind, said + files, refusal.next_action, output={"feedback": {"text": text}}, **more)


def conflicted(conflict: Conflict, **more: Any) -> Outcome:
    """The outcome of two changes that do not combine."""
    return Outcome(
        "conflict", {"files": list(conflict.files), "onto": conflict.onto, "task_id": conflict.task_id, **more}
    )


def forbidden(lines: Sequence[str], rules: Mapping[str, Verdict], allowed: Sequence[str] = ()) -> Outcome | None:
    """The outcome of commands one of which nobody may run, or a person must agree to first; None where all may.

    `rules`: those of the settings. `allowed`: what a person agreed to for this time.
    """
    for line in lines:
        danger = danger_of(line)
        denied = verdict_on(line, rules) == "deny"
        if danger is not None or denied:
            why = f"it {danger}" if danger else "[policy.commands] denies it"
            return failure("policy", f"`{line}` is refused: {why}", "change the Intent's command", result="refused")
    asks = [line for line in lines if verdict_on(line, rules) == "ask" and line not in allowed]
    if not asks:
        return None
    question = f"May {' and '.join(f'`{line}`' for line in asks)} run?"
    return Outcome("question", {"kind": "policy", "question": question, "commands": sorted({*asks, *allowed})})
