"""Worlds of chance: a few thousand runs in which everything happens; more of them with `-m campaign`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.orchestrate.controller import fold
from tests.orchestrate.simulation import World, simulate


def test_a_world_plays_to_its_end(seed: int) -> None:
    for number in range(40):
        open_runs = simulate(seed * 100_000 + number).state.runs.values()
        assert all(run.phase == "waiting" and not run.invocations for run in open_runs)  # for Intents that nobody runs


def test_the_same_seed_gives_the_same_log_byte_for_byte(seed: int) -> None:
    for number in range(5):
        first, second = simulate(seed + number), simulate(seed + number)
        assert [event.to_json() for event in first.log] == [event.to_json() for event in second.log]


WANTED = {
    "crash", "land", "retry", "stop", "question", "answer", "cancel", "commit", "diff", "error", "run.end",
    "role_delegation", "stop by max_retries_per_role", "stop by max_cycle_count", "stop by max_review_retries",
    "stop by max_conflicts", "stop by budget.run.usd", "stop by budget.intent.tokens", "stop by budget.day.turns",
    "run succeeded success done", "run failed failed error", "run failed failed blocked",
    "run cancelled failed cancelled", "run failed escalated blocked", "run failed escalated error", "rebase conflict",
    "integrate conflict", "integrate question", "integrate cancelled", "review rejected",
    "result", "documenter ok", "reflect ok", "propose ok",
    "developer cancelled", "audit timeout", "report ok", "abstract ok", "record ok", "coordinator question",
    *(f"{step} {result}" for step in ("analyze", "implement", "review") for result in ("ok", "timeout", "question")),
}  # fmt: skip


def happened(world: World) -> Iterator[str]:
    """What happened in a world, in words."""
    yield from ["crash"] * (world.crashes > 0)
    for event in world.log:
        yield event.type
        if event.type == "stop":
            yield f"stop by {event.payload['trigger']}"
        elif event.type == "run.end":
            yield f"run {event.payload['state']} {event.payload['outcome']} {event.payload['status']}"
        elif event.type == "step.end":
            yield f"{event.payload['step']} {event.payload['result']}"


def test_everything_that_may_happen_happens(seed: int) -> None:
    """A world in which something never happens would test nothing of it; a few hundred are enough for everything."""
    seen: set[str] = set()
    for number in range(600):
        seen.update(happened(simulate(seed * 7_000 + number)))
        if seen >= WANTED:
            break

    assert WANTED - seen == set()


@pytest.mark.campaign
def test_a_campaign_of_worlds(seed: int, campaign: int) -> None:
    for number in range(700 * campaign):
        try:
            simulate(seed * 1_000_000 + number)
        except AssertionError as error:
            pytest.fail(f"simulate({seed * 1_000_000 + number}): {error}")


class Simulation(RuleBasedStateMachine):
    """The same world, driven by Hypothesis, which looks for the shortest way to break it; refolded after each event."""

    @initialize(seed=st.integers(0, 1000), trouble=st.sampled_from([0.0, 0.3, 0.8]))
    def begin(self, seed: int, trouble: float) -> None:
        self.world = World(seed, trouble)

    @precondition(lambda self: self.world.runs < 3)
    @rule()
    def start(self) -> None:
        self.world.start_intent()

    @rule()
    def begin_step(self) -> None:
        self.world.begin_step()

    @rule()
    def end_step(self) -> None:
        self.world.end_step()

    @rule()
    def answer(self) -> None:
        self.world.answer()

    @rule()
    def cancel(self) -> None:
        self.world.cancel()

    @rule()
    def repeat(self) -> None:
        self.world.repeat()

    @rule()
    def crash(self) -> None:
        self.world.crash()

    @rule()
    def wait(self) -> None:
        self.world.wait()

    @invariant()
    def the_fold_of_the_log_is_the_state(self) -> None:
        if hasattr(self, "world"):
            assert fold(self.world.log) == self.world.state


TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(settings.default, max_examples=25, stateful_step_count=40)
