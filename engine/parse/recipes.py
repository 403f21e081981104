"""What a whole piece does to a tree, worked out once for a state and the kinds of the piece.

The lines of a text are of few kinds.  So what their transitions do is put together into a short list of instructions,
with the tokens as numbers; a tree is then made by following it, without a look at the grammar.

Knows no texts and no nodes.  Invariant: a recipe does what its transitions do, one after the other.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.parse.lexer import NL, OPEN, WS
from engine.parse.steps import ADOPT, CLOSE, OPEN_NODE, TAKE, Actions, Move
from engine.parse.tables import Symbols_

if TYPE_CHECKING:
    from engine.parse.machine import Machine
    from engine.parse.states import Settled

__all__ = ["AROUND", "WHOLE", "Instruction", "Recipe", "Recipes"]

#: A node that takes some leaves and is closed at once: a new one, and one around the last sibling.
WHOLE, AROUND = CLOSE + 1, CLOSE + 2
_AT_ONCE: Final = {OPEN_NODE: WHOLE, ADOPT: AROUND}

#: What to do; the node's name; how many nodes are closed; the leaves that follow, from the first to before the last.
Instruction = tuple[int, str, int, int, int]
Recipe = tuple[Instruction, ...]
#: Before the first instruction.
_NOTHING: Final[Instruction] = -1, "", 0, 0, 0


class Recipes(dict[tuple["Settled", tuple[int, ...]], Recipe | None]):
    """From a state and the kinds of a piece that is right there, blanks included, to the recipe.

    None for a piece that ends while several alternatives are alive, or inside a token.
    """

    __slots__ = ("_of_events", "machine")

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._of_events: dict[Symbols_, Recipe] = {}

    def __missing__(self, key: tuple[Settled, tuple[int, ...]]) -> Recipe | None:
        moves = _moves(self.machine, *key)
        recipe = None if moves is None else self._joined(moves)
        if not self.machine.is_full:
            self[key] = recipe
            self.machine.entries += 1 + (0 if recipe is None else len(recipe))
        return recipe

    def _joined(self, moves: list[Move]) -> Recipe:
        """What the tokens' transitions do, with neighbours put together."""
        recipe: list[Instruction] = []
        for leaf, move in enumerate(moves):
            short = self._of_events.get(move.events)
            if short is None:
                short = self._of_events[move.events] = _condensed(move.actions)
            for op, rule, closes, first, end in short:
                _add(recipe, op, rule, closes, first + leaf, end + leaf)
        return tuple(recipe)


def _moves(machine: Machine, state: Settled, kinds: tuple[int, ...]) -> list[Move] | None:
    """How each token is taken."""
    if OPEN in kinds:
        return None
    alive: list[list[Move]] = [[]]
    for kind in kinds:
        if kind not in (WS, NL):
            moves = machine.moves(state, kind)
            if len(moves) == len(alive) == 1:
                alive[0].append(moves[0])
            else:
                alive = [[*alive[move.source if len(alive) > 1 else 0], move] for move in moves]
        state = state[machine.lexer.keys[kind]]                              # type: ignore[assignment]
    return alive[0] if len(alive) == 1 else None


def _condensed(actions: Actions) -> Recipe:
    """What one token does."""
    recipe: list[Instruction] = []
    for op, rule in actions:
        _add(recipe, op, rule, int(op == CLOSE), 0, int(op == TAKE))
    return tuple(recipe)


def _add(recipe: list[Instruction], op: int, rule: str, closes: int, first: int, end: int) -> None:
    """Put an instruction behind others, or together with the last of them."""
    last, name, count, begin, stop = recipe[-1] if recipe else _NOTHING
    if op == TAKE and last in (TAKE, CLOSE, OPEN_NODE, ADOPT):
        recipe[-1] = last, name, count, begin if begin < stop else first, end
    elif op == CLOSE and last in _AT_ONCE:
        recipe[-1] = _AT_ONCE[last], name, 0, begin, stop
        if closes > 1:
            recipe.append((CLOSE, "", closes - 1, first, end))
        elif first < end:
            recipe.append((TAKE, "", 0, first, end))
    elif op == CLOSE and last == CLOSE and begin == stop:
        recipe[-1] = CLOSE, "", count + closes, first, end
    else:
        recipe.append((op, rule, closes, first, end))
