"""Budgets: a role's step is begun while there is room for it, reserved before and settled after; past a limit a
person is asked.

What is spent stands with the run (by day), its Intent and the current day; what is reserved, with the steps that were
asked for. A step without room is parked with its run: until what is at work has settled, or, where what is spent
reaches a limit (or only other runs could make room), until a person raises it or stops the run. Of a role that has not
settled yet in a run nothing is known: where that could break the run's or the Intent's budget, nothing is begun beside.
Invariant: a step begins only where spent and reserved together lie below every limit, so no limit is passed by more
than what one call was reserved for; each call is settled once, under its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.orchestrate.budget import (
    NOTHING,
    SCOPES,
    Amounts,
    BadAnswer,
    Scope,
    Unit,
    asks_agent,
    raise_of,
    shown,
    takes_time,
)  # fmt: skip
from engine.orchestrate.effects import RunStep
from engine.orchestrate.limits import RECENT, Stop
from engine.orchestrate.replacing import changed
from engine.orchestrate.rules.announcements import run_status, task_status
from engine.orchestrate.rules.asking import put_questions
from engine.orchestrate.rules.outputs import count, mapping
from engine.orchestrate.rules.turn import Nonsense, Turn
from engine.orchestrate.state import Day, Question, RunState
from engine.orchestrate.task import Invocation

__all__ = ["admit", "release", "settle", "settle_end", "stops"]

_WHOSE: Final[Mapping[Scope, str]] = {"run": "this run", "intent": "this Intent", "day": "today"}


@dataclass(frozen=True, slots=True)
class _Full:
    """There is no room for a step: `value` of `limit`, which a person must raise; or `waits` for what is at work."""

    waits: bool = False
    scope: Scope = "run"
    unit: Unit = "usd"
    limit: int = 0
    value: int = 0


def admit(turn: Turn, effect: RunStep) -> None:
    """Have a step done, or park it until there is room for it."""
    run = turn.run(effect.run_id)
    if not run.budget or not takes_time(effect.step):
        _begin(turn, effect)
        return
    turn.change_run(run.id, parked=(*run.parked, effect))
    if not run.parked:
        _release(turn, run.id)
    elif _question(run) is not None:
        _show_parked(turn, effect)


def release(turn: Turn) -> None:
    """Have done what was parked and has room now."""
    for run_id in [run.id for run in turn.runs.values() if run.parked and run.cancelling is None]:
        _release(turn, run_id)


def _release(turn: Turn, run_id: str) -> None:
    while (run := turn.run(run_id)).parked:
        effect = run.parked[0]
        full = _full(turn, run, effect)
        if full is not None:
            if not full.waits and _question(run) is None:
                _ask(turn, effect, full)
            return
        asked = _question(run)
        if asked is not None:
            _close(turn, run, asked)
        turn.change_run(run_id, parked=turn.run(run_id).parked[1:])
        _begin(turn, effect)


def _begin(turn: Turn, effect: RunStep) -> None:
    run_id, task_id, run = effect.run_id, effect.task_id, turn.run(effect.run_id)
    reserved = NOTHING
    if takes_time(effect.step):
        known = run.largest.get(effect.step, NOTHING)
        reserved = known.largest(Amounts(turns=1)) if asks_agent(effect.step, effect.inputs) else _time_of(known)
        at_work = {**run.at_work, effect.step: run.at_work.get(effect.step, 0) + 1}
        turn.change_run(run_id, reserved=run.reserved + reserved, at_work=at_work)
    turn.change_work(run_id, task_id, current=Invocation(effect, reserved=reserved))
    if task_id is not None and turn.task(run_id, task_id).status == "waiting_approval":
        turn.change_task(run_id, task_id, status="running")
        task_status(turn, run_id, task_id, effect.step, "there is room in the budget; goes on")
    turn.effects.append(effect)


def _full(turn: Turn, run: RunState, effect: RunStep) -> _Full | None:
    """Why there is no room for a step, None if there is."""
    working = [step for step, count in run.at_work.items() if count]
    unknown = any(step not in run.largest for step in working)
    agent, waits = asks_agent(effect.step, effect.inputs), False
    for scope in SCOPES:
        limits = run.budget.get(scope)
        if not limits:
            continue
        spent, raised = _account(turn, run, scope)
        reserved = _reserved(turn, run, scope)
        for unit, limit in limits.items():
            if unit != "minutes" and not agent:
                continue
            allowed, used = limit + raised.of(unit), spent.of(unit)
            if used >= allowed:
                return _Full(scope=scope, unit=unit, limit=allowed, value=used)
            if used + reserved.of(unit) >= allowed:
                if not working:
                    return _Full(scope=scope, unit=unit, limit=allowed, value=used + reserved.of(unit))
                waits = True
            waits = waits or (unknown and scope != "day" and unit != "turns")
    return _Full(waits=True) if waits else None


def _account(turn: Turn, run: RunState, scope: Scope) -> tuple[Amounts, Amounts]:
    """What was spent in a scope, and by what its limits were raised."""
    if scope == "run":
        return run.spent, run.raised.get("run", NOTHING)
    if scope == "intent":
        intent = turn.intent(run.intent_id or "")
        return (intent.spent, intent.raised) if run.intent_id else (run.spent, run.raised.get("intent", NOTHING))
    day = turn.day
    return (day.spent, day.raised) if day.date == turn.now[:10] else (NOTHING, NOTHING)


def _reserved(turn: Turn, run: RunState, scope: Scope) -> Amounts:
    return Amounts.sum(each.reserved for each in turn.runs.values()) if scope == "day" else run.reserved


def _ask(turn: Turn, effect: RunStep, full: _Full) -> None:
    run_id, unit = effect.run_id, full.unit
    used, limit = shown(unit, full.value), shown(unit, full.limit)
    reason = f"the budget of {_WHOSE[full.scope]} is reached: {used} of {limit}"
    trigger = f"budget.{full.scope}.{unit}"
    threshold, value = (Amounts(**{unit: number}).told()[unit] for number in (full.limit, full.value))
    stop = Stop(trigger, threshold, value, reason, _recent(turn.run(run_id)))
    turn.announce("stop", stop.payload(), run_id=run_id, task_id=effect.task_id, role=effect.step)
    told = {"trigger": trigger, "threshold": threshold, "value": value}
    output = {"scope": full.scope, "unit": unit, "limit": full.limit}
    put_questions(turn, effect, "budget", (f"{reason[0].upper()}{reason[1:]}. Raise it, or stop?",), output, told)
    for parked in turn.run(run_id).parked:
        _show_parked(turn, parked)
    run_status(turn, run_id, "run", turn.run(run_id).status, f"{reason}; raise it or stop", stop=stop)


def _recent(run: RunState) -> tuple[Mapping[str, Any], ...]:
    """The last endings of all its steps."""
    endings = [*run.work.history, *(entry for task in run.tasks.values() for entry in task.work.history)]
    return tuple(sorted(endings, key=lambda entry: str(entry["ended_at"]))[-RECENT:])


def _show_parked(turn: Turn, effect: RunStep) -> None:
    if effect.task_id is not None:
        turn.change_task(effect.run_id, effect.task_id, status="waiting_approval")
        task_status(turn, effect.run_id, effect.task_id, effect.step, f"{effect.step} waits: a budget is reached")


def _question(run: RunState) -> Question | None:
    return next((one for one in run.questions if one.open and one.kind == "budget"), None)


def _close(turn: Turn, run: RunState, question: Question) -> None:
    questions = tuple(changed(one, open=False) if one.index == question.index else one for one in run.questions)
    turn.change_run(run.id, questions=questions)
    run_status(turn, run.id, "run", "running", "there is room in the budget again; goes on")


def stops(turn: Turn, run_id: str, question: Question, text: str) -> bool:
    """A person answered: whether the run is to stop; else its budget is raised. Raises Nonsense for other answers."""
    scope, unit = question.output["scope"], question.output["unit"]
    try:
        more = raise_of(text, unit)
    except BadAnswer as wrong:
        raise Nonsense(f"question {question.index} waits for another answer", str(wrong)) from None
    if more is None:
        return True
    run = turn.run(run_id)
    spent, raised = _account(turn, run, scope)
    used = spent.of(unit) + _reserved(turn, run, scope).of(unit)
    limit = run.budget[scope][unit]
    more = more or limit
    if not more:
        raise Nonsense(f"question {question.index}: say by how much", f"answer `raise AMOUNT` ({unit})")
    allowed = limit + raised.of(unit)
    added = Amounts(**{unit: max(used, allowed) + more - allowed})
    date = turn.now[:10]
    name = date if scope == "day" else scope
    turn.change_run(run_id, raised={**run.raised, name: run.raised.get(name, NOTHING) + added})
    _raise(turn, run.intent_id, name, added)
    return False


def _raise(turn: Turn, intent_id: str | None, name: str, added: Amounts) -> None:
    """Raises the limits of an Intent, or of a date; those of a run stand with it."""
    if name == "intent" and intent_id is not None:
        turn.change_intent(intent_id, raised=turn.intent(intent_id).raised + added)
    elif name not in {"run", "intent"}:
        _on(turn, name, NOTHING, added)


def _on(turn: Turn, date: str, spent: Amounts, raised: Amounts) -> None:
    """Adds to a day's account; of a day that is over nobody asks."""
    day = turn.day if turn.day.date >= date else Day(date)
    if day.date == date:
        turn.day = changed(day, spent=day.spent + spent, raised=day.raised + raised)


def settle(turn: Turn, current: Invocation, output: Mapping[str, Any]) -> None:
    """A step has ended: what it used is spent, and nothing is reserved for it any more."""
    effect, run = current.effect, turn.run(current.effect.run_id)
    if takes_time(effect.step):
        at_work = {**run.at_work, effect.step: run.at_work[effect.step] - 1}
        turn.change_run(run.id, reserved=run.reserved - current.reserved, at_work=at_work)
        run = turn.run(run.id)
    used = _used(turn, current, output)
    if used == NOTHING:
        return
    date = turn.now[:10]
    spent = {**run.spent_on, date: run.spent_on.get(date, NOTHING) + used}
    largest = {**run.largest, effect.step: used.largest(run.largest.get(effect.step, NOTHING))}
    turn.change_run(run.id, spent_on=spent, largest=largest)
    _spend(turn, run.intent_id, date, used)


def _spend(turn: Turn, intent_id: str | None, date: str, used: Amounts) -> None:
    if intent_id is not None:
        turn.change_intent(intent_id, spent=turn.intent(intent_id).spent + used)
    _on(turn, date, used, NOTHING)


def _used(turn: Turn, current: Invocation, output: Mapping[str, Any]) -> Amounts:
    """What a step says that it used; an agent that was called and says nothing of turns took one."""
    usage, effect = mapping(output, "usage"), current.effect
    tokens = int(count(usage, "input_tokens") + count(usage, "output_tokens"))
    usd = Amounts.read({"usd": count(output, "cost_usd")}).usd
    called = current.started_at is not None and asks_agent(effect.step, effect.inputs)
    turns = int(count(output, "turns")) if output.get("turns") is not None else int(called)
    time = int(count(turn.event.payload, "duration_ms")) if takes_time(effect.step) else 0
    return Amounts(usd, tokens, time, turns)


def _time_of(amounts: Amounts) -> Amounts:
    return Amounts(minutes=amounts.minutes)


def settle_end(turn: Turn, intent_id: str | None, told: Mapping[str, Any], known: RunState | None) -> None:
    """The end of a run whose steps are not there any more (all but those in `known`): what it spent and was raised."""
    spent, raised = mapping(told, "spent"), mapping(told, "raised")
    for date in sorted(spent):
        before = known.spent_on.get(date, NOTHING) if known else NOTHING
        _spend(turn, intent_id, date, Amounts.read(spent[date]) - before)
    for name in sorted(raised):
        before = known.raised.get(name, NOTHING) if known else NOTHING
        _raise(turn, intent_id, name, Amounts.read(raised[name]) - before)
