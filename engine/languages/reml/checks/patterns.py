"""Checks of patterns: names bound twice, rest items, bounds of ranges, regular expressions, guards.

A pattern is looked at as a whole, from its outermost node; a bare name is a leaf and needs no check.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from engine.languages.reml.checks.regex import regex_fault
from engine.languages.reml.checks.shapes import LOWER_NAMES, child, finding, first_token, replace, span_of, words
from engine.languages.reml.literals import int_value, string_value
from engine.parse.diagnostics import Diagnostic, Related, Severity
from engine.parse.tree import Node, Token, Tree

__all__ = ["PATTERNS", "arm_findings", "pattern_findings"]

#: Rules of patterns; the outermost one of them is a whole pattern.
PATTERNS: Final = frozenset(
    (
        "OrPattern",
        "RangePattern",
        "AsPattern",
        "BindPattern",
        "ConstructorPattern",
        "TuplePattern",
        "RecordPattern",
        "SlicePattern",
        "LiteralPattern",
    )
)


def arm_findings(arm: Node) -> Iterator[Diagnostic]:
    """An `if` as guard; a name behind `as` that the pattern has bound already."""
    guard = child(arm, "Guard")
    if guard is not None and guard.children and isinstance(guard.children[0], Token) and guard.children[0].kind == "if":
        word = guard.children[0]
        yield finding(
            "pattern.guard.if_deprecated",
            "`if` as the guard of an arm is old style; it is written `when`",
            arm.span,
            fixes=replace("Write `when`", word.span, "when"),
            severity=Severity.WARNING,
        )
    tokens = words(arm)
    for before, name in pairwise(tokens):
        pattern = next((part for part in arm.children if not isinstance(part, Token) or part.kind != "|"), None)
        if before.kind == "as" and name.kind in LOWER_NAMES and pattern is not None and pattern is not name:
            bound = {token.text: token for token in _bindings(pattern)}
            if name.text in bound:
                yield _bound_twice(name, bound[name.text])


def pattern_findings(pattern: Node) -> Iterator[Diagnostic]:
    """What is wrong inside a whole pattern."""
    seen: list[Tree] = [pattern]
    while seen:
        tree = seen.pop()
        if isinstance(tree, Token):
            continue
        seen.extend(tree.children)
        if tree.rule == "SlicePattern":
            yield from _rest_items(tree)
        elif tree.rule == "RangePattern":
            yield from _bounds(tree)
        elif tree.rule == "LiteralPattern":
            yield from _regex(tree)
    yield from _bound_names(pattern)


# ------------------------------------------------------------------------------------------------------------ names
def _bound_names(pattern: Node) -> Iterator[Diagnostic]:
    first: dict[str, Token] = {}
    for name in _bindings(pattern):
        known = first.setdefault(name.text, name)
        if known is not name:
            yield _bound_twice(name, known)


def _bound_twice(name: Token, first: Token) -> Diagnostic:
    return finding(
        "pattern.binding.duplicate_name",
        f"`{name.text}` is bound twice in this pattern",
        name.span,
        related=(Related(first.span, f"`{first.text}` is bound here first"),),
    )


def _bindings(pattern: Tree) -> list[Token]:
    """The names a pattern binds, in order of the text; of alternatives, those of the first one."""
    out: list[Token] = []
    stack: list[Tree] = [pattern]
    while stack:
        tree = stack.pop()
        if isinstance(tree, Token):
            if tree.kind in LOWER_NAMES:
                out.append(tree)
        else:
            stack.extend(reversed(list(_parts_that_bind(tree))))
    return out


def _parts_that_bind(node: Node) -> Iterator[Tree]:
    """The parts of a pattern in which names bind; a name as a leaf is one that does."""
    match node.rule:
        case "LiteralPattern":
            return
        case "OrPattern":
            yield from node.children[:1]  # the alternatives bind the same names, each on its own
        case "ConstructorPattern":
            opening = next(
                (i for i, part in enumerate(node.children) if isinstance(part, Token) and part.kind in ("(", "{")), None
            )
            yield from node.children[opening:] if opening is not None else ()
        case "FieldPattern":
            yield from node.children[2:] if len(node.children) > 1 else node.children
        case "TuplePattern":
            closing = next(
                (i for i, part in enumerate(node.children) if isinstance(part, Token) and part.kind == ")"), 0
            )
            active = len(node.children) > 1 and isinstance(node.children[1], Token) and node.children[1].kind == "|"
            yield from node.children[closing + 1 :] if active else node.children
        case _:
            yield from node.children


# -------------------------------------------------------------------------------------------------- single patterns
def _rest_items(slice_: Node) -> Iterator[Diagnostic]:
    rests = [part for part in slice_.children if isinstance(part, Node) and part.rule == "RestPattern"]
    if len(rests) > 1:
        related = tuple(Related(rest.span, "a rest item") for rest in rests)
        yield finding(
            "pattern.slice.multiple_rest",
            "a slice pattern has at most one rest item `..`",
            slice_.span,
            related=related,
        )


def _bounds(range_: Node) -> Iterator[Diagnostic]:
    parts = range_.children
    low = _integer(parts[0]) if parts else None
    high = _integer(parts[-1]) if len(parts) > 2 else None
    if low is None or high is None or low <= high:
        return
    texts = [" ".join(token.text for token in _tokens(part)).replace("- ", "-") for part in (parts[0], parts[-1])]
    between = "".join(token.text for part in parts[1:-1] for token in _tokens(part))
    fixes = replace("Swap the bounds", range_.span, f"{texts[1]}{between}{texts[0]}")
    yield finding(
        "pattern.range.bound_inverted",
        f"this range is empty: it begins at {texts[0]} and ends at {texts[1]}",
        range_.span,
        fixes=fixes,
    )


def _tokens(tree: Tree) -> list[Token]:
    return [tree] if isinstance(tree, Token) else list(tree.tokens())


def _integer(tree: Tree) -> int | None:
    """The value of a literal pattern that is an integer."""
    if not isinstance(tree, Node) or tree.rule != "LiteralPattern":
        return None
    tokens = words(tree)
    if not tokens or tokens[-1].kind != "INT":
        return None
    value = int_value(tokens[-1].text)
    return -value if value is not None and tokens[0].kind == "-" else value


def _regex(literal: Node) -> Iterator[Diagnostic]:
    token = first_token(literal)
    if token is None or token.kind != "RAW":
        return
    fault = regex_fault(string_value(token.text))
    if fault is not None:
        yield finding("pattern.regex.invalid_syntax", f"this is no regular expression: {fault}", span_of(literal))
