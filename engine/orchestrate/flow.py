"""Flows: the steps that an Intent of a type goes through. Flows are data, rules are code.

The type changes what the agents are told, not the default Flow. An Intent without a type gets one of the default Flow
by rule from its words, and the rule is shown; another Flow is only ever chosen by a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["DEFAULT", "FLOWS", "Classified", "classify", "flow_of"]

DEFAULT: Final = ("analyze", "implement", "review")

FLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "feature": DEFAULT,
    "fix": DEFAULT,
    "refactor": DEFAULT,
    "test": DEFAULT,
    "audit": ("audit", "report"),
    "skill_extraction": ("observe", "abstract", "record"),
}
"""The Flow of each type of Intent."""

_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("fix", ("fix", "fixes", "fixed", "bug", "bugs", "crash", "crashes", "broken", "regression", "wrong", "repair",
             "defect", "typo")),
    ("refactor", ("refactor", "refactoring", "rename", "clean", "cleanup", "simplify", "restructure", "extract",
                  "reorganise", "reorganize", "move", "upgrade", "migrate", "bump", "deduplicate")),
    ("test", ("test", "tests", "testing", "coverage", "fixture", "fixtures")),
    ("feature", ("add", "adds", "new", "support", "implement", "feature", "introduce", "allow", "create")),
)  # fmt: skip
"""Words that tell a type; of several in one text the first word counts."""

_TYPE_OF: Final = {word: kind for kind, words in _WORDS for word in words}


@dataclass(frozen=True, slots=True)
class Classified:
    """A type that was chosen by rule; `by_rule` says which, for people."""

    type: str
    by_rule: str


def classify(title: str, body: str = "") -> Classified:
    """The type of an Intent that names none: by the first telling word of its title, else its body, else a feature."""
    for where, text in (("title", title), ("body", body)):
        for word in re.findall(r"[a-z]+", text.casefold()):
            if word in _TYPE_OF:
                return Classified(_TYPE_OF[word], f"the word `{word}` in its {where}")
    return Classified("feature", "no telling word in its title or body")


def flow_of(kind: str, own: Mapping[str, tuple[str, ...]] | None = None) -> tuple[str, ...] | None:
    """The Flow of a type, a project's `own` first; None if nobody knows it."""
    return (own or {}).get(kind) or FLOWS.get(kind)
