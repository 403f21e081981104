"""Diagnostics that are put into words in steps are those of the text, and none is worded twice for nothing."""
from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages import language_named
from engine.parse.document import Document
from engine.parse.source import Position, Span
from engine.parse.work import Work

REML = language_named("reml")
assert REML is not None
MACHINE = REML.machine()
LINES = ["fn f(x: Int) -> Int = x + )\n", "let a = [1, 2\n", "let b = 2\n", "fn g( = 1\n", "}\n", "/*\n", "*/\n", "\n"]
MISTAKES = "let a = )\n"


def word(document: Document, amount: float, most: int = 1_000) -> bool:
    return document.wording.word(Work(document.machine, amount), most)


@given(lines=st.lists(st.sampled_from(LINES), max_size=12), data=st.data())
def test_words_in_steps_between_edits_are_those_of_the_text(lines: list[str], data: st.DataObject) -> None:
    document = Document(MACHINE, "".join(lines))
    for _ in range(4):
        for _ in range(data.draw(st.integers(0, 3))):
            word(document, 1)
            said = Document(MACHINE, document.text()).diagnostics(at_end=False)
            known = document.diagnostics(at_end=False, known=True)
            assert known == said[: len(known)]
        last = document.line_count - 1
        first = data.draw(st.integers(0, last))
        stop = data.draw(st.integers(first, min(last, first + 2)))
        document.edit(Span(Position(first, 0), Position(stop, 0)), data.draw(st.sampled_from([*LINES, ""])))
    while not word(document, 1):
        assert not document.wording.is_done(1_000)

    assert document.wording.is_done(1_000)
    assert document.diagnostics(known=True) == Document(MACHINE, document.text()).diagnostics()


def test_a_step_words_no_more_than_its_work_and_at_least_one() -> None:
    document, steps = Document(MACHINE, MISTAKES * 50), [0]
    while not word(document, 1):
        steps.append(document.wording.worded)

    assert steps == list(range(50))
    assert document.wording.worded == 50


def test_no_more_are_worded_than_are_wanted() -> None:
    document = Document(MACHINE, MISTAKES * 50)

    assert word(document, math.inf, 10)
    assert word(document, math.inf, 10)
    assert document.wording.is_done(10) and not document.wording.is_done(11)
    assert document.wording.worded == 10


def test_the_lines_that_are_asked_about_are_worded_first() -> None:
    document = Document(MACHINE, MISTAKES * 50)

    assert document.wording.word(Work(MACHINE, math.inf), 100, (40, 41))
    assert [found.span.start.line for found in document.diagnostics(known=True)] == [40, 41]
    assert word(document, math.inf)
    assert document.wording.worded == 50


@pytest.mark.parametrize("new", ["let b = 1\n", MISTAKES, ""])
def test_an_edit_words_what_it_touched_and_no_more(new: str) -> None:
    document = Document(MACHINE, ("let b = 1\n" * 9 + MISTAKES) * 50)
    word(document, math.inf)
    before = document.wording.worded

    document.edit(Span(Position(205, 0), Position(206, 0)), new)
    word(document, math.inf)

    assert document.wording.worded - before <= 10  # those whose words depend on lines nearby
    assert len(document.wording) == 50 + (new == MISTAKES)


def test_the_mistakes_of_a_long_line_are_worded_once_each() -> None:
    document = Document(MACHINE, "let a = [" + "1, 2 3, " * 500 + "1]\n")
    word(document, math.inf)
    before = document.wording.worded

    assert before > 10
    assert document.diagnostics(known=True) == document.diagnostics()
    assert document.wording.worded == before
