"""What watchers are told about Tasks: `task_status_update` and `role_delegation`, with every field they promise.

The run itself is told of as the parent of all its Tasks, under its own id. What is told is what the state says after
the change it tells of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.orchestrate.effects import RunStep
from engine.orchestrate.flow import AGENT_STEPS
from engine.orchestrate.limits import Stop, digest
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import RunState
from engine.orchestrate.task import Status

__all__ = ["announce_error", "delegation", "prompt_of", "result_told", "run_status", "task_status"]

_PROMPT: Final = {
    "analyze": ("answers", "feedback"),
    "implement": ("task", "feedback", "onto", "answers", "allowed"),
    "rebase": ("task_id", "start_commit", "commit"),
    "review": ("task", "start_commit", "commit", "answers", "allowed"),
    "integrate": ("tasks", "agreed", "allowed"),
    "coordinator": ("prompt", "feedback"),
    "developer": ("prompt",),
    "reviewer": ("prompt",),
    "documenter": ("prompt", "shares"),
    "reflect": ("summary",),
    "propose": ("proposals", "processed"),
    "audit": ("intent",),
    "report": ("observations",),
    "observe": ("intent",),
    "abstract": ("patterns",),
    "record": ("task", "feedback", "onto", "answers"),
}


def prompt_of(step: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What of a step's inputs is its prompt: all that a role is told anew, without ids of sessions and counters."""
    return {name: inputs.get(name) for name in _PROMPT[step]}


def task_status(
    turn: Turn,
    run_id: str,
    task_id: str,
    role: str,
    message: str,
    *,
    result: str | None = None,
    stop: Stop | None = None,
) -> None:
    """Announce how a Task stands now."""
    if turn.quiet:
        return
    run, task = turn.run(run_id), turn.task(run_id, task_id)
    payload = _payload(run, task_id, role, task.status, message, task.started_at)
    _add(payload, endedAt=task.ended_at, result=result, stop=stop)
    turn.announce("task_status_update", payload, run_id=run_id, task_id=task_id, role=role)


def run_status(
    turn: Turn, run_id: str, role: str, status: Status, message: str, *, result: str | None = None,
    stop: Stop | None = None, ended: bool = False,
) -> None:  # fmt: skip
    """Announce how the run stands, as the Task that all its Tasks are children of; its id is the run's."""
    if turn.quiet:
        return
    run = turn.run(run_id)
    payload = _payload(run, run_id, role, status, message, run.started_at)
    _add(payload, endedAt=turn.now if ended else None, result=result, stop=stop)
    turn.announce("task_status_update", payload, run_id=run_id, role=role)


def _payload(
    run: RunState, task_id: str, role: str, status: Status, message: str, started_at: str | None
) -> dict[str, Any]:
    return {
        "taskId": task_id,
        "runId": run.id,
        "intentId": run.intent_id,
        "role": role,
        "status": status,
        "message": message,
        "startedAt": started_at,
        "tokens": run.spent.tokens,
        "costUsd": run.spent.told()["usd"],
        "counts": {"done": run.settled, "total": len(run.tasks)},
    }


def _add(payload: dict[str, Any], *, stop: Stop | None, **given: str | None) -> None:
    payload.update({name: value for name, value in given.items() if value is not None})
    if stop:
        told = stop.payload()
        told["recentHistory"] = told.pop("recent_history")
        payload["stop"] = told


def delegation(turn: Turn, effect: RunStep, started_at: str | None, result: str | None = None) -> None:
    """Announce that a role was given work, and with `result` that it is back; nothing if it never was given it."""
    if turn.quiet or effect.step not in AGENT_STEPS or started_at is None:
        return
    payload: dict[str, Any] = {
        "parent_task_id": effect.run_id,
        "child_task_id": effect.task_id or effect.key,
        "role": effect.step,
        "prompt_digest": digest(prompt_of(effect.step, effect.inputs)),
        "started_at": started_at,
    }
    if result is not None:
        payload |= {"ended_at": turn.now, "result": result}
    turn.announce("role_delegation", payload, run_id=effect.run_id, task_id=effect.task_id, role=effect.step)


def result_told(turn: Turn, effect: RunStep, response: str) -> None:
    """Announce what a role said; of the run as a whole, under its id, it is the answer."""
    payload = {"response": response, "taskId": effect.task_id or effect.run_id, "runId": effect.run_id}
    turn.announce("result", payload, run_id=effect.run_id, task_id=effect.task_id, role=effect.step)


def announce_error(
    turn: Turn, message: str, *, kind: str = "system", next_action: str = "", run_id: str | None = None,
    task_id: str | None = None,
) -> None:  # fmt: skip
    """Announce an error of a class (user, policy, tool, network, system) with what to do next."""
    payload = {"class": kind, "message": message, "next_action": next_action}
    turn.announce("error", payload, run_id=run_id, task_id=task_id)
