"""A text that is edited.

A document keeps its pieces and the parser's state before each.  An edit replaces pieces, resumes the parser from the
state before them, and stops as soon as a state is the one that stood there before.  It runs the same memoised function
as a parse from scratch, so the two cannot disagree.  Diagnostics are put into words when somebody asks for them.

Knows no language and no protocol.  Invariants: the pieces concatenate to the text and are those that a parse from
scratch would have; nothing holds an absolute line number except `wording`, which every edit moves along.
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from engine.parse.blocks import BLOCK, Blocks, Place
from engine.parse.diagnostics import Diagnostic
from engine.parse.expected import ExpectationSummary, summary
from engine.parse.lexer import Mode
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.pieces import SEGMENT, batches, by_length, segments
from engine.parse.rebase import Newest
from engine.parse.render import end_mistake, render
from engine.parse.rerun import Change, Rerun, divided, mode_of
from engine.parse.source import Position, Span, line_end, split_lines
from engine.parse.stream import Continuation, Pending, resume
from engine.parse.stretch import BlockWindow, Replacement, Stretch
from engine.parse.tree import Node, Token, build, tokens
from engine.parse.units import begins_unit
from engine.parse.wording import Wording
from engine.parse.work import Work

__all__ = ["Change", "Document"]

#: Segments of a long line that an edit divides anew before it runs them.
_SEGMENTS: Final = 4


class Document:
    """A text and its parse, kept up to date by edits."""

    def __init__(self, machine: Machine, text: str = "") -> None:
        self.machine = machine
        self._load(text)
        machine.holders.add(self)

    def _load(self, text: str) -> None:
        renewals = self.machine.renewals
        self._blocks = blocks = Blocks(self.machine.start)
        for lines in batches(text, 16 * BLOCK):          # then little is needed beside the blocks
            ran = self._run(blocks.end, lines)
            blocks.add(ran.pieces, ran.states, ran.bad, ran.units(self.machine), ran.after)
        self._rerun = Rerun(self.machine, self._blocks, self._resumed)
        self.wording = Wording(self.machine, blocks)
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
    def edit(self, span: Span, text: str, *, settle: bool = True) -> Change:
        """Put `text` in place of `span`.  Raises `ValueError` for a span that is reversed or outside the text.

        Without `settle`, what follows is left for `step`, unless it turns out at once to be as it was.
        """
        if settle and not self.is_settled:
            self.settle()
        change = self._edit_in_line(span, text) or self._edit_anywhere(span, text)
        return self._all_of(change) if settle and change.is_open else change

    def _edit_in_line(self, span: Span, text: str) -> Change | None:
        """`edit` where one short line stays one, as it nearly always does; None if it is to be looked at closer."""
        line, begin, end, blocks = span.start.line, span.start.column, span.end.column, self._blocks
        place = blocks.whole_line(line) if span.end.line == line else None
        if place is None or not 0 <= begin <= end:
            return None
        old = blocks.piece(place)
        piece = old[:begin] + text + old[end:]
        if end >= len(old) or len(piece) > SEGMENT or piece.find("\n") != len(piece) - 1 or "\r" in piece:
            return None
        renewals = self.machine.renewals
        run = self._resumed(Continuation.at(self.machine, blocks.state(place)), [piece]).continuation.cursor.runs
        unit = begins_unit(self.machine, run.first, piece)
        dropped = blocks.put(place, piece, bad=bool(run.bad), unit=unit)
        was_late = blocks.blocks[place.block].late[place.at]
        is_open = self._rerun.come_to(blocks.after(place), run.after)
        change = Change(place, 1, 1, line, 0, dropped, is_open or bool(was_late))
        self.wording.move(change)
        self._catch_up(renewals)
        return change

    def _edit_anywhere(self, span: Span, text: str) -> Change:
        replacement = self._replacement(span, text)
        blocks, first = self._blocks, replacement.place
        first_line, lines_before, renewals = blocks.line_of(first), blocks.line_count, self.machine.renewals
        was_late = blocks.blocks[first.block].late[first.at]
        ran = self._run(blocks.state(first), replacement.pieces[:-1] if replacement.is_open else replacement.pieces)
        after = ran.after
        if replacement.is_open:
            ran.leave(replacement.pieces[-1], self.machine)
        dropped = blocks.replace(first, replacement.count, ran.pieces, ran.states, ran.bad, ran.units(self.machine))
        first = blocks.moved(first, 0) or first
        blocks.blocks[first.block].late[first.at] = was_late
        count = len(ran.pieces)
        is_open = self._rerun.come_to(blocks.moved(first, count - replacement.is_open), after)
        change = Change(first, count, replacement.count, first_line, blocks.line_count - lines_before, tuple(dropped),
                        is_open or bool(was_late))
        self.wording.move(change)
        self._catch_up(renewals)
        return change

    def _all_of(self, change: Change) -> Change:
        """What an edit did and then everything behind it."""
        work = Work(self.machine)
        while (more := self.step(work)) is not None:
            change = change.and_then(more)
        return change

    @property
    def is_settled(self) -> bool:
        """Is everything parsed as a parse from scratch would?  If not, `step` goes on."""
        return self._rerun.is_settled

    @property
    def pending(self) -> Pending | None:
        """Where the parser stands that has not come to the end yet."""
        return self._rerun.pending

    def step(self, work: Work) -> Change | None:
        """Run on where an edit has left off, by one batch of pieces; None when everything is settled."""
        renewals = self.machine.renewals
        change = self._rerun.step(work)
        if change is not None:
            self.wording.move(change)
            self._catch_up(renewals)
        return change

    def settle(self) -> None:
        """Run on until there is nothing left to run."""
        work = Work(self.machine)
        while self.step(work) is not None:
            pass

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
        *whole, rest = split_lines(text)
        mode = self._mode_after(self._blocks.state(start), whole)
        new = divided(self.machine.lexer, self._blocks, rest, self._blocks.after(end), mode, _SEGMENTS)
        return Replacement(start, count + new.taken, [*whole, *new.pieces], new.is_open)

    def _mode_after(self, state: AnyState, lines: list[str]) -> Mode | None:
        for line in lines:
            state = state[line]
        return mode_of(state)

    def _distance(self, start: Place, end: Place) -> int:
        if start.block == end.block:
            return end.at - start.at
        between = sum(len(block.pieces) for block in self._blocks.blocks[start.block + 1:end.block])
        return len(self._blocks.blocks[start.block].pieces) - start.at + between + end.at

    # ------------------------------------------------------------------------------------------------ parsing
    def _run(self, state: AnyState, lines: list[str]) -> Stretch:
        """Divide and run some lines."""
        stretch = Stretch(state)
        for group in by_length(lines):
            mode = mode_of(stretch.after)
            pieces = group if len(group[0]) <= SEGMENT else segments(self.machine.lexer, group[0], mode)
            place = Continuation.at(self.machine, stretch.after)
            stretch.add(self._resumed(place, pieces).continuation.cursor.runs)
        return stretch

    @staticmethod
    def _resumed(place: Continuation, pieces: list[str]) -> Pending:
        """Resume the parser from a place with some pieces."""
        outcome = resume(place, pieces)
        assert isinstance(outcome, Pending)              # a continuation without a feeder has nothing to complete it
        return outcome

    def rebase(self, newest: Callable[[AnyState], AnyState]) -> None:
        """Put the newest state in the place of each one that is kept (`rebase.Holder`)."""
        self._blocks.rebase(newest)
        self._rerun.forget()

    def _catch_up(self, renewals: int) -> None:
        """If the machine has begun a new graph since, what was run before that is still of the old one."""
        if self.machine.renewals != renewals:
            self.rebase(Newest(self.machine).__getitem__)

    # ------------------------------------------------------------------------------------------------ diagnostics
    def diagnostics(self, limit: int | None = None, *, at_end: bool = True, known: bool = False) -> list[Diagnostic]:
        """What the parser has to say, in order of position; at most `limit` of it.

        Without `at_end`, nothing of the text ending where it does: more of it is to come.  With `known`, only what
        `wording` has words for already, which costs next to nothing.
        The same objects come again as long as they neither changed nor moved (but for the one at the end of the text).
        """
        out = self.wording.known() if known else self._worded(limit)
        if limit is not None and len(out) >= limit:
            return out[:limit]
        if not at_end:
            return out
        return sorted([*out, *self.end_diagnostics()], key=lambda found: found.span.start)

    def _worded(self, limit: int | None) -> list[Diagnostic]:
        out: list[Diagnostic] = []
        for place in self._blocks.flagged("bad"):
            out += self.wording.at(place)
            if limit is not None and len(out) >= limit:
                break
        return out

    def count_diagnostics(self, limit: int) -> int:
        """How many there are at most, counted up to `limit`.

        None is put into words for that, so those that have another cause count too.
        """
        blocks, mistakes = self._blocks, self.machine.mistakes
        count = int(not self.machine.accepts_end(blocks.end))
        for place in blocks.flagged("bad"):
            if count >= limit:
                break
            count += len(mistakes(blocks.state(place), blocks.piece(place)))
        return min(count, limit)

    def end_diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the text ending where it does; it may stand far above the end."""
        blocks = self._blocks
        last = Place(len(blocks.blocks) - 1, len(blocks.blocks[-1].pieces) - 1)
        if self.machine.accepts_end(blocks.end) or isinstance(blocks.end, InToken) and not self.is_settled:
            return []                                    # above a seam, nothing opens the token of an older text
        mistake = end_mistake(blocks.end, blocks.piece(last))
        window = BlockWindow(blocks, last, blocks.line_of(last), blocks.column_of(last))
        return list(render(self.machine, (mistake,), window, window.opener()))

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
        blocks, begin, is_last = self._blocks.blocks, place.at, False
        for number in range(place.block, len(blocks)):
            block = blocks[number]
            end = block.units.find(1, begin if pieces else begin + 1)
            pieces += block.pieces[begin:end if end >= 0 else None]
            is_last, begin = end < 0 and number + 1 == len(blocks), 0
            if end >= 0 or limit is not None and sum(map(len, pieces)) > limit:
                break
        if limit is None:
            return pieces, is_last
        few = bisect_right(list(accumulate(map(len, pieces))), limit) + 1
        return pieces[:few], is_last and few >= len(pieces)

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
