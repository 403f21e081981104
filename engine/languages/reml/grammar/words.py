"""Names and words, as sets of tokens: what the other modules of the grammar are written with.

Name   ::= IDENT | UPPER_IDENT | soft keyword
Member ::= Name | any keyword                       (behind "." and "::")
Label  ::= Name | any keyword                       (in front of ":" and "=")
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.lexer import CONTEXTUAL, HARD, SOFT
from engine.parse.grammar import (
    Anchor,
    G,
    Grammar,
    Ref,
    attempt,
    glued,
    label,
    lookahead,
    many,
    newline,
    ok,
    sep_by,
    sep_by1,
    seq,
    token,
)

__all__ = [
    "AN_EXPRESSION",
    "AN_OPERATOR",
    "A_PATTERN",
    "A_TYPE",
    "DOTTED",
    "GLUED_NAME",
    "HARD_LABEL",
    "LOWER",
    "LOWER_MEMBER",
    "MEMBER",
    "NAME",
    "NAME_KINDS",
    "PATH",
    "PLAIN",
    "SEPARATOR",
    "SPECIAL",
    "STRING",
    "UPPER",
    "define_next_line",
    "lines_of",
    "listed",
    "next_line",
]

#: How expectations name what has no fixed text.
AN_EXPRESSION: Final = "an expression"
AN_OPERATOR: Final = "an operator"
A_PATTERN: Final = "a pattern"
A_TYPE: Final = "a type"

#: Contextual words that begin an expression of their own, by what follows them.
SPECIAL: Final = ("test", "test_parser", "inline_asm", "llvm_ir")
#: Lower-case names that begin nothing but themselves.
PLAIN: Final = ("IDENT", *SOFT, *(word for word in CONTEXTUAL if word not in SPECIAL))
_LOWER: Final = (*PLAIN, *SPECIAL)

LOWER: Final = label("IDENT", token(*_LOWER))
UPPER: Final = token("UPPER")
NAME_KINDS: Final = ("UPPER", *_LOWER)
NAME: Final = label("IDENT", token(*NAME_KINDS))
GLUED_NAME: Final = label("IDENT", glued(*NAME_KINDS))
#: A member's name; in lower case if it matters.
MEMBER: Final = label("IDENT", token(*NAME_KINDS, *HARD))
LOWER_MEMBER: Final = label("IDENT", token(*_LOWER, *HARD))
#: A keyword as a label: only with ":" or "=" right behind it.
HARD_LABEL: Final = attempt(label("IDENT", token(*HARD)), lookahead(":", "="))

STRING: Final = token("STRING", "RAW")
SEPARATOR: Final = token(".", "::")
#: QualName ::= Name { ("." | "::") Member }
PATH: Final = seq(NAME, many(SEPARATOR, MEMBER))


def listed(opener: G | str, element: G | str, closer: str) -> G:
    """A bracketed list: elements with commas between and perhaps one behind the last."""
    return seq(opener, sep_by(element), closer)


#: Dotted ::= Name { "." Name }
DOTTED: Final = seq(NAME, many(".", NAME))


def lines_of(opener: G | str, element: str, closer: str) -> G:
    """A list of elements of a rule that usually have a line each: a comma forgotten at a line's end is one mistake.

    Not for what is written inside of statements, where the next line is more likely a statement behind a bracket that
    was not closed.
    """
    return seq(opener, sep_by(Ref(element)), next_line(element), closer)


def next_line(element: str) -> G:
    """Matches nothing; after an error in front of it the next line may go on with an element (`define_next_line`)."""
    return Anchor(ok, skip=Ref(f"{element}OnNextLine"))


def define_next_line(g: Grammar, element: str) -> None:
    """The rule that `next_line` goes on with."""
    g[f"{element}OnNextLine"] = seq(newline(), sep_by1(Ref(element)), next_line(element))
