"""Texts with one token wrong: each deletes, inserts or replaces one token of a text that has no error.

Deterministic by seed.  Any token is lost as likely as any other; what is put in is drawn from the text itself: first an
area (bracket, separator, arrow, keyword, operator, operand), then one of its tokens.

What a repair makes of such a text is compared with the text it was made from, as a sequence of token *classes*.  That a
name or a literal is missing can be told from its place, but not which one it was, so all of them are one class
(`OPERAND`), and so are the operators between two of them (`INFIX`).  Line breaks do not count.  A mended text with a
syntax error is never right, whatever its tokens are; without one,

* a repair is **exact** if the classes are those of the original text;
* it is **as good** if they are the same in another order: the lost token was put in another place where it may stand
  as well, or another one of several equal tokens was removed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from engine.parse.lexer import NL, Mode
from engine.parse.machine import Machine
from engine.parse.pieces import SEGMENT, segments
from engine.parse.source import Position, Span, split_lines

__all__ = ["INFIX", "OPERAND", "Mutant", "Word", "area", "classes", "mutants", "same", "words"]

OPERAND: Final = "a name or literal"
INFIX: Final = "an infix operator"
Op = Literal["delete", "insert", "replace"]
OPS: Final[tuple[Op, ...]] = ("delete", "insert", "replace")

_INFIX: Final = frozenset(("+", "-", "*", "/", "%", "^", "==", "!=", "<=", ">=", "&&", "||", "|>"))
_OPERANDS: Final = frozenset(
    ("STRING", "RAW", "CHAR", "IDENT", "UPPER", "INT", "FLOAT", "FLOAT_PAIR", "NUMBER", "true", "false", "null", "_")
)


class Word(NamedTuple):
    """A token: its class, its text, its offsets."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mutant:
    """A text with one mistake: what was done, with which token (replaced: the one that was lost), at which offset."""

    op: Op
    token: str
    offset: int
    span: Span
    new: str
    text: str
    original: str

    @property
    def area(self) -> str:
        """What sort of token it was."""
        return area(self.token)

    @property
    def undone(self) -> tuple[Span, str]:
        """The edit that makes the original text again."""
        lines, start = split_lines(self.new), self.span.start
        end = Position(start.line + len(lines) - 1, len(lines[-1]) + (start.column if len(lines) == 1 else 0))
        old = self.original[self.offset:self.offset + len(self.original) - len(self.text) + len(self.new)]
        return Span(start, end), old


def area(kind: str) -> str:
    """The sort of a token class, for reports."""
    if kind == OPERAND:
        return "operand"
    if kind in ("(", ")", "[", "]", "{", "}"):
        return "bracket"
    if kind in ("->", "=>", "~>"):
        return "arrow"
    if kind in (",", ";", ":"):
        return "separator"
    return "keyword" if kind[0].isalpha() and kind != INFIX else "operator"


def words(machine: Machine, text: str) -> list[Word]:
    """The tokens of a text, as classes; one that spans lines has the text of its last line only."""
    out: list[Word] = []
    offset, opened = 0, None
    for piece, words_of_piece, left_open in _pieces(machine, text):
        for kind, start, end in words_of_piece:
            begins = offset + start if opened is None else opened
            out.append(Word(kind, text[begins:offset + end], begins, offset + end))
            opened = None
        opened = offset + left_open if opened is None and left_open is not None else opened
        offset += len(piece)
    return out


#: Of a piece: the class of each token and where it is, and where one begins that is left open.
_Lexed = tuple[tuple[tuple[str, int, int], ...], int | None]


def _pieces(machine: Machine, text: str) -> Iterator[tuple[str, *_Lexed]]:
    """The pieces of a text, each with what it is as words."""
    mode: Mode | None = None
    for line in split_lines(text):
        for piece in [line] if len(line) <= SEGMENT else _segments(machine, line, mode):
            lexed, mode = _lexed(machine, piece, mode)
            yield piece, *lexed


@lru_cache(maxsize=8)
def _segments(machine: Machine, line: str, mode: Mode | None) -> list[str]:
    return segments(machine.lexer, line, mode)


@lru_cache(maxsize=50_000)
def _lexed(machine: Machine, piece: str, mode: Mode | None) -> tuple[_Lexed, Mode | None]:
    """What a piece is as words, and the mode behind it: remembered, since a mutation changes one piece of many."""
    names, soft = machine.lexer.names, _soft(machine)
    out: list[tuple[str, int, int]] = []
    left_open = None
    for token in machine.lexer.scan(piece, mode):
        name, mode = names[token.kind], token.mode
        if mode is not None:
            left_open = token.start
        elif token.kind != NL and name != "WS":
            kind = OPERAND if name in _OPERANDS or name in soft else INFIX if name in _INFIX else name
            out.append((kind, token.start, token.end))
    return (tuple(out), left_open), mode


def _soft(machine: Machine) -> frozenset[str]:
    """Words that are names to most rules."""
    likely = {"self", "mut", "new", "move", "spec", "actor", "macro", "alias", "channels", "execution", "monitoring",
              "operation", "pattern", "test", "test_parser", "case", "inline_asm", "llvm_ir", "outputs", "inputs",
              "clobbers", "options"}
    return frozenset(likely & machine.lexer.kind.keys())


def classes(machine: Machine, text: str) -> list[str]:
    """The classes of a text's tokens."""
    return [kind for _, found, _ in _pieces(machine, text) for kind, _, _ in found]


def same(machine: Machine, text: str, original: str) -> Literal["exact", "as good", "other"]:
    """How a mended text compares with the one it was made from."""
    ours, theirs = classes(machine, text), classes(machine, original)
    if ours == theirs:
        return "exact"
    return "as good" if Counter(ours) == Counter(theirs) else "other"


def mutants(machine: Machine, text: str, seed: str, most: int | None) -> Iterator[Mutant]:
    """Mutants of a text: for each operation at most `most` of its tokens (None: all), chosen by `seed`."""
    found = words(machine, text)
    for op in OPS if found else ():
        r = random.Random(f"{seed}:{op}")
        places = range(len(found)) if most is None or most >= len(found) else sorted(r.sample(range(len(found)), most))
        for index in places:
            mutant = _mutant(machine, text, found, index, op, r)
            if mutant is not None:
                yield mutant


def _position(text: str, offset: int) -> Position:
    lines = split_lines(text[:offset])
    return Position(len(lines) - 1, len(lines[-1]))


def _mutant(machine: Machine, text: str, found: list[Word], index: int, op: Op, r: random.Random) -> Mutant | None:
    """None where the tokens cannot be written so, or would be the same."""
    here = found[index]
    drawn = r.choice(sorted({area(word.kind) for word in found}))
    other = r.choice([word for word in found if area(word.kind) == drawn])
    wanted = [word.kind for word in found]
    if op == "delete":
        start, end, new, token = here.start, here.end, "", here.kind
        wanted[index:index + 1] = []
    elif op == "insert":
        start, end, new, token = here.start, here.start, other.text, other.kind
        wanted.insert(index, other.kind)
    else:
        start, end, new, token = here.start, here.end, other.text, here.kind
        wanted[index] = other.kind
        if other.kind == here.kind:
            return None
    for before, after in (("", ""), ("", " "), (" ", " ")):
        padded = before + new + after if new else before
        mutated = text[:start] + padded + text[end:]
        if classes(machine, mutated) == wanted:
            return Mutant(op, token, start, Span(_position(text, start), _position(text, end)), padded, mutated, text)
    return None
