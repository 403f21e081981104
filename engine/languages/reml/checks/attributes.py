"""Checks of attributes: `@cfg(target = …)`, also inside of `any`, `all` and `not`, and `@intrinsic(…)`.

They look at one attribute at a time, on whatever declaration it stands, and know the run only by its targets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from engine.languages.language import CheckSettings
from engine.languages.reml.checks.shapes import child, finding, first_token, replace, words
from engine.languages.reml.literals import string_value
from engine.parse.diagnostics import Diagnostic
from engine.parse.tree import Node, Token, Tree

__all__ = ["ATTRIBUTES_THAT_COUNT", "attribute_findings"]

#: Names of the attributes that are looked at.
ATTRIBUTES_THAT_COUNT: Final = ("cfg", "intrinsic")
#: Targets every configuration knows.
_ALWAYS: Final = frozenset(("cli",))
#: Conditions inside of conditions that are looked into.
_DEEPEST: Final = 50


def attribute_findings(attribute: Node, owner: Node, settings: CheckSettings) -> Iterator[Diagnostic]:
    """What is wrong with an attribute in front of a part of `owner`."""
    name = next((token.text for token in words(attribute) if token.kind not in ("@", "#", "[")), "")
    if name == "cfg":
        yield from _unknown_targets(attribute, settings)
    elif name == "intrinsic":
        yield from _intrinsic(attribute, owner)


def _unknown_targets(attribute: Node, settings: CheckSettings) -> Iterator[Diagnostic]:
    """A finding for each condition that no build can fulfil, about the target that is to blame."""
    known = settings.targets | _ALWAYS
    for condition in _arguments(attribute):
        holds, value = _truth(condition, known)
        if holds is False and value is not None:
            target = string_value(value.text)
            near = difflib.get_close_matches(target, sorted(known), n=1)
            fixes = replace(f"Write `{near[0]}`", value.span, f'"{near[0]}"') if near else ()
            message = (
                f"no target `{target}` is configured; known are {', '.join(f'`{name}`' for name in sorted(known))}"
            )
            yield finding("language.cfg.unsatisfied_branch", message, attribute.span, fixes=fixes)


def _truth(condition: Tree, known: frozenset[str], depth: int = 0) -> tuple[bool | None, Token | None]:
    """Whether a condition holds in every build (True) or in none (False), and the unknown target that decides it."""
    if not isinstance(condition, Node) or depth > _DEEPEST:
        return None, None
    target = _target(condition)
    if target is not None:
        return (None, None) if string_value(target.text) in known else (False, target)
    name = first_token(condition)
    if condition.rule != "Call" or name is None or condition.children[0] is not name:
        return None, None
    parts = [_truth(part, known, depth + 1) for part in _arguments(condition)]
    if name.text == "not" and len(parts) == 1:
        holds, value = parts[0]
        return (None if holds is None else not holds), value
    if name.text not in ("any", "all"):
        return None, None
    decides = name.text == "any"                         # one part that holds is enough, or one that does not
    deciding = [part for part in parts if part[0] is decides]
    if deciding or not parts or any(holds is None for holds, _ in parts):
        return deciding[0] if deciding else (None, None)
    return parts[0]


def _target(condition: Node) -> Token | None:
    """The string of `target = "…"`."""
    if condition.rule != "NamedArgument" or len(condition.children) != 3:
        return None
    key, _, value = condition.children
    named = isinstance(key, Token) and key.text == "target"
    return value if named and isinstance(value, Token) and value.kind in ("STRING", "RAW") else None


def _arguments(node: Node) -> list[Tree]:
    """What stands between the brackets, without commas."""
    brackets = [i for i, part in enumerate(node.children) if isinstance(part, Token) and part.kind in ("(", ")")]
    inside = node.children[brackets[0] + 1 : brackets[-1]] if len(brackets) > 1 else []
    return [part for part in inside if not isinstance(part, Token) or part.kind != ","]


def _intrinsic(attribute: Node, owner: Node) -> Iterator[Diagnostic]:
    if owner.rule not in ("Item", "ImplMember", "TraitMember") or child(owner, "Function") is None:
        yield _wrong_intrinsic("`@intrinsic` belongs to a function declared with `fn`", attribute)
        return
    given = _arguments(attribute)
    if len(given) != 1 or not isinstance(given[0], Token) or given[0].kind not in ("STRING", "RAW"):
        yield _wrong_intrinsic(
            '`@intrinsic` takes the name of the intrinsic, one string: `@intrinsic("llvm.sqrt.f64")`', attribute
        )


def _wrong_intrinsic(message: str, attribute: Node) -> Diagnostic:
    return finding("native.intrinsic.invalid_syntax", message, attribute.span)
