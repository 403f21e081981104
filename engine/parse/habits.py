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
from typing import Final, NamedTuple, TypeVar

from engine.parse.lexer import EOF, NL, WS, Lexer
from engine.parse.source import split_lines

__all__ = ["OPERAND", "Habits", "Surroundings"]

#: The word of all names and literals; kinds stand for themselves.
OPERAND: Final = -1
#: What a word costs that is e times rarer than another one.
_WEIGHT: Final = 7

#: Stands behind the last word: what follows is not known, so it costs nothing; or the text ends there, behind a line
#: break.
_NOTHING: Final = -2
_END: Final = -3

#: Costs remembered before they are forgotten: of three words, and of all candidates between others.
_MOST_KNOWN: Final = 50_000
_MOST_GAPS: Final = 4_000
_MOST_ROWS: Final = 2_000

_Context = TypeVar("_Context")
#: The two words before a place and the two behind it.
_Gap = tuple[int, int, int, int]


class Costs(NamedTuple):
    """What it costs to put each of the candidates into a gap, in their order, and the least of that.

    `costs` are still to be taken less by `before`, what the text as it is costs there; `least` is less by it already.
    """

    costs: tuple[int, ...]
    least: int
    before: int


class Habits:
    """How usual words are behind two others.

    `operands` are the kinds of names and literals, `candidates` those that may be put between others.
    """

    def __init__(self, lexer: Lexer, sample: str, operands: frozenset[int], candidates: Sequence[int]) -> None:
        self._words = [OPERAND if kind in operands else kind for kind in range(len(lexer.names))]
        self._words[EOF] = NL                            # a text may end where a line may
        kinds = list(_kinds(lexer, sample))
        text = [NL, NL, *self.words(kinds)]
        self._single = Counter(text)
        self._size = len(text)
        self._pairs = Counter(pairwise(text))
        self._triples = Counter(zip(text, text[1:], text[2:], strict=False))
        #: Words that stand in front of a blank line: a text may end where one is.
        self._last = Counter(self.word(a) for a, b, c in zip(kinds, kinds[1:], kinds[2:], strict=False)
                             if a != b == c == NL)
        self._behind_one = _followers((pair[0], count) for pair, count in self._pairs.items())
        self._behind_two = _followers((triple[:2], count) for triple, count in self._triples.items())
        self._known: dict[tuple[int, int, int], int] = {}
        self._candidates = [self.word(kind) for kind in candidates]
        self._gaps: dict[_Gap, tuple[tuple[int, ...], int]] = {}
        self._rows: dict[tuple[int | None, int | None, int | None], tuple[int, ...]] = {}
        self._known_pairs: dict[tuple[int, int], tuple[float, int]] = {}

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
        for triple in zip(words, words[1:], words[2:], strict=False):
            cost = known.get(triple)
            total += self._learn(triple) if cost is None else cost
        return total

    def between(self, gap: _Gap) -> tuple[tuple[int, ...], int]:
        """What each candidate costs between two words and two others, and the least of that."""
        known = self._gaps.get(gap)
        if known is None:
            if len(self._gaps) >= _MOST_GAPS:
                self._gaps.clear()
            a, b, c, d = gap
            costs = tuple(map(sum, zip(self._row(a, b, None), self._row(b, None, c), self._row(None, c, d),
                                       strict=True)))
            known = self._gaps[gap] = costs, min(costs, default=0)
        return known

    def _row(self, a: int | None, b: int | None, c: int | None) -> tuple[int, ...]:
        """What three words cost with each candidate in the place of None."""
        known = self._rows.get((a, b, c))
        if known is None:
            if len(self._rows) >= _MOST_ROWS:
                self._rows.clear()
            costs = {k: self.cost((k if a is None else a, k if b is None else b, k if c is None else c))
                     for k in set(self._candidates)}
            known = self._rows[a, b, c] = tuple([costs[k] for k in self._candidates])
        return known

    def _learn(self, triple: tuple[int, int, int]) -> int:
        """Its cost, put down; none for what would be behind the end."""
        a, b, c = triple
        behind = self._behind_two.get((a, b))
        if c == _NOTHING:
            cost = 0
        elif c == _END:
            cost = self._ending(a)
        elif behind is None:
            cost = self._pair(b, c)[1]
        else:
            total, different = behind
            cost = _cost((self._triples[triple] + different * self._pair(b, c)[0]) / (total + different))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[triple] = cost
        return cost

    def _ending(self, word: int) -> int:
        """What it costs that a text ends behind a word and a line break; nothing if the sample has no blank lines."""
        if not self._last:
            return 0
        share = self._last.total() / self._single[NL]
        return _cost((self._last[word] + share) / (self._pairs[word, NL] + 1))

    def _pair(self, b: int, c: int) -> tuple[float, int]:
        """How likely a word is behind another one if that is all that is known, and what it costs."""
        known = self._known_pairs.get((b, c))
        if known is None:
            share, behind = (self._single[c] + .5) / (self._size + .5 * len(self._words)), self._behind_one.get(b)
            if behind is not None:
                total, different = behind
                share = (self._pairs[b, c] + different * share) / (total + different)
            known = self._known_pairs[b, c] = share, _cost(share)      # no more than there are words, squared
        return known


def _cost(share: float) -> int:
    return round(-_WEIGHT * log(share))


class Surroundings:
    """Kinds as words, and what is won or lost by changing one of them: a positive number where it gets more unusual."""

    def __init__(self, habits: Habits, kinds: Sequence[int]) -> None:
        self.habits = habits
        self._line: list[int] = [NL, NL]
        self._places: list[int] = []
        for kind in kinds:
            word = habits.word(kind)
            if word != NL or self._line[-1] != NL:
                self._line.append(word)
            self._places.append(len(self._line) - 1)
        self._line += [_END if kinds and kinds[-1] == EOF else _NOTHING, _NOTHING, _NOTHING]

    def inserted(self, index: int, below: bool, prior: int | None = None) -> Costs:
        """Of inserting kinds in front of an index: behind the line break there if `below`, behind `prior` if given."""
        line, at = self._line, self._places[index]
        if not below and at > 2 and line[at - 1] == NL:
            at -= 1
        left = (line[at - 2], line[at - 1]) if prior is None else (line[at - 1], self.habits.word(prior))
        return self._costs((*left, line[at], line[at + 1]), self.habits.cost([*left, line[at], line[at + 1]]))

    def replaced(self, index: int) -> Costs:
        """Of putting kinds in the place of another one."""
        line, at = self._line, self._places[index]
        gap = line[at - 2], line[at - 1], line[at + 1], line[at + 2]
        return self._costs(gap, self.habits.cost(line[at - 2:at + 3]))

    def deleted(self, index: int) -> int:
        """Of deleting a kind."""
        line, at = self._line, self._places[index]
        behind = at + 2 if line[at - 1] == NL == line[at + 1] else at + 1
        kept, cost = line[behind:behind + 2], self.habits.cost
        return cost(line[at - 2:at] + kept) - cost(line[at - 2:at + 1] + kept)

    def _costs(self, gap: _Gap, before: int) -> Costs:
        costs, least = self.habits.between(gap)
        return Costs(costs, least - before, before)


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
