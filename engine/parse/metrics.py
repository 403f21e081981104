"""The metrics of streams, each a share: what holds of that which should.

They are computed from the lines of recordings, one by one, of which no more than the names of sources are kept.
`await_ratio` is only reported; each of the others must be 1, and to have measured nothing is not enough.

Knows no file.  Invariant: every line that lowers a metric is counted, and the first of them are kept with what is
wrong and where.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.parse.extensions import STREAM_FIELDS, SWITCHES, stream_fields
from engine.parse.feeder import Action, DemandHint, Unsupported, of_symbol
from engine.parse.namespace import Namespace, Problem, first_error

__all__ = ["FAILURES_KEPT", "METRICS", "Metric", "Tally", "hint_problem"]

OUTCOMES: Final = "parser.stream.outcome_consistency"
HINTS: Final = "parser.stream.demandhint_coverage"
AWAITS: Final = "parser.stream.await_ratio"
FIELDS: Final = "parser.stream_extension_field_coverage"
SUMMARIES: Final = "parser.expected_summary_presence"
RUN_SWITCHES: Final = "parser.runconfig_switch_coverage"

#: The metrics in the order in which they are reported, and what is said of `passed` of `total`.
METRICS: Final = {
    OUTCOMES: "compared streams gave what a batch run gives",
    HINTS: "pauses had a usable demand hint",
    FIELDS: "stream fields were in the configurations",
    SUMMARIES: "pauses and syntax errors said what was expected",
    RUN_SWITCHES: "switches were in the configurations",
    AWAITS: "answers of feeders were that there is nothing yet",
}
#: Metrics that are only reported.
_ONLY_REPORTED: Final = frozenset({AWAITS})
#: What lowered a metric, kept for each: as many as a person reads.
FAILURES_KEPT: Final = 5


@dataclass(slots=True)
class Metric:
    """`passed` of `total`; `failing` lines lowered it, and `failures` says what the first of them lack, and where."""

    name: str
    passed: int = 0
    total: int = 0
    failing: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def value(self) -> float | None:
        """The share; None if there was nothing to measure."""
        return self.passed / self.total if self.total else None

    @property
    def meaning(self) -> str:
        """What is true of `passed` of `total`."""
        return METRICS[self.name]

    @property
    def is_required(self) -> bool:
        """Must it be 1?"""
        return self.name not in _ONLY_REPORTED

    @property
    def succeeds(self) -> bool:
        """Is it as it must be?"""
        return not self.is_required or 0 < self.total == self.passed

    def count(self, passed: int, total: int, failure: str) -> None:
        """Count a line; `failure` is what it lacks if not all of it passed."""
        self.passed += passed
        self.total += total
        if passed < total:
            self.failing += 1
            if len(self.failures) < FAILURES_KEPT:
                self.failures.append(failure)


class Tally:
    """The metrics of the lines that were added."""

    def __init__(self) -> None:
        self._metrics = {name: Metric(name) for name in METRICS}
        self.streams = 0
        """How many streams there were."""
        self._sources: dict[int, str] = {}

    def metrics(self) -> tuple[Metric, ...]:
        """All of them, in order."""
        return tuple(self._metrics.values())

    def add(self, record: Mapping[str, Any], where: str) -> None:
        """Count a line, as `read_recording` gives it; `where` is how a failure names it."""
        kind = record["kind"]
        if kind == "stream":
            self.streams += 1
            self._sources[record["stream"]] = record["source"]
            self._configuration(record, where)
        elif kind == "outcome":
            self._outcome(record, where)
            self._configuration(record, where)
        elif kind == "diagnostic":
            self._expected(record, where, f"syntax error {record['code']}")
        elif record["event"] == "parser.stream.pending":
            problem = hint_problem(record.get("resume_hint"))
            self._metrics[HINTS].count(not problem, 1, f"{where}: pause {record['pending.reason']}: {problem}")
            self._expected(record, where, f"pause {record['pending.reason']}")
        elif record["event"] == "parser.stream.metrics":
            meta = record["stream_meta"]
            awaits = self._metrics[AWAITS]
            awaits.passed += meta["await_count"]
            awaits.total += meta["chunks_consumed"] + meta["await_count"]

    def _outcome(self, record: Mapping[str, Any], where: str) -> None:
        streamed, batch = record["streamed"], record["batch"]
        different = [part for part in {**streamed, **batch} if streamed.get(part) != batch.get(part)]
        if not streamed:
            different = ["everything: there is no outcome"]
        lineage = " ".join(record["resume_lineage"]) or "never resumed"
        self._metrics[OUTCOMES].count(
            not different, 1, f"{where}: {self._sources.get(record['stream'], 'a stream')} and its batch run differ in "
                              f"{', '.join(different)} (lineage: {lineage}; memo: {record['memo_bytes']} bytes)")

    def _configuration(self, record: Mapping[str, Any], where: str) -> None:
        config = _table(record.get("run_config"))
        found, switches = set(stream_fields(_table(config.get("extensions")))), _table(config.get("switches"))
        for name, all_of, present in ((FIELDS, STREAM_FIELDS, found), (RUN_SWITCHES, SWITCHES, set(switches))):
            missing = [one for one in all_of if one not in present]
            self._metrics[name].count(len(all_of) - len(missing), len(all_of), f"{where}: without {', '.join(missing)}")

    def _expected(self, record: Mapping[str, Any], where: str, what: str) -> None:
        expected = _table(record.get("expected"))
        says, among = expected.get("humanized"), expected.get("alternatives")
        is_there = isinstance(says, str) and says.strip() != "" and isinstance(among, list) and among != []
        self._metrics[SUMMARIES].count(is_there, 1, f"{where}: {what} does not say what was expected")


def hint_problem(encoded: object) -> str | None:
    """What keeps an encoded demand hint from being of use to a feeder; None if nothing does."""
    if not isinstance(encoded, Mapping):
        return "there is no demand hint"
    problems: list[Problem] = []
    space = Namespace("resume_hint", encoded, problems)
    least, preferred = space.amount("min_bytes", 1), space.amount("preferred_bytes", 1)
    symbol = space.text("frame_boundary")
    space.choice("action", Action.CONTINUE)
    wrong = first_error(problems)
    if wrong is not None:
        return wrong.message
    missing = [f"resume_hint.{key} is missing" for key in ("min_bytes", "action") if encoded.get(key) is None]
    boundary = of_symbol(symbol) if symbol is not None else None
    if missing or least is None:
        return missing[0]
    if isinstance(boundary, Unsupported):
        return boundary.error.message
    try:
        DemandHint(least, preferred, boundary)
    except ValueError as error:
        return str(error)
    return None


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
