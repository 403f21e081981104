"""What follows when the rule for an event is done.

What was parked and has room in the budgets now is begun, runs whose Tasks are all settled are integrated or end, runs
that waited for an Intent go on, and the next integration begins.
"""

from __future__ import annotations

from engine.orchestrate.rules import beginning, budgets, delegating, waiting
from engine.orchestrate.rules.ending import end_run
from engine.orchestrate.rules.integration import enqueue, integrate_next
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import RunState

__all__ = ["settle"]


def settle(turn: Turn) -> None:
    """Go on until nothing more follows."""
    budgets.release(turn)
    while turn.touched or turn.ended:
        while turn.touched:
            run_id = next(iter(turn.touched))
            del turn.touched[run_id]
            if run_id in turn.runs:
                _advance(turn, turn.run(run_id))
        while turn.ended:
            for run_id in waiting.dependency_ended(turn, turn.ended.pop(0)):
                beginning.begin(turn, run_id)
        integrate_next(turn)


def _advance(turn: Turn, run: RunState) -> None:
    if (run.failed or run.cancelled) and "documenter" in run.flow:
        delegating.fail_fast(turn, run)
        run = turn.run(run.id)
    if run.phase not in {"tasks", "replay", "waiting"} or not run.tasks or run.settled < len(run.tasks):
        if run.cancelling is not None and not run.tasks and run.work.current is None:
            end_run(turn, run.id, "cancelled", run.cancelling)
        return
    if run.work.current is not None:
        return
    total, lost = len(run.tasks), run.failed + run.cancelled
    if run.cancelling is not None and (run.cancelled or not lost):
        end_run(turn, run.id, "cancelled", run.cancelling)
    elif not lost:
        (delegating.conclude if "documenter" in run.flow else enqueue)(turn, run.id)
    elif run.cancelled == total:
        end_run(turn, run.id, "cancelled", "all Tasks were cancelled")
    else:
        end_run(turn, run.id, "failed", _summary(run))


def _summary(run: RunState) -> str:
    parts = [f"{run.reviewed} of {len(run.tasks)} Tasks done"]
    parts += [f"{run.failed} failed"] * (run.failed > 0) + [f"{run.cancelled} cancelled"] * (run.cancelled > 0)
    first = next(task for task in run.tasks.values() if task.status == ("failed" if run.failed else "cancelled"))
    return f"{', '.join(parts)}; first {first.id}: {first.reason}"
