"""Trees, made on demand from the events of transitions.

A node is a rule of the grammar with its children; a leaf is a token with its place.  Trees are made for any stretch of
a text that begins where a *unit* (a child of the root, for example a declaration) begins, so a large file costs only
what somebody looks at.  While several alternatives are alive their events wait in linked lists and are replayed once
one is left.  Errors are not in the tree: a dropped token is a leaf of kind ``ERROR``.

Invariant: the leaves are the tokens of the text, in order, each exactly once.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from engine.parse.lexer import EOF, NL
from engine.parse.machine import AnyState, InToken, Machine, Settled, State
from engine.parse.recipes import WHOLE, Recipe
from engine.parse.recovery import lexed, steps_of
from engine.parse.source import Position, Span
from engine.parse.steps import ADOPT, CLOSE, OPEN_NODE, TAKE, Actions, Move
from engine.parse.values import SPANNED

__all__ = ["Node", "Token", "Tree", "build", "tokens", "value"]

ROOT: Final = "Root"


class Token(NamedTuple):
    """A leaf: kind, text, and where it begins: its line counted from the stretch's first, its column in code points."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def end(self) -> Position:
        """Where the token ends."""
        if "\n" not in self.text and "\r" not in self.text:
            return Position(self.line, self.column + len(self.text))
        lines = self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return Position(self.line + len(lines) - 1, len(lines[-1]))

    @property
    def span(self) -> Span:
        """Where the token stands."""
        return Span(Position(self.line, self.column), self.end)


class Node:
    """A rule of the grammar and what it was made of."""

    __slots__ = ("children", "rule")

    def __init__(self, rule: str, children: list[Tree]) -> None:
        self.rule, self.children = rule, children

    def tokens(self) -> Iterator[Token]:
        """The leaves, in order."""
        stack: list[Tree] = [self]
        while stack:
            tree = stack.pop()
            if isinstance(tree, Token):
                yield tree
            else:
                stack.extend(reversed(tree.children))

    def nodes(self) -> Iterator[Node]:
        """The node and all nodes below it, outer before inner, in order of the text."""
        stack: list[Tree] = [self]
        while stack:
            tree = stack.pop()
            if isinstance(tree, Node):
                yield tree
                stack.extend(reversed(tree.children))

    @property
    def first(self) -> Token | None:
        """The first leaf."""
        return next(self.tokens(), None)

    @property
    def last(self) -> Token | None:
        """The last leaf."""
        stack: list[Tree] = [self]
        while stack:
            tree = stack.pop()
            if isinstance(tree, Token):
                return tree
            stack.extend(tree.children)
        return None

    @property
    def span(self) -> Span:
        """From the first leaf to the last; of a node without leaves, nowhere (line 0, column 0)."""
        first, last = self.first, self.last
        if first is None or last is None:
            return Span.on_line(0, 0, 0)
        return Span(first.span.start, last.end)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and all(a == b for a, b in zip(_flat(self), _flat(other), strict=False)) \
            and sum(1 for _ in _flat(self)) == sum(1 for _ in _flat(other))

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "".join(_shown(self))


Tree = Node | Token


def _flat(node: Node) -> Iterator[Token | tuple[str, int]]:
    stack: list[Tree] = [node]
    while stack:
        tree = stack.pop()
        if isinstance(tree, Token):
            yield tree
        else:
            yield tree.rule, len(tree.children)
            stack.extend(reversed(tree.children))


def _shown(node: Node) -> Iterator[str]:
    """An S-expression, made without recursion."""
    stack: list[Tree | str] = [node]
    while stack:
        tree = stack.pop()
        if isinstance(tree, str):
            yield tree
        elif isinstance(tree, Token):
            yield tree.text
        else:
            yield f"({tree.rule}"
            stack.append(")")
            for child in reversed(tree.children):
                stack.extend((child, " "))


def build(machine: Machine, pieces: Iterable[str], state: AnyState | None = None, *, at_end: bool = False) -> Node:
    """The tree of some pieces, which follow `state` (the start of a text if None), under a root node.

    `at_end`: the text ends here.  Takes time linear in the pieces; never raises.
    """
    builder = _Builder(machine, machine.start if state is None else state)
    for piece in pieces:
        builder.piece(piece)
    return builder.finish(at_end)


def tokens(machine: Machine, pieces: Iterable[str], state: AnyState | None = None) -> Iterator[Token]:
    """The tokens of some pieces; one that is unfinished at the end is given with kind ``ERROR``."""
    yield from build(machine, pieces, state).tokens()


class _Log:
    """Events of an alternative that is not decided yet: a linked list, latest first."""

    __slots__ = ("actions", "leaf", "previous")

    def __init__(self, previous: _Log | None, actions: Actions, leaf: Token | None) -> None:
        self.previous, self.actions, self.leaf = previous, actions, leaf


class _Builder:
    """Keeps the open nodes; pieces go in, a root comes out."""

    def __init__(self, machine: Machine, state: AnyState) -> None:
        self.machine, self.state = machine, state
        self.line, self.column = 0, 0                    # where the next piece begins
        self.part: list[str] = []                        # a token that is not finished yet,
        self.part_at = (0, 0)                            # and where it began
        self.root: list[Tree] = []
        settled = state.base if isinstance(state, InToken) else state
        # Children of the open nodes.  Of those that were opened before this stretch the closing comes, but they are not
        # part of it: what they hold belongs to the root.
        self.open: list[list[Tree]] = [self.root] * (machine.cells.opens(settled.cells[0]) + 1)
        self.logs: list[_Log] | None = None

    def piece(self, piece: str) -> None:
        """Take a piece."""
        if not self._follows_recipe(piece):
            self._slow(piece)
        if piece.endswith(("\n", "\r")):
            self.line, self.column = self.line + 1, 0
        else:
            self.column += len(piece)

    def _follows_recipe(self, piece: str) -> bool:
        """Take a piece in which nothing is wrong, if it has a recipe; was it done?"""
        state, machine = self.state, self.machine
        if state.__class__ is not State or self.logs is not None or state is machine.start:
            return False
        after = state[piece]
        if state.mistakes is not None and piece in state.mistakes or after.__class__ is InToken:
            return False
        tiles = list(map(machine.lexer.leaf_of, machine.lexer.tiles(piece)))
        recipe = machine.recipes[state, tuple([kind for kind, _, _, _ in tiles])]
        if recipe is None:
            return False
        leaves: list[Tree] = []
        new, line, column = tuple.__new__, self.line, self.column
        for kind, name, text, blanks in tiles:
            column += blanks
            if kind > NL:
                leaves.append(new(Token, (name, text, line, column)))
            column += len(text)
        self._follow(recipe, leaves)
        self.state = after
        return True

    def _follow(self, recipe: Recipe, leaves: list[Tree]) -> None:
        """One loop, for speed: it makes whole trees."""
        nodes = self.open
        top = nodes[-1]
        for op, rule, closes, first, last in recipe:
            if op == WHOLE:
                top.append(Node(rule, leaves[first:last]))
            elif op == OPEN_NODE:
                children = leaves[first:last]
                top.append(Node(rule, children))
                nodes.append(children)
                top = children
            elif op == CLOSE:
                del nodes[max(1, len(nodes) - closes):]
                top = nodes[-1]
                if first < last:
                    top += leaves[first:last]
            elif op == TAKE:
                top += leaves[first:last]
            else:
                children = [top.pop(), *leaves[first:last]] if top else leaves[first:last]
                top.append(Node(rule, children))
                if op == ADOPT:
                    nodes.append(children)
                    top = children

    def _slow(self, piece: str) -> None:
        machine = self.machine
        text = lexed(machine, self.state, piece)
        steps, after = steps_of(machine, self.state, piece)
        for step in steps:
            mode = step.token.mode
            if mode is not None and machine.lexer.spanning[mode.token].kind is None:
                break                                    # a comment is not a token
            if not self.part:
                self.part_at = (self.line, self.column + step.token.start)
            self.part.append(text[step.token.start:step.token.end])
            if mode is not None:
                break
            wrong = step.kind not in (step.token.kind, -1) and step.token.kind not in machine.wrong
            kind = "ERROR" if wrong else machine.lexer.names[step.token.kind]
            leaf = Token(kind, "".join(self.part), *self.part_at)
            self.part = []
            assert not isinstance(step.before, InToken)
            if step.kind < 0:
                self._settle()
                self.open[-1].append(leaf._replace(kind="ERROR"))
            else:
                if step.jumped:
                    self._unwind(step.before)
                self._take(leaf, step.before, step.kind)
        if steps and steps[-1].kind < 0 and not isinstance(after, InToken):
            self._unwind(after)                          # a line that ends with dropped tokens ends at an anchor
        self.state = after

    def _take(self, leaf: Token, state: Settled, kind: int) -> None:
        moves = self.machine.moves(state, kind)
        if self.logs is None and len(moves) == 1:
            self._apply(moves[0].actions, leaf)
        else:
            self._follow_alternatives(moves, leaf)

    def _follow_alternatives(self, moves: tuple[Move, ...], leaf: Token) -> None:
        """Take a token in each alternative that is alive."""
        self.logs = [_Log(self.logs[move.source] if self.logs else None, move.actions, leaf) for move in moves]
        if len(self.logs) == 1:
            self._settle()

    def _apply(self, actions: Actions, leaf: Token | None) -> None:
        nodes = self.open
        top = nodes[-1]
        for op, name in actions:
            if op == TAKE:
                if leaf is not None:
                    top.append(leaf)
            elif op == CLOSE:
                if len(nodes) > 1:
                    nodes.pop()
                    top = nodes[-1]
            else:
                children = [top.pop()] if op == ADOPT and top else []
                top.append(Node(name, children))
                nodes.append(children)
                top = children

    def _settle(self) -> None:
        """Replay the leftmost alternative."""
        todo, log = [], self.logs[0] if self.logs else None
        while log is not None:
            todo.append(log)
            log = log.previous
        self.logs = None
        for entry in reversed(todo):
            self._apply(entry.actions, entry.leaf)

    def _unwind(self, state: Settled) -> None:
        """Parsing goes on elsewhere: close what is open beyond it; what would be open there stands for what is."""
        self._settle()
        opens = self.machine.cells.opens(state.cells[0])
        del self.open[opens + 1:]
        self.open += [self.open[-1]] * (opens + 1 - len(self.open))

    def finish(self, at_end: bool) -> Node:
        state = self.state
        if self.part:
            self._settle()
            self.open[-1].append(Token("ERROR", "".join(self.part), *self.part_at))
        elif at_end and not isinstance(state, InToken) and (moves := self.machine.moves(state, EOF)):
            if self.logs is not None:
                self.logs = [self.logs[moves[0].source]]
            self._settle()
            self._apply(moves[0].actions, None)
        self._settle()
        return Node(ROOT, self.root)


def value(machine: Machine, node: Node) -> Any:
    """The value of a tree: functions of `map` and `spanned` applied, everything else as it is."""
    results: list[list[Any]] = [[]]
    stack: list[Tree | tuple[Node, Callable[..., Any]]] = [node]
    while stack:
        tree = stack.pop()
        if isinstance(tree, tuple) and not isinstance(tree, Token):
            mapped, fn = tree
            values = results.pop()
            if fn is SPANNED:
                results[-1].append((tuple(values) if len(values) != 1 else values[0], mapped.span))
            else:
                results[-1].append(fn(*values))
        elif isinstance(tree, Node) and tree.rule in machine.tables.mapped:
            stack.append((tree, machine.tables.mapped[tree.rule]))
            stack.extend(reversed(tree.children))
            results.append([])
        elif isinstance(tree, Node) and machine.tables.mapped:
            stack.append((tree, _rebuild(tree)))
            stack.extend(reversed(tree.children))
            results.append([])
        else:
            results[-1].append(tree)
    return results[0][0]


def _rebuild(node: Node) -> Callable[..., Node]:
    return lambda *children: Node(node.rule, list(children))
