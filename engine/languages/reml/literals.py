"""What is inside literals: escapes of strings, the length of characters, numbers.

Functions of a token's text.  The lexer uses them to tell right literals from wrong ones, advice and checks to say why.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Fault", "char_fault", "escape_fault", "int_value", "string_value"]

_ESCAPE: Final = re.compile(r"\\(?:u\{([^}\"'\r\n]*)\}?|u([0-9A-Fa-f]{4})|[^\r\n])")
_SIMPLE: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,6}")


class Fault(NamedTuple):
    """Something wrong in a literal: columns in its text, what, and the right text if it is plain what was meant."""

    start: int
    end: int
    message: str
    mended: str | None = None


def escape_fault(text: str) -> Fault | None:
    """The first escape in a literal that Reml does not have; one that is plain to mend only if there is no other."""
    plain = None
    for match in _ESCAPE.finditer(text):
        fault = _fault_of(match)
        if fault is not None and fault.mended is None:
            return fault
        plain = plain or fault
    return plain


def _fault_of(match: re.Match[str]) -> Fault | None:
    escape, code, bare = match[0], match[1], match[2]
    message, mended = None, None
    if bare is not None:
        mended = f"\\u{{{bare}}}"
        message = f"a code point is written in braces: `{mended}`"
    elif code is not None:
        message = _code_point_fault(escape, code)
    elif escape[1] == "u":
        message = "a code point is written in braces: `\\u{1F600}`"
    elif escape[1] not in _SIMPLE:
        message = f"there is no escape `{escape}`; a backslash itself is written `\\\\`"
    return None if message is None else Fault(match.start(), match.end(), message, mended)


def _code_point_fault(escape: str, code: str) -> str | None:
    if not escape.endswith("}") or not _HEX.fullmatch(code):
        return f"`{escape}` is no code point: `\\u{{…}}` takes 1 to 6 hexadecimal digits"
    point = int(code, 16)
    if point > 0x10FFFF:
        return f"`{escape}` is beyond the last code point, `\\u{{10FFFF}}`"
    if 0xD800 <= point <= 0xDFFF:
        return f"`{escape}` is a surrogate, half of a character of UTF-16, and no character of its own"
    return None


def char_fault(text: str) -> Fault | None:
    """Why a character literal is none: it holds exactly one character, perhaps an escape."""
    fault = escape_fault(text)
    if fault is not None:
        return fault
    length = len(_ESCAPE.sub("x", text[1:-1]))
    if length == 1:
        return None
    told = "is empty" if not length else f"holds {length} characters; text is written in double quotes"
    return Fault(0, len(text), f"a character literal holds exactly one character, this one {told}")


def string_value(text: str) -> str:
    """The value of a string literal, raw and triple-quoted ones included; wrong escapes stay as they are."""
    if text.startswith("r"):
        hashes = text.index('"') - 1
        return text[hashes + 2 : len(text) - hashes - 1]
    if text.startswith('"""') and len(text) >= 6:
        return text[3:-3]
    return _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code is None:
        return _SIMPLE.get(match[0][1], match[0])
    return match[0] if match[1] and _code_point_fault(match[0], code) else chr(int(code, 16))


def int_value(text: str) -> int | None:
    """The value of an integer literal; None for one that has no digit or is absurdly long."""
    digits = text.replace("_", "")
    if len(digits) > 1000:
        return None
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2].lower(), 10)
    try:
        return int(digits[2:] if base != 10 else digits, base)
    except ValueError:
        return None
