"""Ends of commands, agents and git's work as outcomes of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.agents.command import failure_of
from engine.orchestrate.agents.process import ProcessEnd
from engine.orchestrate.agents.protocol import AgentReply, Failure
from engine.orchestrate.effects import Outcome, StepResult
from engine.orchestrate.git.outcomes import Conflict, Refusal

__all__ = ["conflicted", "ended_badly", "evidence_of", "failed", "failure", "no_reply", "refused"]


def failure(kind: str, message: str, next_action: str = "", *, result: StepResult = "failed", **more: Any) -> Outcome:
    """An outcome without success: its class, what happened, what to do."""
    return Outcome(result, error={"class": kind, "message": message, "next_action": next_action}, **more)


def failed(problem: Failure, evidence: Mapping[str, Any]) -> Outcome:
    """The outcome of a command or agent that did not do what it was for."""
    if problem.result == "cancelled":
        return Outcome("cancelled", evidence=evidence)
    return Outcome(problem.result, evidence=evidence, error=problem.error)


def evidence_of(end: ProcessEnd) -> dict[str, Any]:
    """What a command's end shows, for the record."""
    return {
        "command": end.command,
        "exit_code": end.exit_code,
        "signal": end.signal,
        "ended_by": end.ended_by,
        "duration_ms": round(end.duration * 1000),
        "swept": list(end.swept),
        "left": list(end.left),
    }


def ended_badly(end: ProcessEnd, evidence: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a command that did not end well, None for one that did."""
    problem = failure_of(end)
    return failed(problem, evidence) if problem else None


def no_reply(reply: AgentReply, evidence: Mapping[str, Any]) -> Outcome | None:
    """The outcome of an agent without a result, None for one with a result."""
    return failed(reply.failure, evidence) if reply.failure else None


def refused(refusal: Refusal, *, kind: str = "tool", feedback: bool = False, **more: Any) -> Outcome:
    """The outcome of git's work that was refused; with `feedback` an agent is told, and may mend it."""
    said = f"{refusal.message}: {refusal.output}" if refusal.output else refusal.message
    files = f" ({', '.join(refusal.files[:10])})" if refusal.files else ""
    if not feedback:
        return failure(kind, said + files, refusal.next_action, result="refused", **more)
    return failure(kind, said + files, refusal.next_action, output={"feedback": {"text": said + files}}, **more)


def conflicted(conflict: Conflict, **more: Any) -> Outcome:
    """The outcome of two changes that do not combine."""
    return Outcome(
        "conflict", {"files": list(conflict.files), "onto": conflict.onto, "task_id": conflict.task_id, **more}
    )
