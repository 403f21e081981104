"""Reading trees: parts of nodes, and diagnostics on them.

Trees of broken texts lack parts and have tokens too many, so every question may be answered with None or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.languages.reml.lexer import CONTEXTUAL, SOFT
from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.source import Span
from engine.parse.tree import Node, Token, Tree

__all__ = ["LOWER_NAMES", "NAMES", "child", "children", "finding", "first_token", "replace", "span_of", "words"]

#: Kinds of tokens that are names, and those of them that bind in a pattern.
LOWER_NAMES: Final = frozenset(("IDENT", "BAD_IDENT", "FOREIGN_IDENT", *SOFT, *CONTEXTUAL))
NAMES: Final = LOWER_NAMES | {"UPPER", "BAD_UPPER"}


def children(node: Node, rule: str) -> Iterator[Node]:
    """The children that are nodes of a rule."""
    return (part for part in node.children if isinstance(part, Node) and part.rule == rule)


def child(node: Node, rule: str) -> Node | None:
    """The first of `children`."""
    return next(children(node, rule), None)


def words(node: Node) -> list[Token]:
    """The children that are tokens, without those that were dropped."""
    return [part for part in node.children if isinstance(part, Token) and part.kind != "ERROR"]


def first_token(tree: Tree) -> Token | None:
    """The first token of a tree."""
    return tree if isinstance(tree, Token) else tree.first


def span_of(*trees: Tree) -> Span:
    """From the beginning of the first tree to the end of the last."""
    first, last = trees[0].span, trees[-1].span
    return Span(first.start, last.end)


def finding(
    code: str,
    message: str,
    span: Span,
    *,
    fixes: tuple[FixIt, ...] = (),
    related: tuple[Related, ...] = (),
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic, an error unless said otherwise."""
    return Diagnostic(code, severity, message, span, fixes=fixes, related=related)


def replace(title: str, span: Span, text: str) -> tuple[FixIt, ...]:
    """A fix of one edit."""
    return (FixIt(title, (TextEdit(span, text),)),)
