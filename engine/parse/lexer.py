"""Lexers, declared: kinds with regular expressions, trivia, tokens that span lines.

A piece of text is cut into *tiles* (a token with the blanks in front of it) by one `findall`; a dictionary that fills
itself maps a tile to its kind, so a text seen before costs one look-up.  A kind is a small integer; five are common to
all lexers.  Tokens that cross line ends make a *mode*, which belongs to the parser's state at the start of a line.

Knows no grammar.  Invariants: the tiles of a piece concatenate to it; no text makes a lexer raise.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Self

__all__ = ["COMMON", "EOF", "ERROR", "NL", "OPEN", "WS", "Lexer", "Mode", "Scanned", "Spanning", "Symbols", "Terminal",
           "Trivia"]

#: End of text; a character that starts no token; blanks and comments; line break; a token left open at the line's end.
EOF, ERROR, WS, NL, OPEN = range(5)
#: How many kinds those are.
COMMON = 5
_BASE = ("EOF", "ERROR", "WS", "NL", "OPEN")

Refine = Callable[[str, str], str]


class Terminal(NamedTuple):
    """A kind and its regular expression (without capturing groups)."""

    name: str
    pattern: str


class Symbols(tuple[str, ...]):
    """Fixed texts, each a kind of its own; the longest wins."""

    __slots__ = ()

    def __new__(cls, *texts: str) -> Self:
        """The texts, longest first."""
        return super().__new__(cls, sorted(texts, key=len, reverse=True))


class Trivia(NamedTuple):
    """A comment that ends on its line, as a regular expression."""

    pattern: str


class Spanning(NamedTuple):
    """A token that may cross line ends; `kind` None makes it a comment.

    `inline` matches its complete form on one line, `opener` its start (one capturing group allowed).  `closer` is the
    text that ends it, with ``\\1`` for the opener's group.  With `nests`, opener and closer are texts that nest.
    """

    kind: str | None
    inline: str
    opener: str
    closer: str
    nests: bool = False


class Mode(NamedTuple):
    """Inside an unfinished token: which one (index among the lexer's `Spanning`), its closer, the nesting depth."""

    token: int
    closer: str
    depth: int = 1


#: What a tree needs of a tile: its kind, the kind's name, the text without the blanks in front, and how many those are.
Leaf = tuple[int, str, str, int]


class Scanned(NamedTuple):
    """A token of a piece: its kind, its columns, and the mode left open if it does not end here."""

    kind: int
    start: int
    end: int
    mode: Mode | None = None


Rule = Terminal | Symbols | Trivia | Spanning


#: Characters of a tile that is remembered; longer ones are rarely seen twice and would fill the memory.
_LONGEST_TILE: Final = 24


def _key(kind: int) -> str:
    """What a state is asked for a kind by: no piece, since a line break is the last of a piece.

    A dictionary whose keys are all strings takes a third less than one that has numbers among them.
    """
    return "\n" + chr(kind)


def kind_in(key: int | str) -> int | None:
    """The kind that a state is asked for, by its number or its key; None for a piece."""
    if key.__class__ is int:
        return key
    assert isinstance(key, str)
    return ord(key[1]) if len(key) == 2 and key[0] == "\n" else None


class _KeyOf(dict[str, str]):
    """Tile to its kind's key; a new text is classified once, a long one each time."""

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer

    def __missing__(self, tile: str) -> str:
        key = self.lexer.keys[self.lexer.classify(tile)]
        if len(tile) <= _LONGEST_TILE:
            self[tile] = key
        return key


#: Leaves remembered at a time, and characters of their tiles: few texts make up most of what trees are made of.
_LEAVES_KEPT: Final = 16_384
_LONGEST_LEAF: Final = 128


class _LeafOf(dict[str, Leaf]):
    """Tile to leaf."""

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer

    def __missing__(self, tile: str) -> Leaf:
        kind, text = self.lexer.kind_of(tile), tile.lstrip(self.lexer.blanks)
        if len(self) >= _LEAVES_KEPT:
            self.clear()
        leaf = kind, self.lexer.names[kind], text, len(tile) - len(text)
        if len(tile) <= _LONGEST_LEAF:
            self[tile] = leaf
        return leaf


class Lexer:
    """Cuts pieces of text into kinds.

    `rules` are tried in order; `words` are texts of a terminal that are kinds of their own; `refine(kind, text)` may
    name another kind for a text.  `names` lists the kinds, `kind` maps their names to integers.
    A terminal that may end far from where it begins, as a string does, needs another one behind it that matches its
    beginning alone: what an unfinished token is must not depend on how much of a long line is known.
    `extra` kinds are made by `refine` only.  `classes` are the names people read for kinds that have no fixed text.
    `cut_after` and `cut_before` are characters at which a long line may be divided (at a token's edge only).
    """

    #: Is lexing many lines at once so much quicker that remembering single ones does not pay?
    bulk = False

    def __init__(self, *rules: Rule, words: tuple[str, Iterable[str]] | None = None, blanks: str = " \t",
                 refine: Refine | None = None, extra: Iterable[str] = (), classes: Mapping[str, str] | None = None,
                 cut_after: str = ",;([{", cut_before: str = " \t", flags: int = 0) -> None:
        self.rules, self.blanks, self.refine, self.classes = rules, blanks, refine, dict(classes or {})
        self.cut_after, self.cut_before = cut_after, cut_before
        self.spanning = [rule for rule in rules if isinstance(rule, Spanning)]
        self.wordlike, listed = (words[0], list(words[1])) if words else ("", [])
        self.names = list(dict.fromkeys([*_BASE, *_named(rules), *listed, *extra]))
        self.kind = {name: i for i, name in enumerate(self.names)}
        self.keys = list(map(_key, range(len(self.names))))
        """What a state is asked for each kind by."""
        self.words = frozenset(listed)
        self._owners: list[int | str] = []
        self._compile(flags)
        self._memo = _KeyOf(self)
        self._key_of = self._memo.__getitem__
        self._open = self.keys[OPEN]
        self._leaves = _LeafOf(self)
        self.leaf_of: Callable[[str], Leaf] = self._leaves.__getitem__

    def _compile(self, flags: int) -> None:
        blanks = f"[{re.escape(self.blanks)}]"
        # An opener without its complete form goes behind that and before everything else that could match less of it.
        # It is a tile by itself: with the rest of the line, many of them on a long one would cost its square.
        ordered: list[str] = []
        whole: list[str] = []
        for rule in self.rules:
            ordered.append(_uncaptured(_pattern(rule)))
            whole.append(f"({ordered[-1]})")
            self._owners.append(self._owner(rule))
            if isinstance(rule, Spanning):
                ordered.append(_uncaptured(rule.opener))
                whole.append(f"((?:{ordered[-1]}).*+)")
                self._owners.append(OPEN)
        token = "|".join(ordered)                        # no groups: they would hide what each begins with
        character = rf"[^{re.escape(self.blanks)}]"
        self._tile = re.compile(rf"{blanks}*+(?:{token}|\r\n|{character})|{blanks}++", flags | re.DOTALL)
        self._openers = [re.compile(rule.opener, flags) for rule in self.spanning]
        self._whole = re.compile("|".join(whole), flags | re.DOTALL)
        self._edges = [re.compile(f"{re.escape(_plain(rule.opener))}|{re.escape(rule.closer)}") if rule.nests else None
                       for rule in self.spanning]
        self.tiles: Callable[[str], list[str]] = self._tile.findall

    def kind_of(self, tile: str) -> int:
        """The kind of a tile."""
        return ord(self._memo[tile][1])

    def kinds(self, piece: str) -> Sequence[int]:
        """The kinds of all tiles of a piece, `WS` included; or just `ERROR`, if the piece needs the slow path."""
        return list(map(self.kind_of, self.tiles(piece)))

    def path(self, piece: str) -> Sequence[int | str] | None:
        """What to ask one state after the other through a piece: the kinds, or their `keys`.

        None if the piece needs the slow path, since a token is left open.
        """
        keys = list(map(self._key_of, self.tiles(piece)))
        return None if self._open in keys else keys

    def forget(self) -> None:
        """Drop the memory of tile texts."""
        self._memo.clear()
        self._leaves.clear()

    def __len__(self) -> int:
        return len(self._memo) + len(self._leaves)

    def classify(self, tile: str) -> int:
        """The kind of one tile."""
        text = tile.lstrip(self.blanks)
        if not text:
            return WS
        if text in ("\n", "\r\n", "\r"):
            return NL
        whole = self._whole.fullmatch(text)
        if whole is None:
            return ERROR
        assert whole.lastindex is not None
        owner = self._owners[whole.lastindex - 1]
        if isinstance(owner, int):
            return owner
        name = owner or text
        if name == self.wordlike and text in self.words:
            name = text
        return self.kind[self.refine(name, text) if self.refine else name]

    def _owner(self, rule: Rule) -> int | str:
        """What a text that matches a rule is: always that kind, or what this name (or its own, "") is refined to."""
        if isinstance(rule, Trivia) or isinstance(rule, Spanning) and rule.kind is None:
            return WS
        return "" if isinstance(rule, Symbols) else rule[0] or ""

    # ------------------------------------------------------------------------------------------------ the slow path
    def scan(self, piece: str, mode: Mode | None = None) -> Iterator[Scanned]:
        """The tokens of a piece without trivia, `NL` included; the last one may leave a mode open."""
        position = 0
        if mode is not None:
            token = self._close(piece, 0, 0, mode)
            position = token.end
            if token.kind != WS or token.mode is not None:
                yield token
        while position < len(piece):
            token = self.token_at(piece, self.tile_at(piece, position))
            position = token.end
            if token.kind != WS or token.mode is not None:
                yield token

    def tile_at(self, piece: str, position: int) -> re.Match[str]:
        """The tile that begins at a position; there is one at every position but the end."""
        match = self._tile.match(piece, position)
        assert match is not None
        return match

    def end_of(self, piece: str, position: int, mode: Mode) -> int:
        """Where the token of a mode ends, or -1 if it does not."""
        token = self._close(piece, position, position, mode)
        return -1 if token.mode is not None else token.end

    def stays_in(self, mode: Mode, piece: str) -> bool:
        """Whether a piece is neither the end of a mode's token nor changes how deep it nests."""
        edges = self._edges[mode.token]
        return mode.closer not in piece if edges is None else edges.search(piece) is None

    def token_at(self, piece: str, match: re.Match[str]) -> Scanned:
        """The token of a tile; one that spans lines may end behind its tile, or not at all."""
        tile = match[0]
        kind = self.kind_of(tile)
        start = match.end() - len(tile.lstrip(self.blanks))
        if kind == ERROR and match.end() - start == 1:
            return Scanned(ERROR, start, self._end_of_run(piece, start))
        if kind != OPEN:
            return Scanned(kind, start, match.end())
        for index, opener in enumerate(self._openers):
            opened = opener.match(piece, start)
            if opened:
                closer = opened.expand(self.spanning[index].closer)
                return self._close(piece, start, opened.end(), Mode(index, closer))
        raise AssertionError("a tile is OPEN only where an opener matches")

    def _end_of_run(self, piece: str, start: int) -> int:
        """Where a run of one unknown character ends; its last one may belong to what follows, so it is left alone."""
        if piece[start + 1:start + 2] != piece[start]:
            return start + 1
        run = re.compile(f"{re.escape(piece[start])}++").match(piece, start)
        return max(start + 1, run.end() - 1) if run else start + 1

    def opener(self, rule: Spanning, piece: str, start: int) -> str:
        """The text that opens the spanning token at `start`."""
        opened = self._openers[self.spanning.index(rule)].match(piece, start)
        return opened[0] if opened else piece[start:start + 1]

    def _close(self, piece: str, start: int, position: int, mode: Mode) -> Scanned:
        """The token from `start` whose end is looked for from `position` on."""
        rule, edges = self.spanning[mode.token], self._edges[mode.token]
        kind = WS if rule.kind is None else self.kind[rule.kind]
        if edges is None:
            found = piece.find(mode.closer, position)
            if found < 0:
                return Scanned(OPEN, start, len(piece), mode)
            return Scanned(kind, start, found + len(mode.closer))
        depth = mode.depth
        for edge in edges.finditer(piece, position):
            depth += -1 if edge[0] == mode.closer else 1
            if not depth:
                return Scanned(kind, start, edge.end())
        return Scanned(OPEN, start, len(piece), mode._replace(depth=depth))


def _named(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, Symbols):
            yield from rule
        elif not isinstance(rule, Trivia) and rule[0] is not None:
            yield rule[0]


def _pattern(rule: Rule) -> str:
    if isinstance(rule, Symbols):
        return _any_of(rule)
    if isinstance(rule, Spanning):
        return rule.inline
    return rule.pattern


def _any_of(texts: Iterable[str]) -> str:
    """The texts as one pattern, by first characters: most symbols are then found, or ruled out, in one step."""
    rests: dict[str, list[str]] = {}
    for text in texts:
        rests.setdefault(text[0], []).append(re.escape(text[1:]))
    alone = "".join(re.escape(first) for first, more in rests.items() if more == [""])
    longer = [f"{re.escape(first)}(?:{'|'.join(more)})" for first, more in rests.items() if more != [""]]
    return "|".join([f"[{alone}]", *longer] if alone else longer)


def _uncaptured(pattern: str) -> str:
    """The pattern with its plain groups made non-capturing, so that `findall` returns whole tiles."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


def _plain(pattern: str) -> str:
    return re.sub(r"\\(.)", r"\1", pattern)
