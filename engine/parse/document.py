"""A text that is edited.

A document keeps its pieces and the parser's state before each.  An edit replaces pieces, resumes the parser from the
state before them, and stops as soon as a state is the one that stood there before.  It runs the same memoised function
as a parse from scratch, so the two cannot disagree.  Diagnostics are put into words when somebody asks for them.

Knows no language and no protocol.  Invariants: the pieces concatenate to the text and are those that a parse from
scratch would have; nothing holds an absolute line number except `_said`, which every edit moves along.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Final

from engine.parse.blocks import Blocks, Place
from engine.parse.diagnostics import Diagnostic
from engine.parse.expected import ExpectationSummary, summary
from engine.parse.lexer import Mode
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.pieces import SEGMENT, by_length, cuts, segments
from engine.parse.rebase import Newest
from engine.parse.render import LOOK_BACK, end_mistake, render
from engine.parse.runs import Run
from engine.parse.source import Position, Span, line_end, split_lines
from engine.parse.stream import Continuation, Pending, resume
from engine.parse.stretch import BlockWindow, Replacement, Stretch
from engine.parse.tree import Node, Token, build, tokens

__all__ = ["Change", "Document"]

#: Pieces run on at a time after an edit, until the state is an old one: the first is nearly always enough.
_RUN_ON: Final = (1, 4, 32, 256)


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did: the first piece run again, how many were, how many had stood there, notes of lost units."""

    place: Place
    run: int
    replaced: int
    first_line: int
    line_shift: int
    dropped: tuple[Any, ...]


class Document:
    """A text and its parse, kept up to date by edits."""

    def __init__(self, machine: Machine, text: str = "") -> None:
        self.machine = machine
        self._load(text)
        machine.holders.add(self)

    def _load(self, text: str) -> None:
        lines, renewals = list(map(sys.intern, split_lines(text))), self.machine.renewals   # alike: one object each
        whole = self._run(self.machine.start, lines)
        self._end = whole.after
        self._blocks = Blocks(whole.pieces, whole.states, whole.bad, whole.units(self.machine))
        self._said: dict[int, tuple[Diagnostic, ...]] = {}
        self._catch_up(renewals)

    def replace(self, text: str) -> None:
        """Put another text in place of the whole one."""
        self._load(text)

    # ------------------------------------------------------------------------------------------------ the text
    def text(self) -> str:
        """The whole text."""
        return "".join(piece for block in self._blocks.blocks for piece in block.pieces)

    @property
    def line_count(self) -> int:
        """The number of lines; an empty text has one."""
        return self._blocks.line_count

    def line(self, number: int) -> str:
        """A line with its line end.  Raises `IndexError`."""
        place = self._blocks.line_start(number)
        piece = self._blocks.piece(place)
        if piece[-1:] in ("\n", "\r"):
            return piece
        parts = []
        for at in self._blocks.from_place(place):
            parts.append(self._blocks.piece(at))
            if parts[-1][-1:] in ("\n", "\r"):
                break
        return "".join(parts)

    @property
    def end(self) -> Position:
        """The end of the text."""
        last = self.line_count - 1
        return Position(last, len(self.line(last)))

    def clamped(self, position: Position) -> Position:
        """The nearest position in the text: not past a line's end, not past the last line."""
        if position.line >= self.line_count:
            return self.end
        line = self.line(max(position.line, 0))
        return Position(max(position.line, 0), max(0, min(position.column, line_end(line))))

    # ------------------------------------------------------------------------------------------------ editing
    def edit(self, span: Span, text: str) -> Change:
        """Put `text` in place of `span`.  Raises `ValueError` for a span that is reversed or outside the text."""
        replacement = self._replacement(span, text)
        first = replacement.place
        first_line, lines_before, renewals = self._blocks.line_of(first), self.line_count, self.machine.renewals
        ran, count = self._run_until_known(replacement)
        dropped = self._blocks.replace(first, count, ran.pieces, ran.states, ran.bad, ran.units(self.machine))
        change = Change(first, len(ran.pieces), count, first_line, self.line_count - lines_before, tuple(dropped))
        self._move_said(change)
        self._catch_up(renewals)
        return change

    def _replacement(self, span: Span, text: str) -> Replacement:
        if span.end < span.start or span.end.line >= self.line_count or span.start.line < 0:
            raise ValueError(f"no such span: {span}")
        blocks = self._blocks
        start, offset = blocks.find(span.start.line, span.start.column)
        end, end_offset = (start, offset) if span.end == span.start else blocks.find(span.end.line, span.end.column)
        head, tail = blocks.piece(start)[:offset], blocks.piece(end)[end_offset:]
        prior = blocks.prior(start)
        # The piece before may depend on what follows it: "\r" joins with "\n", and a segment ends where it does because
        # of the next character.
        if prior is not None and (before := blocks.piece(prior))[-1:] != "\n" and (before[-1:] != "\r" or not head):
            start, head = prior, before + head
        count = self._distance(start, end) + 1
        fresh = head + text + tail
        following = blocks.after(end)
        if fresh[-1:] == "\r" and following is not None and blocks.piece(following)[:1] == "\n":
            fresh, count, following = fresh + blocks.piece(following), count + 1, blocks.after(following)
        if following is None:
            return Replacement(start, count, split_lines(fresh))
        if fresh[-1:] in ("\n", "\r"):
            return Replacement(start, count, split_lines(fresh)[:-1])
        return self._within_long_line(start, count, end, fresh)

    def _within_long_line(self, start: Place, count: int, end: Place, text: str) -> Replacement:
        """The replacement ends inside a long line: go on until it is divided where it was divided before."""
        blocks = self._blocks
        lines = split_lines(text)
        whole, rest = lines[:-1], lines[-1]
        mode = self._mode_after(blocks.state(start), whole)
        edges = {len(rest)}
        grow, following = 1, blocks.after(end)
        while following is not None and rest[-1:] not in ("\n", "\r"):
            for _ in range(grow):
                rest += blocks.piece(following)
                count += 1
                edges.add(len(rest))
                following = blocks.after(following)
                if following is None or rest[-1:] in ("\n", "\r"):
                    break
            grow *= 2
            kept = self._divided(rest, mode, edges)
            if kept is not None:
                pieces, length = kept
                back = sum(1 for edge in edges if edge > length)
                return Replacement(start, count - back, [*whole, *pieces])
        return Replacement(start, count, [*whole, rest])

    def _divided(self, rest: str, mode: Mode | None, edges: set[int]) -> tuple[list[str], int] | None:
        """The new segments up to the first place where the line was divided before."""
        pieces, begin = [], 0
        for edge in cuts(self.machine.lexer, rest, mode):
            pieces.append(rest[begin:edge])
            begin = edge
            if edge in edges:
                return pieces, edge
        return None

    def _mode_after(self, state: AnyState, lines: list[str]) -> Mode | None:
        for line in lines:
            state = state[line]
        return _mode_of(state)

    def _distance(self, start: Place, end: Place) -> int:
        if start.block == end.block:
            return end.at - start.at
        between = sum(len(block.pieces) for block in self._blocks.blocks[start.block + 1:end.block])
        return len(self._blocks.blocks[start.block].pieces) - start.at + between + end.at

    def _run_until_known(self, replacement: Replacement) -> tuple[Stretch, int]:
        """Run the new pieces, and old ones behind them until the state is the one that stood there before.

        Gives what was run, and how many old pieces it replaces.
        """
        blocks, machine = self._blocks, self.machine
        ran, count = self._run(blocks.state(replacement.place), replacement.pieces), replacement.count
        following = self.moved(replacement.place, count)
        sizes = chain(_RUN_ON, repeat(_RUN_ON[-1]))
        while following is not None and not machine.same(ran.after, blocks.state(following)):
            line = self._divided_otherwise(following, ran.after)
            old = line or self._batch(following, next(sizes))
            fresh = [blocks.piece(place) for place in old]
            if line:
                fresh = segments(machine.lexer, "".join(fresh), _mode_of(ran.after))
            run = self._resumed(ran.after, fresh)
            known = len(old) if line else next(
                (i for i, place in enumerate(old) if machine.same(run.states[i], blocks.state(place))), len(old))
            ran.add(run, None if line else known)
            count += known
            if known < len(old):
                return ran, count
            following = blocks.after(old[-1])
        if following is None:
            self._end = ran.after
        return ran, count

    def _batch(self, first: Place, size: int) -> list[Place]:
        """Pieces to run on with, not beyond the beginning of a long line, which may have to be divided anew."""
        blocks = self._blocks
        out = [first]
        while len(out) < size and (following := blocks.after(out[-1])) is not None:
            piece = blocks.piece(following)
            if (piece[-1:] not in ("\n", "\r") or len(piece) > SEGMENT) and blocks.piece(out[-1])[-1:] in ("\n", "\r"):
                break
            out.append(following)
        return out

    def _divided_otherwise(self, place: Place, state: AnyState) -> list[Place]:
        """The pieces of the long line that begins at a place, if `state` divides it in another way than it is."""
        blocks = self._blocks
        prior = blocks.prior(place)
        begins = prior is None or blocks.piece(prior)[-1:] in ("\n", "\r")
        if not begins or _mode_of(state) == _mode_of(blocks.state(place)):
            return []
        line = []
        for at in blocks.from_place(place):
            line.append(at)
            if blocks.piece(at)[-1:] in ("\n", "\r"):
                break
        return line if sum(len(blocks.piece(at)) for at in line) > SEGMENT else []

    def moved(self, place: Place, count: int) -> Place | None:
        """The piece `count` further on."""
        number, index = place.block, place.at + count
        blocks = self._blocks.blocks
        while number < len(blocks) and index >= len(blocks[number].pieces):
            index -= len(blocks[number].pieces)
            number += 1
        return Place(number, index) if number < len(blocks) else None

    # ------------------------------------------------------------------------------------------------ parsing
    def _run(self, state: AnyState, lines: list[str]) -> Stretch:
        """Divide and run some lines."""
        stretch = Stretch(state)
        for group in by_length(lines):
            mode = _mode_of(stretch.after)
            pieces = group if len(group[0]) <= SEGMENT else segments(self.machine.lexer, group[0], mode)
            stretch.add(self._resumed(stretch.after, pieces))
        return stretch

    def _resumed(self, state: AnyState, pieces: list[str]) -> Run:
        """Resume the parser from a state with some pieces."""
        outcome = resume(Continuation.at(self.machine, state), pieces)
        assert isinstance(outcome, Pending)              # a continuation without a feeder has nothing to complete it
        return outcome.continuation.cursor.runs

    def rebase(self, newest: Callable[[AnyState], AnyState]) -> None:
        """Put the newest state in the place of each one that is kept (`rebase.Holder`)."""
        self._blocks.rebase(newest)
        self._end = newest(self._end)

    def _catch_up(self, renewals: int) -> None:
        """If the machine has begun a new graph since, what was run before that is still of the old one."""
        if self.machine.renewals != renewals:
            self.rebase(Newest(self.machine).__getitem__)

    # ------------------------------------------------------------------------------------------------ diagnostics
    def diagnostics(self, limit: int | None = None) -> list[Diagnostic]:
        """What the parser has to say, in order of position; at most `limit` of it.

        The same objects come again as long as they neither changed nor moved (but for the one at the end of the text).
        """
        out: list[Diagnostic] = []
        for place in self._blocks.flagged("bad"):
            out += self.diagnostics_at(place)
            if limit is not None and len(out) >= limit:
                return out[:limit]
        return out + self.end_diagnostics()

    @property
    def diagnostic_count(self) -> int:
        """How many there are; none is put into words for that."""
        blocks, mistakes = self._blocks, self.machine.mistakes
        count = sum(len(mistakes(blocks.state(place), blocks.piece(place))) for place in blocks.flagged("bad"))
        return count + (not self.machine.accepts_end(self._end))

    def diagnostics_at(self, place: Place) -> tuple[Diagnostic, ...]:
        """The diagnostics of one piece."""
        blocks = self._blocks
        line, column = blocks.line_of(place), blocks.column_of(place)
        if column:                                       # segments of one line are not told apart by the line
            return self._rendered(place, line, column)
        known = self._said.get(line)
        if known is None:
            known = self._said[line] = self._rendered(place, line, column)
        return known

    def _rendered(self, place: Place, line: int, column: int) -> tuple[Diagnostic, ...]:
        window = BlockWindow(self._blocks, place, line, column)
        mistakes = self.machine.mistakes(self._blocks.state(place), self._blocks.piece(place))
        return render(self.machine, mistakes, window)

    def end_diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the text ending where it does."""
        blocks = self._blocks
        last = Place(len(blocks.blocks) - 1, len(blocks.blocks[-1].pieces) - 1)
        if self.machine.accepts_end(self._end):
            return []
        mistake = end_mistake(self._end, blocks.piece(last))
        window = BlockWindow(blocks, last, blocks.line_of(last), blocks.column_of(last))
        return list(render(self.machine, (mistake,), window))

    def _move_said(self, change: Change) -> None:
        """Forget what may have changed, move along what stands below."""
        if not self._said:
            return
        first, shift = change.first_line, change.line_shift
        old_last = first + change.replaced + LOOK_BACK
        if not shift:
            for line in [line for line in self._said if first <= line <= old_last]:
                del self._said[line]
            return
        self._said = {
            (line + shift if line > first else line): tuple(d.shifted(shift) for d in said) if line > first else said
            for line, said in self._said.items() if line < first or line > old_last}

    # ------------------------------------------------------------------------------------------------ questions
    @property
    def blocks(self) -> Blocks:
        """The pieces, for those who keep something about units beside them."""
        return self._blocks

    def state_at(self, position: Position) -> AnyState:
        """The state before a position."""
        place, offset = self._blocks.find(position.line, position.column)
        head = self._blocks.piece(place)[:offset]
        state = self._blocks.state(place)
        return state[head] if head else state

    def expected_at(self, position: Position) -> ExpectationSummary:
        """What may stand at a position."""
        return summary(self.machine, self.state_at(position))

    def unit_pieces(self, place: Place, limit: int | None = None) -> tuple[list[str], bool]:
        """The pieces from one on up to the next unit, and whether the text ends there.

        With a `limit`, no more pieces than make the unit longer than so many characters.
        """
        pieces: list[str] = []
        size = 0
        for at in self._blocks.from_place(place):
            if pieces and self._blocks.blocks[at.block].units[at.at] or limit is not None and size > limit:
                return pieces, False
            pieces.append(self._blocks.piece(at))
            size += len(pieces[-1])
        return pieces, True

    def unit_tree(self, place: Place) -> Node:
        """The tree of the unit that begins at a piece."""
        pieces, at_end = self.unit_pieces(place)
        return build(self.machine, pieces, self._blocks.state(place), at_end=at_end)

    def tree(self, first_line: int = 0, last_line: int | None = None) -> Node:
        """The tree of the units that touch some lines (all by default); lines count from the first unit's first."""
        place = self._blocks.line_start(first_line)
        begin = self._blocks.unit_before(place) if first_line else Place(0, 0)
        begin = begin or Place(0, 0)
        stop = self.line_count if last_line is None else last_line + 1
        pieces: list[str] = []
        line, at_end = self._blocks.line_of(begin), True
        for at in self._blocks.from_place(begin):
            if line >= stop and self._blocks.blocks[at.block].units[at.at]:
                at_end = False
                break
            pieces.append(self._blocks.piece(at))
            line += pieces[-1][-1:] in ("\n", "\r")
        return build(self.machine, pieces, self._blocks.state(begin), at_end=at_end)

    def tokens(self, first_line: int = 0, last_line: int | None = None) -> Iterator[Token]:
        """The tokens of some lines (all by default); lines count from `first_line`."""
        place = self._blocks.line_start(first_line)
        stop = (self.line_count if last_line is None else last_line + 1) - first_line
        pieces, line = [], 0
        for at in self._blocks.from_place(place):
            if line >= stop:
                break
            pieces.append(self._blocks.piece(at))
            line += pieces[-1][-1:] in ("\n", "\r")
        return tokens(self.machine, pieces, self._blocks.state(place))


def _mode_of(state: AnyState) -> Mode | None:
    return state.mode if isinstance(state, InToken) else None
