"""Mistakes that are none once an earlier one is repaired: one forgotten bracket is one diagnostic, not one a line.

Parsing goes on from a mistake in a way that looks no further than its line, so a bracket lost there may make all the
next lines look wrong.  Here the text is run once more, from the repair of the first mistake on, and from other ones
that are about brackets only: where one of them goes through, the mistakes it goes past are not worth a word.  Neither
is that something is missing where an unknown character stands.
A bounded stretch is looked at; that decides what is said, no state.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.parse.fixes import PAIRS
from engine.parse.lexer import EOF, ERROR, NL, Scanned
from engine.parse.machine import AnyState, InToken, Machine, Reject
from engine.parse.recovery import EXPECTED_TOKENS, Mistake, inserted
from engine.parse.repair import Damage, Repair
from engine.parse.scene import BLANKS, LINES, LOOK_BACK, Around, Placed, Scene, Window
from engine.parse.search import repairs

__all__ = ["unexplained"]

#: How far up the cause of a mistake is looked for: its own repair looks at some pieces more.
_FARTHEST: Final = LOOK_BACK - LINES - BLANKS
_BRACKETS: Final = frozenset((*PAIRS, *PAIRS.values()))
#: What follows if mistakes are repaired in one way or another.
States = tuple[AnyState, ...]
#: Mistakes that are repaired on the way to one; where there are more, each is told.
MOST_CAUSES: Final = 8


def unexplained(machine: Machine, mistakes: Sequence[Mistake], window: Window, scene: Scene) -> list[Mistake]:
    """Those of the mistakes of ``window(0)``, which `scene` shows, that the repair of no earlier one does away with."""
    mistakes = [m for m in mistakes if not _is_meant_by_unknown(machine, scene, m)]
    if not mistakes:
        return []
    own, at_end = _mistakes(scene.here), mistakes[-1].kind == EOF
    after = _through(_repaired_so_far(machine, window), scene.here)
    cause: Mistake | None = None
    if not after and (len(own) > 1 or own and at_end):
        cause = own[0]
        after = _past(machine, scene, cause)
    if not after or at_end and not any(map(machine.accepts_end, after)):
        return list(mistakes)
    return [m for m in mistakes if m is cause or not _is_follower(m)]


def _is_meant_by_unknown(machine: Machine, scene: Scene, mistake: Mistake) -> bool:
    """Is something missing exactly where an unknown character stands?  Then that is the mistake, told already."""
    if not _is_follower(mistake):
        return False
    before = _token_before(scene, mistake.start)
    damage, _ = scene.damage(mistake) if before is not None and before.kind == ERROR else (None, [])
    if damage is None:
        return False
    changes = [found.changes for found in repairs(machine, damage) if found.clean]
    return any(len(each) == 1 and each[0].op == "insert" and {*damage.kinds[each[0].index:damage.at]} <= {NL}
               for each in changes)


def _token_before(scene: Scene, start: int) -> Scanned | None:
    """The token in front of a column of the piece, or the last one of the few pieces above."""
    above = [token for token in scene.tokens if token.start < start]
    for back in range(1, BLANKS + 2):
        placed = scene.window(back) if not above else None
        if placed is None or isinstance(placed.state, InToken):
            break
        _, above = scene.scanned(placed)
    return above[-1] if above else None


def _is_follower(mistake: Mistake) -> bool:
    """May an earlier mistake be the cause of this one?"""
    return mistake.code == EXPECTED_TOKENS


def _repaired_so_far(machine: Machine, window: Window) -> States:
    """The states before ``window(0)`` if the mistakes above were repaired; none if that makes no difference."""
    states: States = ()
    tries = 0
    for back in range(window.farthest_wrong(_FARTHEST), 0, -1):
        placed = window(back)
        assert placed is not None
        states = _through(_others(machine, states, placed), placed)
        if not states and tries < MOST_CAUSES and _mistakes(placed):
            tries += 1
            states = _repaired(machine, window, back)
    here = window(0)
    assert here is not None
    return _others(machine, states, here)


def _others(machine: Machine, states: States, placed: Placed) -> States:
    """The states that differ from the one a piece was parsed in."""
    return tuple([state for state in states if not machine.same(state, placed.state)])


def _mistakes(placed: Placed | None) -> tuple[Mistake, ...]:
    if placed is None:
        return ()
    placed.state[placed.piece]                           # it may have been forgotten that something is wrong in it
    known = placed.state.mistakes
    return known[placed.piece][1] if known is not None and placed.piece in known else ()


def _seen_from(window: Window, back: int) -> Around:
    return lambda further: window(back + further)


def _repaired(machine: Machine, window: Window, back: int) -> States:
    """`_past` for the first mistake of a piece above; remembered, since all the mistakes below it ask for that."""
    stretch = range(back + LINES + BLANKS, back - machine.lines_ahead - 1, -1)
    seen = tuple(placed and (placed.state, placed.piece) for placed in map(window, stretch))
    if seen not in machine.repaired:
        scene = Scene(machine, _seen_from(window, back))
        machine.repaired[seen] = _past(machine, scene, _mistakes(scene.here)[0])
        machine.entries += len(seen)
    return machine.repaired[seen]


def _through(states: States, placed: Placed) -> States:
    """The states after a piece, of those in which nothing is wrong in it."""
    return tuple([state[placed.piece] for state in states if not _mistakes(placed._replace(state=state))])


def _past(machine: Machine, scene: Scene, mistake: Mistake) -> States:
    """The states after the piece of a mistake that is repaired; none if no repair leads so far.

    Besides the best repair those count that change a bracket only: what a lost one puts wrong may be far below.
    """
    damage, _ = scene.damage(mistake)
    tokens = [t for t in scene.tokens if t.start >= mistake.start]
    if damage is None or any(token.mode is not None or token.kind in machine.wrong for token in tokens):
        return ()
    kinds = [*damage.kinds[:damage.at], *(token.kind for token in tokens)]
    if scene.here.piece.endswith(("\n", "\r")):
        kinds.append(NL)
    after = [_replayed(machine, damage, found.changes, kinds) for rank, found in enumerate(repairs(machine, damage))
             if found.clean and found.changes[-1].index <= damage.at     # what is further on is a mistake of its own
             and (not rank or all(machine.tables.kinds[change.kind] in _BRACKETS for change in found.changes))]
    return tuple([state for state in after if state is not None])


def _replayed(machine: Machine, damage: Damage, changes: Repair, kinds: list[int]) -> AnyState | None:
    """The state after tokens, the changes of a repair made on the way."""
    begin = changes[0].index
    state = damage.states[begin]
    try:
        for index in range(begin, len(kinds)):
            kind = kinds[index]
            for change in changes:
                if change.index == index and change.op == "insert":
                    state = inserted(machine, state, change)
                elif change.index == index:
                    kind = change.kind if change.op == "replace" else -1
            if kind >= 0:
                after = state[machine.lexer.keys[kind]]
                assert not isinstance(after, InToken)
                state = after
    except Reject:
        return None
    return state
