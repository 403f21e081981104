"""What mending returns is a JSON token, whatever it was given, and says what was meant."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages.json.lexer import NUMBER
from engine.languages.json.mending import mended_number, mended_string, without_tail


@pytest.mark.parametrize("contents, meant", [
    ("a", "a"), ('"', '"'), ("\\'", "'"), ("\\`", "`"), ("\\\\", "\\"), ("\\n", "\n"), ("\t\r\b\f\v", "\t\r\b\f\v"),
    ("\\d", "\\d"), ("C:\\x", "C:\\x"), ("\\x4", "\\x4"), ("\\x41", "A"), ("\\u0041", "A"), ("\\u{41}", "A"),
    ("\\u{1F600}", "😀"), ("\\u{D800}", "\ud800"), ("\\u00", "\\u00"), ("\\0", "\0"), ("\\07", "\\07"),
    ("\\a\\e\\v", "\a\x1b\v"), ("\\", "\\"),
    ("a\\", "a\\"), ("\\\t", "\\\t"), ('\\"', '"'), ("é😀", "é😀"),
])  # fmt: skip
def test_a_string_says_what_was_meant(contents, meant):
    assert json.loads(mended_string(contents)) == meant


@given(st.text(st.characters() | st.sampled_from("\\\"'xu{}0123abf\t\x00"), max_size=20))
def test_any_contents_become_a_string(contents):
    assert isinstance(json.loads(mended_string(contents)), str)


@given(st.text(st.characters(exclude_characters='\\"', min_codepoint=32), max_size=20))
def test_contents_without_mistakes_stay_as_they_are(contents):
    assert mended_string(contents) == f'"{contents}"'


@pytest.mark.parametrize("text, number", [
    ("01", "1"), ("-01", "-1"), ("00", "0"), ("+5", "5"), (".5", "0.5"), ("5.", "5"), ("-.5", "-0.5"), ("0x10", "16"),
    ("-0b11", "-3"), ("0o7", "7"), ("1e", "1"), ("1e+", "1"), ("1E05", "1e05"), ("1_0", "10"),
    ("0_1.5_0e1_0", "1.50e10"),
    ("1.0f", "1.0"), ("7n", "7"), ("1.2.3", None), ("-", None), ("+", None), (".", None), ("12px", None), ("0x", None),
    ("--1", None), ("1e5.5", None), ("0xg", None), ("0x" + "f" * 100, None),
])  # fmt: skip
def test_a_number_is_what_was_meant(text, number):
    assert mended_number(text) == number


@given(st.text("0123456789+-._eExXabofnNd", max_size=12))
def test_any_text_becomes_a_number_or_nothing(text):
    mended = mended_number(text)

    assert mended is None or re.fullmatch(NUMBER, mended)


@pytest.mark.parametrize("text, parts", [
    ("a,", ("a", ",")), ("a], ", ("a", "], ")), ("a }]", ("a", " }]")), ("a, b", ("a, b", "")), ("", ("", "")),
    (",", ("", ",")),
])  # fmt: skip
def test_commas_and_brackets_at_the_end_stay_outside_of_the_string(text, parts):
    assert without_tail(text) == parts
