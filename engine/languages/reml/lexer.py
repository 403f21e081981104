"""The tokens of Reml.

Keywords come in three classes: *hard* ones are never a bare identifier, *soft* ones are one wherever the grammar does
not ask for the word, *contextual* ones are plain identifiers to everybody but the productions that name them.  There is
no interpolation in strings and no sign in numbers; operators are the longest that fits.

Wrong tokens are kinds of their own (`WRONG` says what each stands for): unfinished strings and characters, which
reach to the end of the line, so one forgotten quote is one diagnostic; text in other quotes; bad escapes; dollar
signs; identifiers that are not well-formed. Knows no grammar; what is inside a literal is looked at by `literals`.
"""

from __future__ import annotations

from typing import Final, Literal

from engine.languages.reml.identifiers import identifier_pattern, is_upper, is_wellformed
from engine.languages.reml.literals import char_fault, escape_fault
from engine.parse.lexer import Lexer, Spanning, Symbols, Terminal, Trivia
from engine.parse.machine import WrongToken

__all__ = ["CONTEXTUAL", "FIXITIES", "HARD", "HOLES", "LIKELY", "SOFT", "SPACED", "WRONG", "Profile", "reml_lexer"]

#: Which characters identifiers may have: all of Unicode's, or ASCII only.
Profile = Literal["unicode", "ascii"]

HARD: Final = tuple(
    "as async await break const continue defer do effect else enum extern false fn for handle handler if impl in let"
    " loop match module perform pub rec return struct super then trait true type unsafe use var when where while with"
    " conductor".split()
)
SOFT: Final = tuple("self mut new move spec actor macro alias channels execution monitoring".split())
CONTEXTUAL: Final = tuple(
    "operation pattern test test_parser case inline_asm llvm_ir outputs inputs clobbers options".split()
)
FIXITIES: Final = ("prefix", "postfix", "infix_left", "infix_right", "infix_nonassoc", "ternary")
_SYMBOLS: Final = tuple(
    "|> ~> ... .. => -> := && || == != <= >= :: . , ; : @ # | = ( ) [ ] { } + - * / % ^ < > ! ? &".split()
)

#: Kinds that no text may contain: how they are reported, and what they stand for afterwards.
WRONG: Final = {
    "OPEN_STRING": WrongToken("parser.lexer.unknown_token", "STRING"),
    "OPEN_CHAR": WrongToken("parser.lexer.unknown_token", "CHAR"),
    "QUOTED": WrongToken("parser.lexer.unknown_token", "STRING", or_else="IDENT"),
    "DOLLAR": WrongToken("parser.lexer.unknown_token", "IDENT"),
    "BAD_IDENT": WrongToken("unicode.invalid_identifier", "IDENT"),
    "BAD_UPPER": WrongToken("unicode.invalid_identifier", "UPPER"),
    "FOREIGN_IDENT": WrongToken("parser.lexer.unknown_token", "IDENT"),
    "BAD_STRING": WrongToken("language.string.invalid_escape", "STRING"),
    "BAD_CHAR": WrongToken("language.char.invalid_literal", "CHAR"),
}

#: What people forget, most likely first; the rest of the alphabet is not tried.
LIKELY: Final = tuple(
    ") ] } , _ -> : IDENT = with then => fn ( { | else . in < > + let type ; [ == && |> :: ! & .. ? @ UPPER STRING INT"
    " use match if var const for while module impl trait enum struct handler operation effect pub as when"
    " do perform where loop extern return".split()
)
#: Those of them that are written with blanks around.
SPACED: Final = ("=", "->", "=>", "{", "|", "+", "==", "&&", "|>")
#: What is written for a lost token of a kind that has no fixed text.
HOLES: Final = {"_": "_", "IDENT": "name", "UPPER": "Name", "STRING": '""', "INT": "0"}

# A float needs a digit or `_` right after its dot, so `1..10` is a range.  `FLOAT_PAIR` is one that is also a path of
# two tuple indices: `t.0.1`.
_DIGITS: Final = "[0-9][0-9_]*+"
_FLOAT: Final = rf"{_DIGITS}(?:\.[0-9_]++(?:[eE][+-]?[0-9_]++)?|[eE][+-]?[0-9_]++)"
_INT: Final = rf"0[bB][01_]++|0[oO][0-7_]++|0[xX][0-9a-fA-F_]++|{_DIGITS}"
# `:prefix` is one token unless glued to what is in front of it; the characters are those at which long lines are
# divided.
_FIXITY: Final = rf"(?<![^ \t(\[{{,;]):(?:{'|'.join(FIXITIES)})\b"

_RAW: Final = r'r"[^"]*+"|r#"(?:[^"]|"(?!#))*+"#|r##"(?:[^"]|"(?!##))*+"##'
_TRIPLE: Final = r'"""(?:[^"]|"(?!""))*+"""'
_STRING: Final = r'"(?!"")[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+"'
_CHAR: Final = r"'[^'\\\r\n]*+(?:\\[^\r\n][^'\\\r\n]*+)*+'"
# A word processor's quotes, and those of other languages.
_QUOTED: Final = (
    "[\u201c\u201e\u201f\u00ab][^\u201c-\u201f\u00bb\r\n]*+[\u201c\u201d\u00bb]"
    "|[\u2018\u201a\u201b][^\u2018-\u201b\r\n]*+[\u2018\u2019]|`[^`\r\n]*+`"
)
# What is left open ends in front of the commas and brackets at the end of the line: they are rarely part of the text.
# The line break must be in sight for that, or the division of a long line would depend on what has not arrived yet.
_TO_THE_END: Final = r"(?:[^\r\n,;)\]} \t]++|[,;)\]} \t]++(?=[^\r\n,;)\]} \t]))*+(?:[,;)\]} \t]++(?![\r\n]))?+"
_COMMENT: Final = r"/\*[^*/]*+(?:(?:\*(?!/)|/(?!\*))[^*/]*+)*+\*/"


def reml_lexer(profile: Profile = "unicode") -> Lexer:
    """A lexer for Reml."""
    return Lexer(
        Spanning("RAW", _RAW, r'r(#*)"', r'"\1'),
        Terminal("IDENT", identifier_pattern()),
        Trivia(r"//[^\r\n]*+"),
        Spanning(None, _COMMENT, r"/\*", "*/", nests=True),
        Terminal("FIXITY", _FIXITY),
        Symbols(*_SYMBOLS),
        Spanning("STRING", _TRIPLE, '"""', '"""'),
        Terminal("STRING", _STRING),
        Terminal("OPEN_STRING", '"' + _TO_THE_END),
        Terminal("FLOAT", _FLOAT),
        Terminal("INT", _INT),
        Terminal("CHAR", _CHAR),
        Terminal("OPEN_CHAR", "'" + _TO_THE_END),
        Terminal("QUOTED", _QUOTED),
        Terminal("DOLLAR", r"\$\w*+"),
        words=("IDENT", (*HARD, *SOFT, *CONTEXTUAL, "_")),
        refine=_refined if profile == "unicode" else _refined_ascii,
        extra=("UPPER", "FLOAT_PAIR", "BAD_IDENT", "BAD_UPPER", "FOREIGN_IDENT", "BAD_STRING", "BAD_CHAR"),
        classes={
            "IDENT": "identifier",
            "UPPER": "upper-identifier",
            "INT": "integer-literal",
            "FLOAT": "float-literal",
            "FLOAT_PAIR": "float-literal",
            "CHAR": "char-literal",
            "STRING": "string-literal",
            "RAW": "string-literal",
            "FIXITY": "fixity",
            "OPEN_STRING": "string-literal",
            "OPEN_CHAR": "char-literal",
            "QUOTED": "string-literal",
            "DOLLAR": "identifier",
            "BAD_IDENT": "identifier",
            "BAD_UPPER": "upper-identifier",
            "FOREIGN_IDENT": "identifier",
            "BAD_STRING": "string-literal",
            "BAD_CHAR": "char-literal",
        },
    )


def _refined(kind: str, text: str) -> str:
    if kind == "IDENT":
        if not is_wellformed(text):
            return "BAD_UPPER" if is_upper(text) else "BAD_IDENT"
        return "UPPER" if is_upper(text) else "IDENT"
    if kind == "STRING":
        return "BAD_STRING" if "\\" in text and not text.startswith('"""') and escape_fault(text) else kind
    if kind == "CHAR":
        return "BAD_CHAR" if char_fault(text) else kind
    if kind == "FLOAT" and text.replace(".", "", 1).isdigit():
        return "FLOAT_PAIR"
    return kind


def _refined_ascii(kind: str, text: str) -> str:
    return "FOREIGN_IDENT" if kind == "IDENT" and not text.isascii() else _refined(kind, text)
