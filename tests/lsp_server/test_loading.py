"""A text that is parsed in slices is at any time the text that its edits make, and in the end parsed as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages import CheckSettings, language_named
from engine.languages.analysis import Analysis
from engine.parse.source import Position, Span, split_lines
from lsp_server.loading import AT_ONCE, LoadingText

JSON = language_named("json")
assert JSON is not None
LETTERS = list('[]{},:"1 a\n\r\n')


def loading(text: str) -> LoadingText:
    """A text that is still unparsed, whatever its length."""
    assert JSON is not None
    made = LoadingText(JSON, "x" * (AT_ONCE + 1), CheckSettings())
    made._rest = split_lines(text)
    return made


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
            made.grow(data.draw(st.integers(1, 12)))
        lines = split_lines(text)
        assert made.text() == text
        assert [made.line(index) for index in range(made.line_count)] == lines
    while not made.is_complete:
        made.grow(7)

    assert made.text() == made.analysis.document.text() == text
    assert JSON is not None
    assert made.analysis.diagnostics() == Analysis(JSON, text).diagnostics()


@pytest.mark.parametrize(("length", "complete"), [(0, True), (AT_ONCE, True), (AT_ONCE + 1, False)])
def test_only_a_large_text_is_parsed_in_slices(length: int, complete: bool) -> None:
    assert JSON is not None
    made = LoadingText(JSON, "1" * length, CheckSettings())

    assert made.is_complete == complete
    assert made.text() == "1" * length


def test_a_slice_takes_whole_lines_and_not_much_more_than_asked_for() -> None:
    made = loading("1,\n" * 1000)

    made.grow(100)

    assert made.analysis.document.line_count - 1 == 34
    assert made.line_count == 1001


def test_a_very_long_line_is_divided() -> None:
    text = "[" + "1," * 100_000 + "1]\r\n"
    made = loading(text)
    slices = 0
    while not made.is_complete:
        made.grow(50_000)
        slices += 1
        assert [made.line(index) for index in range(made.line_count)] == [text, ""]

    assert slices == 5
    assert JSON is not None
    assert made.analysis.diagnostics() == Analysis(JSON, text).diagnostics()
