"""What follows from the end of a Task's step: on to the next, another round with feedback, or another base.

A rejected Task is implemented again by the same session with the feedback, up to `max_review_retries` times. A conflict
with the base: the same plan is implemented afresh on the updated base, once; the second conflict goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.orchestrate.effects import RunStep
from engine.orchestrate.limits import Stop
from engine.orchestrate.rules import tasks
from engine.orchestrate.rules.announcements import task_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.outputs import BadOutput, flag, mapping, text, text_or_none, texts
from engine.orchestrate.rules.steps import made_progress
from engine.orchestrate.rules.turn import Turn

__all__ = ["MAX_CONFLICTS", "conflict", "implemented", "rebased", "rejected"]

MAX_CONFLICTS: Final = 1
"""How often a Task is implemented again because of a conflict of one kind."""


def implemented(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A Task has new commits on its branch. Raises BadOutput if it has not and need not."""
    run_id, task_id = effect.run_id, effect.task_id or ""
    task, start, commit = turn.task(run_id, task_id), text(output, "start_commit"), text(output, "commit")
    if commit == start and not (flag(output, "allow_empty") or task.spec.get("allow_empty") is True):
        raise BadOutput("nothing changed")
    branch = text_or_none(output, "branch") or f"penstock/{run_id}/{task_id}"
    commits = list(texts(output, "commits")) or ([commit] if commit != start else [])
    files = texts(output, "files")
    if commit != task.commit:
        made_progress(turn, run_id, task_id)
    turn.change_task(run_id, task_id, start_commit=start, commit=commit, branch=branch, files=files)
    if commits:
        told = {"commit": commit, "commits": commits, "branch": branch, "start_commit": start, "key": effect.key}
        turn.announce("commit", told, run_id=run_id, task_id=task_id, role=effect.step)
        sizes = {name: output.get(name) for name in ("added", "removed")}
        diff = {"start_commit": start, "commit": commit, "files": list(files), **sizes}
        turn.announce("diff", diff, run_id=run_id, task_id=task_id, role=effect.step)
    tasks.rebase(turn, run_id, task_id)


def rebased(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A Task's commits stand on the base as it is now."""
    run_id, task_id = effect.run_id, effect.task_id or ""
    turn.change_task(run_id, task_id, start_commit=text(output, "start_commit"), commit=text(output, "commit"))
    tasks.review(turn, run_id, task_id)


def rejected(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A review said no: another round, or the Task has failed."""
    run_id, task_id = effect.run_id, effect.task_id or ""
    task, threshold = turn.task(run_id, task_id), turn.run(run_id).limits.max_review_retries
    rounds = task.rounds + 1
    if rounds > threshold:
        reason = f"review rejected it {rounds} times; {threshold} retries are allowed"
        stop = Stop("max_review_retries", threshold, rounds, reason, task.work.history)
        fail(turn, run_id, task_id, "review", reason, stop=stop)
        return
    feedback = mapping(output, "feedback") or {name: output[name] for name in _FEEDBACK if name in output}
    turn.change_task(run_id, task_id, rounds=rounds, feedback=feedback)
    message = f"review rejected it; round {rounds + 1} of {threshold + 1}"
    task_status(turn, run_id, task_id, "review", message, result="rejected")
    tasks.implement(turn, run_id, task_id, resume=True)


_FEEDBACK: Final = ("issues", "suggestions", "text")


def conflict(turn: Turn, effect: RunStep, output: Mapping[str, Any]) -> None:
    """A Task's commits do not fit the updated base: its plan is implemented there once, then a person must look."""
    run_id, task_id = effect.run_id, effect.task_id or ""
    task, files = turn.task(run_id, task_id), ", ".join(texts(output, "files")[:10]) or "unknown files"
    conflicts = task.conflicts + 1
    if effect.step != "rebase":
        reason = f"{effect.step} met a conflict in {files}"
        fail(turn, run_id, task_id, effect.step, reason, escalated=True)
    elif conflicts > MAX_CONFLICTS:
        reason = f"it conflicts with the base again after it was implemented anew: {files}"
        stop = Stop("max_conflicts", MAX_CONFLICTS, conflicts, reason, task.work.history)
        fail(turn, run_id, task_id, "rebase", reason, escalated=True, stop=stop)
    else:
        turn.change_task(run_id, task_id, conflicts=conflicts, onto=text(output, "onto"), feedback=None)
        message = f"conflict with the base in {files}; it is implemented anew there"
        task_status(turn, run_id, task_id, "rebase", message, result="conflict")
        tasks.implement(turn, run_id, task_id)
