"""Which characters an identifier is made of: Unicode's XID properties, plus emoji and their joiners.

Python knows XID_Start and XID_Continue (`str.isidentifier`) for its own version of Unicode; the emoji properties it
does not know are listed here.  The characters are gathered once per process, when the first lexer is made.

Knows no other token.  Bidirectional controls are let into identifiers, so that one diagnostic covers the whole word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

__all__ = ["BIDI_CONTROLS", "identifier_pattern", "is_upper", "is_wellformed", "without_controls"]

#: U+200E–200F, U+202A–202E, U+2066–2069 (UAX 9): they make text look other than it is.
BIDI_CONTROLS: Final = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BIDI: Final = re.compile(f"[{BIDI_CONTROLS}]")

#: Zero-width joiner, variation selector 16 and the non-ASCII characters with Emoji_Component (UTS 51).
_EMOJI_PARTS: Final = (
    "\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U0001f9b0-\U0001f9b3\U000e0020-\U000e007f"
)
#: Extended_Pictographic (UTS 51, unchanged since Unicode 13).
_PICTOGRAPHS: Final = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa\u24c2"
    "\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721"
    "\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935"
    "\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a"
    "\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa"
    "\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff"
    "\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff"
    "\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff\U0001fc00-\U0001fffd"
)

#: Non-ASCII code points that may be assigned to characters of identifiers; the gaps are surrogates and empty planes.
_PLANES: Final = ((0x80, 0xD800), (0xF900, 0x32400), (0xE0000, 0xE0200))
#: Code points asked about at once; most of such blocks are wholly in or out.
_BLOCK: Final = 128


def identifier_pattern() -> str:
    """The regular expression of an identifier, keywords and `_` included.

    ASCII comes first and by itself: the large classes are looked at for other characters only.
    """
    start, more = _classes()
    other = f"(?![\\x00-\\x7f])[{more}{_EMOJI_PARTS}{_PICTOGRAPHS}{BIDI_CONTROLS}]++"
    return rf"(?:[A-Za-z_]|(?![\x00-\x7f])[{start}])[A-Za-z0-9_]*+(?:{other}[A-Za-z0-9_]*+)*+"


@cache
def _classes() -> tuple[str, str]:
    """The non-ASCII characters with XID_Start and those with XID_Continue, as the insides of character classes."""
    starts, continues = [], []
    for low, high in _PLANES:
        text = "".join(map(chr, range(low, high)))
        starts.append(_class(low, bytes(map(str.isidentifier, text))))
        continues.append(
            _class(low, b"".join(map(_continuing, (text[i : i + _BLOCK] for i in range(0, len(text), _BLOCK)))))
        )
    return "".join(starts), "".join(continues)


def _continuing(block: str) -> bytes:
    """For each character, whether it may stand inside an identifier."""
    if ("a" + block).isidentifier():
        return b"\1" * len(block)
    return bytes(map(str.isidentifier, map("a".__add__, block)))


def _class(low: int, members: bytes) -> str:
    """The runs of members among the code points from `low` on."""
    runs = ((low + run.start(), low + run.end() - 1) for run in re.finditer(b"\1+", members))
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in runs)


def is_upper(name: str) -> bool:
    """Does the identifier begin with an upper-case character?  It then names a constructor or a type."""
    return name[0].isupper()


def is_wellformed(name: str) -> bool:
    """Is the identifier in normal form C, and free of bidirectional controls?"""
    return name.isascii() or unicodedata.is_normalized("NFC", name) and not _BIDI.search(name)


def without_controls(name: str) -> str:
    """The identifier without bidirectional controls."""
    return _BIDI.sub("", name)
