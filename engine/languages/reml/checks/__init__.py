"""What can be said of a unit of a Reml text without types.

`check_unit` goes through the unit's tree once, with a stack of its own, and hands nodes to the checks of their rule;
`quick_facts` answers from the text alone where nothing but the unit's name can be of interest, so that no tree is made.

Invariant: where `quick_facts` answers, `check_unit` says the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.languages.language import CheckSettings, UnitFacts
from engine.languages.reml.checks.attributes import attribute_findings
from engine.languages.reml.checks.builders import conductor_findings, level_findings
from engine.languages.reml.checks.items import (
    RELATIVE_MODULE,
    active_clash,
    content,
    defined,
    header_is_relative,
    stray_expression,
    super_use,
)
from engine.languages.reml.checks.patterns import PATTERNS, arm_findings, pattern_findings
from engine.languages.reml.checks.quick import quick_facts
from engine.languages.reml.checks.shapes import NAMES, finding, first_token, replace
from engine.parse.diagnostics import Diagnostic
from engine.parse.source import Span
from engine.parse.tree import Node, Token

__all__ = ["check_unit", "quick_facts"]


def check_unit(unit: Node, settings: CheckSettings) -> UnitFacts:
    """The facts of a unit; its root's children are items."""
    items = [part for part in unit.children if isinstance(part, Node) and part.rule == "Item"]
    parts = [part for item in items for part in content(item)[:1] if isinstance(part, Node)]
    relative = any(part.rule == "Module" and header_is_relative(part) for part in parts)
    supers = [found for part in parts if part.rule == "UseDeclaration" and (found := super_use(part))]
    here = defined(items)
    stray: list[Diagnostic] = []
    findings = list(_walk(unit, settings, stray))
    return UnitFacts(
        findings=tuple(sorted(findings, key=lambda found: found.span.start)),
        once=tuple(sorted(stray, key=lambda found: found.span.start)[:1]),
        names=here.names,
        clashes=tuple((name.text, active_clash(name)) for name in here.patterns),
        sets=frozenset((RELATIVE_MODULE,)) if relative else frozenset(),
        unless=tuple((RELATIVE_MODULE, found) for found in supers),
    )


def _walk(unit: Node, settings: CheckSettings, stray: list[Diagnostic]) -> Iterator[Diagnostic]:
    """Everything that is found node by node; expressions at the top level go to `stray`."""
    stack, builders, fixities = [unit], list[Node](), False
    while stack:
        node = stack.pop()
        for part in node.children:
            if not isinstance(part, Node):
                fixities = fixities or part.kind == "FIXITY"
                continue
            if part.rule in PATTERNS:
                yield from pattern_findings(part)
                continue
            stack.append(part)
            if part.rule == "Attribute":
                yield from attribute_findings(part, node, settings)
            elif part.rule == "Item":
                _item(part, settings, stray, builders)
            elif part.rule == "Function":
                builders.append(part)
            elif part.rule in _CHECKS:
                yield from _CHECKS[part.rule](part)
    for scope in builders if fixities else ():
        yield from level_findings(scope)


def _item(item: Node, settings: CheckSettings, stray: list[Diagnostic], builders: list[Node]) -> None:
    """An expression goes to `stray`; what may use an operator builder outside of functions, to `builders`."""
    if not settings.allow_top_level_expr and (found := stray_expression(item)) is not None:
        stray.append(found)
    first = next(iter(content(item)), None)
    if isinstance(first, Node) and first.rule not in ("Function", "Impl", "Trait", "Module"):
        builders.append(item)


def _module(module: Node) -> Iterator[Diagnostic]:
    """Active patterns inside of a module in braces; those of the file are compared when all of it is known."""
    here = defined(part for part in module.children if isinstance(part, Node) and part.rule == "Item")
    names = frozenset(here.names)
    yield from (active_clash(name) for name in here.patterns if name.text in names)


def _prefix(prefix: Node) -> Iterator[Diagnostic]:
    """`rec` in front of something that is no name."""
    if len(prefix.children) < 2 or not _is_rec(prefix):
        return
    operand = prefix.children[1]
    first = first_token(operand)
    if first is None or first.kind in NAMES or first.kind == "ERROR":
        return
    span = operand.span
    yield finding("parser.rec.invalid_form", "`rec` is followed by the name that refers to itself, nothing else", span)


def _assignment(assignment: Node) -> Iterator[Diagnostic]:
    """`rec x = …`"""
    target = assignment.children[0] if assignment.children else None
    if isinstance(target, Node) and target.rule == "PrefixExpression" and _is_rec(target) and len(target.children) > 1:
        word, operand = target.children[0].span, target.children[1].span
        yield finding(
            "parser.rec.unsupported_position",
            "`rec` cannot stand in front of what is assigned to",
            target.span,
            fixes=replace("Remove `rec`", Span(word.start, operand.start), ""),
        )


def _is_rec(prefix: Node) -> bool:
    first = prefix.children[0] if prefix.children else None
    return isinstance(first, Token) and first.kind == "rec"


_CHECKS = {
    "MatchArm": arm_findings,
    "PrefixExpression": _prefix,
    "Assignment": _assignment,
    "Conductor": conductor_findings,
    "Module": _module,
}
