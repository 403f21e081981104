"""Long lines are divided alike whether they are edited or read from scratch, also where a string is not closed."""
from __future__ import annotations

import pytest

from engine.languages.json import make_machine
from engine.parse.document import Document
from engine.parse.source import Position, Span
from tests.parse.edits import assert_same_as_scratch


@pytest.mark.parametrize("dialect", ["json", "jsonl", "jsonc"])
@pytest.mark.parametrize("closers", ["} " * 340, "]" * 600, "}, " * 20, "]," * 24])
@pytest.mark.parametrize("head", ["{'a", '{"a', '{"b": ["' + "x" * 300])
def test_a_line_that_loses_its_end_is_divided_anew(dialect: str, head: str, closers: str) -> None:
    machine = make_machine(dialect)
    line = head + closers
    document = Document(machine, line)
    end = Position(0, len(line))
    for span, text in ((Span(end, end), "\n"), (Span(end, Position(1, 0)), ""), (Span(end, end), "\r\n"),
                       (Span(end, Position(1, 0)), " ")):
        document.edit(span, text)
        assert_same_as_scratch(document, document.text(), machine)


def test_closers_at_the_end_of_a_line_do_not_belong_to_a_string_that_is_not_closed() -> None:
    assert len(Document(make_machine("json"), '{"a": ["b]}\n').diagnostics()) == 1
    assert len(Document(make_machine("json"), "[" * 40 + '"b' + "]" * 40 + "\n").diagnostics()) == 1
