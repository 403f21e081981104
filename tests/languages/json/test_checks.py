"""What is valid and hardly meant: keys that come twice, halves of surrogate pairs, a comma behind the last element."""

from __future__ import annotations

import random

import pytest

from engine.languages.analysis import Analysis
from engine.languages.json import JSON, JSONC, JSONL
from engine.languages.json.checks import LARGEST_UNIT, LARGEST_UNREAD, MOST_FINDINGS, worth_checking
from engine.parse.diagnostics import Severity
from engine.parse.source import Position, Span
from tests.languages.json.asking import accepts, codes, fixed, said, streamed
from tests.languages.json.cases import VALID


@pytest.mark.parametrize("text, spans", [
    ('"\\ud800"', [(1, 7)]),
    ('"a\\uDC00b"', [(2, 8)]),
    ('"\\ud83d\\ude00"', []),
    ('"\\ud83d\\ude00\\ude00"', [(13, 19)]),
    ('"\\ud83d\\ud83d\\ude00"', [(1, 7)]),
    ('"\\ude00\\ud83d"', [(1, 7), (7, 13)]),
    ('"\\ud83d \\ude00"', [(1, 7), (8, 14)]),
    ('"\\ud83d\\n"', [(1, 7)]),
    ('"\\\\ud83d"', []),
    ('"\\\\\\ud83d"', [(3, 9)]),
    ('"\\ud7ff\\ue000"', []),
    ('"😀"', []),
])
def test_half_of_a_surrogate_pair_is_a_warning_at_the_escape(text, spans):
    found = said(text)

    assert [(d.span.start.column, d.span.end.column) for d in found] == spans
    assert {(d.code, d.severity) for d in found} <= {("json.lone_surrogate", Severity.WARNING)}
    assert accepts(text)


def test_the_fix_of_a_half_pair_is_the_replacement_character():
    (finding,) = said('{"\\ud800x": 1}')

    assert fixed('{"\\ud800x": 1}', finding.fixes[0]) == '{"\\ufffdx": 1}'


def test_a_key_that_comes_twice_points_at_the_first():
    text = '{\n  "a": 1,\n  "b": {"a": 2},\n  "a": 3\n}'
    (finding,) = said(text)

    assert finding.code == "json.duplicate_key"
    assert finding.severity is Severity.WARNING
    assert finding.span == Span.on_line(3, 2, 5)
    assert [place.span for place in finding.related] == [Span.on_line(1, 2, 5)]


@pytest.mark.parametrize("text, count", [
    ('{"a": 1, "a": 2, "a": 3}', 2),
    ('{"a": 1, "\\u0061": 2}', 1),
    ('{"\\/": 1, "/": 2}', 1),
    ('{"": 1, "": 2}', 1),
    ('{"a": 1, "A": 2}', 0),
    ('{"\\\\": 1, "\\u005c": 2}', 1),
    ('[{"a": 1}, {"a": 2}]', 0),
    ('{"a": {"a": {"a": 1}}}', 0),
    ('{"x": {"a": 1, "a": 2}, "y": {"a": 1, "a": 2}}', 2),
])
def test_keys_are_compared_by_what_they_say_and_within_their_object(text, count):
    assert codes(text) == ["json.duplicate_key"] * count


def test_findings_come_in_the_order_of_the_text():
    text = '{"b": {"a": 1, "a": "\\ud800"}, "b": 2}'

    assert codes(text) == ["json.duplicate_key", "json.lone_surrogate", "json.duplicate_key"]


def test_findings_are_kept_beside_errors():
    text = '{"a": 1, "a": 2,}'

    assert codes(text) == ["json.duplicate_key", "json.trailing_comma"]


def test_a_text_of_the_same_mistake_all_over_is_cut_off():
    text = "[" + ",".join(['"\\ud800"'] * (MOST_FINDINGS + 50)) + "]"

    assert codes(text) == ["json.lone_surrogate"] * MOST_FINDINGS


def test_a_text_that_is_too_long_says_that_it_was_not_checked():
    text = '[{"a": 1, "a": 2}, "' + "x" * LARGEST_UNIT + '"]'
    (finding,) = said(text)

    assert finding.code == "check.unit.limit"
    assert finding.severity is Severity.INFORMATION


def test_the_largest_text_that_is_checked_is_checked():
    text = '[{"a": 1, "a": 2}, "' + "x" * (LARGEST_UNIT - 23) + '"]'

    assert len(text) <= LARGEST_UNIT
    assert codes(text) == ["json.duplicate_key"]


def test_a_long_broken_text_shows_its_errors_only():
    text = '[1,, "' + "x" * LARGEST_UNREAD + '", {"a": 1, "a": 2}]'

    assert codes(text) == ["json.extra_comma"]


def test_lines_of_json_lines_are_checked_one_by_one_whatever_their_number():
    text = '{"a": 1, "a": 2}\n' * 5000

    assert len(text) > LARGEST_UNIT
    assert codes(text, JSONL) == ["json.duplicate_key"] * 5000
    assert said(text, JSONL)[4999].span == Span.on_line(4999, 9, 12)
    assert streamed(text, 4096, JSONL) == said(text, JSONL)


@pytest.mark.parametrize("text, places", [
    ("[1, 2,]", [Position(0, 5)]),
    ('{"a": 1,}', [Position(0, 7)]),
    ('{\n "a": [1,],\n}', [Position(1, 8), Position(1, 10)]),
    ("[1, // one\n 2, /* two */\n]", [Position(1, 2)]),
    ("[1]", []),
    ("[[], {}]", []),
])
def test_a_trailing_comma_in_commented_json_is_a_warning(text, places):
    found = said(text, JSONC)

    assert [d.span.start for d in found] == places
    assert {(d.code, d.severity) for d in found} <= {("json.trailing_comma", Severity.WARNING)}
    assert accepts(text, JSONC)


def test_the_fix_of_a_trailing_comma_in_commented_json_removes_it():
    text = '{"a": [1, 2, /* no more */],}'
    first, second = said(text, JSONC)

    assert fixed(fixed(text, second.fixes[0]), first.fixes[0]) == '{"a": [1, 2 /* no more */]}'


@pytest.mark.parametrize("name", VALID)
def test_the_quick_look_never_overlooks_what_the_check_finds(name):
    text = VALID[name]
    assert isinstance(text, str)

    assert not said(text) or worth_checking(text)


def test_editing_finds_what_a_check_from_scratch_finds(seed):
    rng = random.Random(seed)
    parts = ['{"a": 1, "a": 2}', '"\\ud800"', "[1,]", '"x"', ",", "[", "]", "{", "}", ":", '"a"', "1", "\n", " "]
    for language in (JSON, JSONL, JSONC):
        analysis = Analysis(language, '[{"a": 1},\n {"a": 1, "b": [2]}\n]\n')
        for _ in range(60):
            line = rng.randrange(analysis.document.line_count)
            length = len(analysis.document.line(line).rstrip("\n"))
            a, b = sorted((rng.randint(0, length), rng.randint(0, length)))
            analysis.edit(Span.on_line(line, a, b), rng.choice(parts))

            assert analysis.diagnostics() == said(analysis.document.text(), language)
