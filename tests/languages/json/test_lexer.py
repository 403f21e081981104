"""The two ways to the kinds of a piece agree, and neither takes more than linear time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages.json import make_machine
from engine.languages.json.lexer import JsonLexer
from engine.parse.lexer import ERROR, NL, WS, Lexer
from engine.parse.machine import Reject
from tests.languages.json.asking import decoded
from tests.languages.json.cases import INVALID, VALID

STRICT, LINES, COMMENTED = JsonLexer(), JsonLexer(line_based=True), JsonLexer(comments=True)

#: What texts are put together from: right and wrong tokens, odd characters, the marks of the fast way.
PARTS = [
    *'{}[],:01-eE#"\\ \t\n\r\f', '"a"', '"\\n"', '"\\d"', "'a'", "true", "false", "null", "tru", "12", "1.5", ".5",
    "1.", "01", "E+", "1e5", "NaN", "//", "/*", "*/", "/* a */", "\r\n", "\u00a0", "\u2028", "\ufeff", "é", "😀",
    "\ud800", "\udcff", "\x00", "\x01", "\x02", "\x03", "\x04", "\x05", "\x1f", "\x7f",
]  # fmt: skip
texts = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


def slow_kinds(lexer: JsonLexer, text: str, dropped: tuple[int, ...]) -> list[int]:
    return [kind for kind in Lexer.kinds(lexer, text) if kind not in dropped]


@pytest.mark.parametrize("lexer", [STRICT, LINES, COMMENTED], ids=["json", "jsonl", "jsonc"])
@given(text=texts)
def test_where_the_fast_way_does_not_give_up_both_ways_agree(lexer, text):
    fast = lexer.kinds(text)
    dropped = (WS,) if lexer.line_based else (WS, NL)

    if ERROR not in fast and glued_values(lexer, fast) is False:
        assert list(fast) == slow_kinds(lexer, text, dropped)


def glued_values(lexer: JsonLexer, kinds: bytes) -> bool:
    """Are two values side by side, which no grammar takes?"""
    values = {lexer.kind[name] for name in ("STRING", "NUMBER", "true", "false", "null")}
    return any(a in values and b in values for a, b in pairwise(kinds))


@given(text=texts)
def test_what_the_fast_way_accepts_the_slow_way_accepts(text):
    """The same through the grammar: running a text at once and piece by piece ends in the same verdict."""
    machine = make_machine("json")
    inside = machine.start["[ \n"]
    at_once = machine.skip(inside, text)
    kinds = Lexer.kinds(machine.lexer, text)

    state = inside
    for kind in kinds:
        try:
            state = state[kind]
        except Reject:
            assert at_once is None
            return
    assert at_once is None or at_once is state


@pytest.mark.parametrize("name", [name for name in VALID if not name.startswith("depth_")])
def test_the_fast_way_does_not_give_up_on_a_valid_text(name):
    assert ERROR not in STRICT.kinds(decoded(VALID[name]))


@pytest.mark.parametrize("name", [name for name in INVALID if not name.startswith("depth_")])
def test_the_tiles_of_any_text_concatenate_to_it(name):
    text = decoded(INVALID[name])

    for lexer in (STRICT, LINES, COMMENTED):
        assert "".join(lexer.tiles(text)) == text


@given(texts)
def test_the_tiles_of_generated_texts_concatenate_to_them(text):
    for lexer in (STRICT, LINES, COMMENTED):
        assert "".join(lexer.tiles(text)) == text


def test_a_control_character_never_passes_for_a_token():
    for mark in "\x01\x02\x03\x04\x05":
        assert list(STRICT.kinds(f"[{mark}]")) == [ERROR]
        assert list(STRICT.kinds(f'["{mark}"]')) == [ERROR]


def test_a_carriage_return_is_a_blank_between_the_lines_of_json_lines():
    assert NL not in LINES.kinds("1 \r 2")
    assert NL not in Lexer.kinds(LINES, "1 \r 2")
    assert Lexer.kinds(LINES, "1\r\n").count(NL) == 1
