"""An interpreter for EBNF that knows nothing of the parser it is compared with.

It asks where each rule can end that begins at a token, all ends at once, and remembers the answers; so it needs no
order of alternatives and no look-ahead, and is slow.

    "t"  token   ~"t"  token without a line break in front   {x}  any number   {x}+  at least one   [x]  perhaps
    (x | y)      !x    not x (takes nothing)   NL  a line break is in front (takes nothing)
    list(x)  list1(x)  with commas, one more allowed   rows(x)  separated by `;` or line breaks
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any, NamedTuple


class Tok(NamedTuple):
    """A token of the text: its kind, and whether a line break is in front of it."""

    kind: str
    nl: bool


Part = tuple[Any, ...]
_WORD = re.compile(r'\s*(?:(?P<token>"[^"]+")|(?P<name>\w+)|(?P<mark>\}\+|[{}\[\]()|~!,]))')


def read(text: str) -> dict[str, Part]:
    """The rules of a text of lines `Name ::= …`; what does not begin so goes on with the rule above."""
    rules: dict[str, Part] = {}
    for match in re.finditer(r"^(\w+)\s*::=(.*(?:\n(?!\w+\s*::=).*)*)", text, re.M):
        source = re.sub(r"//.*", "", match[2])
        words = list(_WORD.finditer(source))
        assert re.sub(r"\s", "", "".join(m[0] for m in words)) == re.sub(r"\s", "", source), (
            f"rule {match[1]} is malformed"
        )
        rules[match[1]] = _Reader(words).all()
    return rules


class _Reader:
    def __init__(self, words: list[re.Match[str]]) -> None:
        self.words, self.at = words, 0

    def all(self) -> Part:
        part = self.choice()
        assert self.at == len(self.words), self.words[self.at :]
        return part

    def peek(self) -> str | None:
        return self.words[self.at]["mark"] if self.at < len(self.words) else "end"

    def choice(self) -> Part:
        out = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            out.append(self.sequence())
        return ("or", *out) if len(out) > 1 else out[0]

    def sequence(self) -> Part:
        out: list[Part] = []
        while self.peek() not in ("|", ")", "]", "}", "}+", "end"):
            out.append(self.one())
        return ("seq", *out)

    def one(self) -> Part:
        word = self.words[self.at]
        self.at += 1
        if word["token"]:
            return ("token", word["token"][1:-1])
        if word["name"]:
            return self.named(word["name"])
        if word["mark"] == "~":
            return ("same_line", self.one())
        if word["mark"] == "!":
            return ("not", self.one())
        inner = self.choice()
        closer = self.words[self.at]["mark"]
        self.at += 1
        return {
            ("{", "}"): ("many", inner),
            ("{", "}+"): ("seq", inner, ("many", inner)),
            ("[", "]"): ("or", inner, ("seq",)),
            ("(", ")"): inner,
        }[word["mark"], closer]

    def named(self, name: str) -> Part:
        if name not in ("list", "list1", "rows"):
            return ("rule", name)
        assert self.words[self.at]["mark"] == "("
        self.at += 1
        x = self.choice()
        self.at += 1
        if name == "rows":
            semicolons = ("many", ("token", ";"))
            more = ("seq", ("or", ("seq", ("token", ";"), semicolons), ("rule", "NL")), x)
            return ("seq", semicolons, ("or", ("seq", x, ("many", more), semicolons), ("seq",)))
        some = ("seq", x, ("many", ("seq", ("token", ","), x)), ("or", ("token", ","), ("seq",)))
        return some if name == "list1" else ("or", some, ("seq",))


class Recogniser:
    """Does a row of tokens follow the rules?"""

    def __init__(self, rules: dict[str, Part], classes: Mapping[str, Iterable[str]], start: str) -> None:
        self.rules, self.start = rules, start
        self.classes = {name: tuple(kinds) for name, kinds in classes.items()}
        for name in _mentioned(rules.values()):
            assert name in rules or name in self.classes or name == "NL", f"rule {name} is missing"

    def accepts(self, tokens: list[Tok]) -> bool:
        """Do all the tokens together follow the start rule?"""
        self.tokens, self.memo = tokens, dict[tuple[str, int], frozenset[int]]()
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 12_000))
        return len(tokens) in self.ends(("rule", self.start), 0)

    def ends(self, part: Part, at: int) -> frozenset[int]:
        """Where `part` can end that begins at token `at`."""
        return getattr(self, "_" + part[0])(part, at)

    def _token(self, part: Part, at: int) -> frozenset[int]:
        return frozenset((at + 1,)) if at < len(self.tokens) and self.tokens[at].kind == part[1] else frozenset()

    def _same_line(self, part: Part, at: int) -> frozenset[int]:
        return self.ends(part[1], at) if at < len(self.tokens) and not self.tokens[at].nl else frozenset()

    def _not(self, part: Part, at: int) -> frozenset[int]:
        return frozenset() if self.ends(part[1], at) else frozenset((at,))

    def _or(self, part: Part, at: int) -> frozenset[int]:
        return frozenset().union(*(self.ends(x, at) for x in part[1:]))

    def _seq(self, part: Part, at: int) -> frozenset[int]:
        reached: frozenset[int] = frozenset((at,))
        for x in part[1:]:
            reached = frozenset().union(*(self.ends(x, i) for i in reached))
        return reached

    def _many(self, part: Part, at: int) -> frozenset[int]:
        reached, fresh = {at}, {at}
        while fresh:
            fresh = set().union(*(self.ends(part[1], i) for i in fresh)) - reached
            reached |= fresh
        return frozenset(reached)

    def _rule(self, part: Part, at: int) -> frozenset[int]:
        name = part[1]
        if name == "NL":
            return frozenset((at,)) if at < len(self.tokens) and self.tokens[at].nl else frozenset()
        if name in self.classes:
            return (
                frozenset((at + 1,))
                if at < len(self.tokens) and self.tokens[at].kind in self.classes[name]
                else frozenset()
            )
        known = self.memo.get((name, at))
        if known is None:
            self.memo[name, at] = frozenset()  # no rule is left-recursive
            known = self.memo[name, at] = self.ends(self.rules[name], at)
        return known


def _mentioned(parts: Iterable[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, tuple):
            if part[:1] == ("rule",):
                yield part[1]
            else:
                yield from _mentioned(part[1:])


class Sentences:
    """Random rows of tokens that follow the rules, but for what `!x` forbids."""

    def __init__(self, recogniser: Recogniser, random: Random) -> None:
        self.rules, self.classes, self.random = recogniser.rules, recogniser.classes, random
        self.costs = dict.fromkeys(self.classes, 1) | {"NL": 0}
        while any([self._cheaper(name) for name in self.rules]):
            pass

    def _cheaper(self, name: str) -> bool:
        cost = self._cost(self.rules[name])
        if cost >= self.costs.get(name, 1000):
            return False
        self.costs[name] = cost
        return True

    def _cost(self, part: Part) -> int:
        """The fewest tokens of a part."""
        match part[0]:
            case "token":
                return 1
            case "same_line":
                return self._cost(part[1])
            case "not" | "many":
                return 0
            case "or":
                return min(map(self._cost, part[1:]))
            case "seq":
                return sum(map(self._cost, part[1:]))
            case _:
                return self.costs.get(part[1], 1000)

    def sentence(self, rule: str, depth: int) -> list[Tok]:
        """Tokens that follow a rule; below the depth, as few as will do."""
        marks: list[str] = []
        self._write(("rule", rule), depth, marks)
        out: list[Tok] = []
        broken = "may be"
        for mark in marks:
            if mark in ("\n", "~"):
                broken = mark
            else:
                out.append(Tok(mark, broken == "\n" or (broken != "~" and self.random.random() < 0.06)))
                broken = "may be"
        return out

    def _write(self, part: Part, depth: int, out: list[str]) -> None:
        match part[0]:
            case "token":
                out.append(part[1])
            case "same_line":
                out.append("~")
                self._write(part[1], depth, out)
            case "or":
                cheapest = min(map(self._cost, part[1:]))
                choices = part[1:] if depth > 0 else [x for x in part[1:] if self._cost(x) == cheapest]
                self._write(self.random.choice(choices), depth, out)
            case "seq":
                for inner in part[1:]:
                    self._write(inner, depth, out)
            case "many":
                for _ in range(self.random.choice((0, 0, 1, 1, 2)) if depth > 0 else 0):
                    self._write(part[1], depth - 1, out)
            case "rule" if part[1] == "NL":
                out.append("\n")
            case "rule" if part[1] in self.classes:
                out.append(self.random.choice(self.classes[part[1]]))
            case "rule":
                self._write(self.rules[part[1]], depth - 1, out)
