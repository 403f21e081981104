"""Checks of attributes: `@cfg(target = …)` and `@intrinsic(…)`.

They look at one attribute at a time, on whatever declaration it stands, and know the run only by its targets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from engine.languages.language import CheckSettings
from engine.languages.reml.checks.shapes import child, finding, replace, words
from engine.languages.reml.literals import string_value
from engine.parse.diagnostics import Diagnostic
from engine.parse.tree import Node, Token

__all__ = ["ATTRIBUTES_THAT_COUNT", "attribute_findings"]

#: Names of the attributes that are looked at.
ATTRIBUTES_THAT_COUNT: Final = ("cfg", "intrinsic")
#: Targets every configuration knows.
_ALWAYS: Final = frozenset(("cli",))


def attribute_findings(attribute: Node, owner: Node, settings: CheckSettings) -> Iterator[Diagnostic]:
    """What is wrong with an attribute in front of a part of `owner`."""
    name = next((token.text for token in words(attribute) if token.kind not in ("@", "#", "[")), "")
    if name == "cfg":
        yield from _unknown_targets(attribute, settings)
    elif name == "intrinsic":
        yield from _intrinsic(attribute, owner)


def _unknown_targets(attribute: Node, settings: CheckSettings) -> Iterator[Diagnostic]:
    known = settings.targets | _ALWAYS
    for argument in attribute.children:
        if not isinstance(argument, Node) or argument.rule != "NamedArgument" or len(argument.children) != 3:
            continue
        key, _, value = argument.children
        if (
            not isinstance(key, Token)
            or key.text != "target"
            or not isinstance(value, Token)
            or value.kind not in ("STRING", "RAW")
        ):
            continue
        target = string_value(value.text)
        if target not in known:
            near = difflib.get_close_matches(target, sorted(known), n=1)
            fixes = replace(f"Write `{near[0]}`", value.span, f'"{near[0]}"') if near else ()
            message = (
                f"no target `{target}` is configured; known are {', '.join(f'`{name}`' for name in sorted(known))}"
            )
            yield finding("language.cfg.unsatisfied_branch", message, attribute.span, fixes=fixes)


def _intrinsic(attribute: Node, owner: Node) -> Iterator[Diagnostic]:
    if owner.rule not in ("Item", "ImplMember", "TraitMember") or child(owner, "Function") is None:
        yield _wrong_intrinsic("`@intrinsic` belongs to a function declared with `fn`", attribute)
        return
    brackets = [i for i, part in enumerate(attribute.children) if isinstance(part, Token) and part.kind in ("(", ")")]
    arguments = attribute.children[brackets[0] + 1 : brackets[-1]] if len(brackets) > 1 else []
    given = [part for part in arguments if not isinstance(part, Token) or part.kind != ","]
    if len(given) != 1 or not isinstance(given[0], Token) or given[0].kind not in ("STRING", "RAW"):
        yield _wrong_intrinsic(
            '`@intrinsic` takes the name of the intrinsic, one string: `@intrinsic("llvm.sqrt.f64")`', attribute
        )


def _wrong_intrinsic(message: str, attribute: Node) -> Diagnostic:
    return finding("native.intrinsic.invalid_syntax", message, attribute.span)
