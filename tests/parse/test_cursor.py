"""Cursors: how a text is cut into chunks changes nothing, and feeding leaves the old cursor as it was."""
from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.parse.cursor import Cursor
from engine.parse.document import Document
from engine.parse.machine import Machine
from engine.parse.runs import Run
from engine.parse.source import Position
from tests.parse.edits import SNIPPETS
from tests.parse.little import SAMPLE, little_machine

MACHINE = little_machine()
NASTY = b'\r\n\t"\\\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8\x0c\x00/*'


def fed(data: bytes, edges: list[int], *, collect: bool = True, machine: Machine = MACHINE) -> Cursor:
    cursor = Cursor.begin(machine, collect=collect)
    for a, b in itertools.pairwise([0, *edges, len(data)]):
        cursor = cursor.feed(data[a:b])
    return cursor.finish()


def assert_same(a: Cursor, b: Cursor) -> None:
    assert a.all_diagnostics() == b.all_diagnostics()
    assert (a.line, a.column, a.byte_offset, a.count, a.tail) == (b.line, b.column, b.byte_offset, b.count, b.tail)
    assert MACHINE.same(a.state, b.state)


KNOWN_BYTES = [snippet.encode("utf-8", "surrogatepass") for snippet in SNIPPETS]


@settings(max_examples=150)
@given(st.lists(st.one_of(st.sampled_from(KNOWN_BYTES), st.binary(max_size=4)), max_size=12),
       st.lists(st.integers(0, 400), max_size=12))
def test_any_chunks_are_the_whole(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    whole = fed(data, [])
    other = fed(data, sorted({c for c in cuts if c < len(data)}))

    assert_same(whole, other)
    assert repr(whole.value()) == repr(other.value())
    assert_same(whole, fed(data, [], collect=False))
    assert whole.all_diagnostics() == Document(MACHINE, data.decode("utf-8", "surrogateescape")).diagnostics()


@pytest.mark.parametrize("text", [
    SAMPLE, SAMPLE.replace("\n", "\r\n"), SAMPLE.replace("\n", " ") * 4, "let é = '😀' \u2028 x\x00\x0c\n",
])
def test_byte_by_byte(text: str) -> None:
    data = text.encode()

    assert_same(fed(data, []), fed(data, list(range(1, len(data)))))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_all_short_texts_in_all_chunks(length: int) -> None:
    for letters in itertools.product(NASTY, repeat=length):
        data = bytes(letters)
        whole = fed(data, [])
        for count in range(1, length):
            for edges in itertools.combinations(range(1, length), count):
                assert_same(whole, fed(data, list(edges)))


def test_feeding_twice_from_one_cursor_gives_equal_cursors() -> None:
    start = Cursor.begin(MACHINE).feed(SAMPLE[:70])
    before = (start.tail, start.line, start.column, start.count, start.byte_offset)
    a, b = start.feed(SAMPLE[70:]).finish(), start.feed(SAMPLE[70:]).finish()

    assert_same(a, b)
    assert (start.tail, start.line, start.column, start.count, start.byte_offset) == before


def test_the_text_comes_back_byte_for_byte() -> None:
    data = bytes(random.Random(4).randbytes(3000)) + SAMPLE.encode()
    cursor = fed(data, [7, 100, 2000])

    assert "".join(cursor.collected()).encode("utf-8", "surrogateescape") == data


def test_without_collecting_memory_does_not_grow() -> None:
    cursor = Cursor.begin(MACHINE, collect=False)
    for i in range(3000):
        cursor = cursor.feed(f"let a{i % 7} = 1\n")
    kept = 0
    run: Run | None = cursor.runs
    while run is not None:
        kept, run = kept + len(run.pieces), run.previous

    assert kept < 1200


def test_an_unfinished_token_of_a_megabyte_is_not_read_again_with_every_chunk() -> None:
    machine = little_machine()
    cursor = Cursor.begin(machine, collect=False).feed('let a = "')
    for _ in range(16_000):
        cursor = cursor.feed(b"x" * 64)
    cursor = cursor.feed('"\n').finish()

    assert cursor.all_diagnostics() == []
    assert cursor.line == 1


def test_looking_does_not_move_anything() -> None:
    cursor = Cursor.begin(MACHINE).feed("let a = f(1, ")
    runs = MACHINE.pieces_run
    expected = [e.label for e in cursor.expected().alternatives]

    assert "expression" in expected
    assert cursor.label() == "Call"
    assert cursor.position == Position(0, 13)
    assert MACHINE.pieces_run == runs
    assert cursor.feed("2)\n").finish().all_diagnostics() == []


def test_the_watermark_is_where_one_alternative_was_left() -> None:
    cursor = Cursor.begin(MACHINE).feed("let a = 1\nfn f(")

    assert cursor.committed == 10
    assert cursor.byte_offset == 10
