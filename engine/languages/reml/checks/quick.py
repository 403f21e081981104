"""What a unit's text alone shows: most units only define a name, and need no tree for that.

The regular expressions say "nothing here can interest a check"; they may be too cautious, never too bold.
"""

from __future__ import annotations

import re
from typing import Final

from engine.languages.language import UnitFacts
from engine.languages.reml.lexer import HARD

__all__ = ["quick_facts"]

_NOTHING: Final = UnitFacts()
#: Blanks and comments at a line's end; a name, perhaps in parts, and what is behind it.
_BLANKS: Final = r"(?:\s|//[^\r\n]*+)*+"
_NAME: Final = rf"\w++(?:{_BLANKS}[.:]++{_BLANKS}\w++)*+{_BLANKS}:*+{_BLANKS}"
#: Something a check may speak about: attributes and bindings by `@`, words, ranges and rest items, raw strings,
#: patterns in brackets right behind a bracket or bar that may open parameters, comments (they may hide what the head
#: looks like).
_TRIGGER: Final = re.compile(
    r"[@#;]|\.\.|/\*|\br#*\"|\b(?:match|for|as|rec|super|level|module|conductor|pattern|extern|impl|trait|actor|macro|var|defer)\b"
    rf"|[(|,]{_BLANKS}(?:[({{\[]|{_NAME}[({{])"
)
#: The head of a unit that is a function, a type or a simple value: the keyword, and the name if it defines one.
_HEAD: Final = re.compile(
    r"\s*(?:pub\s+)?(?:(?:async\s+)?(?:unsafe\s+)?fn\s+(?P<fn>\w+)\s*\(|let\s+(?P<let>[a-z_]\w*)\s*[:=]|const\s+(?P<const>\w+)\s*:(?!:)"
    r"|(?:use|type|struct|enum)\s)"
)
_KEYWORDS: Final = frozenset(HARD)


def quick_facts(text: str) -> UnitFacts | None:
    """The facts of a unit with this text; None if its tree has to be looked at."""
    head = _HEAD.match(text)
    if head is None or _TRIGGER.search(text) is not None or _DECLARED_LATER.search(text, head.end()) is not None:
        return None
    name = head["fn"] or head["let"] or head["const"]
    if name is None:
        return _NOTHING
    if name in _KEYWORDS or name == "_" or not name.isascii():
        return None
    return UnitFacts(names=(name,))


#: A second unit on a later line that is not taken for one, or a `let` in a body with a pattern.
_DECLARED_LATER: Final = re.compile(r"\blet\s+(?![a-z_]\w*\s*[:=(])|^[^\s)\]}/]", re.MULTILINE)
