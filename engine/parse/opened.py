"""Where the token begins in which a text ends: a raw string, a text or a comment that is never closed.

Such a mistake is told at its beginning, which may stand far above the end.  It is found by walking back over pieces and
the states before them.  Invariant: the walk has a bound, counted in pieces, and nothing else can tell a document, a
batch and a stream apart.
"""
from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

from engine.parse.fixes import Seen
from engine.parse.lexer import OPEN
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.recovery import lexed

__all__ = ["FARTHEST", "Opening", "opening"]

#: Pieces walked back for the beginning of a token; one that begins further above is told at the end of the text.
FARTHEST: Final = 10_000


class Opening(NamedTuple):
    """The beginning of a token: how many pieces back, at which column of that piece, and the text that opens it."""

    back: int
    column: int
    text: str

    def at(self, line: int, column: int) -> Seen:
        """The same, where its piece begins at a line and a column."""
        start = column + self.column
        return Seen(OPEN, self.text, line, start, start + len(self.text))


def opening(machine: Machine, backward: Iterable[tuple[str, AnyState]]) -> Opening | None:
    """The beginning of the token that is open behind the first of some pieces; None if it is not within `FARTHEST`.

    The pieces come with the states before them, latest first.
    """
    lexer, inside, mode, closer = machine.lexer, None, None, ""
    for back, (piece, state) in enumerate(islice(backward, FARTHEST)):
        if state is inside and closer not in piece:
            continue                                     # nearly always: what does not end here has not begun here
        inside, mode = (state, state.mode) if isinstance(state, InToken) else (None, None)
        if mode is not None and (closer := mode.closer) not in piece:
            continue
        text = lexed(machine, state, piece)
        last = next(reversed(list(lexer.scan(text, mode))), None)
        if last is not None and last.mode is not None and (last.start or mode is None):
            return Opening(back, last.start, lexer.opener(lexer.spanning[last.mode.token], text, last.start))
        if mode is None:
            return None                                  # a seam lies between: the end is that of an older text
    return None
