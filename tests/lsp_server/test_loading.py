"""A text that is parsed in slices is at any time the text that its edits make, and in the end parsed as a whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages import CheckSettings, language_named
from engine.languages.analysis import Analysis
from engine.parse.source import Position, Span, split_lines
from engine.parse.work import Work
from lsp_server.loading import AT_ONCE, LoadingText
from lsp_server.waiting import WaitingText

JSON = language_named("json")
assert JSON is not None
LETTERS = list('[]{},:"1 a\n\r\n')


def loading(text: str) -> LoadingText:
    """A text that is still unparsed, whatever its length."""
    assert JSON is not None
    made = LoadingText(JSON, "x" * (AT_ONCE + 1), CheckSettings())
    made._waiting = WaitingText(text)
    return made


def advance(made: LoadingText, amount: float, characters: int | None = None) -> None:
    """Some work on a text, taken so many characters at a time."""
    made._characters = characters or made._characters
    made.advance(Work(made.analysis.document.machine, amount))


def spliced(text: str, span: Span, new: str) -> str:
    lines = split_lines(text)
    head = "".join(lines[: span.start.line]) + lines[span.start.line][: span.start.column]
    return head + new + lines[span.end.line][span.end.column :] + "".join(lines[span.end.line + 1 :])


@given(data=st.data())
def test_slices_and_edits_in_any_order_give_the_text_and_its_diagnostics(data: st.DataObject) -> None:
    text = data.draw(st.lists(st.sampled_from(LETTERS), min_size=1, max_size=40).map("".join))
    made = loading(text)
    for _ in range(data.draw(st.integers(0, 6))):
        if made.is_complete or data.draw(st.booleans()):
            lines = split_lines(text)
            start, end = sorted(
                Position(line, data.draw(st.integers(0, len(lines[line].rstrip("\r\n")))))
                for line in (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            )
            new = data.draw(st.lists(st.sampled_from(LETTERS), max_size=4).map("".join))
            made.edit(Span(start, end), new)
            text = spliced(text, Span(start, end), new)
        else:
            advance(made, 1, data.draw(st.integers(1, 12)))
        lines = split_lines(text)
        assert made.text() == text
        assert [made.line(index) for index in range(made.line_count)] == lines
    while not made.is_complete:
        advance(made, 1, 7)

    assert made.text() == made.analysis.document.text() == text
    assert JSON is not None
    assert made.analysis.diagnostics() == Analysis(JSON, text).diagnostics()


@pytest.mark.parametrize(("length", "complete"), [(0, True), (AT_ONCE, True), (AT_ONCE + 1, False)])
def test_only_a_large_text_is_parsed_in_slices(length: int, complete: bool) -> None:
    assert JSON is not None
    made = LoadingText(JSON, "1" * length, CheckSettings())

    assert made.is_complete == complete
    assert made.text() == "1" * length


def test_a_slice_takes_whole_lines_and_no_more_than_asked_for() -> None:
    made = loading("1,\n" * 1000)

    advance(made, 1, 100)

    assert made.analysis.document.line_count - 1 == 33
    assert made.line_count == 1001
    assert made.waiting_bytes == 3 * 967


def test_a_slice_ends_when_its_work_is_done_and_later_ones_know_how_much_that_is() -> None:
    made = loading("1,\n" * 100_000)
    parsed = []
    while not made.is_parsed:  # the checks that follow parse no line
        advance(made, 2_000)
        parsed.append(made.analysis.document.line_count)

    longest = max(b - a for a, b in pairwise(parsed))
    assert len(parsed) > 20
    assert longest < 4 * 100_000 / len(parsed)


def test_what_an_edit_changes_is_worked_off_before_the_rest_is_parsed() -> None:
    made = loading("[\n" + "[1, 2, 3],\n" * 50_000 + "0]\n")
    for _ in range(10):
        advance(made, 2_000)
    parsed = made.analysis.document.line_count
    made.edit(Span(Position(0, 0), Position(0, 0)), "[")
    lines = []
    while not made.analysis.document.is_settled:
        advance(made, 500)
        lines.append(made.analysis.document.line_count)

    assert len(lines) > 3
    assert set(lines[:-1]) == {parsed}


def test_a_very_long_line_is_divided() -> None:
    text = "[" + "1," * 100_000 + "1]\r\n"
    made = loading(text)
    slices = 0
    while not made.is_complete:
        advance(made, 100)
        slices += 1
        assert [made.line(index) for index in range(made.line_count)] == [text, ""]

    assert slices > 5
    assert JSON is not None
    assert made.analysis.diagnostics() == Analysis(JSON, text).diagnostics()
