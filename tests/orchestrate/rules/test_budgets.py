"""Budgets: reserved before a call, settled after it; a limit that is reached pauses the run and asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.orchestrate.budget import Amounts
from engine.orchestrate.controller import fold, outstanding
from engine.orchestrate.effects import RunStep
from tests.orchestrate.story import RUN, Story


def started(tasks: str = "a b c", **budget: Mapping[str, float]) -> Story:
    """A run with a plan whose analysis cost nothing but its turn."""
    story = Story()
    story.start(budget=budget)
    story.plan(*tasks.split())
    return story


def used(usd: float = 0.0, tokens: int = 0, seconds: float = 0.0) -> dict[str, Any]:
    return {"cost_usd": usd, "usage": {"output_tokens": tokens}, "duration_ms": round(seconds * 1000)}


def test_without_a_budget_nothing_waits() -> None:
    assert set(started().open()) == {"a/implement", "b/implement", "c/implement"}


@pytest.mark.parametrize(
    ("budget", "spent", "trigger", "threshold", "value"),
    [
        ({"usd": 0.5}, used(usd=0.5), "budget.run.usd", 0.5, 0.5),
        ({"tokens": 1000}, used(tokens=1001), "budget.run.tokens", 1000, 1001),
        ({"minutes": 1}, used(seconds=90), "budget.run.minutes", 1, 1.5),
        ({"turns": 2}, used(), "budget.run.turns", 2, 2),
    ],
)
def test_a_limit_that_is_reached_pauses_the_run_and_asks(
    budget: Mapping[str, float], spent: Mapping[str, Any], trigger: str, threshold: float, value: float
) -> None:
    story = started("a", run=budget)
    story.begin("a/implement")
    story.end("a/implement", **spent)
    told = story.do("a/rebase")

    assert story.open() == [] and story.run().status == "waiting_approval"
    (stop,) = story.told("stop", told)
    assert (stop["trigger"], stop["threshold"], stop["value"]) == (trigger, threshold, value)
    assert stop["reason"].startswith("the budget of this run is reached: ")
    assert [entry["step"] for entry in stop["recent_history"]] == ["analyze", "implement", "rebase"]
    (question,) = story.told("question", told)
    assert (question["kind"], question["trigger"]) == ("budget", trigger)
    (shown,) = story.told("task_status_update", told, taskId=RUN)
    assert shown["status"] == "waiting_approval" and shown["stop"]["trigger"] == trigger
    assert story.task("a").status == "waiting_approval"
    assert story.updates == []


def test_raised_the_run_goes_on_with_the_very_step_that_waited() -> None:
    story = started("a", run={"turns": 2})
    story.do("a/implement", "a/rebase")
    (waiting,) = story.run().parked
    story.answer(0, "raise")

    assert story.open_steps() == [waiting]
    assert story.run().raised == {"run": Amounts(turns=2)}
    story.do("a/review", "integrate")
    assert story.ended().state == "succeeded"


def test_a_raise_is_so_much_more_from_what_is_used_by_now() -> None:
    story = started("a", run={"usd": 1.0})
    story.begin("a/implement")
    story.end("a/implement", **used(usd=3.5))
    story.do("a/rebase")
    story.answer(0, "Raise 0.25")

    assert story.run().raised == {"run": Amounts(usd=2_750_000)}
    assert story.open() == ["a/review"]


@pytest.mark.parametrize("text", ["yes", "raise much", "raise -1", "raise nan", "stop it", "raise 0"])
def test_other_answers_are_none(text: str) -> None:
    story = started("a", run={"turns": 1})

    assert story.errors(story.answer(0, text)) == ["question 0 waits for another answer"]
    assert story.run().status == "waiting_approval"


def test_a_budget_of_nothing_needs_an_amount() -> None:
    story = Story()
    story.start(budget={"run": {"usd": 0}})

    assert story.open() == []
    assert story.errors(story.answer(0, "raise")) == ["question 0: say by how much"]
    story.answer(0, "raise 1")
    assert story.open() == ["analyze"]


def test_stopped_the_run_is_cancelled_and_what_is_at_work_ends_first() -> None:
    story = started("a b", run={"usd": 1.0})
    story.begin("a/implement")
    story.end("a/implement", **used(usd=0.1))
    story.end("b/implement", **used(usd=1.0))
    story.begin("a/rebase")
    story.do("b/rebase")
    assert story.run().status == "running"
    story.answer(0, "stop")
    assert story.cancels == [f"{RUN}/a/rebase/1"]
    story.end("a/rebase", "cancelled")

    assert story.ended().state == "cancelled"
    assert story.ended().reason.startswith("stopped by Ada: The budget of this run is reached: 1.1 USD of 1 USD")


def test_of_a_role_of_which_nothing_is_known_one_works_at_a_time() -> None:
    story = started(run={"usd": 1.0})

    assert story.open() == ["a/implement"]
    story.end("a/implement", **used(usd=0.3))
    assert set(story.open()) == {"a/rebase", "b/implement", "c/implement"}
    assert story.run().tasks["b"].work.current.reserved == Amounts(usd=300_000, turns=1)  # type: ignore[union-attr]


def test_what_is_reserved_is_not_given_away_and_what_is_not_used_is_given_back() -> None:
    story = started("a b c d e", run={"usd": 1.0})
    story.end("a/implement", **used(usd=0.4))
    assert set(story.open()) == {"a/rebase", "b/implement", "c/implement"}
    assert [step.task_id for step in story.run().parked] == ["d", "e"]
    story.end("b/implement", **used(usd=0.1))

    assert set(story.open()) == {"a/rebase", "b/rebase", "c/implement", "d/implement"}
    assert story.told("stop") == []


def test_commands_use_time_only() -> None:
    story = Story()
    story.start(budget={"run": {"usd": 0, "turns": 0}}, intent={"run": ["true"]})
    story.begin("analyze")
    story.end("analyze", tasks=[{"id": "a", "run": "true"}])
    story.do("a/implement", "a/rebase", "a/review", "integrate")

    assert story.ended().state == "succeeded"
    (end,) = story.told("run.end")
    assert end["budget"]["spent"] == {}


def test_an_intent_pays_for_all_its_runs() -> None:
    story = started("a", intent={"turns": 4})
    story.do("a/implement", "a/rebase", "a/review", "integrate")
    story.approve(again=True)
    story.start(run_id="one-2", budget={"intent": {"turns": 4}})
    story.plan("a", run_id="one-2")

    assert story.open("one-2") == []
    (stop,) = story.told("stop")
    assert (stop["trigger"], stop["value"]) == ("budget.intent.turns", 4)
    story.answer(0, "raise 5", run_id="one-2")
    assert story.state.intents["one"].raised == Amounts(turns=5)
    story.do("a/implement", "a/rebase", "a/review", "integrate", run_id="one-2")
    assert story.state.intents["one"].spent == Amounts(turns=6)


def day(count: int = 2, turns: int = 2) -> Story:
    """Several runs that have been analyzed, on a day with so many turns."""
    story = Story()
    for number in range(1, count + 1):
        story.start(f"i{number}", f"r{number}", budget={"day": {"turns": turns}})
    for number in range(1, count + 1):
        story.plan("a", run_id=f"r{number}")
    return story


def test_a_day_pays_for_all_runs_and_its_raise_lets_all_go_on() -> None:
    story = day()

    assert story.open("r1") == story.open("r2") == []
    assert [stop["trigger"] for stop in story.told("stop")] == ["budget.day.turns"] * 2
    story.answer(0, "raise 10", run_id="r2")
    assert story.open("r1") == story.open("r2") == ["a/implement"]
    assert story.run("r1").open_questions == ()
    assert story.state.day.raised == Amounts(turns=10)


def test_a_new_day_has_a_budget_of_its_own() -> None:
    story = day(1, 1)
    assert story.run("r1").status == "waiting_approval"
    story.seconds = 0
    for event in story.log:
        object.__setattr__(event, "timestamp", event.timestamp.replace("2026-01-01", "2025-12-31"))
    story.state = fold(story.log)
    story.approve("other")

    assert story.open("r1") == ["a/implement"]
    assert story.state.day.date == "2025-12-31"
    story.do("a/implement", run_id="r1")
    assert story.state.day.spent == Amounts(turns=1) and story.state.day.date == "2026-01-01"


def test_a_crash_between_reserving_and_settling_loses_nothing_and_counts_nothing_twice() -> None:
    story = started("a b", run={"usd": 1.0})
    story.begin("a/implement")
    story.state = fold(story.log)
    (again,) = [effect for effect in outstanding(story.state) if isinstance(effect, RunStep)]
    assert again.key == f"{RUN}/a/implement/1"
    assert [step.task_id for step in story.run().parked] == ["b"]
    story.begin("a/implement")
    story.end("a/implement", **used(usd=0.4))
    ended = [event for event in story.log if event.type == "step.end"][-1]
    story.happens("step.end", ended.payload, run_id=RUN, task_id="a")

    assert story.run().spent == Amounts(usd=400_000, turns=2)
    assert fold(story.log) == story.state


def test_a_step_that_never_began_used_no_turn() -> None:
    story = started("a")
    story.cancel("a")
    story.end("a/implement", "cancelled")

    (end,) = story.told("run.end")
    assert end["budget"]["spent"] == {"2026-01-01": {"usd": 0.0, "tokens": 0, "minutes": 0.0, "turns": 1}}


def test_what_waits_for_room_is_cancelled_with_its_task_and_nobody_is_asked_any_more() -> None:
    story = started("a b", run={"turns": 2})
    story.do("a/implement")
    assert [one.kind for one in story.run().open_questions] == ["budget"]
    story.cancel("b")
    assert story.run().open_questions == () and story.run().parked == ()
    story.do("a/rebase")
    assert [one.kind for one in story.run().open_questions] == ["budget"]
    story.cancel()
    assert story.ended().state == "cancelled"


def test_a_run_that_waits_for_room_before_its_analysis_can_be_cancelled() -> None:
    story = Story()
    story.start(budget={"run": {"turns": 0}})
    story.cancel()

    assert story.ended().state == "cancelled"


def test_a_bad_budget_starts_nothing() -> None:
    story = Story()
    told = story.start(budget={"run": {"usd": -1}})

    assert story.state.runs == {} and "`run.usd`" in story.errors(told)[0]


def test_what_is_left_of_a_run_says_what_it_spent() -> None:
    story = started("a", day={"turns": 2})
    story.do("a/implement", "a/rebase")
    story.answer(0, "raise 3")
    story.do("a/review", "integrate")
    kept = [event for event in story.log if event.type in {"approval", "run.end"}]
    after = fold(kept)

    assert (after.day, after.intents["one"].spent) == (story.state.day, story.state.intents["one"].spent)
    assert after.day.spent == Amounts(turns=3) and after.day.raised == Amounts(turns=3)
