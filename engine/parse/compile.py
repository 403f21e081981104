"""Grammar values to tables.

`compile` gives every combinator a few symbols (`tables`), lets `predict` decide which alternative a token leads to, and
reports what an author should know before the first text is parsed: left recursion, a repetition of something that may
be empty (E3001), choices that hide alternatives, rules nobody can reach, an `attempt` that may contain itself while it
is undecided.  Each report names the rule and where it was defined.

Knows no text and no state.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.parse import grammar as g
from engine.parse.lexer import COMMON, Lexer
from engine.parse.machine import Limits, Machine, WrongToken
from engine.parse.predict import predict
from engine.parse.repair import Advise
from engine.parse.tables import ANY_TOKEN, COMMIT, CUT, TRY, Note, Symbols_, Tables, flagged

__all__ = ["compile", "tabulate"]

#: What people forget in any language.
BRACKETS = (")", "]", "}", ",", ":", "=", ";", "(", "[", "{")


def compile(source: g.Grammar, lexer: Lexer, *, margin: Iterable[str] = (), closers: Iterable[str] = (),
            wrong: Mapping[str, WrongToken] | None = None, advise: Advise | None = None,
            likely: Iterable[str] | None = None, spaced: Iterable[str] = (),
            holes: Mapping[str, str] | None = None, lines_ahead: int = 3, sample: str = "",
            limits: Limits | None = None) -> Machine:
    """The machine of a grammar over a lexer.

    `margin`: kinds that, at column 0, restart at the outermost anchor.  `closers`: kinds that go to the nearest frame.
    `wrong`: kinds no text may contain.  `advise`: the language's own words for an error.
    `likely`: kinds that people forget, most likely first (by default all fixed texts); `spaced`: those of them that are
    written with blanks around; `holes`: what is written for a lost token of a kind that has no fixed text.
    `lines_ahead`: lines behind an error that a repair may look at; a stream says what is wrong when it has read them.
    `sample`: some text of the language, from which repairs learn what is usual in it.
    Raises `GrammarError`.
    """
    if likely is None:
        likely = (*BRACKETS, *(name for name in lexer.names[5:] if name not in lexer.classes and name not in BRACKETS))
    return Machine(
        tabulate(source, lexer.names), lexer, margin=tuple(margin), closers=tuple(closers), wrong=wrong, advise=advise,
        likely=tuple(name for name in likely if name in lexer.kind), spaced=frozenset(spaced), holes=holes,
        lines_ahead=lines_ahead, sample=sample, limits=limits)


def tabulate(source: g.Grammar, kinds: list[str]) -> Tables:
    """The tables of a grammar over the lexer's kinds.

    Raises `GrammarError` for unknown kinds or rules, left recursion and repetitions of something that may be empty;
    everything else that deserves a look is in ``Tables.notes``.
    """
    compiler = _Compiler(source, kinds)
    tables = compiler.tables
    tables.start = (*compiler.symbols(g.Ref(source.start), source.start), compiler.terminal(g.eof, source.start))
    compiler.report_unreachable()
    compiler.report_nested_attempts()
    predict(tables, source.places)
    return tables


class _Compiler:
    def __init__(self, source: g.Grammar, kinds: list[str]) -> None:
        self.source, self.tables = source, Tables(kinds)
        self.number = {name: i for i, name in enumerate(kinds)}
        self.every = flagged(range(len(kinds)))
        self.any_token = flagged(range(COMMON, len(kinds)))
        self.cache: dict[object, int] = {}
        self.keep: list[object] = []                     # what ids in `cache` stand for must stay alive
        self.within: dict[int, set[int]] = {}            # attempt -> attempts and nonterminals in its body
        self.try_, self.commit = self.tables.add("<try>", mark=TRY), self.tables.add("<commit>", mark=COMMIT)
        self.cut = self.tables.add("<cut>", mark=CUT)

    # ------------------------------------------------------------------------------------------------ one value
    def symbols(self, value: g.G, where: str) -> Symbols_:
        """The symbols that stand for a grammar value used in rule `where`."""
        self.keep.append(value)
        match value:
            case g.Tok():
                return (self.terminal(value, where),)
            case g.Guard():
                return (self.guard(value, where),)
            case g.Seq(items):
                return tuple(s for item in items for s in self.symbols(item, where))
            case g.Event():
                return (self.event(value),)
            case g.Cut():
                return (self.cut,)
            case g.Attempt(body):
                return (self.try_, *self.symbols(body, where), self.commit)
            case g.Mapped(body, fn):
                return self.mapped(value, body, fn, where)
            case g.Missing(token):
                return (self.missing(token, where),)
            case g.Anchor(body, skip):
                return self.anchored(value, body, skip, where)
            case g.Instead(body, other):
                n = self.nonterminal(id(value), where, where, lambda _: [self.symbols(body, where)])
                self.tables.instead[n] = self.symbols(other, where)
                return (n,)
            case g.Precedence():
                operand = self.symbols(value.operand, where) if value.part == "all" else ()
                return operand + self.operators(value, 0, len(value.levels) - 1, where)
            case _:
                return (self.nonterminal_of(value, where),)

    def nonterminal_of(self, value: g.G, where: str) -> int:
        match value:
            case g.Ref(name):
                return self.named_rule(name, where)
            case g.Choice(alternatives):
                return self.nonterminal(
                    id(value), f"{where}/choice", where, lambda _: [self.symbols(a, where) for a in alternatives])
            case g.Label(name, body):
                n = self.nonterminal(id(value), name, where, lambda _: [self.symbols(body, where)])
                self.tables.label[n] = name
                return n
            case g.Many(body):
                return self.nonterminal(
                    id(value), f"{where}/many", where, lambda n: [(*self.symbols(body, where), n), ()])
            case g.Tail(body, separator):
                return self.tail(value, body, separator, where)
            case g.AnyToken():
                return self.once("any", lambda: self.tables.add(ANY_TOKEN, term=self.any_token))
            case g.SkipBlock(name, opener, closer):
                return self.skip_block(name, opener, closer, where)
            case g.Fail(message):
                n = self.tables.add(f"<fail {message}>", term=frozenset())
                self.tables.message[n] = message
                return n
        raise g.GrammarError(f"{self.place(where)}: {type(value).__name__} is no grammar value")

    # ------------------------------------------------------------------------------------------------ terminals
    def once(self, key: object, make: Callable[[], int]) -> int:
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    def event(self, value: g.Event) -> int:
        name = f"<{value.op} {value.name}>"
        return self.once(("event", value.op, value.name), lambda: self.tables.add(name, event=value))

    def kinds_of(self, names: Iterable[str], where: str) -> list[int]:
        for name in names:
            if name not in self.number:
                raise g.GrammarError(f"{self.place(where)}: rule {where}: the lexer has no kind {name!r}")
        return [self.number[name] for name in names]

    def terminal(self, value: g.Tok, where: str) -> int:
        kinds = self.kinds_of(value.kinds, where)
        taken = flagged(kinds)
        if value.same_line:
            taken = frozenset(k for k in taken if not k & 1)
            self.tables.uses_newlines = True
        return self.once(taken, lambda: self.tables.add("|".join(value.kinds), term=taken))

    def missing(self, value: g.Tok, where: str) -> int:
        n = self.once(("missing", value.kinds, value.same_line), lambda: self.tables.add(
            "|".join(value.kinds), term=self.tables.term[self.terminal(value, where)]))
        self.tables.missing[n] = True
        return n

    def guard(self, value: g.Guard, where: str) -> int:
        passes = flagged(self.kinds_of(value.kinds, where)) if value.kinds else self.every
        if value.negate:
            passes = self.every - passes
        if value.newline is not None:
            passes = frozenset(k for k in passes if k & 1 == value.newline)
            self.tables.uses_newlines = True
        return self.once(("guard", passes), lambda: self.tables.add("<guard>", guard=passes))

    # ------------------------------------------------------------------------------------------------ nonterminals
    def nonterminal(self, key: object, name: str, where: str, build: Callable[[int], list[Symbols_]]) -> int:
        """`build` runs after the symbol exists, so that it may mention it."""
        if key in self.cache:
            return self.cache[key]
        n = self.cache[key] = self.tables.add(name)
        self.tables.owner[n] = where
        self.tables.alternatives[n] = []
        self.tables.alternatives[n] = build(n)
        return n

    def named_rule(self, name: str, where: str) -> int:
        if name not in self.source.rules:
            raise g.GrammarError(f"{self.place(where)}: rule {where} mentions {name!r}, which is not defined")
        body = self.source.rules[name]
        anchor = isinstance(body, g.Anchor) and body.skip is None
        inner = body.body if isinstance(body, g.Anchor) and anchor else body
        parts = inner.alternatives if isinstance(inner, g.Choice) else (inner,)
        self.keep.append(inner)
        n = self.nonterminal(("rule", name), name, name, lambda _: [self.symbols(p, name) for p in parts])
        self.tables.anchor[n] = anchor
        return n

    def tail(self, value: g.G, body: g.G, separator: str, where: str) -> int:
        def build(n: int) -> list[Symbols_]:
            more = self.nonterminal(
                (id(value), "more"), f"{where}/list", where, lambda _: [(*self.symbols(body, where), n), ()])
            return [(self.terminal(g.Tok((separator,)), where), more), ()]
        n = self.nonterminal(id(value), f"{where}/tail", where, build)
        self.tables.anchor[n] = True
        return n

    def anchored(self, value: g.G, body: g.G, skip: g.G | None, where: str) -> Symbols_:
        if skip is None:
            n = self.nonterminal(id(value), f"{where}/recover", where, lambda _: [self.symbols(body, where)])
            self.tables.anchor[n] = True
            return (n,)
        guarded = self.nonterminal((id(value), "body"), where, where, lambda _: [self.symbols(body, where)])
        self.tables.guarded.add(guarded)
        symbols = self.symbols(skip, where)
        mark = self.once(("skip", symbols), lambda: self.tables.add("<recover>"))
        self.tables.skip[mark] = symbols
        return guarded, mark

    def skip_block(self, name: str, opener: str, closer: str, where: str) -> int:
        other = self.any_token - flagged(self.kinds_of((opener, closer), where))
        any_other = self.once(("other", other), lambda: self.tables.add(ANY_TOKEN, term=other))
        pair = self.terminal(g.Tok((opener,)), where), self.terminal(g.Tok((closer,)), where)
        return self.nonterminal(
            ("block", opener, closer), name, where, lambda n: [(pair[0], n, pair[1], n), (any_other, n), ()])

    def mapped(self, value: g.G, body: g.G, fn: Callable[..., object], where: str) -> Symbols_:
        name = f"<map {len(self.tables.mapped)}>"
        known = self.cache.get(("map", id(value)))
        if known is None:
            self.tables.mapped[name] = fn
            inner = g.seq(g.begin(name), body, g.end(name))
            known = self.cache["map", id(value)] = self.nonterminal((id(value), "map"), f"{where}/map", where,
                                                                    lambda _: [self.symbols(inner, where)])
        return (known,)

    def operators(self, table: g.Precedence, low: int, high: int, where: str) -> Symbols_:
        """What may follow an operand whose operators are of the levels `low` to `high` (loosest is 0)."""
        if low > high:
            return ()
        self.keep.append(table.levels)
        top = len(table.levels) - 1

        def build(_: int) -> list[Symbols_]:
            out: list[Symbols_] = []
            for at in range(high, low - 1, -1):
                level = table.levels[at]
                right = self.operators(table, at if level.assoc == "right" else at + 1, top, where)
                after = self.operators(table, low, at - 1 if level.assoc == "none" else at, where)
                for operator in level.operators:
                    self.tables.operators.update(operator.kinds)
                    head = (*self.symbols(g.begin(level.node, adopt=True), where), *self.symbols(operator, where))
                    operand, end = self.symbols(table.operand, where), self.symbols(g.end(level.node), where)
                    out.append((*head, *operand, *right, *end, *after))
            return [*out, ()]
        limit = "" if high == top else f" below {table.levels[high + 1].node}"
        return (self.nonterminal((id(table.levels), low, high), f"{where}/operators {low}{limit}", where, build),)

    # ------------------------------------------------------------------------------------------------ reports
    def place(self, rule: str) -> str:
        return self.source.places.get(rule, "grammar")

    def report_unreachable(self) -> None:
        for name in self.source.rules:
            if ("rule", name) not in self.cache:
                message = "no rule reaches it from the start"
                self.tables.notes.append(Note("unreachable rule", name, self.place(name), message))

    def report_nested_attempts(self) -> None:
        """An attempt whose undecided part can reach itself: each nesting multiplies the live alternatives."""
        tables = self.tables
        inside: dict[int, set[int]] = {}
        for n, alternatives in tables.alternatives.items():
            for symbols in alternatives:
                for undecided in _undecided(symbols, self.try_, self.commit):
                    inside.setdefault(n, set()).update(s for s in undecided if s in tables.alternatives)
        reach = {n: {s for a in alternatives for s in a if s in tables.alternatives}
                 for n, alternatives in tables.alternatives.items()}
        for n, body in inside.items():
            if n in _closure(body, reach):
                rule = tables.owner[n]
                tables.notes.append(Note(
                    "nested attempt", rule, self.place(rule), "an attempt can contain itself while it is undecided: "
                    "alternatives multiply with each nesting; write one production that covers both"))


def _undecided(symbols: Symbols_, try_: int, commit: int) -> list[Symbols_]:
    """The stretches of an alternative between a try and its commit."""
    out, start = [], None
    for i, symbol in enumerate(symbols):
        if symbol == try_ and start is None:
            start = i
        elif symbol == commit and start is not None:
            out.append(symbols[start:i])
            start = None
    return out


def _closure(start: set[int], reach: dict[int, set[int]]) -> set[int]:
    seen, todo = set(start), list(start)
    while todo:
        for n in reach[todo.pop()]:
            if n not in seen:
                seen.add(n)
                todo.append(n)
    return seen
