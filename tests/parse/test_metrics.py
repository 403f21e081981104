"""The metrics: their formulas, and that each falls when, and only when, what it is about is broken."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from engine.parse.feeder import Action, DemandHint, SpanBoundary
from engine.parse.meta import encode_hint
from engine.parse.metrics import AWAITS, FAILURES_KEPT, HINTS, METRICS, OUTCOMES, SUMMARIES, Metric, Tally, hint_problem
from tests.recordings import BREAKS, Record, of_kind, recorded


@pytest.fixture(scope="module")
def good() -> list[Record]:
    return recorded()


def measured(records: list[Record]) -> dict[str, Metric]:
    tally = Tally()
    for number, record in enumerate(records, 1):
        tally.add(record, f"line {number}")
    return {metric.name: metric for metric in tally.metrics()}


def test_a_real_recording_has_measured_everything_and_all_of_it_is_1(good: list[Record]) -> None:
    found = measured(good)

    assert list(found) == list(METRICS)
    assert [name for name, metric in found.items() if not metric.succeeds] == []
    assert {name: metric.value for name, metric in found.items() if metric.is_required} == dict.fromkeys(BREAKS, 1.0)
    assert all(metric.failures == [] for metric in found.values())


def test_the_totals_are_what_the_recording_holds(good: list[Record]) -> None:
    found = measured(good)
    streams, pauses = len(of_kind(good, "stream")), len(of_kind(good, "parser.stream.pending"))
    errors = len(of_kind(good, "diagnostic"))

    assert found[OUTCOMES].total == streams >= 5
    assert found[HINTS].total == pauses >= streams
    assert found[SUMMARIES].total == pauses + errors > pauses


def test_every_required_metric_has_a_way_to_break_it() -> None:
    assert set(BREAKS) == {name for name in METRICS if Metric(name).is_required}


@pytest.mark.parametrize("name", BREAKS)
def test_each_metric_falls_on_its_broken_recording_and_no_other_does(good: list[Record], name: str) -> None:
    broken = deepcopy(good)
    BREAKS[name](broken)

    found = measured(broken)

    assert [each for each, metric in found.items() if not metric.succeeds] == [name]
    assert 0 < (found[name].value or 0) < 1
    assert found[name].failing == len(found[name].failures) == 1


def test_of_nothing_all_required_metrics_are_missing() -> None:
    found = measured([])

    assert {metric.value for metric in found.values()} == {None}
    assert [name for name, metric in found.items() if metric.succeeds] == [AWAITS]


def test_a_failed_comparison_comes_with_the_lineage_and_the_memo() -> None:
    parts = {"value": "1", "findings": "2"}
    record = {"kind": "outcome", "stream": 7, "streamed": parts, "batch": {**parts, "value": "3", "trace": "4"}}
    begun = {"kind": "stream", "stream": 7, "source": "a.reml"}
    found = measured([begun, {**record, "resume_lineage": ["await@3", "resume*2"], "memo_bytes": 99}])

    assert found[OUTCOMES].failures == [
        "line 2: a.reml and its batch run differ in value, trace (lineage: await@3 resume*2; memo: 99 bytes)"
    ]


def test_an_outcome_without_parts_is_none() -> None:
    record = {"kind": "outcome", "stream": 1, "streamed": {}, "batch": {}, "resume_lineage": [], "memo_bytes": 0}

    assert measured([record])[OUTCOMES].value == 0


def test_the_await_ratio_is_that_of_all_streams_together() -> None:
    figures = [{"await_count": 1, "chunks_consumed": 3}, {"await_count": 2, "chunks_consumed": 2}]
    records = [{"kind": "event", "event": "parser.stream.metrics", "stream_meta": meta} for meta in figures]

    assert (measured(records)[AWAITS].passed, measured(records)[AWAITS].total) == (3, 8)


def test_only_the_first_failures_are_kept_but_all_are_counted() -> None:
    pause = {"kind": "event", "event": "parser.stream.pending", "pending.reason": "feeder.await"}

    found = measured([pause] * (FAILURES_KEPT + 3))[HINTS]

    assert (found.value, found.failing, len(found.failures)) == (0, FAILURES_KEPT + 3, FAILURES_KEPT)
    assert found.failures[0] == "line 1: pause feeder.await: there is no demand hint"


@pytest.mark.parametrize("expected", [None, {}, {"humanized": " ", "alternatives": [1]}, {"humanized": "x"}, [1]])
def test_an_empty_summary_is_no_summary(expected: object) -> None:
    assert measured([{"kind": "diagnostic", "code": "x", "expected": expected}])[SUMMARIES].value == 0


@pytest.mark.parametrize("config", [None, [], {"switches": None, "extensions": {"stream": 3}}])
def test_a_configuration_that_is_none_has_no_fields(config: object) -> None:
    found = measured([{"kind": "stream", "stream": 1, "source": "x", "run_config": config}])

    assert [metric.value for name, metric in found.items() if "coverage" in name and metric.total] == [0, 0]


HINT = DemandHint(64, 256, SpanBoundary("Block"), "feeder.await", Action.PAUSE)


@pytest.mark.parametrize("hint", [HINT, DemandHint(1)])
def test_every_hint_of_the_parser_is_usable(hint: DemandHint) -> None:
    assert hint_problem(encode_hint(hint)) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"min_bytes": None}, "min_bytes is missing"),
        ({"action": None}, "action is missing"),
        ({"min_bytes": 0}, "min_bytes: must be at least 1"),
        ({"min_bytes": "64"}, "min_bytes: must be a whole number"),
        ({"preferred_bytes": 63}, "preferred_bytes is 63, below min_bytes 64"),
        ({"action": "hurry"}, "action: must be one of continue, pause"),
        ({"frame_boundary": "NL"}, "frame boundary 'NL' is not known"),
    ],
)
def test_what_makes_a_hint_unusable_is_said(change: dict[str, Any], says: str) -> None:
    assert says in (hint_problem({**encode_hint(HINT), **change}) or "")


@pytest.mark.parametrize("hint", [None, 3, [], "64"])
def test_what_is_no_hint_is_no_hint(hint: object) -> None:
    assert hint_problem(hint) == "there is no demand hint"
