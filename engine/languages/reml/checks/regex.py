"""Is a text a regular expression?  Only what no dialect has is a fault.

Which engine runs a pattern is not settled, so classes, escapes and flags are let through; brackets, what is repeated,
and the order of bounds are wrong everywhere.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["regex_fault"]

_PART: Final = re.compile(
    r"(?P<escape>\\.)|(?P<class>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])|(?P<open>\((?:\?(?:[:=!>|]|<[=!]|P?<\w+>|'\w+'|#[^)]*|[-a-zA-Z]+:?))?)"
    r"|(?P<close>\))|(?P<repeat>[*+?][+?]?|\{\d*(?:,\d*)?\}[+?]?)|(?P<bar>\|)|(?P<other>.)",
    re.DOTALL,
)
_RANGE: Final = re.compile(r"\\.|(.)-([^\]\\])", re.DOTALL)


def regex_fault(pattern: str) -> str | None:
    """What is wrong with a regular expression, if anything."""
    depth, repeatable = 0, False
    for part in _PART.finditer(pattern):
        kind, text = part.lastgroup, part[0]
        fault = _part_fault(kind, text, repeatable, depth)
        if fault is not None:
            return fault
        inline_flags = kind == "open" and text.startswith("(?") and text[-1].isalpha()
        depth += (kind == "open") - (kind == "close")
        repeatable = kind in ("escape", "class", "close", "other") and not inline_flags and text != "^"
    return "`(` is not closed" if depth else None


def _part_fault(kind: str | None, text: str, repeatable: bool, depth: int) -> str | None:
    if kind == "repeat":
        if not repeatable and not text.startswith("{"):
            return f"there is nothing in front of `{text}` to repeat"
        low, comma, high = text.strip("{}+?").partition(",")
        if comma and low and high and int(low) > int(high):
            return f"the bounds of `{text}` are in the wrong order"
    elif kind == "close" and not depth:
        return "`)` was not opened"
    elif kind == "class":
        return _class_fault(text)
    elif kind == "other" and text in "[\\":
        return "`[` is not closed" if text == "[" else "it ends in a single backslash"
    return None


def _class_fault(text: str) -> str | None:
    for match in _RANGE.finditer(text[1:-1]):
        if match[1] and match[2] and match[1] > match[2]:
            return f"the range `{match[0]}` is in the wrong order"
    return None
