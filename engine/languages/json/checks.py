"""What JSON allows but hardly anybody means: keys that come twice, halves of surrogate pairs, trailing commas in JSONC.

Functions of a unit's tree alone, so that their results can be kept with the unit.  They go through the tree with a
stack of their own: nesting has no limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from engine.languages.language import CheckSettings, UnitFacts
from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.source import Position, Span
from engine.parse.tree import Node, Token

__all__ = ["LARGEST_UNIT", "LARGEST_UNREAD", "check_json", "check_jsonc", "worth_checking", "worth_checking_jsonc"]

#: Characters of a value that is checked at all.  A JSON text is one value, so a keystroke pays for all of it: half a
#: millisecond where `worth_checking` finds nothing, some twenty where the tree has to be made.
LARGEST_UNIT: Final = 64_000
#: The same for a value that the standard library's reader does not take, because it has comments or is broken: its tree
#: is always made.
LARGEST_UNREAD: Final = 32_000
#: Findings kept for one value; the next ones would say the same.
MOST_FINDINGS: Final = 1000

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89A-Fa-f]")


def check_json(unit: Node, _settings: CheckSettings) -> UnitFacts:
    """Keys that come twice in an object and escapes of lone surrogates."""
    return _facts(_findings(unit, trailing_commas=False))


def check_jsonc(unit: Node, _settings: CheckSettings) -> UnitFacts:
    """The same, and trailing commas."""
    return _facts(_findings(unit, trailing_commas=True))


def worth_checking(text: str) -> bool:
    """May a check of the unit with this text find anything?  Far cheaper than making its tree.

    What is too long may, so that the engine says so.  A broken text may if it is short; of a longer one only the errors
    are shown until it is mended.
    """
    if len(text) > LARGEST_UNIT or _SURROGATE_ESCAPE.search(text):
        return True
    try:
        _READER.decode(text)
    except _KeyTwiceError:
        return True
    except (ValueError, RecursionError):
        return len(text) <= LARGEST_UNREAD
    return False


def worth_checking_jsonc(text: str) -> bool:
    """The same for a text that may have comments, which only the tree sees through."""
    return len(text) > LARGEST_UNREAD or worth_checking(text)


class _KeyTwiceError(Exception):
    """An object has a key twice; control flow of `worth_checking` only."""


def _refuse_repeated(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _KeyTwiceError


#: Numbers stay texts: converting them costs more than everything else.
_READER: Final = json.JSONDecoder(object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str)


def _facts(findings: Iterable[Diagnostic]) -> UnitFacts:
    return UnitFacts(tuple(sorted(islice(findings, MOST_FINDINGS), key=lambda finding: finding.span)))


def _findings(unit: Node, *, trailing_commas: bool) -> Iterator[Diagnostic]:
    for node in unit.nodes():
        if node.rule == "Object":
            yield from _duplicate_keys(node)
        if trailing_commas and node.rule in ("Object", "Array"):
            yield from _trailing_comma(node)
        for child in node.children:
            if isinstance(child, Token) and child.kind == "STRING" and _SURROGATE_ESCAPE.search(child.text):
                yield from _lone_surrogates(child)


def _duplicate_keys(node: Node) -> Iterator[Diagnostic]:
    seen: dict[str, Token] = {}
    for member in node.children:
        key = member.children[0] if isinstance(member, Node) and member.rule == "Member" else None
        if not isinstance(key, Token) or key.kind != "STRING":
            continue
        first = seen.setdefault(_spoken(key.text), key)
        if first is not key:
            message = f"the key {key.text} comes twice in this object; most readers keep only the last value"
            yield Diagnostic("json.duplicate_key", Severity.WARNING, message, key.span,
                             related=(Related(first.span, f"{first.text} is first used here"),))


def _spoken(key: str) -> str:
    """The text a key stands for: ``"\u0061"`` is ``"a"``."""
    return str(json.loads(key)) if "\\" in key else key[1:-1]


def _trailing_comma(node: Node) -> Iterator[Diagnostic]:
    if len(node.children) < 4:                           # brackets, an element, a comma
        return
    comma, closer = node.children[-2:]
    if isinstance(comma, Token) and comma.kind == "," and isinstance(closer, Token) and closer.kind in ("]", "}"):
        fix = FixIt("Remove the trailing comma", (TextEdit(comma.span, ""),))
        message = f"a comma before `{closer.text}`: not every reader of commented JSON takes it"
        yield Diagnostic("json.trailing_comma", Severity.WARNING, message, comma.span, fixes=(fix,))


def _lone_surrogates(string: Token) -> Iterator[Diagnostic]:
    """Each half of a surrogate pair in a string that stands alone."""
    high: re.Match[str] | None = None
    for escape in _ESCAPE.finditer(string.text):
        value = int(escape[1], 16) if escape[1] else 0
        paired = high is not None and high.end() == escape.start() and 0xDC00 <= value < 0xE000
        if high is not None and not paired:
            yield _lone(string, high)
        high = escape if 0xD800 <= value < 0xDC00 else None
        if 0xDC00 <= value < 0xE000 and not paired:
            yield _lone(string, escape)
    if high is not None:
        yield _lone(string, high)


def _lone(string: Token, escape: re.Match[str]) -> Diagnostic:
    span = Span(*(Position(string.line, string.column + column) for column in escape.span()))
    message = f"`{escape[0]}` is half of a surrogate pair; it stands for no character"
    fix = FixIt("Replace it by U+FFFD", (TextEdit(span, r"\ufffd"),))
    return Diagnostic("json.lone_surrogate", Severity.WARNING, message, span, fixes=(fix,))
