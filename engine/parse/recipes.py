"""What a whole piece does to a tree, worked out once for a state and the kinds of the piece.

The lines of a text are of few kinds.  So what their transitions do is put together into a short list of instructions,
with the tokens as numbers; a tree is then made by following it, without a look at the grammar.

Knows no texts and no nodes.  Invariant: a recipe does what its transitions do, one after the other.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.parse.lexer import NL, OPEN, WS
from engine.parse.steps import ADOPT, CLOSE, OPEN_NODE, TAKE, Actions

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


class Recipes(dict[tuple["Settled", tuple[int, ...]], Recipe | None]):
    """From a state and the kinds of a piece that is right there, blanks included, to the recipe.

    None for a piece that ends while several alternatives are alive, or inside a token.
    """

    __slots__ = ("machine",)

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def __missing__(self, key: tuple[Settled, tuple[int, ...]]) -> Recipe | None:
        recipe = _recipe(self.machine, *key)
        if not self.machine.is_full:
            self[key] = recipe
            self.machine.entries += 1 + (0 if recipe is None else len(recipe))
        return recipe


def _recipe(machine: Machine, state: Settled, kinds: tuple[int, ...]) -> Recipe | None:
    if OPEN in kinds:
        return None
    alive: list[tuple[Actions, ...]] = [()]
    for kind in kinds:
        if kind not in (WS, NL):
            moves = machine.moves(state, kind)
            alive = [(*alive[move.source if len(alive) > 1 else 0], move.actions) for move in moves]
        state = state[kind]                              # type: ignore[assignment]
    return _condensed(alive[0]) if len(alive) == 1 else None


def _condensed(steps: tuple[Actions, ...]) -> Recipe:
    """What the tokens' transitions do, with neighbours put together."""
    recipe: list[Instruction] = [(TAKE, "", 0, 0, 0)]
    for leaf, actions in enumerate(steps):
        for op, rule in actions:
            last, name, closes, first, end = recipe[-1]
            if op == TAKE and last not in (WHOLE, AROUND):
                recipe[-1] = last, name, closes, first if first < end else leaf, leaf + 1
            elif op == TAKE:
                recipe.append((TAKE, "", 0, leaf, leaf + 1))
            elif op == CLOSE and last in _AT_ONCE:
                recipe[-1] = _AT_ONCE[last], name, 0, first, end
            elif op == CLOSE and last == CLOSE and first == end:
                recipe[-1] = CLOSE, "", closes + 1, 0, 0
            else:
                recipe.append((op, rule, int(op == CLOSE), 0, 0))
    return tuple(recipe) if recipe[0][4] else tuple(recipe[1:])
