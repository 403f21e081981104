"""Characters as a terminal shows them: how wide each is, and what stands for one that must not be printed as it is.

Source text is foreign text: escape sequences and direction overrides in it must not reach the terminal, and a caret
belongs under the character it means although tabs, wide and combining characters take other than one column.
Knows nothing of lines or diagnostics. Invariant: what `shown` returns has no control characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

__all__ = ["cells", "display_width", "printable"]

TAB_STOP = 4
_REPLACEMENT = "\ufffd"
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_SKIN_TONES = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
#: they change the direction or the lines of what is printed around them
_DISRUPTIVE = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def cells(text: str, column: int = 0) -> Iterator[tuple[str, int]]:
    """For each code point of a piece of one line, what is printed for it and how many terminal columns that takes.

    `column` is where the piece begins, for tab stops. A character that only modifies the one before it takes none.
    """
    emoji, joined = False, False
    for char in text:
        if char.isascii() and char.isprintable():
            shown, width, emoji = char, 1, False
        elif char == "\t":
            width = TAB_STOP - column % TAB_STOP
            shown, emoji = " " * width, False
        else:
            shown, width = _shown(char), _width(char)
            if width:
                emoji, before = unicodedata.category(char) in {"So", "Sk"}, emoji
                if emoji and before and (joined or char in _SKIN_TONES):
                    width = 0
        joined = char == _JOINER
        column += width
        yield shown, width


def display_width(text: str) -> int:
    """The number of terminal columns a piece of a line takes."""
    return len(text) if text.isascii() and text.isprintable() else sum(width for _, width in cells(text))


def printable(text: str) -> str:
    """A text of one line that is safe to print; characters that are not are made visible."""
    return text if text.isprintable() else "".join(shown for shown, _ in cells(text))


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if char in _DISRUPTIVE:
        return f"<U+{code:04X}>"
    if 0x80 <= code < 0xA0 or 0xD800 <= code <= 0xDFFF:
        return _REPLACEMENT
    return char


def _width(char: str) -> int:
    if char in _DISRUPTIVE:
        return len(_shown(char))
    if char == "\u00ad" or char < "\u0300":
        return 1
    if unicodedata.category(char) in {"Mn", "Me", "Cf"} or "\u1160" <= char <= "\u11ff" or char == _EMOJI_STYLE:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
