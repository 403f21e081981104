"""A slice of the full disks: `python -m tests.chaos.full` has one for each operation of a runner."""

from __future__ import annotations

import random
import sys

import pytest

from tests.chaos.full import Full, with_full_disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a runner leaves is told by /proc")


@pytest.mark.campaign
def test_a_full_disk_ends_in_a_clear_state_and_all_goes_on_when_there_is_room(seed: int, campaign: int) -> None:
    lot = random.Random(f"full {seed}")
    for number in range(3 * campaign):
        full = Full(lot.randrange(1, 1000), once=bool(number % 2))
        struck, found = with_full_disk(full)
        assert struck and found == [], "\n".join([str(full), *found])
