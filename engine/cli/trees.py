"""Trees as text: indented for people, one JSON document, or one JSON object per event.

Written part by part and without recursion: a tree may be as deep as its text is long.
Places are those of `penstock check`: 1-based, columns in code points, `byte` the UTF-8 offset, ends exclusive.
Invariant: the tokens of every form are those of the tree, in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from engine.cli.display import printable
from engine.cli.formats.json_lines import clean
from engine.parse.source import Position, split_lines, utf8_length
from engine.parse.tree import Node, Token

__all__ = ["written"]

_INDENT: Final = "  "
#: levels of the indented form beyond which the indentation stands still
_DEEPEST: Final = 40

Range = dict[str, dict[str, int]]
Step = tuple[str, Node | Token, int]


def written(root: Node, text: str, form: str) -> Iterator[str]:
    """The tree of a text as `tree`, `json` or `events`, in parts."""
    match form:
        case "tree":
            return _indented(root)
        case "json":
            return _nested(root, _ranges(root, text))
        case _:
            return _events(root, _ranges(root, text))


def _steps(root: Node) -> Iterator[Step]:
    """The tree in order: `open` and `close` around a node's children, `token` for a leaf, each with its depth."""
    stack: list[Step] = [("open", root, 0)]
    while stack:
        step = stack.pop()
        yield step
        kind, tree, depth = step
        if kind == "open" and isinstance(tree, Node):
            stack.append(("close", tree, depth))
            stack += [("token" if isinstance(c, Token) else "open", c, depth + 1) for c in reversed(tree.children)]


def _indented(root: Node) -> Iterator[str]:
    for kind, tree, depth in _steps(root):
        indent = _INDENT * min(depth, _DEEPEST)
        if isinstance(tree, Token):
            yield f"{indent}{tree.line + 1}:{tree.column + 1} {tree.kind} {_quoted(tree.text)}\n"
        elif kind == "open":
            yield f"{indent}{tree.rule}\n"


def _quoted(text: str) -> str:
    return printable(text) if text.isprintable() else json.dumps(clean(text))


def _events(root: Node, ranges: dict[int, Range]) -> Iterator[str]:
    for kind, tree, _ in _steps(root):
        said: dict[str, Any] = {"event": kind}
        if isinstance(tree, Token):
            said |= {"kind": tree.kind, "text": clean(tree.text), "range": ranges[id(tree)]}
        else:
            said |= {"rule": tree.rule}
        yield json.dumps(said, separators=(",", ":")) + "\n"


def _nested(root: Node, ranges: dict[int, Range]) -> Iterator[str]:
    between = ""
    for kind, tree, _ in _steps(root):
        if kind == "close":
            yield "]}"
            between = ","
            continue
        said: dict[str, Any] = (
            {"rule": tree.rule} if isinstance(tree, Node) else {"kind": tree.kind, "text": clean(tree.text)}
        )
        said["range"] = ranges.get(id(tree))
        form = between + json.dumps(said, separators=(",", ":"))
        if isinstance(tree, Node):
            yield form[:-1] + ',"children":['
            between = ""
        else:
            yield form
            between = ","
    yield "\n"


def _ranges(root: Node, text: str) -> dict[int, Range]:
    """The range of each node and token of the tree by its identity; a node without tokens has none."""
    places = _Places(text)
    ranges: dict[int, Range] = {}
    open_nodes: list[Range | None] = []
    for kind, tree, _ in _steps(root):
        if kind == "open":
            open_nodes.append(None)
        elif isinstance(tree, Token):
            ranges[id(tree)] = place = places.of(tree)
            open_nodes[-1] = _joined(open_nodes[-1], place)
        else:
            found = open_nodes.pop()
            if found is not None:
                ranges[id(tree)] = found
                if open_nodes:
                    open_nodes[-1] = _joined(open_nodes[-1], found)
    return ranges


def _joined(first: Range | None, last: Range) -> Range:
    return last if first is None else {"start": first["start"], "end": last["end"]}


class _Places:
    """The places of tokens that come in order; each is found from the one before."""

    def __init__(self, text: str) -> None:
        self._lines = split_lines(text)
        self._at = Position(0, 0)
        self._byte = 0

    def of(self, token: Token) -> Range:
        """The range of the next token."""
        self._move(Position(token.line, token.column))
        start = self._place()
        self._move(token.end)
        return {"start": start, "end": self._place()}

    def _move(self, to: Position) -> None:
        line, column = self._at.line, self._at.column
        while line < to.line:
            self._byte += utf8_length(self._lines[line][column:])
            line, column = line + 1, 0
        self._byte += utf8_length(self._lines[line][column : to.column])
        self._at = to

    def _place(self) -> dict[str, int]:
        return {"line": self._at.line + 1, "column": self._at.column + 1, "byte": self._byte}
