"""How many roles may work at once under load, by a clock that a test sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.orchestrate.parallelism import CALM, LEAST_FREE, SETTLE, Parallelism, pressure_of


def test_it_is_halved_under_pressure_once_in_a_while() -> None:
    at = Parallelism(8, 8).after(100.0, "too much")
    assert (at.now, at.reason) == (4, "too much")
    assert at.after(100.0 + SETTLE - 1, "more").now == 4  # of what had begun before
    assert at.after(100.0 + SETTLE, "more").now == 2


def test_it_grows_back_one_by_one_when_nothing_is_too_much() -> None:
    at = Parallelism(4, 4).after(0.0, "too much").after(SETTLE, "too much")
    assert at.now == 1
    found = []
    for second in range(int(SETTLE), int(SETTLE + 5 * CALM)):
        at = at.after(float(second), None)
        found.append(at.now)
    assert [found.count(number) for number in (1, 2, 3)] == [CALM] * 3 and found[-1] == 4
    assert at.after(1e9, None) == at


def test_pressure_at_the_least_puts_growing_off() -> None:
    at = Parallelism(2, 2).after(0.0, "too much")
    assert at.now == 1
    at = at.after(CALM - 1, "too much")
    assert at.after(CALM + 1, None).now == 1
    assert at.after(2 * CALM, None).now == 2


@given(
    most=st.integers(1, 64),
    happened=st.lists(st.tuples(st.floats(0, 100), st.sampled_from([None, "too much"]))),
)
def test_it_is_always_between_one_and_the_most(most: int, happened: list[tuple[float, str | None]]) -> None:
    at, moment = Parallelism(most, most), 0.0
    for seconds, pressure in happened:
        moment += seconds
        after = at.after(moment, pressure)
        assert 1 <= after.now <= most
        assert after.now <= at.now if pressure else after.now >= at.now
        at = after


def test_pressure_is_a_service_that_is_not_available_or_memory_that_runs_out() -> None:
    assert pressure_of(None, 0.5) is None
    assert pressure_of({"class": "tool", "message": "exit 1"}, 0.5) is None
    assert "busy" in (pressure_of({"class": "network", "message": "busy"}, 0.5) or "")
    assert "1%" in (pressure_of(None, 0.01) or "") and LEAST_FREE > 0.01
