"""Finding the first of two chained comparisons on a line, for the message that names both.

Works on the text in front of the second operator, from right to left, with brackets balanced; it is a guess at what was
meant and steers words and a fix only.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Comparison", "chained"]

_TOKEN: Final = re.compile(
    r"""r?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+'|//.*|\|>|&&|\|\||==|!=|<=|>=|->|=>|:=|\.\.|[\w.:]+|[^\s\w]"""
)
_RELATIONS: Final = frozenset(("<", "<=", ">", ">="))
_EQUALITIES: Final = frozenset(("==", "!="))
#: What an operand of a comparison cannot reach over, towards the left.
_BOUNDS: Final = frozenset(
    (
        "&&",
        "||",
        "|>",
        "=",
        ":=",
        "->",
        "=>",
        ",",
        ";",
        "|",
        "if",
        "then",
        "else",
        "match",
        "with",
        "when",
        "while",
        "in",
        "return",
        "break",
        "not",
        "defer",
        "{",
        "(",
        "[",
    )
)


class Comparison(NamedTuple):
    """The operator, and where its left operand begins; None if that is above the line."""

    operator: str
    start: int | None


def chained(before: str, operator: str) -> Comparison | None:
    """The comparison in `before` with which `operator` behind it would be chained."""
    tokens = list(_TOKEN.finditer(before))
    level = _RELATIONS if operator in _RELATIONS else _EQUALITIES
    bounds = _BOUNDS | _EQUALITIES if level is _RELATIONS else _BOUNDS
    first = _leftwards(tokens, len(tokens), level | bounds)
    if first is None or tokens[first][0] not in level:
        return None
    bound = _leftwards(tokens, first, bounds)
    index = 0 if bound is None else bound + 1
    return Comparison(tokens[first][0], tokens[index].start() if index < first else None)


def _leftwards(tokens: list[re.Match[str]], end: int, wanted: frozenset[str]) -> int | None:
    """The index of the nearest token in front of `end` that is wanted, outside of brackets but for the one around."""
    depth = 0
    for index in range(end - 1, -1, -1):
        text = tokens[index][0]
        if depth == 0 and text in wanted:
            return index
        depth += (text in (")", "]", "}")) - (text in ("(", "[", "{"))
        if depth < 0:
            return None
    return None
