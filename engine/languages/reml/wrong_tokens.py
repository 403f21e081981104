"""What is said about tokens that are wrong wherever they stand: unfinished literals, foreign quotes, lookalikes.

For each kind in `lexer.WRONG`, and for unknown characters, there is a function of the situation.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from engine.languages.reml.grammar.words import AN_EXPRESSION
from engine.languages.reml.identifiers import without_controls
from engine.languages.reml.lexer import HARD
from engine.languages.reml.literals import char_fault, escape_fault
from engine.parse.diagnostics import Severity
from engine.parse.repair import Advice, Situation

__all__ = ["WRONG", "replaced", "short"]


def replaced(s: Situation, title: str, text: str) -> tuple[str, tuple[tuple[int, int, int, str], ...]]:
    """A fix that writes a text for the token."""
    return title, ((0, s.start, s.end, text),)


def short(text: str) -> str:
    """The first line, as far as a title has room for it."""
    line = text.splitlines()[0] if text else text
    return line if len(line) <= 30 else f"{line[:30]}…"


def _open_string(s: Situation) -> Advice:
    fix = "Close the string", ((0, s.end, s.end, '"'),)
    return Advice(
        message='the string is not closed on its line; one that goes over several lines is written `"""…"""`',
        fixes=(fix,),
        part=(s.start, s.start + 1),
    )


def _open_char(s: Situation) -> Advice:
    if s.start and (s.piece[s.start - 1].isalnum() or s.piece[s.start - 1] == "_"):
        return Advice(message="`'` cannot be part of a name", part=(s.start, s.start + 1))
    return Advice(message="the character literal is not closed by `'`", part=(s.start, s.start + 1))


def _quoted(s: Situation) -> Advice:
    inner = s.text[1:-1]
    if s.text[0] == "`" and AN_EXPRESSION not in s.expected and inner.isidentifier():
        name = f"{inner}_" if inner in HARD else inner
        return Advice(message="names are written without backticks", fixes=(replaced(s, f"Write `{name}`", name),))
    char, string = f"'{inner}'", '"' + inner.replace('\\"', '"').replace('"', '\\"') + '"'
    meant = char if s.text[0] in "‘‚‛" and char_fault(char) is None else string
    message = f"strings are written in straight double quotes, not in {s.text[0]} {s.text[-1]}"
    return Advice(message=message, fixes=(replaced(s, f"Write `{short(meant)}`", meant),))


def _dollar(s: Situation) -> Advice:
    part, message = (s.start, s.start + 1), "unknown character `$`"
    if len(s.text) == 1:
        return Advice(message=message)
    if not s.text[1].isdigit():
        message += ": names are written without it"
    return Advice(message=message, fixes=(("Remove `$`", ((0, *part, ""),)),), part=part)


def _bad_identifier(s: Situation) -> Advice:
    clean = without_controls(s.text)
    if clean != s.text:
        points = ", ".join(dict.fromkeys(f"U+{ord(c):04X}" for c in s.text if c not in clean))
        message = f"the name holds {points}, which makes text look other than it is"
        return Advice(
            message=message, fixes=(replaced(s, "Remove what cannot be seen", unicodedata.normalize("NFC", clean)),)
        )
    message = "the name is not in Unicode's normal form C, so it differs from the same name typed otherwise"
    return Advice(message=message, fixes=(replaced(s, "Normalise the name", unicodedata.normalize("NFC", s.text)),))


def _foreign_identifier(s: Situation) -> Advice:
    return Advice(message=f"names are ASCII only here, `{s.text}` is not")


def _bad_escape(s: Situation) -> Advice | None:
    fault = escape_fault(s.text)
    if fault is None:
        return None
    start, end = s.start + fault.start, s.start + fault.end
    if fault.mended is not None:
        fix = f"Write `{fault.mended}`", ((0, start, end, fault.mended),)
        return Advice(message=fault.message, fixes=(fix,), part=(start, end), severity=Severity.WARNING)
    doubled = "Write the backslash itself", ((0, start, start, "\\"),)
    return Advice(message=fault.message, fixes=(doubled,), part=(start, end))


def _bad_char(s: Situation) -> Advice | None:
    if escape_fault(s.text) is not None:
        return _bad_escape(s)
    fault = char_fault(s.text)
    if fault is None:
        return None
    quoted = '"' + s.text[1:-1].replace('"', '\\"') + '"'
    return Advice(message=fault.message, fixes=(replaced(s, "Make it a string", quoted),) if len(s.text) > 2 else ())


def _unknown(s: Situation) -> Advice | None:
    """Characters that look like others: full-width forms, curly quotes, blanks that are none."""
    if len(s.text) != 1:
        return None
    if s.text.isspace() or s.text in "\ufeff\u200b":
        message = f"U+{ord(s.text):04X} is no blank of Reml: those are space and tab"
        return Advice(message=message, fixes=(replaced(s, "Write a space", " "),))
    meant = _LOOKALIKES.get(s.text) or unicodedata.normalize("NFKC", s.text)
    if meant.isascii() and len(meant) == 1 and meant != s.text:
        message = f"`{s.text}` (U+{ord(s.text):04X}) looks like `{meant}` but is another character"
        return Advice(message=message, fixes=(replaced(s, f"Write `{meant}`", meant),))
    return None


_LOOKALIKES: Final = {
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "−": "-",
    "×": "*",
    "÷": "/",
}

WRONG: Final[dict[str, Callable[[Situation], Advice | None]]] = {
    "OPEN_STRING": _open_string,
    "OPEN_CHAR": _open_char,
    "QUOTED": _quoted,
    "DOLLAR": _dollar,
    "BAD_IDENT": _bad_identifier,
    "BAD_UPPER": _bad_identifier,
    "FOREIGN_IDENT": _foreign_identifier,
    "BAD_STRING": _bad_escape,
    "BAD_CHAR": _bad_char,
    "ERROR": _unknown,
}
