"""A token that is never closed is told where it begins, wherever that is; alike in a document, a batch and a stream."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic
from engine.parse.document import Document
from engine.parse.machine import AnyState
from engine.parse.opened import FARTHEST, opening
from engine.parse.source import Position, Span
from engine.parse.work import Work
from tests.parse.little import little_machine

MACHINE = little_machine()
LINE = "let b = 2\n"


def in_a_document(text: str) -> list[Diagnostic]:
    return Document(MACHINE, text).diagnostics()


def in_one_piece(text: str) -> list[Diagnostic]:
    return Cursor.begin(MACHINE).feed(text.encode("utf-8", "surrogateescape")).finish().all_diagnostics()


def in_parts(text: str) -> list[Diagnostic]:
    data, cursor = text.encode("utf-8", "surrogateescape"), Cursor.begin(MACHINE, collect=False)
    for at in range(0, len(data), 999):
        cursor = cursor.feed(data[at:at + 999])
    return cursor.finish().all_diagnostics()


WAYS = [in_a_document, in_one_piece, in_parts]


def places(found: list[Diagnostic]) -> list[tuple[int, int, int]]:
    return [(d.span.start.line, d.span.start.column, d.span.end.column) for d in found]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("text", "place"), [
    ('let a = """x', (0, 8, 11)),
    ('let a = """x\n' + LINE, (0, 8, 11)),
    (LINE * 3 + "  /* x\n" + LINE * 3000, (3, 2, 4)),
    ("let a = 1 /* /* x\n */\n" + LINE, (0, 10, 12)),
    ("/* x\n/* y\n */\n" + LINE, (0, 0, 2)),
    ("/* x\n*/ let a = 1 /* y\n" + LINE, (1, 13, 15)),
    ('let a = """x\n""" + """y\n' + LINE * 700, (1, 6, 9)),
    ("let a = [" + "1, " * 500 + '"""x\n' + LINE * 700, (0, 1509, 1512)),
    ('let a = """' + "x " * 5000 + "\n" + LINE * 700, (0, 8, 11)),
    ("\ufeff/* x\n" + LINE, (0, 1, 3)),
    (LINE * (FARTHEST // 2) + "/* x\n" + LINE * (FARTHEST - 2), (FARTHEST // 2, 0, 2)),
])
def test_it_is_told_at_its_beginning(way, text, place):
    (only,) = way(text)

    assert (only.code, *places([only])) == ("parser.lexer.unknown_token", place)
    assert "is never closed" in only.message
    (end,) = only.related
    assert end.span.start == end.span.end == Document(MACHINE, text).end


@pytest.mark.parametrize("way", WAYS)
def test_beyond_the_bound_it_is_told_at_the_end(way):
    (only,) = way("/* x\n" + LINE * (FARTHEST - 1))

    assert places([only]) == [(FARTHEST, 0, 0)]
    assert "far above" in only.message and only.related == ()


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wrong_inside_and_before_stands_in_order(way):
    found = way("let a = $\n/* \udcff\n" + LINE)

    assert places(found) == [(0, 8, 9), (1, 0, 2), (1, 3, 4)]


def test_editing_above_moves_it_and_closing_it_ends_it():
    document = Document(MACHINE, LINE + "/* x\n" + LINE * 2000)

    document.edit(Span(Position(0, 0), Position(0, 0)), LINE)
    assert places(document.diagnostics()) == [(2, 0, 2)]
    document.edit(Span(Position(900, 0), Position(900, 0)), "*/ /* ")
    assert places(document.diagnostics()) == [(900, 3, 5)]
    document.edit(Span(Position(1000, 0), Position(1000, 0)), "*/ ")
    assert document.diagnostics() == []


@pytest.mark.parametrize("opens", ["/*", 'let a = """'])
def test_while_the_text_behind_is_still_that_of_an_older_one_nothing_is_said_of_its_end(opens):
    document = Document(MACHINE, opens + "\n" + LINE * 5000)
    said: set[str] = set()
    document.edit(Span(Position(0, 0), Position(0, len(opens))), "", settle=False)
    while not document.is_settled:
        said.update(d.message for d in document.diagnostics())
        document.step(Work(MACHINE, 1_000))

    assert said == set() and document.diagnostics() == []


@pytest.mark.parametrize("parse", [in_a_document, in_one_piece, in_parts])
def test_bad_bytes_inside_of_it_are_told_as_such(parse):
    opened, bad = parse("/*\n\udc80\n")
    assert (opened.message, opened.span.start) == (
        "`/*` is never closed; expected `*/` before the end of the text", Position(0, 0))
    assert (bad.message, bad.span.start) == ("the byte 80 is not valid UTF-8", Position(1, 0))


def test_the_walk_back_has_a_bound():
    inside = Document(MACHINE, "/* x\n" + LINE).blocks.end
    walked = 0

    def pieces() -> Iterator[tuple[str, AnyState]]:
        nonlocal walked
        while True:
            walked += 1
            yield LINE, inside

    assert opening(MACHINE, pieces()) is None
    assert walked == FARTHEST
