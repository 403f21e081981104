"""RFC 8259 to the letter: the whole case list, at once and arriving byte by byte."""

from __future__ import annotations

import json

import pytest

from engine.languages.json import JSON, JSONC
from tests.languages.json.asking import accepts, decoded, errors, said, streamed
from tests.languages.json.cases import EITHER, INVALID, VALID, Text

#: Texts the standard library takes although the RFC does not.
STDLIB_EXTRAS = {"number_nan", "number_infinity", "number_minus_infinity"}
#: Longer texts arrive in larger chunks, or the test would take minutes.
SHORT = 2_000
ALL = VALID | INVALID | {name: text for name, (text, _) in EITHER.items()}
#: Without the very deep ones, which `test_depth` looks at.
USUAL = [name for name in ALL if not name.startswith("depth_")]


def stdlib_accepts(text: Text) -> bool:
    try:
        json.loads(text if isinstance(text, str) else text.decode())
    except ValueError:
        return False
    return True


def test_no_case_is_in_two_tables():
    assert not VALID.keys() & INVALID.keys()
    assert not (VALID.keys() | INVALID.keys()) & EITHER.keys()


@pytest.mark.parametrize("name", VALID)
def test_a_valid_text_is_accepted(name):
    assert errors(VALID[name]) == []


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_text_is_refused(name):
    assert not accepts(INVALID[name])


@pytest.mark.parametrize("name", EITHER)
def test_what_the_standard_leaves_open_is_as_decided(name):
    text, accepted = EITHER[name]

    assert accepts(text) is accepted


@pytest.mark.parametrize("name", USUAL)
def test_a_stream_gives_the_same_diagnostics(name):
    text = ALL[name]
    raw = text if isinstance(text, bytes) else text.encode()
    size = 1 if len(raw) <= SHORT else len(raw) // 7 + 1

    assert streamed(raw, size) == said(raw)


@pytest.mark.parametrize("name", [name for name in USUAL if name not in EITHER])
def test_the_list_agrees_with_the_standard_library(name):
    """The list itself is checked: an expectation that was written down wrongly shows here."""
    if name in STDLIB_EXTRAS:
        pytest.skip("the standard library takes NaN and Infinity, the RFC does not")

    assert stdlib_accepts(ALL[name]) is (name in VALID)


@pytest.mark.parametrize("name", VALID)
def test_commented_json_takes_whatever_json_takes(name):
    assert accepts(VALID[name], JSONC)


@pytest.mark.parametrize("name", USUAL)
def test_every_diagnostic_lies_in_the_text(name):
    text = decoded(ALL[name])
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    for diagnostic in said(text):
        assert diagnostic.span.start <= diagnostic.span.end
        assert diagnostic.span.end.line < len(lines)
        assert diagnostic.span.end.column <= len(lines[diagnostic.span.end.line])
        assert diagnostic.message
        assert "\n" not in diagnostic.message


def test_one_machine_serves_all_texts():
    assert JSON.machine() is JSON.machine()
    assert JSON.machine() is not JSONC.machine()
