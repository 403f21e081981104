"""Checks of operator builders and conductors: priorities with two fixities, missing operators, names used twice.

    builder.level(70, :infix_left, ["*", "/"])

Calls belong together that are made on one name within a function, or that form one chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.languages.reml.checks.shapes import NAMES, children, finding, span_of, words
from engine.languages.reml.literals import int_value
from engine.parse.diagnostics import Diagnostic, Related
from engine.parse.tree import Node, Token, Tree

__all__ = ["conductor_findings", "level_findings"]

#: Operators that `:ternary` takes.
_TERNARY: Final = 2


class _Level(NamedTuple):
    priority: Token
    fixity: Token
    operators: Node | None


def level_findings(scope: Node) -> Iterator[Diagnostic]:
    """What is wrong with the `level` calls in a function, or in another item."""
    first: dict[tuple[object, int], Token] = {}
    for call, level, name in _in_order(scope):
        if level is None or call is None:
            for key in [key for key in first if key[0] == name.text]:
                del first[key]  # the name means another builder from here on
            continue
        yield from _missing_operators(level)
        number = int_value(level.priority.text)
        if number is not None:
            known = first.setdefault((_builder(call), number), level.fixity)
            if known.text != level.fixity.text:
                yield _conflict(level, known)


def _in_order(scope: Node) -> list[tuple[Node | None, _Level | None, Token]]:
    """The `level` calls and the names that are bound, as the text has them: a chain begins with its innermost call."""
    found: list[tuple[Node | None, _Level | None, Token]] = []
    for node in scope.nodes():
        if node.rule == "Call" and (level := _level(node)) is not None:
            found.append((node, level, level.priority))
        elif node.rule in ("LetBinding", "VarBinding"):
            found += [(None, None, name) for name in words(node)[1:2]]
    return sorted(found, key=lambda entry: (entry[2].line, entry[2].column))


def _level(call: Node) -> _Level | None:
    """The parts of a call `….level(priority, :fixity, [operators])`."""
    callee = call.children[0] if call.children else None
    if not isinstance(callee, Node) or callee.rule != "Member":
        return None
    name = callee.children[-1] if callee.children else None
    given = [part for part in call.children[1:] if not isinstance(part, Token) or part.kind not in ("(", ")", ",")]
    if not isinstance(name, Token) or name.text != "level" or len(given) < 2:
        return None
    priority, fixity, rest = given[0], given[1], given[2] if len(given) > 2 else None
    if (
        not isinstance(priority, Token)
        or priority.kind != "INT"
        or not isinstance(fixity, Token)
        or fixity.kind != "FIXITY"
    ):
        return None
    return _Level(priority, fixity, rest if isinstance(rest, Node) and rest.rule == "List" else None)


def _builder(call: Node) -> object:
    """What identifies the builder: its name, or where its chain begins."""
    tree: Tree = call
    while isinstance(tree, Node) and tree.rule in ("Call", "Member") and tree.children:
        if tree.rule == "Call" and _level(tree) is None:
            return id(tree)
        tree = tree.children[0]
    return tree.text if isinstance(tree, Token) else id(tree)


def _missing_operators(level: _Level) -> Iterator[Diagnostic]:
    if level.operators is None:
        return
    count = sum(
        1 for part in level.operators.children if not isinstance(part, Token) or part.kind not in ("[", "]", ",")
    )
    if level.fixity.text == ":ternary" and count != _TERNARY:
        message = f'`:ternary` takes two operators, such as ["?", ":"], not {count}'
    elif not count:
        message = f"`{level.fixity.text}` has no operators"
    else:
        return
    yield finding("core.parse.opbuilder.fixity_missing", message, level.operators.span)


def _conflict(level: _Level, first: Token) -> Diagnostic:
    message = f"priority {level.priority.text} is `{first.text}` already; operators of one priority have one fixity"
    return finding(
        "core.parse.opbuilder.level_conflict",
        message,
        span_of(level.priority, level.fixity),
        related=(Related(first.span, f"`{first.text}` is registered here"),),
    )


def conductor_findings(conductor: Node) -> Iterator[Diagnostic]:
    """The same name given to two DSLs."""
    first: dict[str, Token] = {}
    for section in children(conductor, "ConductorSection"):
        for dsl in children(section, "ConductorDsl"):
            name = next((token for token in words(dsl) if token.kind in NAMES), None)
            if name is not None and first.setdefault(name.text, name) is not name:
                related = (Related(first[name.text].span, "the first of the name"),)
                yield finding(
                    "conductor.dsl_id.duplicate",
                    f"`{name.text}` names two DSLs of this conductor",
                    name.span,
                    related=related,
                )
