"""The tokens of JSON, and of what people write instead.

Right tokens are those of RFC 8259.  Known mistakes (single quotes, comments, ``NaN``, ``01``, …) are kinds of their own
that no grammar mentions: `WRONG` says what each stands for, so that one mistake stays one diagnostic.

Two ways lead to the kinds of a piece.  The slow one cuts tiles, as every lexer does, and knows all kinds.  The fast one
(`JsonLexer.kinds`) replaces strings, numbers and words by single characters and translates the rest at once; it is only
for pieces without a mistake and gives up at the first doubt.  Invariant: where it does not give up, both agree.
"""

from __future__ import annotations

import re
from typing import Final

from engine.parse.lexer import ERROR, NL, WS, Lexer, Rule, Spanning, Symbols, Terminal, Trivia
from engine.parse.machine import WrongToken

__all__ = ["NUMBER", "STRING", "WRONG", "JsonLexer"]

#: RFC 8259, section 7: no control character, no escape but these.
STRING: Final = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+)*+"'
#: RFC 8259, section 6, without the minus sign; `(?<!0)` keeps a zero from being followed by digits.
_UNSIGNED: Final = r"[0-9](?:(?<!0)[0-9]++)?(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
NUMBER: Final = f"-?{_UNSIGNED}"

_GLUED = r"[0-9A-Za-z_.$]"
_BAD_NUMBER = rf"[-+]?(?:[0-9]|\.(?=[0-9])){_GLUED}*+(?:(?<=[eEpP])[-+]{_GLUED}*+)?|[-+][A-Za-z_]{_GLUED}*+|[-+]++"
_WORD = r"[^\W\d][\w$-]*+|\$[\w$-]*+"
_BAD_STRING = r'"[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+"'
# A string that is not closed leaves commas and brackets at the line's end to the grammar.  It must see the line break
# to do so: where a long line is divided may not depend on text that has not arrived, nor on text far behind.
_TO_THE_END = r"(?:[^\r\n,\]} \t]++|[,\]} \t]++(?=[^\r\n,\]} \t]))*+(?:[,\]} \t]++(?![\r\n])|[,\]} \t]{49,}+)?+"
_SINGLE = r"'[^'\\\r\n]*+(?:\\[^\r\n][^'\\\r\n]*+)*+'|`[^`\r\n]*+`"
_CURLY_DOUBLE = "[\u201c\u201e\u201f][^\u201c-\u201f\r\n]*+[\u201c\u201d]"
_CURLY_SINGLE = "[\u2018\u201a\u201b][^\u2018-\u201b\r\n]*+[\u2018\u2019]"
_BLANK = r"[\f\v\x1c-\x1f\x85\xa0\u1680\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]++"
_BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*+\*/"

#: What a mistaken token is reported as, and stands for afterwards.
WRONG: Final = {
    "WRONG_NUMBER": WrongToken("json.number", "NUMBER"),
    "WRONG_STRING": WrongToken("json.bad_escape", "STRING"),
    "OPEN_STRING": WrongToken("json.unterminated_string", "STRING"),
    "SINGLE_QUOTED": WrongToken("json.single_quotes", "STRING"),
    "CURLY_QUOTED": WrongToken("json.curly_quotes", "STRING"),
    "WORD": WrongToken("json.unquoted_string", "STRING"),
    "COMMENT": WrongToken("json.comment"),
    "BLANK": WrongToken("json.blank"),
    ";": WrongToken("json.semicolon", ","),
    "=": WrongToken("json.equals", ":"),
}


def _rules(comments: bool) -> list[Rule]:
    line_comment, block_comment = (r"//[^\r\n]*+", r"/\*")
    allowed: list[Rule] = [Trivia(line_comment), Spanning(None, _BLOCK_COMMENT, block_comment, "*/")]
    refused: list[Rule] = [Terminal("COMMENT", line_comment), Spanning("COMMENT", _BLOCK_COMMENT, block_comment, "*/")]
    return [
        Symbols("{", "}", "[", "]", ",", ":"),
        Terminal("STRING", STRING),
        Terminal("NUMBER", rf"{NUMBER}(?!{_GLUED}|[-+])"),
        Terminal("WORD", _WORD),
        *(allowed if comments else refused),
        Terminal("COMMENT", r"#[^\r\n]*+"),
        Terminal("WRONG_STRING", _BAD_STRING),
        Terminal("OPEN_STRING", f'"{_TO_THE_END}'),
        Terminal("SINGLE_QUOTED", _SINGLE),
        Terminal("OPEN_STRING", f"'{_TO_THE_END}"),
        Terminal("CURLY_QUOTED", f"{_CURLY_DOUBLE}|{_CURLY_SINGLE}"),
        Terminal("WRONG_NUMBER", _BAD_NUMBER),
        Terminal("BLANK", _BLANK),
        Symbols(";", "="),
    ]


class JsonLexer(Lexer):
    """Kinds of JSON.

    `comments` makes comments trivia, as JSONC has it.  `line_based` keeps line breaks, as JSON Lines has it, whose
    lines end with a line feed: a carriage return alone is a blank there.
    """

    bulk = True

    def __init__(self, *, comments: bool = False, line_based: bool = False) -> None:
        self.line_based = line_based
        super().__init__(*_rules(comments), words=("WORD", ("true", "false", "null")), cut_after=",[{",
                         classes={"STRING": "a string", "NUMBER": "a number"})
        self._table, self._dropped = self._tables()

    def _tables(self) -> tuple[bytes, bytes]:
        """Kinds by the characters of a skeleton, and the characters that are left out of it."""
        table = bytearray([ERROR]) * 256
        for character in "{}[],:":
            table[ord(character)] = self.kind[character]
        for mark, name in zip(_MARKS, ("STRING", "NUMBER", "true", "false", "null"), strict=True):
            table[ord(mark)] = self.kind[name]
        table[ord("\n")] = NL
        return bytes(table), b" \t\r" if self.line_based else b" \t\r\n"

    def kinds(self, piece: str) -> bytes:
        """The kinds of a piece without a mistake; otherwise `ERROR` alone, which no state takes.

        Linear, in C but for a dozen calls.  Why it is exact: the substitution goes from left to right, so a quote that
        belongs to no complete string, a comment's slash and every other odd character stay in the skeleton, where the
        table knows no kind for them; and two values side by side, which is what ``01`` or ``truefalse`` turn into, no
        grammar of this package takes.
        """
        if _A in piece or _B in piece or _C in piece or _D in piece or _E in piece:
            return _DOUBT                                # a control character that is used as a mark
        skeleton = _sub_number(_B, _sub_string(_A, piece)).replace(_MINUS, _B)
        skeleton = skeleton.replace("true", _C).replace("false", _D).replace("null", _E)
        try:
            kinds = skeleton.encode("ascii").translate(self._table, self._dropped)
        except UnicodeEncodeError:
            return _DOUBT
        return _DOUBT if ERROR in kinds else kinds

    path = kinds

    def classify(self, tile: str) -> int:
        """The kind of one tile."""
        return WS if self.line_based and tile.endswith("\r") and not tile.strip(" \t\r") else super().classify(tile)


#: What stands for a string, a number and the three words in a skeleton; no text without a mistake contains them.
_MARKS: Final = "\1\2\3\4\5"
_A, _B, _C, _D, _E = _MARKS
_MINUS: Final = "-" + _B
_DOUBT: Final = bytes([ERROR])
_sub_string: Final = re.compile(STRING).sub
_sub_number: Final = re.compile(_UNSIGNED).sub
