"""A small language for the streaming tests: declarations with blocks, lists, strings and comments that cross lines.

`let x = 1 + (2)` ends at the line's end; `fn f { … }` nests; `x -> y` against `x = y` stays undecided until the arrow,
which gives the commit watermark something to wait for.
"""

from __future__ import annotations

from engine.parse import compile as compiling
from engine.parse.grammar import Grammar, Ref, attempt, choice, label, many, recover, rule, sep_by, seq, token
from engine.parse.lexer import Lexer, Spanning, Symbols, Terminal, Trivia
from engine.parse.machine import Limits, Machine, WrongToken

SAMPLE = """\
// a header
let answer = 42 /* over
two lines */ + 1
fn main {
  let x = [1, 2, "drei"]
  a.b.c -> x
  a.b.c = x
}
"""


def toy_lexer() -> Lexer:
    return Lexer(
        Trivia(r"//[^\r\n]*"),
        Spanning(None, r"/\*[^\r\n]*?\*/", r"/\*", "*/"),
        Spanning("TEXT", r'"""[^\r\n]*?"""', r'"""', '"""'),
        Terminal("STRING", r'"[^"\r\n]*"'),
        Terminal("UNCLOSED", r'"[^"\r\n]*'),
        Terminal("NUMBER", r"\d+"),
        Terminal("NAME", r"[^\W\d]\w*"),
        Symbols("{", "}", "[", "]", "(", ")", ",", "=", "+", "->", "."),
        words=("NAME", ["let", "fn"]),
        classes={"NAME": "name", "NUMBER": "number", "STRING": "string", "TEXT": "text"},
    )


def toy_grammar() -> Grammar:
    g = Grammar("Unit")
    g["Unit"] = many(recover(Ref("Item")))
    g["Item"] = choice(
        rule("Let", "let", "NAME", "=", Ref("Sum")),
        rule("Function", "fn", "NAME", "{", many(recover(Ref("Item"))), "}"),
        attempt(rule("Flow", Ref("Path"), "->", Ref("Sum"))),
        rule("Assign", Ref("Path"), "=", Ref("Sum")),
    )
    g["Path"] = rule("Path", "NAME", many(".", "NAME"))
    g["Sum"] = rule("Sum", Ref("Atom"), many("+", Ref("Atom")))
    g["Atom"] = label(
        "value",
        choice(
            token("NUMBER", "STRING", "TEXT"),
            rule("List", "[", sep_by(Ref("Sum")), "]"),
            seq("(", Ref("Sum"), ")"),
            rule("Name", "NAME"),
        ),
    )
    return g


def toy_machine(limits: Limits | None = None) -> Machine:
    """A machine of its own, so that what it remembers is known."""
    closers = ("]", "}", ")", ",")
    wrong = {"UNCLOSED": WrongToken("toy.unclosed", "STRING")}
    return compiling.compile(
        toy_grammar(), toy_lexer(), margin=("let", "fn"), closers=closers, wrong=wrong, limits=limits
    )
