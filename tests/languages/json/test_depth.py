"""Nesting has no limit: no recursion on it anywhere, and memory that grows with it only moderately."""

from __future__ import annotations

import tracemalloc

import pytest

from engine.languages.json import JSON, JSONC, JSONL, make_machine
from engine.parse.document import Document
from engine.parse.source import Span
from tests.languages.json.asking import accepts, codes, errors, said, streamed

DEEP = 100_000


@pytest.mark.parametrize("language", [JSON, JSONL, JSONC], ids=["json", "jsonl", "jsonc"])
def test_brackets_on_one_line(language):
    assert accepts("[" * DEEP + "]" * DEEP, language)


def test_brackets_on_a_line_each():
    assert accepts("[\n" * DEEP + "]\n" * DEEP)


def test_objects_on_a_line_each():
    assert accepts('{"a":\n' * 20_000 + "1\n" + "}\n" * 20_000)


def test_brackets_that_are_not_closed_are_one_error():
    (diagnostic,) = errors("[\n" * DEEP)

    assert diagnostic.code == "parser.syntax.expected_tokens"
    assert diagnostic.span.start.line == DEEP


def test_a_bracket_too_many_at_the_end_is_one_error():
    (diagnostic,) = errors("[\n" * 20_000 + "]\n" * 20_001)

    assert diagnostic.span == Span.on_line(40_000, 0, 1)


@pytest.mark.parametrize("text", ["[" * DEEP, "[" * DEEP + "]" * (DEEP - 1), '[{"":' * (DEEP // 2)])
def test_a_stream_of_brackets_gives_the_same_diagnostics(text):
    assert streamed(text, 50_000) == said(text)


def test_a_key_twice_is_found_at_any_depth():
    text = "[" * 5_000 + '{"a": 1, "a": 2}' + "]" * 5_000

    assert codes(text) == ["json.duplicate_key"]


def test_memory_for_brackets_on_one_line_stays_small():
    text = "[" * DEEP + "]" * DEEP
    machine = make_machine("json")
    tracemalloc.start()
    document = Document(machine, text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert document.diagnostics() == []
    assert peak < 40_000_000


def test_an_edit_at_the_bottom_runs_a_bounded_number_of_pieces():
    document = Document(make_machine("json"), "[\n" * 20_000 + "1\n" + "]\n" * 20_000)
    change = document.edit(Span.on_line(20_000, 0, 1), "2")

    assert document.diagnostics() == []
    assert change.run <= 8
