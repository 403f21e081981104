"""What is said about strings and characters, and what literals stand for."""

import pytest

from engine.languages.reml.literals import int_value, string_value
from engine.parse.diagnostics import Severity
from tests.languages.reml.texts import fixed, marked, said


@pytest.mark.parametrize(
    ("literal", "part", "mended"),
    [
        (r'"a\d"', r"\d", r'"a\\d"'),
        (r'"\u{D800}"', r"\u{D800}", None),
        (r'"\u{}"', r"\u{}", None),
        (r'"\uXY"', r"\u", None),
        (r'"\u0301"', r"\u0301", r'"\u{0301}"'),
        (r'"ok\n\u0301\q"', r"\q", None),
    ],
)
def test_escapes(literal, part, mended):
    text = f"let s = {literal}"
    (only,) = said(text)

    assert (only.code, marked(text, only)) == ("language.string.invalid_escape", part)
    assert mended is None or fixed(text, only) == f"let s = {mended}"


def test_a_code_point_without_braces_is_only_a_warning():
    assert [d.severity for d in said(r'let s = "\u0301"')] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("literal", "mended"), [("'ab'", '"ab"'), ("'\"\"'", r'"\"\""'), ("''", None), (r"'\d'", r"'\\d'")]
)
def test_character_literals_hold_one_character(literal, mended):
    text = f"let c = {literal}"
    (only,) = said(text)

    assert only.code == "language.char.invalid_literal"
    assert mended is None or fixed(text, only) == f"let c = {mended}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        (r'"\n\u{41}\u0042\"\/"', '\nAB"/'),
        ('r"\\n"', "\\n"),
        ('r##"a"#b"##', 'a"#b'),
        ('"""a"b"""', 'a"b'),
        (r'"\d"', r"\d"),
    ],
)
def test_values_of_strings(text, value):
    assert string_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("1_000", 1000), ("0xFf", 255), ("0b1_0", 2), ("0o17", 15), ("0b_", None), ("9" * 2000, None)],
)
def test_values_of_integers(text, value):
    assert int_value(text) == value
