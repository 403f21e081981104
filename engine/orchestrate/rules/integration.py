"""Bringing a run's Tasks together: a queue, one integration at a time in a repository.

A Task whose commits conflict there is implemented again on what the integration has got so far, and reviewed; meanwhile
its run keeps its place, and only runs that touch none of its files may go first. The second conflict goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.orchestrate.effects import RunStep
from engine.orchestrate.limits import Stop
from engine.orchestrate.rules import proposing, tasks
from engine.orchestrate.rules.announcements import run_status, task_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.outputs import BadOutput, mapping, text, text_or_none, texts
from engine.orchestrate.rules.rounds import MAX_CONFLICTS
from engine.orchestrate.rules.steps import ask
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import Landing, RunState

__all__ = ["conflict", "enqueue", "integrate_next", "integrated", "rejected"]


def enqueue(turn: Turn, run_id: str) -> None:
    """All Tasks of a run are reviewed: it waits for its turn, at the place it may have already."""
    turn.change_run(run_id, phase="queue")
    if run_id not in turn.queue:
        turn.queue += (run_id,)


def integrate_next(turn: Turn) -> None:
    """Begin the next integration unless one is going on."""
    if any(turn.run(run_id).phase == "integrate" for run_id in turn.queue):
        return
    held: set[str] = set()
    for run_id in turn.queue:
        run = turn.run(run_id)
        if run.phase == "queue" and (not held or held.isdisjoint(_files(run))):
            _integrate(turn, run)
            if run_id in turn.runs:  # it was not refused as a loop
                return
        else:
            held |= _files(run)


def _files(run: RunState) -> set[str]:
    return {name for task in run.tasks.values() for name in task.files}


def _integrate(turn: Turn, run: RunState) -> None:
    inputs = {
        "intent": run.intent,
        "mode": run.integrate,
        "tasks": [
            {
                "id": task.id,
                "start_commit": task.start_commit,
                "commit": task.commit,
                "branch": task.branch,
                "depends_on": list(task.depends_on),
            }
            for task in run.tasks.values()
        ],
        "base_branch": run.base.get("branch"),
        "base": run.base,
        "verify": run.intent.get("verify") or [],
        "agreed": run.agreed,
        "allowed": list(run.allowed),
    }
    turn.change_run(run.id, phase="integrate", allowed=())
    ask(turn, run.id, None, "integrate", inputs)


def integrated(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A run has landed, and so it has succeeded."""
    run_id, branch, commits = effect.run_id, text(output, "branch"), texts(output, "commits")
    names = ("branch", "before", "after", "commits", "files", "added", "removed", "url", "command")
    told = {name: output[name] for name in names if name in output}
    turn.announce("land", {**told, "mode": turn.run(run_id).integrate, "key": effect.key}, run_id=run_id)
    count = len(turn.run(run_id).tasks)
    reason = f"{count} of {count} Tasks landed on {branch}"
    proposing.landed(turn, run_id, Landing(reason, branch, commits), output)


def rejected(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """The Tasks together do not pass their verification: nothing lands."""
    why = text_or_none(mapping(output, "feedback"), "text") or text_or_none(output, "reason")
    reason = f"the Tasks together did not pass verification{f': {why}' if why else ''}"
    error = {"class": "tool", "next_action": "see penstock logs RUN --output"}
    fail(turn, effect.run_id, None, "integrate", reason, error=error)


def conflict(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A Task does not fit what landed meanwhile: once more on top of that, else a person must look."""
    run_id, task_id = effect.run_id, text(output, "task_id")
    files = ", ".join(texts(output, "files")[:10]) or "unknown files"
    if task_id not in turn.run(run_id).tasks:
        raise BadOutput(f"the integration met a conflict of `{task_id}`, which is no Task")
    task = turn.task(run_id, task_id)
    replays = task.replays + 1
    turn.change_run(run_id, phase="replay")
    if replays > MAX_CONFLICTS:
        reason = f"it conflicts with what landed meanwhile again after it was implemented anew: {files}"
        stop = Stop("max_conflicts", MAX_CONFLICTS, replays, reason, turn.work(run_id, None).history)
        fail(turn, run_id, task_id, "integrate", reason, escalated=True, stop=stop)
        return
    onto = text(output, "onto")
    turn.change_task(run_id, task_id, stage="implement", onto=onto, replayed=True, replays=replays, feedback=None)
    message = f"conflict with what landed meanwhile in {files}; it is implemented anew there"
    task_status(turn, run_id, task_id, "integrate", message, result="conflict")
    run_status(turn, run_id, "integrate", "running", f"{task_id} is implemented anew", result="conflict")
    tasks.implement(turn, run_id, task_id)
