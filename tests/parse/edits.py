"""Random texts and edits, and the law that an edited document is the document of the edited text."""
from __future__ import annotations

import random

from engine.parse.cursor import Cursor
from engine.parse.document import Document
from engine.parse.machine import Machine
from engine.parse.source import Position, Span, line_end, split_lines

SNIPPETS = [*"abx1(){}[]|,.=:;\"/*'@ \n\r", "let ", " -> ", "/*", "*/", '"""', "\n}\n", "fn f() {\n", "fn f(a) {",
            "\r\n", "\u2028", "\f", "é", "😀", "\x00", "\udc80", "\ud800", "\ufeff", "// c", "{ let x = [1, 2",
            "x" * 300, "a + " * 90]


def random_position(r: random.Random, document: Document) -> Position:
    line = r.randrange(document.line_count)
    return Position(line, r.randint(0, line_end(document.line(line))))


def random_span(r: random.Random, document: Document) -> Span:
    start, end = sorted((random_position(r, document), random_position(r, document)))
    k = r.random()
    if k < .5:
        return Span(start, start)
    if k < .85:
        column = min(start.column + r.randint(1, 4), line_end(document.line(start.line)))
        return Span(start, Position(start.line, column))
    return Span(start, end)


def random_text(r: random.Random, samples: list[str]) -> str:
    k = r.random()
    if k < .15:
        return ""
    if k < .93:
        return r.choice(SNIPPETS) * r.choice([1, 1, 1, 2])
    sample = r.choice(samples)
    start = r.randint(0, len(sample))
    return sample[start:start + r.randint(0, 600)].replace("\n", r.choice(["\n", " ", "\r\n"]))


def spliced(text: str, span: Span, new: str) -> str:
    """What an edit does to a text, done the simple way."""
    lines = split_lines(text)
    start, end = (sum(map(len, lines[:p.line])) + p.column for p in (span.start, span.end))
    return text[:start] + new + text[end:]


def assert_same_as_scratch(document: Document, text: str, machine: Machine) -> None:
    """Text, pieces, states, flags, diagnostics, tokens and line table are those of a document made from the text."""
    fresh = Document(machine, text)

    assert document.text() == text
    assert document.line_count == fresh.line_count == len(split_lines(text))
    ours, theirs = document.blocks.blocks, fresh.blocks.blocks
    assert [p for b in ours for p in b.pieces] == [p for b in theirs for p in b.pieces]
    for flag in ("bad", "units"):
        assert b"".join(getattr(b, flag) for b in ours) == b"".join(getattr(b, flag) for b in theirs), flag
    if machine is document.machine:
        assert all(map(machine.same, (s for b in ours for s in b.states), (s for b in theirs for s in b.states)))
    assert document.diagnostics() == fresh.diagnostics()
    assert_counts_hold(document)


def assert_counts_hold(document: Document) -> None:
    """The sums in the blocks are what they claim to be."""
    for block in document.blocks.blocks:
        assert block.chars == sum(map(len, block.pieces))
        assert block.ends == sum(piece[-1:] in ("\n", "\r") for piece in block.pieces)
        assert len(block.pieces) == len(block.states) == len(block.bad) == len(block.units)
        assert len(block.pieces) == len(block.late)
        assert len(block.notes) == len(block.said)
        assert len(block.said) in (0, len(block.pieces))
        assert list(block.said) == list(map(bool, block.notes))
    for line in range(document.line_count):
        assert document.blocks.line_of(document.blocks.line_start(line)) == line
        assert not document.blocks.column_of(document.blocks.line_start(line))
    for name in ("bad", "said"):
        count = sum(sum(getattr(block, name)) for block in document.blocks.blocks)
        assert len(list(document.blocks.flagged(name))) == count


def assert_diagnostics_in_text(document: Document) -> None:
    """No diagnostic lies outside the text."""
    for diagnostic in document.diagnostics():
        for position in (diagnostic.span.start, diagnostic.span.end):
            assert 0 <= position.line < document.line_count
            line = document.line(position.line)
            assert 0 <= position.column <= line_end(line), (diagnostic, line)


def run_campaign(
    machine: Machine, samples: list[str], seed: int, edits: int, fresh_machine=None, per_text: int = 25,
) -> int:
    """Edit random texts, compare after every edit, undo all and compare again; the number of edits done."""
    r = random.Random(seed)
    done = 0
    while done < edits:
        text = r.choice(samples)
        if r.random() < .35:
            text = text.replace("\n", " ")
        document = Document(machine, text)
        undo: list[tuple[Span, str]] = []
        for _ in range(per_text):
            span, new = random_span(r, document), random_text(r, samples)
            before = document.text()
            old = _between(before, span)
            document.edit(span, new)
            text = spliced(before, span, new)
            assert_same_as_scratch(document, text, machine)
            undo.append((Span(span.start, _end_of(span.start, new, text)), old))
            done += 1
        assert_diagnostics_in_text(document)
        if fresh_machine is not None:
            assert document.diagnostics() == Document(fresh_machine(), document.text()).diagnostics()
        assert Cursor.begin(machine).feed(text).finish().all_diagnostics() == document.diagnostics()
        _undo_all(document, undo, machine)
    return done


def _undo_all(document: Document, undo: list[tuple[Span, str]], machine: Machine) -> None:
    for span, old in reversed(undo):
        ends = (span.start, span.end)
        if any(p.line >= document.line_count or p.column > line_end(document.line(p.line)) for p in ends):
            return                                       # between the halves of a line end: no place to edit
        text = spliced(document.text(), span, old)
        document.edit(span, old)
        assert document.text() == text
    assert_same_as_scratch(document, document.text(), machine)


def _between(text: str, span: Span) -> str:
    lines = split_lines(text)
    start, end = (sum(map(len, lines[:p.line])) + p.column for p in (span.start, span.end))
    return text[start:end]


def _end_of(start: Position, new: str, text: str) -> Position:
    lines = split_lines(text)
    offset = sum(map(len, lines[:start.line])) + start.column + len(new)
    line = 0
    while line + 1 < len(lines) and offset >= len(lines[line]):
        offset -= len(lines[line])
        line += 1
    return Position(line, offset)
