"""Per-command rules: which lines may run unasked, which a person must agree to each time, and which may not at all.

A line of shell is several commands; of the settings' patterns that match one, the longest counts, and of a line's
commands the strictest verdict. A net for accidents: who wants to hide a command from it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from engine.config_tables import Verdict

__all__ = ["verdict_on"]

_STRICTNESS: Final[tuple[Verdict, ...]] = ("auto", "ask", "deny")
_SEPARATORS: Final = re.compile(r"\|\||&&|[;|&\n()`]|\$\(")
_BEFORE: Final = re.compile(r"^(?:(?:\w+=\S*|exec|env|nohup|time|command|then|do|else)\s+)+")


def verdict_on(line: str, rules: Mapping[str, Verdict]) -> Verdict:
    """What the rules say about a line; `auto` where none matches."""
    found = [_of_command(command, rules) for command in (line, *_commands(line))]
    return max(found, key=_STRICTNESS.index)


def _commands(line: str) -> Iterable[str]:
    return (_BEFORE.sub("", " ".join(part.split())) for part in _SEPARATORS.split(line))


def _of_command(command: str, rules: Mapping[str, Verdict]) -> Verdict:
    matching = [pattern for pattern in rules if fnmatchcase(command, pattern)]
    if not matching:
        return "auto"
    longest = max(map(len, matching))
    return max((rules[pattern] for pattern in matching if len(pattern) == longest), key=_STRICTNESS.index)
