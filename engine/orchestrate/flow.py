"""Flows: the steps that an Intent of a type, or a prompt, goes through. Flows are data, rules are code.

The type changes what the agents are told, not the default Flow. An Intent without a type gets one of the default Flow
by rule from its words, and the rule is shown; another Flow is only ever chosen by a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["AGENT_STEPS", "DEFAULT", "DELEGATES", "DUTIES", "FLOWS", "Classified", "classify", "flow_of", "writes"]

AGENT_STEPS: Final = (
    "reflect", "documenter", "abstract", "review", "reviewer", "developer", "implement", "observe", "audit",
    "coordinator", "analyze",
)  # fmt: skip
"""The steps that are given to an agent, in a role of the same name; those first that bring a run nearer to its end.

The others are the Runner's own.
"""
DELEGATES: Final = ("developer", "reviewer")
"""The roles that a coordinator may delegate to."""

DUTIES: Final[Mapping[str, str]] = {
    "analyze": "divides the Intent into Tasks, or asks what only a person can decide",
    "implement": "does one Task, in a worktree of its own",
    "review": "judges a Task's commits, after the commands of `verify`",
    "coordinator": "divides the prompt among the roles that follow",
    "developer": "works out what it is asked, as text",
    "reviewer": "judges what it is asked to, as text",
    "documenter": "makes the answer of what all others found",
    "audit": "looks for what should be better, in a checkout that it only reads",
    "report": "writes what the audit found into .penstock/observations.yaml and a Markdown summary",
    "observe": "looks for patterns in the history of runs",
    "abstract": "draws skills from the patterns",
    "record": "writes the skills to .claude/skills, on a branch like any other change",
    "reflect": "proposes what should be done next, from what was noticed",
}
"""What each step is there for, in words."""

DEFAULT: Final = ("analyze", "implement", "review")

FLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "feature": DEFAULT,
    "fix": DEFAULT,
    "refactor": DEFAULT,
    "test": DEFAULT,
    "audit": ("audit", "report"),
    "skill_extraction": ("observe", "abstract", "record"),
    "roles": ("coordinator", *DELEGATES, "documenter"),
}
"""The Flow of each type of Intent; that of `roles` is for prompts: text in, text out."""

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


def writes(flow: Collection[str]) -> bool:
    """Whether a Flow makes commits."""
    return "implement" in flow or "record" in flow


def flow_of(kind: str, own: Mapping[str, tuple[str, ...]] | None = None) -> tuple[str, ...] | None:
    """The Flow of a type, a project's `own` first; None if nobody knows it."""
    return (own or {}).get(kind) or FLOWS.get(kind)
