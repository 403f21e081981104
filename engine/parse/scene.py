"""A piece with mistakes and what stands around it: what messages speak of and repairs look at.

Reads the text through a `Window`, so it is the same in a document, a batch and a stream.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from engine.parse.fixes import Seen
from engine.parse.lexer import EOF, ERROR, NL, Scanned
from engine.parse.machine import AnyState, InToken, Machine, Settled, State
from engine.parse.recovery import EXPECTED_TOKENS, Mistake, Step, lexed, steps_of
from engine.parse.repair import Damage
from engine.parse.search import AHEAD, BACK

__all__ = ["LOOK_BACK", "Around", "Placed", "Scene", "Window"]

#: Pieces before the damaged one that a message may speak of; a window holds at least as many.
LOOK_BACK: Final = 64
#: Lines above the mistake that a repair looks at, and blank ones that do not count.
LINES: Final = 3
BLANKS: Final = 5


class Placed(NamedTuple):
    """A piece, the state before it, and where it begins."""

    piece: str
    state: AnyState
    line: int
    column: int


#: The piece of a mistake (0) and those before it (1, 2, … up to `LOOK_BACK`), None before the text's beginning.
Around = Callable[[int], Placed | None]


class Window(Protocol):
    """The pieces around a mistake, in a document or a stream."""

    def __call__(self, back: int, /) -> Placed | None:
        """See `Around`."""

    def farthest_wrong(self, most: int) -> int:
        """How far above the farthest piece is in which something is wrong, of so many; 0 if nothing is wrong there."""


class Scene:
    """A piece with mistakes, and what stands before it; lexed once for all of them."""

    def __init__(self, machine: Machine, window: Around) -> None:
        here = window(0)
        assert here is not None
        self.machine, self.window, self.here = machine, window, here
        self.text, self.tokens = self.scanned(here)
        self.starts = [token.start for token in self.tokens]
        self.known: dict[int, tuple[Placed, str, list[Scanned]] | None] = {}

    def scanned(self, placed: Placed) -> tuple[str, list[Scanned]]:
        """A piece's text as the lexer sees it, and its tokens without the line's end."""
        text = lexed(self.machine, placed.state, placed.piece)
        mode = placed.state.mode if isinstance(placed.state, InToken) else None
        return text, [t for t in self.machine.lexer.scan(text, mode) if t.kind != NL]

    def _at(self, back: int) -> tuple[Placed, str, list[Scanned]] | None:
        """A piece further up, or further down if negative."""
        if back not in self.known:
            placed = self.window(back)
            self.known[back] = None if placed is None else (placed, *self.scanned(placed))
        return self.known[back]

    def before(self, start: int) -> Iterator[Seen]:
        """Tokens before a column of the piece, nearest first, within `LOOK_BACK` pieces."""
        yield from self._backward(self.here, self.text, self.tokens, bisect_left(self.starts, start))
        for back in range(1, LOOK_BACK + 1):
            known = self._at(back)
            if known is None:
                return
            placed, text, tokens = known
            if not isinstance(placed.state, InToken):
                yield from self._backward(placed, text, tokens, len(tokens))

    def clean(self, back: int) -> tuple[Placed, str, list[Step]] | None:
        """A piece further up as it was parsed, if nothing is wrong in it; its line's end included."""
        placed = self.window(back)
        if placed is None or isinstance(placed.state, InToken):
            return None
        placed.state[placed.piece]                       # it may have been forgotten that something is wrong in it
        if placed.state.mistakes is not None and placed.piece in placed.state.mistakes:
            return None
        steps, after = self._steps(placed.state, placed.piece)
        if isinstance(after, InToken):
            return None
        if steps and placed.piece.endswith(("\n", "\r")):
            last = steps[-1]
            end = Scanned(NL, len(placed.piece), len(placed.piece))
            steps = [*steps, Step(end, self.machine.after(last.state, last.kind), NL)]
        return placed, lexed(self.machine, placed.state, placed.piece), steps

    def _steps(self, state: AnyState, piece: str) -> tuple[list[Step], AnyState]:
        """`steps_of`, remembered: while somebody types, the lines around are looked at again and again."""
        machine = self.machine
        if not isinstance(state, State) or len(piece) > machine.limits.longest_piece:
            return steps_of(machine, state, piece)
        known = machine.looked_at.get((state, piece))
        if known is None:
            known = machine.looked_at[state, piece] = steps_of(machine, state, piece)
            machine.entries += len(known[0]) + 1
            machine.piece_bytes += len(piece)
        return known

    def onward(self, start: int) -> Iterator[tuple[Placed, str, list[Scanned]]]:
        """The tokens from a column of the piece on, then those of the next pieces."""
        yield self.here, self.text, self.tokens[bisect_left(self.starts, start):]
        for ahead in range(1, self.machine.lines_ahead + 1):
            known = self._at(-ahead)
            if known is None:
                break
            yield known

    @staticmethod
    def _backward(placed: Placed, text: str, tokens: list[Scanned], count: int) -> Iterator[Seen]:
        for index in range(count - 1, -1, -1):
            token = tokens[index]
            if token.mode is None:
                yield Scene.seen(placed, text, token)

    @staticmethod
    def seen(placed: Placed, text: str, token: Scanned) -> Seen:
        """A token with its place in the text."""
        return Seen(token.kind, text[token.start:token.end], placed.line, placed.column + token.start,
                    placed.column + token.end)

    def damage(self, mistake: Mistake) -> tuple[Damage | None, list[Seen | None]]:
        """What a repair may look at, and where its tokens are."""
        if mistake.code != EXPECTED_TOKENS or isinstance(mistake.state, InToken):
            return None, []
        states, kinds, places = self._past(mistake)
        for kind, token in self._ahead(mistake):
            kinds.append(kind)
            places.append(token)
        return Damage((*states, mistake.state), tuple(kinds)), places

    def _past(self, mistake: Mistake) -> tuple[list[Settled], list[int], list[Seen | None]]:
        """The tokens before the mistake, as they were parsed, with the states before them; of earlier lines as well."""
        steps = mistake.before
        states, kinds = [step.state for step in steps], [step.kind for step in steps]
        places: list[Seen | None] = [self.seen(self.here, self.text, step.token) for step in steps]
        at_end = mistake.kind == EOF
        whole = at_end or not any(
            token.start < (steps[0].token.start if steps else mistake.start) for token in self.tokens)
        lines = 0
        for back in range(0 if at_end else 1, LINES + BLANKS + 1):
            earlier = self.clean(back) if whole and len(states) < BACK and lines < LINES else None
            if earlier is None:
                break
            placed, text, run = earlier
            lines += bool(run)
            run = run[len(states) - BACK:]               # the last ones, as many as are still wanted
            states[:0], kinds[:0] = [step.state for step in run], [step.kind for step in run]
            places[:0] = [None if step.kind == NL else self.seen(placed, text, step.token) for step in run]
        return states, kinds, places

    def _ahead(self, mistake: Mistake) -> Iterator[tuple[int, Seen | None]]:
        """The tokens from the mistake on, as far as they can be taken; of later lines as well."""
        if mistake.kind == EOF:
            yield EOF, None
            return
        count = 0
        for placed, text, tokens in self.onward(mistake.start):
            for token in tokens:
                kind = self._taken_as(token.kind)
                if kind is None or token.mode is not None or count >= AHEAD:
                    return
                count += 1
                yield kind, self.seen(placed, text, token)
            if placed.piece.endswith(("\n", "\r")):
                yield NL, None
            if isinstance(placed.state, InToken):
                return
        if self.machine.lines_ahead and self.window(-self.machine.lines_ahead) is None:
            yield EOF, None

    def _taken_as(self, kind: int) -> int | None:
        wrong = self.machine.wrong.get(kind)
        if wrong is None:
            return None if kind == ERROR else kind
        return None if wrong.stands_for is None else self.machine.lexer.kind[wrong.stands_for]
