"""Intents that depend on other Intents: their runs wait until those are done.

A dependency that ends without success ends the run that waits for it, with the reason. Intents that would wait for each
other are refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.orchestrate.replacing import changed
from engine.orchestrate.rules.announcements import run_status
from engine.orchestrate.rules.ending import fail
from engine.orchestrate.rules.turn import Turn
from engine.orchestrate.state import RunEnd, RunState

__all__ = ["dependency_ended", "wait_for"]


def wait_for(turn: Turn, run_id: str, needed: Iterable[str]) -> bool:
    """Let a run wait for those of these Intents that are not done; False if it may go on, or has failed for that."""
    run = turn.run(run_id)
    open_ones = tuple(name for name in dict.fromkeys(needed) if turn.intent(name).status != "done")
    if not open_ones:
        turn.change_run(run_id, waits_for=())
        return False
    cycle = _cycle(turn, run.intent_id, open_ones)
    lost = next((name for name in open_ones if _is_lost(turn, name)), None)
    if cycle or lost:
        if cycle:
            reason, action = f"Intents wait for each other: {' -> '.join(cycle)}", "change `depends_on`"
            fail(turn, run_id, None, "run", reason, error={"class": "user", "next_action": action})
        else:
            _fail_for(turn, run, lost or "")
        return True
    turn.put_run(changed(run, phase="waiting", waits_for=open_ones))
    run_status(turn, run_id, "run", "pending", f"waits for {', '.join(open_ones)}")
    return True


def _cycle(turn: Turn, intent_id: str | None, needed: tuple[str, ...]) -> list[str]:
    """The way from an Intent over what it needs back to itself, or nothing."""
    if intent_id is None:
        return []
    came_from = dict.fromkeys(needed, intent_id)
    pending = list(needed)
    while pending:
        name = pending.pop()
        if name == intent_id:
            way = [name]
            while len(way) == 1 or way[-1] != intent_id:
                way.append(came_from[way[-1]])
            return way[::-1]
        run = turn.runs.get(turn.intent(name).run_id or "")
        for other in run.waits_for if run else ():
            if other not in came_from:
                came_from[other] = name
                pending.append(other)
    return []


def _is_lost(turn: Turn, name: str) -> bool:
    return turn.intent(name).status in {"blocked", "error", "cancelled"} and turn.intent(name).run_id is None


def _fail_for(turn: Turn, run: RunState, name: str) -> None:
    """A run ends because of an Intent that ended without success; both have to be approved again."""
    reason = f"dependency `{name}` ended {turn.intent(name).status}"
    action = f"penstock approve {name} {run.intent_id} --again" if run.intent_id else f"penstock approve {name} --again"
    fail(turn, run.id, None, "run", reason, error={"class": "user", "next_action": action})


def dependency_ended(turn: Turn, end: RunEnd) -> list[str]:
    """Runs that may go on now that an Intent has ended; those that waited for it in vain have ended."""
    free = []
    for run in [run for run in turn.runs.values() if end.intent_id in run.waits_for]:
        if end.state != "succeeded":
            _fail_for(turn, run, end.intent_id or "")
            continue
        left = tuple(name for name in run.waits_for if name != end.intent_id)
        turn.change_run(run.id, waits_for=left)
        if not left:
            free.append(run.id)
    return free
