"""What a document takes, in bytes a character and a bracket; counted by `tracemalloc`, the same on every machine."""
from __future__ import annotations

import tracemalloc

from engine.languages.reml import make_machine
from engine.parse.document import Document
from engine.parse.source import Position, Span
from engine.parse.states import State
from tests.bench.reml_source import RemlSource

SIZE = 1_000_000
DEPTH = 20_000
#: What is there however few the brackets are, and what loading needs for a while.
HALF_A_MEGABYTE = 500_000


def test_a_document_of_a_megabyte_takes_eight_bytes_a_character() -> None:
    text = RemlSource(7).text(SIZE)
    machine = make_machine()
    tracemalloc.start()
    document = Document(machine, text)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert document.diagnostics() == []
    assert used <= 8 * len(text)


def test_nested_brackets_one_a_line_take_four_hundred_bytes_each_at_most() -> None:
    machine = make_machine()
    text = "let x = " + "(\n" * DEPTH + "1\n" + ")\n" * DEPTH
    tracemalloc.start()
    document = Document(machine, text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert document.diagnostics() == []
    assert peak <= 400 * DEPTH + HALF_A_MEGABYTE


def test_states_are_asked_by_strings_whatever_is_done_to_a_document() -> None:
    """One number among the keys of a dictionary, and all of it takes half as much again."""
    document = Document(make_machine(), RemlSource(7).text(20_000))
    for text in ("}", "let = (", "fn f( {\n", '"'):
        document.edit(Span(Position(40, 0), Position(40, 0)), text)
        document.diagnostics()
        document.expected_at(Position(41, 2))
        document.tree()

    states = [state for block in document.blocks.blocks for state in block.states if isinstance(state, State)]
    keys = {key for state in states for key in state}
    assert len(keys) > 200
    assert all(isinstance(key, str) for key in keys)
