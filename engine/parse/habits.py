"""Which tokens usually stand side by side in a language, learnt from a sample of it.

Of two repairs after which parsing goes on just as well, the one that leaves the more usual text is the more likely one:
a trigram model of token kinds, smoothed by those of pairs and of single kinds (Witten & Bell, 1991).  Names and
literals are one word, since a repair cannot know which of them was meant.

Knows no grammar.  A function of the sample alone, so that every machine of a language repairs alike.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import log
from typing import Final, TypeVar

from engine.parse.lexer import EOF, NL, WS, Lexer
from engine.parse.source import split_lines

__all__ = ["OPERAND", "Habits", "Surroundings"]

#: The word of all names and literals; kinds stand for themselves.
OPERAND: Final = -1
#: What a word costs that is e times rarer than another one.
_WEIGHT: Final = 7

#: Costs remembered before they are forgotten.
_MOST_KNOWN: Final = 50_000

_Context = TypeVar("_Context")


class Habits:
    """How usual words are behind two others; `operands` are the kinds of names and literals."""

    def __init__(self, lexer: Lexer, sample: str, operands: frozenset[int]) -> None:
        self._words = [OPERAND if kind in operands else kind for kind in range(len(lexer.names))]
        self._words[EOF] = NL                            # a text may end where a line may
        text = [NL, NL, *self.words(_kinds(lexer, sample))]
        self._single = Counter(text)
        self._size = len(text)
        self._pairs = Counter(pairwise(text))
        self._triples = Counter(zip(text, text[1:], text[2:], strict=False))
        self._behind_one = _followers((pair[0], count) for pair, count in self._pairs.items())
        self._behind_two = _followers((triple[:2], count) for triple, count in self._triples.items())
        self._known: dict[tuple[int, int, int], int] = {}

    def word(self, kind: int) -> int:
        """The word of a kind."""
        return self._words[kind]

    def words(self, kinds: Iterable[int]) -> list[int]:
        """The words of kinds; several line breaks are one."""
        out: list[int] = []
        for kind in kinds:
            word = self._words[kind]
            if word != NL or out[-1:] != [NL]:
                out.append(word)
        return out

    def cost(self, words: Sequence[int]) -> int:
        """How unusual it is that words stand side by side: of all but the first two, behind the two before."""
        known, total = self._known, 0
        for at in range(2, len(words)):
            triple = words[at - 2], words[at - 1], words[at]
            total += known[triple] if triple in known else self._learn(triple)
        return total

    def _learn(self, triple: tuple[int, int, int]) -> int:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        cost = self._known[triple] = round(-_WEIGHT * log(self._likelihood(*triple)))
        return cost

    def _likelihood(self, a: int, b: int, c: int) -> float:
        share = (self._single[c] + .5) / (self._size + .5 * len(self._words))
        for behind, count in ((self._behind_one.get(b), self._pairs[b, c]),
                              (self._behind_two.get((a, b)), self._triples[a, b, c])):
            if behind is not None:
                total, different = behind
                share = (count + different * share) / (total + different)
        return share


class Surroundings:
    """Kinds as words, and what is won or lost by changing one of them: a positive number where it gets more unusual."""

    def __init__(self, habits: Habits, kinds: Sequence[int]) -> None:
        self.habits = habits
        self._line: list[int] = [NL, NL]
        self._places: list[int] = []
        self._before: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        for kind in kinds:
            word = habits.word(kind)
            if word != NL or self._line[-1] != NL:
                self._line.append(word)
            self._places.append(len(self._line) - 1)

    def inserted(self, kind: int, index: int, below: bool, prior: int | None = None) -> int:
        """Of inserting a kind in front of an index: behind the line break there if `below`, behind `prior` if given."""
        line, at = self._line, self._places[index]
        if not below and at > 2 and line[at - 1] == NL:
            at -= 1
        left = line[at - 2:at] if prior is None else [line[at - 1], self.habits.word(prior)]
        return self._changed(left, [self.habits.word(kind)], [], line[at:at + 2])

    def replaced(self, kind: int, index: int) -> int:
        """Of putting a kind in the place of another one."""
        line, at = self._line, self._places[index]
        return self._changed(line[at - 2:at], [self.habits.word(kind)], line[at:at + 1], line[at + 1:at + 3])

    def deleted(self, index: int) -> int:
        """Of deleting a kind."""
        line, at = self._line, self._places[index]
        right = line[at + 1:at + 3]
        if line[at - 1] == NL and right[:1] == [NL]:
            right = line[at + 2:at + 4]
        return self._changed(line[at - 2:at], [], line[at:at + 1], right)

    def _changed(self, left: list[int], new: list[int], old: list[int], right: list[int]) -> int:
        return self.habits.cost([*left, *new, *right]) - self._cost_before(tuple(left), (*old, *right))

    def _cost_before(self, left: tuple[int, ...], right: tuple[int, ...]) -> int:
        """What the text as it is costs there: asked for with every change at a place."""
        known = self._before.get((left, right))
        if known is None:
            known = self._before[left, right] = self.habits.cost((*left, *right))
        return known


def _followers(counts: Iterable[tuple[_Context, int]]) -> dict[_Context, tuple[int, int]]:
    """For each context how often something follows it, and how many different words do."""
    found: dict[_Context, tuple[int, int]] = {}
    for context, count in counts:
        total, different = found.get(context, (0, 0))
        found[context] = total + count, different + 1
    return found


def _kinds(lexer: Lexer, text: str) -> Iterator[int]:
    mode = None
    for line in split_lines(text):
        for token in lexer.scan(line, mode):
            mode = token.mode
            if mode is None and token.kind != WS:
                yield token.kind
