"""What a unit's text alone shows: most units only define a name, and need no tree for that.

A unit is answered from its text if it is one declaration, no word in it is one that a check looks for, and no pattern
in it can bind a name twice.  Patterns are not parsed: the stretches of text in which one may stand are gone through for
a name that stands there twice.  All of it may be too cautious, never too bold.
"""

from __future__ import annotations

import re
from typing import Final

from engine.languages.language import UnitFacts
from engine.languages.reml.lexer import HARD

__all__ = ["quick_facts"]

_NOTHING: Final = UnitFacts()
#: The head of a unit that is a function, a type, a trait or a simple value: the keyword, and the name it defines.
_HEAD: Final = re.compile(
    r"\s*(?:pub\s+)?(?:(?:async\s+)?(?:unsafe\s+)?fn\s+(?P<fn>\w+)\s*(?=\()|let\s+(?P<let>[a-z_]\w*)\s*[:=]|const\s+(?P<const>\w+)\s*:(?!:)"
    r"|(?:use|type|struct|enum|trait)\s)"
)
_KEYWORDS: Final = frozenset(HARD)
#: Signs that a check may speak about whatever stands around them: of attributes, bindings, ranges and rest items;
#: a second unit on a line; comments and strings that the expressions below do not see through; and such words.
_SIGNS: Final = ("@", "#", ";", "..", "/*", '"""')
_WORDS: Final = frozenset(
    "as rec super level module conductor pattern extern impl trait actor macro handler defer".split()
)
_WORD: Final = re.compile(r"\w+")
_RAW: Final = re.compile(r"r\"(?<!\wr\")")
#: A second unit on a later line that is not taken for one.
_LATER: Final = re.compile(r"^[^\s)\]}/]", re.MULTILINE)
#: Literals and comments, in which patterns would seem to be, or to end.
_OPAQUE: Final = re.compile(r"\"(?:[^\"\\\r\n]|\\.)*+\"|'(?:[^'\\\r\n]|\\.)++'|//[^\r\n]*")

#: Parameters of functions, with brackets in brackets in them, and one of them that is more than a name.
_PARAMETERS: Final = re.compile(
    r"fn(?<!\wfn)\b\s*\w*\s*(?:<[^<>()]*+>\s*)?\((?P<list>(?:[^()]|\((?:[^()]|\([^()]*+\))*+\))*+)\)(?:\s*->)?"
)
_IN_BRACKETS: Final = re.compile(r"(?:^|[(,])\s*(?:[({\[]|\w++(?:\s*(?:\.|::)\s*\w++)*+\s*[({])")
#: A binding of one name, or what stands in front of its `=`.
_BINDING: Final = re.compile(
    r"(?:let|var)(?<!\wlet)(?<!\wvar)\b(?:\s+[a-z_]\w*\s*(?P<plain>[:=])|\s*(?P<function>[a-z_]\w*\s*[(<])?(?P<pattern>[^=]*))"
)
_FOR: Final = re.compile(r"for(?<!\wfor)\b(.*?)\bin\b", re.DOTALL)
#: Where in the text in front of an arrow a pattern may begin.
_ARM: Final = re.compile(r"[|({\n\r]|\bwith\b")
_IF: Final = re.compile(r"\bif\b")
_BAR: Final = re.compile(r"\|(?<!\|\|)(?![|>])")
#: What no pattern holds, and names that one can bind.
_BETWEEN: Final = re.compile(r"->|[=+*/<>&!?]|\b(?:when|then|else)\b")
_NAME: Final = re.compile(r"\b(?!_\b)(?![A-Z0-9])\w++")


def quick_facts(text: str) -> UnitFacts | None:
    """The facts of a unit with this text; None if its tree has to be looked at."""
    head = _HEAD.match(text)
    if head is None or _LATER.search(text, head.end()) is not None or any(sign in text for sign in _SIGNS):
        return None
    words = _WORD.findall(text, head.end())
    if not _WORDS.isdisjoint(words) or 'r"' in text and _RAW.search(text) is not None:
        return None
    name = head["fn"] or head["let"] or head["const"]
    if name is not None and (name in _KEYWORDS or name == "_" or not name.isascii()):
        return None
    is_function = head["fn"] is not None
    body = _OPAQUE.sub(" ", text if is_function else text[head.end():])
    if _may_bind_twice(body, words.count("fn") + is_function, words):
        return None
    return _NOTHING if name is None else UnitFacts(names=(name,))


def _may_bind_twice(text: str, functions: int, words: list[str]) -> bool:
    """May a pattern bind a name twice, or an arm have an `if` as its guard?  The text has so many `fn`."""
    if functions:
        lists = _PARAMETERS.findall(text)
        if len(lists) != functions or any(map(_IN_BRACKETS.search, lists)):
            return True
        text = _PARAMETERS.sub(" ", text)
    return (
        ("let" in words or "var" in words) and _in_bindings(text)
        or "for" in words and _in_loops(text)
        or "|" in text and _in_bars(text)
        or "->" in text and _in_arrows(text)
    )


def _in_bindings(text: str) -> bool:
    for binding in _BINDING.finditer(text):
        if not binding["plain"] and (binding["function"] or _is_twice(binding["pattern"])):
            return True
    return False


def _in_loops(text: str) -> bool:
    return any(_is_twice(pattern) for pattern in _FOR.findall(text))


def _in_bars(text: str) -> bool:
    """Of lambdas."""
    return any(map(_is_twice, _BAR.split(text)[1:-1]))


def _in_arrows(text: str) -> bool:
    """Of arms of a match, and of lambdas with an arrow."""
    for part in text.split("->")[:-1]:
        begin = _ARM.search(part)
        if begin is None:
            continue
        pattern = part[begin.start():]
        if _is_twice(pattern) or "if" in pattern and _IF.search(pattern) is not None:
            return True
    return False


def _is_twice(text: str) -> bool:
    """Does a name stand twice in a part of a text that may be a pattern?"""
    names = _NAME.findall(text)
    if len(names) == len(set(names)):
        return False
    parts = map(_NAME.findall, _BETWEEN.split(text))
    return any(len(part) > len(set(part)) for part in parts)
