"""Reml text made up from a seed: as varied as hand-written code, valid, of any size."""
from __future__ import annotations

import random
from collections.abc import Callable, Iterator

WORDS = ("parse", "token", "value", "config", "stream", "audit", "state", "input", "result", "error", "node", "list",
         "path", "text", "count", "left", "right", "source", "target", "scope", "limit", "name", "kind", "span", "user",
         "order", "total", "cache")
TYPES = ("Int", "Str", "Bool", "Option<Int>", "List<Str>", "Result<Text, Error>", "Map<Str, List<Int>>", "(Int, Str)",
         "[Float]")
CONSTRUCTORS = ("Some", "Ok", "Err", "Node", "Leaf", "Pending", "Done")


class RemlSource:
    """Declarations, one after the other; `suffix` makes the names of one text differ from those of another."""

    def __init__(self, seed: int, suffix: str = "") -> None:
        self.r, self.suffix = random.Random(seed), suffix

    def text(self, size: int) -> str:
        """At least `size` characters of declarations."""
        parts: list[str] = []
        length = 0
        for declaration in self.declarations():
            parts.append(declaration)
            length += len(declaration)
            if length >= size:
                return "".join(parts)
        raise AssertionError("declarations never end")

    def declarations(self) -> Iterator[str]:
        """Declarations without end, each with a blank line behind it."""
        makers: list[Callable[[], str]] = [
            self.function, self.function, self.function, self.binding, self.type_, self.matching, self.trait]
        while True:
            comment = f"// {self.name()} of the {self.name()}\n" if self.r.random() < .4 else ""
            yield comment + self.r.choice(makers)() + "\n\n"

    # ------------------------------------------------------------------------------------------------ parts
    def name(self) -> str:
        return "_".join(self.r.sample(WORDS, self.r.randint(1, 2))) + self.suffix

    def upper(self) -> str:
        return self.name().title().replace("_", "")

    def type(self) -> str:
        return self.r.choice(TYPES)

    def params(self) -> str:
        return ", ".join(f"{self.name()}{i}: {self.type()}" for i in range(self.r.randint(0, 3)))

    def literal(self) -> str:
        return self.r.choice(["0", "42", "3.14", '"some text"', "true", "'x'", "1_000", '"{}"'])

    def expr(self, depth: int = 2) -> str:
        r, e = self.r, lambda: self.expr(depth - 1)
        if depth <= 0 or r.random() < .3:
            return self.name() if r.random() < .6 else self.literal()
        return r.choice([
            lambda: f"{self.name()}({e()}) {r.choice(['+', '-', '*', '/', '&&', '||', '==', '<', '..'])} {self.name()}",
            lambda: f"{self.name()}({', '.join(e() for _ in range(r.randint(0, 3)))})",
            lambda: f"{self.name()}.{self.name()}({e()})",
            lambda: f"[{', '.join(e() for _ in range(r.randint(0, 3)))}]",
            lambda: f"{self.name()} |> {self.name()}({e()})", lambda: f"|{self.name()}| {e()}",
            lambda: f"{self.upper()} {{ {self.name()}: {e()}, {self.name()}: {self.literal()} }}",
            lambda: f"if {self.name()} then {e()} else {e()}", lambda: f"({e()}, {e()})", lambda: f"-{self.name()}?",
        ])()

    def pattern(self) -> str:
        return self.r.choice([
            self.name(), "_", f"{self.r.choice(CONSTRUCTORS)}({self.name()})", f"({self.name()}1, {self.name()}2)",
            self.literal()])

    def function(self) -> str:
        head = f"{self.r.choice(['', 'pub '])}fn {self.name()}({self.params()}) -> {self.type()}"
        if self.r.random() < .25:
            return f"{head} = {self.expr(3)}"
        body = "".join(f"  {self.statement()}\n" for _ in range(self.r.randint(1, 6)))
        return f"{head} {{\n{body}  {self.expr(2)}\n}}"

    def statement(self) -> str:
        return self.r.choice([
            lambda: f"let {self.name()} = {self.expr(3)}", lambda: f"let {self.pattern_of_let()} = {self.expr(2)}",
            lambda: f"var {self.name()}: {self.type()} = {self.expr(2)}", lambda: f"{self.name()} := {self.expr(2)}",
            lambda: f"{self.name()}({self.expr(2)})",
        ])()

    def pattern_of_let(self) -> str:
        return self.r.choice([f"({self.name()}1, {self.name()}2)", f"Some({self.name()})", "_"])

    def binding(self) -> str:
        head = f"let {self.name()} =\n  {self.name()}({self.expr(1)})"
        return f"{head}\n    |> {self.name()}({self.expr(2)})\n    |> {self.name()}(|{self.name()}| {self.expr(2)})"

    def type_(self) -> str:
        record = self.r.random() < .5
        head = f"type {self.upper()} ="
        if record:
            fields = "".join(f"  {self.name()}{i}: {self.type()},\n" for i in range(self.r.randint(1, 4)))
            return f"{head} {{\n{fields}}}"
        return head + "".join(f"\n  | {self.upper()}({self.type()})" for _ in range(self.r.randint(2, 4)))

    def matching(self) -> str:
        arms = "\n".join(
            f"  | {self.pattern()}{self.r.choice(['', f' when {self.name()}'])} -> {self.expr(2)}"
            for _ in range(self.r.randint(2, 5)))
        return f"fn {self.name()}({self.name()}: {self.type()}) = match {self.expr(1)} with\n{arms}"

    def trait(self) -> str:
        functions = "".join(
            f"  fn {self.name()}({self.params()}) -> {self.type()}\n" for _ in range(self.r.randint(1, 4)))
        return f"trait {self.upper()} {{\n{functions}}}"
