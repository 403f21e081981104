"""Checks of what stands at the top level, and what a text defines there.

Expressions that are no declarations, `use super` where there is nothing above, names that collide with active patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from engine.languages.reml.checks.shapes import LOWER_NAMES, NAMES, child, children, finding, span_of, words
from engine.parse.diagnostics import Diagnostic
from engine.parse.tree import Node, Token, Tree

__all__ = [
    "DECLARATIONS",
    "RELATIVE_MODULE",
    "Defined",
    "active_clash",
    "content",
    "defined",
    "header_is_relative",
    "stray_expression",
    "super_use",
]

#: Flag of a text whose module's path begins with `self` or `super`.
RELATIVE_MODULE: Final = "relative module"
#: Rules of items; whatever else stands there is an expression.
DECLARATIONS: Final = frozenset(
    (
        "UseDeclaration",
        "Module",
        "LetBinding",
        "VarBinding",
        "Constant",
        "Function",
        "TypeDeclaration",
        "Struct",
        "Enum",
        "Trait",
        "Impl",
        "ExternDeclaration",
        "EffectDeclaration",
        "HandlerDeclaration",
        "Conductor",
        "ActivePattern",
        "Macro",
        "Actor",
    )
)


class Defined(NamedTuple):
    """The functions and values that items define, and the names of their active patterns."""

    names: tuple[str, ...]
    patterns: tuple[Token, ...]


def content(item: Node) -> list[Tree]:
    """The parts of an item behind its attributes and `pub`, without dropped tokens."""
    parts = [part for part in item.children if not isinstance(part, Token) or part.kind != "ERROR"]
    start = 0
    while start < len(parts) and _is_prefix(parts[start]):
        start += 1
    return parts[start:]


def _is_prefix(part: Tree) -> bool:
    return part.kind == "pub" if isinstance(part, Token) else part.rule == "Attribute"


def stray_expression(item: Node) -> Diagnostic | None:
    """An expression or a `defer` where only declarations belong."""
    parts = content(item)
    if not parts or (isinstance(parts[0], Node) and parts[0].rule in DECLARATIONS):
        return None
    what = "`defer`" if isinstance(parts[0], Node) and parts[0].rule == "Defer" else "an expression"
    message = f"{what} cannot stand at the top level: put it into a function, or set `allow_top_level_expr`"
    return finding("parser.top_level_expr.disallowed", message, span_of(*parts))


def super_use(use: Node) -> Diagnostic | None:
    """`use super…`, reported unless the module's own path is relative."""
    path = [token for token in words(use) if token.kind not in ("use", "::")]
    if not path or path[0].kind != "super":
        return None
    message = "`super` has nothing above it: the path of this module does not begin with `self` or `super`"
    return finding("language.use.invalid_super", message, use.span)


def header_is_relative(module: Node) -> bool:
    """Is it the header of a file whose path begins with `self` or `super`?"""
    path = child(module, "ModulePath")
    head = next((token for token in words(path) if token.kind != "::"), None) if path is not None else None
    return head is not None and head.kind in ("self", "super") and not any(token.kind == "{" for token in words(module))


def defined(items: Iterable[Node]) -> Defined:
    """What items define for the module they stand in."""
    names: list[str] = []
    patterns: list[Token] = []
    for item in items:
        for part in content(item)[:1]:
            if isinstance(part, Node) and part.rule == "ActivePattern":
                patterns += [token for token in words(part)[:4] if token.kind in NAMES and token.kind != "pattern"][:1]
            elif isinstance(part, Node):
                names += _names(part)
    return Defined(tuple(names), tuple(patterns))


def _names(declaration: Node) -> Iterator[str]:
    tokens = words(declaration)
    match declaration.rule:
        case "Function" | "ExternFunction":
            yield from _behind(tokens, "fn")
        case "Constant":
            yield from _behind(tokens, "const")
        case "LetBinding" | "VarBinding":
            if len(tokens) > 1 and tokens[1].kind in LOWER_NAMES:
                yield tokens[1].text
        case "ExternDeclaration":
            for function in children(declaration, "ExternFunction"):
                yield from _names(function)


def _behind(tokens: list[Token], word: str) -> Iterator[str]:
    """The name behind a keyword, unless it is the first part of a path."""
    for i, token in enumerate(tokens):
        if token.kind == word and i + 1 < len(tokens) and tokens[i + 1].kind in NAMES:
            if i + 2 >= len(tokens) or tokens[i + 2].kind not in (".", "::"):
                yield tokens[i + 1].text
            return


def active_clash(name: Token) -> Diagnostic:
    """An active pattern with the name of a function or value of its module."""
    message = f"the active pattern `{name.text}` has the name of a function or value of this module"
    return finding("pattern.active.name_conflict", message, name.span)
