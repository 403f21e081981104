"""Batch runs: what is left over, recovery's limits, what a result carries."""

from __future__ import annotations

import pytest

from engine.parse.config import RunConfig, StreamingConfig
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.result import SPANS_KEPT, folded
from engine.parse.run import run, run_partial
from engine.parse.source import Position, Span
from tests.parse.streams import closed, opened, pushed
from tests.parse.toy_language import SAMPLE, toy_machine

MACHINE = toy_machine()
BROKEN = "let x = 1 )\nlet y = 2\nfn f { ] }\nlet z = 3 }\n"


def codes(result) -> list[str]:
    return [diagnostic.code for diagnostic in result.diagnostics]


def lines(result) -> list[int]:
    return [diagnostic.span.start.line for diagnostic in result.diagnostics]


# ------------------------------------------------------------------------------------------------------------- a result
@pytest.mark.parametrize("source", [SAMPLE, SAMPLE.encode(), "", b"", "\ufefflet x = 1", "let x = 1"])
def test_a_text_that_is_right_has_a_value_and_no_diagnostics(source) -> None:
    result = run(MACHINE, source)

    assert result.diagnostics == ()
    assert not result.recovered
    assert result.value is result.value is not None
    assert (result.farthest_error, result.legacy_error, result.span_trace) == (None, None, None)


def test_a_text_that_is_wrong_has_both_a_value_and_diagnostics() -> None:
    result = run(MACHINE, BROKEN)

    assert lines(result) == [0, 2, 3]
    assert result.recovered
    assert result.value is not None
    assert result.farthest_error == Position(3, 10)


@pytest.mark.parametrize("source", [b"\xff\xfe\x00", b"\x80" * 50, b"\x00", "\ud800", "}" * 50, '"""', "\r\r\n\n\r"])
def test_any_bytes_end_in_a_result(source) -> None:
    assert run(MACHINE, source).span.start == Position(0, 0)


def test_the_extent_of_a_result_is_the_text() -> None:
    assert run(MACHINE, "let x = 1\nlet").span == Span(Position(0, 0), Position(1, 3))


def test_results_are_compared_by_what_they_say() -> None:
    assert run(MACHINE, SAMPLE) == run(toy_machine(), SAMPLE)
    assert run(MACHINE, "let x = 1") != run(MACHINE, "let x = 2")
    assert run(MACHINE, "let x =") != run(MACHINE, "let x = 1")
    assert run(MACHINE, "").__eq__(None) is NotImplemented


# ------------------------------------------------------------------------------------------------------------ leftovers
def test_text_left_over_is_an_error_that_says_it_could_have_ended_here() -> None:
    (diagnostic,) = run(MACHINE, "let x = 1\n)\n").diagnostics

    assert diagnostic.span.start == Position(1, 0)
    assert diagnostic.expected is not None
    assert "end of text" in [alternative.label for alternative in diagnostic.expected.alternatives]


@pytest.mark.parametrize(
    "text, rest",
    [
        ("let x = 1\nlet y = 2\n", None),
        ("let x = 1\n) let y = 2\n", ") let y = 2\n"),
        ("let x = 1 } \r\nmore", "} \r\nmore"),
        (")", ")"),
        ("let x = ", None),
        ("let = 1\nlet y = 2\n]", "]"),
        ("let x = 1 // c\n/* a\nb */ ] x", "] x"),
    ],
)
def test_a_partial_run_gives_the_rest_behind_what_is_complete(text: str, rest: str | None) -> None:
    result, found = run_partial(MACHINE, text)

    assert found == rest
    before = text[: len(text) - len(rest or "")]
    assert result.value == run(MACHINE, before).value
    assert result.diagnostics == run(MACHINE, before).diagnostics


def test_without_require_eof_a_run_ends_where_its_rest_begins() -> None:
    result = run(MACHINE, "let x = 1\n) nonsense", RunConfig(require_eof=False))

    assert result.diagnostics == ()
    assert result.rest_at == Position(1, 0)
    assert run(MACHINE, "let x = 1\n) nonsense").rest_at is None


# ------------------------------------------------------------------------------------------------------------- recovery
def recovering(**settings) -> RunConfig:
    return RunConfig(extensions={"recover": settings})


def test_with_recovery_off_the_first_error_is_the_last_and_there_is_no_value() -> None:
    result = run(MACHINE, BROKEN, recovering(mode="off"))

    assert lines(result) == [0]
    assert not result.recovered
    assert result.value is None


def test_with_recovery_off_a_right_text_has_its_value() -> None:
    assert run(MACHINE, SAMPLE, recovering(mode="off")).value == run(MACHINE, SAMPLE).value


@pytest.mark.parametrize(
    "settings", [{"max_diagnostics": 2}, {"max_recoveries": 2}, {"max_diagnostics": 2, "max_recoveries": 9}]
)
def test_what_is_said_can_be_limited(settings) -> None:
    assert lines(run(MACHINE, BROKEN, recovering(**settings))) == [0, 2]


def warning(code: str, line: int, severity: Severity = Severity.WARNING) -> Diagnostic:
    return Diagnostic(code, severity, f"line {line}", Span.on_line(line, 0, 1))


def test_warnings_of_one_code_in_a_row_are_folded_into_the_first() -> None:
    given = [warning("a", 0), warning("a", 1), warning("a", 2), warning("b", 3), warning("a", 4)]
    first, second, third = folded(given)

    assert [place.span.start.line for place in first.related] == [1, 2]
    assert (second, third) == (given[3], given[4])


def test_errors_are_never_folded() -> None:
    given = [warning("a", 0, Severity.ERROR), warning("a", 1, Severity.ERROR), warning("a", 2)]

    assert folded(given) == given


def test_the_first_error_is_given_by_itself_when_asked_for() -> None:
    result = run(MACHINE, BROKEN, RunConfig(legacy_result=True))

    assert result.legacy_error == result.diagnostics[0]


# ---------------------------------------------------------------------------------------------------------------- trace
def test_a_trace_holds_the_rules_in_the_order_in_which_they_were_finished() -> None:
    result = run(MACHINE, "let x = [1]\nfn f { }\n", RunConfig(trace=True))

    assert [entry.label for entry in result.span_trace or ()] == ["Sum", "List", "Sum", "Let", "Function"]
    assert (result.span_trace or ())[1].span == Span(Position(0, 8), Position(0, 11))


def test_a_trace_remembers_the_latest_only() -> None:
    result = run(MACHINE, "let x = 1\n" * 100, RunConfig(trace=True))

    assert len(result.span_trace or ()) == SPANS_KEPT
    assert (result.span_trace or ())[-1].span.start == Position(99, 0)


# --------------------------------------------------------------------------------------------------------------- stream
CONFIGS = [
    RunConfig(),
    RunConfig(require_eof=False),
    RunConfig(trace=True),
    RunConfig(legacy_result=True, merge_warnings=False),
    recovering(mode="off"),
    recovering(max_diagnostics=1),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("text", [SAMPLE, BROKEN, "let x = 1\n] let y = 2\n) =", ""])
def test_a_stream_has_the_result_of_a_run_under_every_configuration(config: RunConfig, text: str) -> None:
    batch = run(MACHINE, text, config)
    stream = closed(pushed(opened(MACHINE, config), text)).result

    assert stream == batch
    assert stream.legacy_error == batch.legacy_error
    assert stream.packrat.queries == batch.packrat.queries


def test_what_is_odd_about_a_configuration_is_told_with_the_result() -> None:
    result = run(MACHINE, SAMPLE, RunConfig(extensions={"stream": {"colour": "red"}, "recover": {"mood": 1}}))

    assert [problem.key for problem in result.problems] == ["stream.colour", "recover.mood"]


def test_without_collecting_there_is_no_value() -> None:
    place = pushed(opened(MACHINE, StreamingConfig(collect=False)), [BROKEN])

    assert closed(place).result.value is None
    assert closed(place).result.diagnostics == run(MACHINE, BROKEN).diagnostics
