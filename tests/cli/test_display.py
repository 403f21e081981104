"""Characters on a terminal: widths, tabs, and what must not be printed as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.display import cells, display_width, printable


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("日本語", 6),
        ("ｱ", 1),
        ("Ａ", 2),
        ("🌊", 2),
        ("👨\u200d👩\u200d👧", 2),
        ("👋🏽", 2),
        ("日\u200d本", 4),
        ("a\u200db", 2),
        ("👨\u200d\u202e", 10),
        ("a\tb", 5),
        ("\t\t", 8),
        ("\x1b", 1),
        ("\u202e", 8),
        ("\udcff", 1),
        ("\u200b", 0),
    ],
)
def test_a_text_takes_as_many_columns_as_a_terminal_gives_it(text: str, width: int) -> None:
    assert display_width(text) == width


def test_a_tab_reaches_to_the_next_stop() -> None:
    assert [width for _, width in cells("a\tbcd\t\t")] == [1, 3, 1, 1, 1, 1, 4]
    assert [width for _, width in cells("\t", column=2)] == [2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mb", "a\u241b[31mb"),
        ("\x00\x7f", "\u2400\u2421"),
        ("\x9b", "\ufffd"),
        ("x\u202ey", "x<U+202E>y"),
        ("\u2028", "<U+2028>"),
        ("\udcff\ud800", "\ufffd\ufffd"),
        ("日本", "日本"),
    ],
)
def test_what_would_disturb_a_terminal_is_made_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_printed_controls_the_terminal(text: str) -> None:
    shown = printable(text)

    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in shown)
    assert "\u202e" not in shown


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_every_code_point_has_a_cell(text: str) -> None:
    assert len(list(cells(text))) == len(text)
    assert display_width(text) == sum(width for _, width in cells(text)) >= 0
