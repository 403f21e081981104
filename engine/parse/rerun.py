"""Running on behind an edit, batch by batch, until the parser is in a state that stood there before.

Where running on stops for want of work it leaves a *seam*: a piece that is marked ``late``, because the state before
it, or where its line is divided from there on, is still that of an older text.  What stands behind a seam is consistent
in itself, so it can be read and edited meanwhile, and an edit that restores the state before the seam removes it.

Knows no text beyond the blocks.  Invariant: without a seam, the blocks are those of a parse from scratch.
"""
from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any, NamedTuple

from engine.parse.blocks import Blocks, Place
from engine.parse.lexer import Lexer, Mode
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.pieces import SEGMENT, cuts
from engine.parse.runs import Run
from engine.parse.stream import Continuation, Pending
from engine.parse.stretch import Stretch
from engine.parse.work import Work

__all__ = ["Change", "Divided", "Rerun", "divided", "mode_of"]


class Change(NamedTuple):
    """What an edit, or running on behind it, did.

    The first piece run again, how many were, how many had stood there, notes of lost units; whether a seam is left
    behind them.  Where whole blocks became what they had been before, `regained` are the notes that came back with them
    and `doubtful` the units in them that may have changed since.
    """

    place: Place
    run: int
    replaced: int
    first_line: int
    line_shift: int
    dropped: tuple[Any, ...]
    is_open: bool = False
    regained: tuple[Any, ...] = ()
    doubtful: tuple[Place, ...] | None = None

    def and_then(self, more: Change) -> Change:
        """This and what was done right behind it, as one change."""
        return self._replace(run=self.run + more.run, replaced=self.replaced + more.replaced,
                             dropped=self.dropped + more.dropped, is_open=more.is_open)


class Divided(NamedTuple):
    """New segments, the old pieces they take in, and whether the last of them is a remainder that goes on."""

    pieces: list[str]
    taken: int
    is_open: bool


def mode_of(state: AnyState) -> Mode | None:
    """The lexer's mode in a state."""
    return state.mode if isinstance(state, InToken) else None


def divided(lexer: Lexer, blocks: Blocks, text: str, following: Place | None, mode: Mode | None, most: int) -> Divided:
    """A long line's segments from `text` on, which the pieces from `following` on continue.

    Ends where the line was divided before (at the end of `text`, or of a piece), at its end, or after `most` segments.
    """
    pieces: list[str] = []
    edges, base, count, grow = {len(text): 0}, 0, 0, 1
    while True:
        for _ in range(grow):
            if following is None or text[-1:] in ("\n", "\r"):
                break
            text += blocks.piece(following)
            count += 1
            edges[base + len(text)] = count
            following = blocks.after(following)
        is_whole = following is None or text[-1:] in ("\n", "\r")
        begin = 0
        for edge in cuts(lexer, text, mode):
            pieces.append(text[begin:edge])
            begin, mode = edge, None
            if base + edge in edges:
                return Divided(pieces, edges[base + edge], is_open=False)
            if len(pieces) >= most:
                return Divided([*pieces, text[begin:]], count, is_open=True)
        if is_whole:
            return Divided([*pieces, text[begin:]], count, is_open=False)
        grow = 2 * grow if not begin else 1
        text, base = text[begin:], base + begin


class Rerun:
    """The seams of a document's blocks.  `resumed` resumes the parser from a place with some pieces."""

    def __init__(self, machine: Machine, blocks: Blocks, resumed: Callable[[Continuation, list[str]], Pending]) -> None:
        self._machine, self._blocks, self._resumed = machine, blocks, resumed
        self.pending: Pending | None = None
        """Where the parser stands at the first seam, if that is known; what the next step resumes."""
        self._first: Place | None = None                 # the first seam, if `pending` is set
        self._may_have_seams = False                     # spares looking for them with every keystroke

    @property
    def is_settled(self) -> bool:
        """Is there no seam?"""
        if self._may_have_seams:
            self._may_have_seams = next(self._blocks.flagged("late"), None) is not None
        return not self._may_have_seams

    def is_known(self, place: Place, state: AnyState) -> bool:
        """Is what stands from a piece on right if `state` comes before it?"""
        blocks = self._blocks
        if not self._machine.same(state, blocks.state(place)):
            return False
        return not blocks.blocks[place.block].late[place.at] or not self._is_divided_wrongly(place, state)

    def forget(self) -> None:
        """Forget where the parser stands at the first seam: an edit has superseded it."""
        self.pending = self._first = None

    def come_to(self, place: Place | None, state: AnyState) -> bool:
        """Note that `state` comes before a piece (or the end): leave a seam there, or remove one; is there one now?"""
        blocks = self._blocks
        self.forget()
        if place is None:
            blocks.end = state
            return False
        is_known = self.is_known(place, state)
        blocks.blocks[place.block].late[place.at] = not is_known
        self._may_have_seams = self._may_have_seams or not is_known
        return not is_known

    def step(self, work: Work) -> Change | None:
        """Run on from the first seam by one batch; None where there is none."""
        if self._first is None and self.is_settled:
            return None
        place = self._first or next(self._blocks.flagged("late"))
        if self.pending is None:
            self.pending = Pending(Continuation.at(self._machine, self._arriving(place)))
        state = self.pending.continuation.cursor.state
        line = self._blocks.line_of(place)
        if self.is_known(place, state):
            return self._moved_on(place, Change(place, 0, 0, line, 0, ()), place, state)
        if self._is_divided_wrongly(place, state):
            return self._divide(place, state, line, work)
        if self._is_remembered(place, state):
            return self._swap(place, state, line, work)
        return self._run_batch(place, state, line, work)

    # ------------------------------------------------------------------------------------------------ kinds of steps
    def _run_batch(self, place: Place, state: AnyState, line: int, work: Work) -> Change:
        """Run the next pieces as they are."""
        blocks, machine = self._blocks, self._machine
        block = blocks.blocks[place.block]
        stop = self._batch_end(place, work.batch())
        if not place.at:
            blocks.remember(place.block)
        pieces = block.pieces[place.at:stop]
        run = self._run(pieces, work)
        pairs = enumerate(zip(run.states, block.states[place.at:stop], strict=False))
        known = next((i for i, (a, b) in pairs if i and machine.same(a, b)), len(pieces))
        ran = Stretch(state)
        ran.add(run, known)
        dropped = blocks.restate(place, ran.states, ran.bad, ran.units(machine))
        change = Change(place, known, known, line, 0, tuple(dropped))
        return self._moved_on(place, change, blocks.moved(place, known), ran.after)

    def _divide(self, place: Place, state: AnyState, line: int, work: Work) -> Change:
        """Divide the line anew from here on, and run its new segments."""
        blocks = self._blocks
        new = divided(self._machine.lexer, blocks, "", place, mode_of(state), work.batch())
        ran = Stretch(state)
        ran.add(self._run(new.pieces[:-1] if new.is_open else new.pieces, work))
        after = ran.after
        if new.is_open:
            ran.leave(new.pieces[-1], self._machine)
        dropped = blocks.replace(place, new.taken, ran.pieces, ran.states, ran.bad, ran.units(self._machine))
        first = blocks.moved(place, 0)
        assert first is not None
        change = Change(first, len(ran.pieces), new.taken, line, 0, tuple(dropped))
        return self._moved_on(first, change, blocks.moved(first, len(ran.pieces) - new.is_open), after)

    def _swap(self, place: Place, state: AnyState, line: int, work: Work) -> Change:
        """Make blocks what they were when the state before them was the present one."""
        blocks = self._blocks
        dropped: list[Any] = []
        regained: list[Any] = []
        doubtful: list[Place] = []
        here: Place | None = place
        count = 0
        while here is not None and not work.is_done and self._is_remembered(here, state):
            was, since = blocks.swap(here.block)
            block = blocks.blocks[here.block]
            dropped += [note for note in was.notes if note is not None]
            regained += [note for note in block.notes if note is not None]
            if blocks.changed_behind(here.block, since):
                doubtful += [Place(here.block, at) for at in [block.units.rfind(1)] if at >= 0]
            work.spend(len(block.pieces) / 4)
            state, count = block.states[-1][block.pieces[-1]], count + len(block.pieces)
            here = blocks.moved(place, count)
            if here is not None and self.is_known(here, state):
                break
        self.pending = Pending(Continuation.at(self._machine, state))
        change = Change(place, count, count, line, 0, tuple(dropped), regained=tuple(regained),
                        doubtful=tuple(doubtful))
        return self._moved_on(place, change, here, state)

    def _run(self, pieces: list[str], work: Work) -> Run:
        assert self.pending is not None
        self.pending = self._resumed(self.pending.continuation, pieces)
        work.ran(len(pieces), sum(map(len, pieces)))
        return self.pending.continuation.cursor.runs

    def _moved_on(self, first: Place, change: Change, following: Place | None, state: AnyState) -> Change:
        """Move the seam from before what a step has done to behind it, or remove it."""
        self._blocks.blocks[first.block].late[first.at] = 0
        pending = self.pending
        if not self.come_to(following, state):
            return change
        self.pending, self._first = pending, following
        return change._replace(is_open=True)

    # ------------------------------------------------------------------------------------------------ questions
    def _arriving(self, place: Place) -> AnyState:
        """The state that the pieces before lead to."""
        prior = self._blocks.prior(place)
        return self._machine.start if prior is None else self._blocks.state(prior)[self._blocks.piece(prior)]

    def _is_divided_wrongly(self, place: Place, state: AnyState) -> bool:
        """Is the line behind a seam divided otherwise than `state` has it?"""
        blocks = self._blocks
        piece, prior = blocks.piece(place), blocks.prior(place)
        if prior is None or blocks.piece(prior)[-1:] in ("\n", "\r"):
            is_long = len(piece) > SEGMENT or piece[-1:] not in ("\n", "\r")
            return is_long and mode_of(state) != mode_of(blocks.state(place))
        return divided(self._machine.lexer, blocks, "", place, mode_of(state), 1).pieces[0] != piece

    def _is_remembered(self, place: Place, state: AnyState) -> bool:
        block = self._blocks.blocks[place.block]
        if place.at or block.other is None or not self._machine.same(block.other.states[0], state):
            return False
        # where only its beginning is another, running that is all there is to do
        return not any(map(is_, block.other.states[1:], block.states[1:]))

    def _batch_end(self, place: Place, size: int) -> int:
        """Where in its block a batch ends: at the next seam, or where a long line begins, at the latest."""
        block = self._blocks.blocks[place.block]
        stop = min(place.at + size, len(block.pieces))
        seam = block.late.find(1, place.at + 1, stop)
        stop = seam if seam >= 0 else stop
        pieces = block.pieces[place.at:stop]
        if block.plain and pieces[-1][-1:] in ("\n", "\r") and max(map(len, pieces)) <= SEGMENT:
            return stop
        for index in range(place.at + 1, stop):
            piece = block.pieces[index]
            is_long = len(piece) > SEGMENT or piece[-1:] not in ("\n", "\r")
            if is_long and block.pieces[index - 1][-1:] in ("\n", "\r"):
                return index
        return stop
