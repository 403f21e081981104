"""The laws an edited document is held to.  Each raises `AssertionError`, with what differs.

`check_pieces` and `check_work` are cheap and done after every edit; the others every few edits.
"""
from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

from engine.languages.analysis import Analysis
from engine.languages.facts import in_order
from engine.languages.language import Language
from engine.languages.stream import Checker
from engine.parse.cells import AnyCell
from engine.parse.cursor import Cursor
from engine.parse.document import Change, Document
from engine.parse.lexer import NL
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.source import Position, Span, line_end
from engine.parse.tree import Token
from tests.chaos.typist import Edit, Model

__all__ = ["Before", "canonical", "check_checks", "check_diagnostics", "check_fresh", "check_fresh_answers",
           "check_pieces", "check_stream", "check_tokens", "check_tree", "check_work"]


def _pieces(document: Document) -> list[str]:
    return [piece for block in document.blocks.blocks for piece in block.pieces]


def _states(document: Document) -> list[AnyState]:
    return [state for block in document.blocks.blocks for state in block.states]


def _flags(document: Document) -> tuple[bytes, bytes]:
    blocks = document.blocks.blocks
    return b"".join(block.bad for block in blocks), b"".join(block.units for block in blocks)


def check_pieces(document: Document, model: Model) -> None:
    """Text, pieces, states and flags are those of a document made from the text on the same machine."""
    scratch = Document(document.machine, model.text)
    ours, theirs = _pieces(document), _pieces(scratch)
    assert "".join(ours) == model.text
    assert ours == theirs
    mine, others = _states(document), _states(scratch)
    if mine != others:                                   # below the depth cap equal states are not the same object
        for at, (a, b) in enumerate(zip(mine, others, strict=True)):
            assert a is b or canonical(a) == canonical(b), f"other states before piece {at}"
    assert _flags(document) == _flags(scratch)
    assert len(model.lines) == document.line_count


def check_tree(document: Document, model: Model) -> None:
    """Tree, tokens and the table of lines are those of a document made from the text."""
    _check_lines(document, model)
    _check_blocks(document)
    tree = document.tree()
    assert tree == Document(document.machine, model.text).tree()
    check_tokens(document.machine, list(tree.tokens()), model)


def check_diagnostics(document: Document, model: Model) -> None:
    """The diagnostics are those of a document made from the text, and none lies outside it."""
    said = document.diagnostics()
    assert said == Document(document.machine, model.text).diagnostics()
    for diagnostic in said:
        for edge in _edges(diagnostic.span):
            assert 0 <= edge.line < document.line_count, diagnostic
            assert 0 <= edge.column <= line_end(document.line(edge.line)), diagnostic


def _edges(span: Span) -> tuple[Position, Position]:
    assert span.start <= span.end
    return span.start, span.end


def _check_lines(document: Document, model: Model) -> None:
    """Lines and columns of everything are those of the model."""
    lines = [*model.lines, len(model.text)]
    for number, (start, end) in enumerate(pairwise(lines)):
        assert document.line(number) == model.text[start:end], f"line {number}"
    offset = 0
    for place in document.blocks.from_place(document.blocks.line_start(0)):
        piece = document.blocks.piece(place)
        at = Position(document.blocks.line_of(place), document.blocks.column_of(place))
        assert not piece or at == model.position(offset), f"piece at {at}"
        offset += len(piece)


def _check_blocks(document: Document) -> None:
    """The sums in the blocks are what they claim to be."""
    for block in document.blocks.blocks:
        assert block.chars == sum(map(len, block.pieces))
        assert block.ends == sum(piece[-1:] in ("\n", "\r") for piece in block.pieces)
        columns = block.pieces, block.states, block.bad, block.units, block.late
        assert len({len(column) for column in columns}) == 1
        assert list(block.said) == list(map(bool, block.notes))
        assert len(block.said) in (0, len(block.pieces))     # none as long as nothing is noted


def check_tokens(machine: Machine, tokens: list[Token], model: Model) -> None:
    """Each token is a stretch of the text, in order, none overlapping; blanks and comments are all there is between."""
    behind = 0
    for token in tokens:
        start = model.lines[token.line] + token.column
        assert start >= behind, token
        text = model.text[start:start + len(token.text)]
        assert text == token.text, (token, text)
        assert _is_trivia(machine, model.text[behind:start]), (token, model.text[behind:start])
        behind = start + len(token.text)
    assert _is_trivia(machine, model.text[behind:]), model.text[behind:]


def _is_trivia(machine: Machine, gap: str) -> bool:
    """Is there no token in a stretch between two tokens?  A byte order mark in front of the text is a blank."""
    lexer = machine.lexer
    return not gap.strip(" \t\r\n\ufeff") or all(
        scanned.kind == NL or scanned.mode is not None and lexer.spanning[scanned.mode.token].kind is None
        for scanned in lexer.scan(gap.removeprefix("\ufeff")))


def check_fresh(document: Document, model: Model, machine: Machine) -> None:
    """A machine that remembers nothing has the same pieces, states, flags and mistakes."""
    scratch = Document(machine, model.text)
    assert _pieces(document) == _pieces(scratch)
    assert _flags(document) == _flags(scratch), "other flags on a fresh machine"
    for at, (a, b) in enumerate(zip(_states(document), _states(scratch), strict=True)):
        assert canonical(a) == canonical(b), f"another state before piece {at} on a fresh machine"
    assert _mistakes(document) == _mistakes(scratch), "other mistakes on a fresh machine"


def check_fresh_answers(document: Document, model: Model, machine: Machine) -> None:
    """A machine that remembers nothing says the same: diagnostics and tree."""
    scratch = Document(machine, model.text)
    assert document.diagnostics() == scratch.diagnostics(), "other diagnostics on a fresh machine"
    assert document.tree() == scratch.tree(), "another tree on a fresh machine"


def _mistakes(document: Document) -> list[tuple[object, ...]]:
    blocks, machine = document.blocks, document.machine
    return [(blocks.piece(place), mistake.start, mistake.end, mistake.kind, mistake.code)
            for place in blocks.flagged("bad")
            for mistake in machine.mistakes(blocks.state(place), blocks.piece(place))]


def canonical(state: AnyState) -> tuple[object, ...]:
    """A state as plain values, the same on every machine of one grammar."""
    if isinstance(state, InToken):
        return (state.mode, *canonical(state.base))
    tags = (None,) * len(state.cells) if state.tags is None else tuple(
        frozenset((_symbols(notes.top), notes.floor) for notes in tag) for tag in state.tags)
    ways = tuple(zip(map(_symbols, state.cells), tags, strict=True))
    return (state.nl, ways, state.tags is None, state is state.machine.start)


def _symbols(cell: AnyCell) -> tuple[int, ...]:
    return tuple(_walk(cell))


def _walk(cell: AnyCell) -> Iterator[int]:
    while cell.depth:
        if hasattr(cell, "tail"):
            yield from cell.tail
        else:
            yield cell.symbol
        cell = cell.rest
    yield cell.symbol                                    # type: ignore[union-attr]  # depth 0: the bottom, or done


def check_stream(document: Document, model: Model, r: random.Random) -> None:
    """However the text is cut into chunks, a stream has the diagnostics and the tree of the document."""
    cursor = Cursor.begin(document.machine)
    for chunk in _chunks(model.text, r):
        cursor = cursor.feed(chunk)
    finished = cursor.finish()
    assert finished.all_diagnostics() == document.diagnostics(), "the stream says something else"
    assert finished.value() == document.tree(), "the stream's tree is another one"


def _chunks(text: str, r: random.Random) -> Iterator[bytes | str]:
    """Chunks of bytes, down to single ones; of characters, where the text has surrogates that no bytes stand for."""
    whole: bytes | str = text
    if not any("\ud800" <= c <= "\udc7f" for c in text):
        whole = text.encode("utf-8", "surrogateescape")
    sizes = r.choice([(1,), (1, 2, 3), (5, 64), (1, 300), (100_000,)])
    at = 0
    while at < len(whole):
        size = r.choice(sizes)
        yield whole[at:at + size]
        at += size


def check_checks(analysis: Analysis, language: Language, model: Model, r: random.Random) -> None:
    """What a language says of the edited text is what it says of a new one, and of a stream."""
    said = in_order(analysis.diagnostics())
    assert said == in_order(Analysis(language, model.text).diagnostics()), "a new analysis says something else"
    checker = Checker(language)
    found = [diagnostic for chunk in _chunks(model.text, r) for diagnostic in checker.feed(chunk)]
    assert in_order(found + checker.finish()) == said, "the checker of a stream says something else"


# ----------------------------------------------------------------------------------------------------------- the work
class Before:
    """The pieces of a document before an edit, and which of them the edit touches."""

    def __init__(self, document: Document, edit: Edit) -> None:
        self.pieces, self.states = _pieces(document), _states(document)
        ends = list(accumulate(map(len, self.pieces)))
        self.first = min(bisect_left(ends, edit.start), len(ends) - 1)
        self.last = min(bisect_right(ends, edit.end), len(ends) - 1)
        self.long = max(map(len, self.pieces)) > 200     # a long line may have to be divided anew


def check_work(document: Document, before: Before, change: Change) -> None:
    """The edit ran no piece before the one it touches but for the one in front, and none behind the first old state."""
    blocks = document.blocks.blocks
    first = sum(len(block.pieces) for block in blocks[:change.place.block]) + change.place.at
    pieces, states = _pieces(document), _states(document)
    assert len(pieces) - len(before.pieces) == change.run - change.replaced
    if before.long or max(map(len, pieces)) > 200:
        return
    assert first >= before.first - 1, "pieces were run that stand before the edit"
    old, new = first + change.replaced - 1, first + change.run - 1
    if old > before.last + 1 and new >= 0:
        assert before.states[old] is not states[new], "pieces were run behind the first state that was an old one"
