"""What a mistaken string or number was probably meant to be, as JSON.

Pure functions from texts to texts.  Invariant: what they return is a valid JSON token, whatever they were given.
"""

from __future__ import annotations

import re
from typing import Final

from engine.languages.json.lexer import NUMBER

__all__ = ["WRONG_PART", "mended_number", "mended_string", "without_tail"]

#: In a string: an escape that JSON does not have, or a character that must be escaped.
WRONG_PART: Final = re.compile(r'\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})|[\x00-\x1f]')

_PART: Final = re.compile(
    r"\\(?:u[0-9A-Fa-f]{4}|u\{(?P<point>[0-9A-Fa-f]{1,6})\}|x(?P<byte>[0-9A-Fa-f]{2})|(?P<nul>0(?![0-9]))|[^\r\n])|[\x00-\x1f\"\\]"
)
_SHORT: Final = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
#: Escapes of other languages, by the character they stand for.
_FOREIGN: Final = {"a": "\a", "e": "\x1b", "v": "\v"}
_RADIX: Final = re.compile(r"(-?)0(?:[xX](?P<x>[0-9A-Fa-f]{1,32})|[oO](?P<o>[0-7]{1,32})|[bB](?P<b>[01]{1,128}))")
_LOOSE: Final = re.compile(r"(-?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?)([0-9]*))?[dflnDFLN]?")


def mended_string(contents: str) -> str:
    """A JSON string that says what `contents`, the inside of a quoted text, was meant to say.

    Escapes of other languages are translated, unknown ones taken literally, quotes and control characters escaped.
    """
    return f'"{_PART.sub(_mended_part, contents)}"'


def _mended_part(match: re.Match[str]) -> str:
    part = match[0]
    if match["point"]:
        return _escaped_point(int(match["point"], 16)) or "\\" + part
    if match["byte"]:
        return rf"\u00{match['byte']}"
    if len(part) == 1:
        return _escaped(part)
    letter = part[1]
    if len(part) > 2 or letter in '"\\/bfnrt':
        return part
    if letter in "'`":
        return letter
    if match["nul"] or letter in _FOREIGN:
        return _escaped(_FOREIGN.get(letter, "\0"))
    return r"\\" + (_escaped(letter) if letter < " " else letter)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return _SHORT.get(character) or rf"\u{ord(character):04x}"


def _escaped_point(point: int) -> str | None:
    """A code point as one or two escapes; None if there is none of that number."""
    if point > 0x10FFFF:
        return None
    if point < 0x10000:
        return rf"\u{point:04x}"
    high, low = divmod(point - 0x10000, 0x400)
    return rf"\u{0xD800 + high:04x}\u{0xDC00 + low:04x}"


def without_tail(text: str) -> tuple[str, str]:
    """An unclosed string's contents, and the commas, brackets and blanks at its end that belong behind the string."""
    contents = text.rstrip(",]} \t")
    return contents, text[len(contents):]


def mended_number(text: str) -> str | None:
    """The JSON number that `text` was meant to be, or None if it is not clear which."""
    plain = text.replace("_", "").removeprefix("+")
    radix = _RADIX.fullmatch(plain)
    if radix:
        base, digits = next((base, radix[name]) for name, base in (("x", 16), ("o", 8), ("b", 2)) if radix[name])
        return f"{radix[1]}{int(digits, base)}"
    loose = _LOOSE.fullmatch(plain)
    if not loose or not (loose[2] or loose[3]):
        return None
    sign, whole, fraction, exponent_sign, exponent = loose.groups(default="")
    mended = f"{sign}{whole.lstrip('0') or '0'}"
    mended += f".{fraction}" if fraction else ""
    mended += f"e{exponent_sign}{exponent}" if exponent else ""
    return mended if re.fullmatch(NUMBER, mended) else None
