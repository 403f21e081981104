"""A slice of the kills, and whether what they would break is seen: `python -m tests.chaos.kills` kills for longer."""

from __future__ import annotations

import random
import sys

import pytest

from tests.chaos.doomed import Death
from tests.chaos.kills import KINDS, Campaign, Extent, histogram

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a killed runner leaves is told by /proc")


@pytest.mark.campaign
def test_nothing_is_lost_or_done_twice_when_a_runner_is_killed_in_every_step(seed: int, campaign: int) -> None:
    killing, kills = Campaign(seed), len(KINDS) * campaign
    while len(killing.deaths) < kills:
        found = killing.one_repository(kills - len(killing.deaths))
        assert found == [], "\n".join([f"seed {seed}", *map(str, killing.deaths)])
    assert {death.step for death in killing.deaths} == set(KINDS)


def test_each_step_is_drawn_as_often_as_any_other() -> None:
    campaign = Campaign(1)
    drawn = []
    for _ in range(3 * len(KINDS)):
        drawn.append(campaign._doom().step)
        campaign._deck.pop()
    assert sorted(drawn) == sorted(3 * KINDS)


def test_an_end_that_came_too_early_tells_how_far_a_step_reaches() -> None:
    extent = Extent(1000, 1.0)
    extent.learn(Death("review", 300, 9.0, True, ""))
    extent.learn(Death("review", 0, 0.25, True, ""))
    extent.learn(Death("review", 7, 7.0, False, ""))
    assert extent == Extent(300, 0.25)


def test_the_histogram_has_every_step() -> None:
    lot = random.Random(1)
    told = histogram([Death(lot.choice(KINDS), 1, 0.1, False, "runner.append call") for _ in range(20)])
    assert all(kind in told for kind in KINDS) and "calls in runner 20" in told
