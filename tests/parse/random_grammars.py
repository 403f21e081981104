"""Random grammars over a few letters, and random sentences of them; shared by the laws and the chaos.

A grammar is given as the value of each rule, so that the reference interpreter reads the same values as the compiler.
Those the compiler refuses or warns of (left recursion, loops of nothing, an alternative that hides another, attempts
that multiply) are thrown away: nothing is promised for them.
"""
from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from engine.parse import grammar as g
from engine.parse.compile import compile as compile_grammar
from engine.parse.lexer import Lexer, Rule, Spanning, Symbols, Terminal, Trivia
from engine.parse.machine import Limits, Machine, WrongToken

__all__ = ["LETTERS", "letters_lexer", "nullable", "random_grammar", "random_machine", "sentence", "usable"]

LETTERS = ("a", "b", "c", "d")
_DEEP = 24


class _Values:
    """Random grammar values; `errors` adds what only matters after one."""

    def __init__(self, r: random.Random, rules: list[str], *, errors: bool) -> None:
        self.r, self.rules, self.errors, self.nodes = r, rules, errors, 0

    def letter(self) -> str:
        return self.r.choice(LETTERS)

    def value(self, depth: int) -> g.G:
        r = self.r
        if not depth or r.random() < .25:
            return self.leaf()
        makers: list[tuple[int, Callable[[int], g.G]]] = [
            (30, self.sequence), (22, self.choice), (8, lambda d: g.opt(self.tentative(d))),
            (8, lambda d: g.many(self.tentative(d))), (7, self.node), (4, self.listed), (4, self.guarded),
            (3, self.cut), (3, self.operators), (3, lambda d: g.label(f"l{r.randint(0, 9)}", self.value(d))),
            (2, lambda d: g.map(lambda *parts: parts, self.value(d))), (6, self.bracketed)]
        if self.errors:
            makers += [(8, self.anchored)]
        chosen = r.choices([make for _, make in makers], [weight for weight, _ in makers])[0]
        return chosen(depth - 1)

    def leaf(self) -> g.G:
        k = self.r.random()
        if k < .12:
            return g.Ref(self.r.choice(self.rules))
        if k < .2:
            return g.token(*{self.letter(), self.letter()})
        if k < .26:
            return g.glued(self.letter())
        if k < .28 and self.errors:
            return g.recover_missing(self.letter())
        return g.token(self.letter())

    def sequence(self, depth: int) -> g.G:
        return g.seq(*(self.value(depth) for _ in range(self.r.randint(2, 3))))

    def tentative(self, depth: int) -> g.G:
        value = self.value(depth)
        return g.attempt(value) if self.r.random() < .5 else value

    def choice(self, depth: int) -> g.G:
        return g.choice(*(self.tentative(depth) for _ in range(self.r.randint(2, 3))))

    def node(self, depth: int) -> g.G:
        self.nodes += 1
        return g.rule(f"R{self.nodes}", self.value(depth))

    def listed(self, depth: int) -> g.G:
        trailing = self.r.random() < .5
        return (g.sep_by if self.r.random() < .5 else g.sep_by1)(self.value(depth), ",", trailing=trailing)

    def guarded(self, depth: int) -> g.G:
        guard = self.r.choice([g.lookahead(self.letter()), g.not_followed_by(self.letter()), g.newline(),
                               g.same_line(), g.same_line(self.letter())])
        return g.seq(guard, self.value(depth))

    def cut(self, depth: int) -> g.G:
        return self.r.choice([g.seq(g.cut_here(), self.value(depth)),
                              g.seq(self.value(depth), g.cut_here(), self.value(depth)),
                              g.seq(self.value(depth), g.fail("never"))])

    def operators(self, depth: int) -> g.G:
        signs = [g.token("+"), g.glued("-"), g.token("*")]
        levels = [(self.r.choice(["left", "right", "none"]), (sign,), f"O{i}") for i, sign in enumerate(signs)]
        return g.precedence(self.value(depth), *levels[:self.r.randint(1, 3)])  # type: ignore[arg-type]

    def bracketed(self, depth: int) -> g.G:
        opener, closer = self.r.choice([("(", ")"), ("[", "]")])
        body = g.Ref(self.r.choice(self.rules)) if self.r.random() < .6 else self.value(depth)
        return g.between(opener, body, closer) if self.r.random() < .5 else g.seq(opener, body, closer)

    def anchored(self, depth: int) -> g.G:
        body = self.value(depth)
        k = self.r.random()
        if k < .1:
            return g.recover_instead(body, self.value(depth))
        if k < .5:
            return g.recover(body)
        if k < .8:
            return g.panic_until(body, until=[self.letter()])
        return g.panic_block(body, opener="(", closer=")")


def random_grammar(r: random.Random, *, rules: int = 3, depth: int = 4, errors: bool = False) -> g.Grammar:
    """Random rules, of which nobody has looked whether they can be compiled."""
    names = ["S", "T", "U", "V"][:r.randint(1, rules)]
    values = _Values(r, names, errors=errors)
    grammar = g.Grammar("S")
    for name in names:
        value = values.value(depth if name == "S" else depth - 1)
        if errors and name == "S":
            value = g.many(g.recover(g.rule("Item", value)))
        elif name == "S" and r.random() < .3:
            value = g.many(value)
        grammar[name] = value
    return grammar


def letters_lexer() -> Lexer:
    """Each letter and sign is a token."""
    return Lexer(Symbols(*LETTERS, "(", ")", "[", "]", ",", "+", "-", "*"))


def _random_lexer(r: random.Random) -> Lexer:
    """The same, with comments and strings that may span lines, and words."""
    rules: list[Rule] = []
    if r.random() < .6:
        rules.append(Trivia(r"//[^\r\n]*"))
    if r.random() < .6:
        nests = r.random() < .5
        inline = r"/\*(?:[^*/]|\*(?!/)|/(?!\*))*+\*/" if nests else r"/\*(?:[^*]|\*(?!/))*+\*/"
        rules.append(Spanning(None, inline, r"/\*", "*/", nests=nests))
    if r.random() < .5:
        rules.append(Spanning("d", r'"""(?:[^"]|"(?!""))*+"""', r'"""', '"""'))
    if r.random() < .5:
        rules += [Terminal("d", r'"[^"\r\n]*+"'), Terminal("BROKEN", r'"[^\r\n]*+')]
    signs = [*LETTERS, "(", ")", "[", "]", ",", "+", "-", "*"]
    if any(isinstance(rule, (Spanning, Terminal)) and rule[0] == "d" for rule in rules):
        signs.remove("d")
    return Lexer(*rules, Symbols(*signs))


def random_machine(r: random.Random, limits: Limits | None = None) -> tuple[Machine, g.Grammar]:
    """A machine of a random grammar with places to recover at, over a random lexer."""
    while True:
        grammar, lexer = random_grammar(r, errors=True), _random_lexer(r)
        if not usable(grammar):
            continue
        margin = r.sample(LETTERS, r.randint(0, 1))
        try:
            machine = compile_grammar(
                grammar, lexer, margin=margin, closers=r.choice([(), (")", "]"), (")", "]", ",")]), limits=limits,
                wrong={"BROKEN": WrongToken("broken", "d")} if "BROKEN" in lexer.kind else None)
        except g.GrammarError:
            continue
        if not any(note.topic == "nested attempt" for note in machine.tables.notes):
            return machine, grammar


# ------------------------------------------------------------------------------------------------------- what is usable
def nullable(value: g.G, grammar: g.Grammar, inside: frozenset[str] = frozenset()) -> bool:
    """May the value match nothing?"""
    match value:
        case g.Tok() | g.Missing() | g.Fail():
            return False
        case g.Ref(name):
            return name not in inside and nullable(grammar[name], grammar, inside | {name})
        case g.Seq(items):
            return all(nullable(item, grammar, inside) for item in items)
        case g.Choice(alternatives):
            return any(nullable(alternative, grammar, inside) for alternative in alternatives)
        case g.Attempt(body) | g.Label(_, body) | g.Mapped(body, _) | g.Anchor(body, _) | g.Instead(body, _):
            return nullable(body, grammar, inside)
        case g.Precedence(operand):
            return nullable(operand, grammar, inside)
    return True


def parts(value: g.G) -> Iterator[g.G]:
    """The value and all values in it, without following references."""
    yield value
    match value:
        case g.Seq(items) | g.Choice(items):
            for item in items:
                yield from parts(item)
        case (g.Attempt(body) | g.Many(body) | g.Label(_, body) | g.Mapped(body, _) | g.Anchor(body, _)
              | g.Tail(body, _) | g.Precedence(body, _)):
            yield from parts(body)
        case g.Instead(body, other):
            yield from parts(body)
            yield from parts(other)


def usable(grammar: g.Grammar) -> bool:
    """No loop of nothing, no alternative behind one that may match nothing: the compiler reports both."""
    for name in grammar:
        for value in parts(grammar[name]):
            match value:
                case g.Choice(alternatives):
                    if any(nullable(alternative, grammar) for alternative in alternatives[:-1]):
                        return False
                case g.Many(body) | g.Tail(body) | g.Precedence(body):
                    if nullable(body, grammar):
                        return False
    return True


# ------------------------------------------------------------------------------------------------------------ sentences
def sentence(r: random.Random, grammar: g.Grammar, value: g.G, depth: int = 0) -> list[str]:
    """Tokens that the value may take, as far as one can tell without look-ahead and beating alternatives."""
    match value:
        case g.Tok(kinds):
            return [r.choice(kinds)]
        case g.Missing(token):
            return [r.choice(token.kinds)]
        case g.Ref(name):
            return sentence(r, grammar, grammar[name], depth + 1) if depth < _DEEP else []
        case g.Seq(items):
            return [token for item in items for token in sentence(r, grammar, item, depth + 1)]
        case g.Choice(alternatives):
            return sentence(r, grammar, r.choice(alternatives), depth + 1)
        case g.Attempt(body) | g.Label(_, body) | g.Mapped(body, _) | g.Anchor(body, _) | g.Instead(body, _):
            return sentence(r, grammar, body, depth + 1)
        case g.Many(body):
            count = r.choice([0, 1, 1, 2, 3]) if depth < _DEEP else 0
            return [token for _ in range(count) for token in sentence(r, grammar, body, depth + 1)]
        case g.Tail(body, separator):
            count = r.choice([0, 1, 2]) if depth < _DEEP else 0
            more = [token for _ in range(count) for token in [separator, *sentence(r, grammar, body, depth + 1)]]
            return [*more, separator] if r.random() < .2 else more
        case g.Precedence(operand, levels):
            out = sentence(r, grammar, operand, depth + 1)
            for _ in range(r.choice([0, 0, 1, 2])):
                out += [r.choice(r.choice(levels).operators).kinds[0], *sentence(r, grammar, operand, depth + 1)]
            return out
    return []
