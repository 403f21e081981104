"""A little language with everything a document can trip over.

It has nesting, line-sensitive statements, undecided alternatives, tokens that span lines, recovery.
"""
from __future__ import annotations

from engine.parse.compile import compile as compile_grammar
from engine.parse.grammar import (
    Grammar,
    Ref,
    attempt,
    choice,
    glued,
    label,
    newline,
    precedence,
    recover,
    rule,
    sep_by,
    seq,
    token,
    wrap,
)
from engine.parse.lexer import Lexer, Spanning, Symbols, Terminal, Trivia
from engine.parse.machine import Limits, Machine, WrongToken

WORDS = ["let", "fn", "if", "then", "else"]
CLASSES = {"NAME": "name", "NUMBER": "number", "STRING": "string"}


def little_lexer() -> Lexer:
    return Lexer(
        Trivia(r"//[^\r\n]*"),
        Spanning(None, r"/\*(?:[^*/]|\*(?!/)|/(?!\*))*+\*/", r"/\*", "*/", nests=True),
        Spanning("STRING", r'"""(?:[^"]|"(?!""))*+"""', r'"""', '"""'),
        Terminal("STRING", r'"(?:[^"\\\r\n]|\\[^\r\n])*+"'),
        Terminal("BROKEN", r'"[^\r\n]*'),
        Terminal("NAME", r"[^\W\d]\w*+"),
        Terminal("NUMBER", r"\d++"),
        Symbols("->", "(", ")", "{", "}", "[", "]", ",", ";", "=", "+", "-", "*", "."),
        words=("NAME", WORDS), classes=CLASSES,
    )


def little_grammar() -> Grammar:
    g = Grammar("Unit")

    def statements(name: str, item: Ref) -> None:
        rest, body = Ref(f"{name}Rest"), Ref(name)
        g[name] = choice(seq(";", body), seq(item, rest), seq())
        g[f"{name}Rest"] = recover(choice(seq(";", body), seq(newline(), item, rest), seq()))
    statements("Unit", Ref("Item"))
    statements("Statements", Ref("Item"))
    g["Item"] = choice(
        rule("Let", "let", "NAME", "=", Ref("Expr")),
        rule("Function", attempt("fn", "NAME", "(", sep_by("NAME"), ")", "{"), Ref("Statements"), "}"),
        rule("Do", Ref("Expr")))
    g["Expr"] = label("expression", precedence(
        Ref("Operand"), ("left", (token("+"), glued("-")), "Sum"), ("left", ("*",), "Product")))
    g["Operand"] = seq(choice(
        token("NAME", "NUMBER", "STRING"),
        rule("Block", "{", Ref("Statements"), "}"),
        rule("List", "[", sep_by(Ref("Expr")), "]"),
        rule("If", "if", Ref("Expr"), "then", Ref("Expr"), "else", Ref("Expr")),
        rule("Lambda", "fn", "(", sep_by("NAME"), ")", "->", Ref("Expr")),
        rule("Paren", "(", Ref("Expr"), ")")), Ref("Postfix"))
    g["Postfix"] = choice(
        seq(wrap("Call", glued("("), sep_by(Ref("Expr")), ")"), Ref("Postfix")),
        seq(wrap("Member", ".", "NAME"), Ref("Postfix")),
        seq())
    return g


def little_machine(limits: Limits | None = None) -> Machine:
    """A machine of its own."""
    return compile_grammar(
        little_grammar(), little_lexer(), margin=("let", "fn"), closers=(")", "]", "}", ",", ";"),
        wrong={"BROKEN": WrongToken("broken.string", "STRING")}, spaced=("=", "->", "then", "else"), limits=limits)


SAMPLE = '''\
// sums
let one = 1 + 2 * 3
fn area(w, h) {
  let x = w * h   /* nested /* comment
  over */ lines */
  if x then { x } else [1, 2,
    3]
}
let text = """several
lines"""; let f = fn (a) -> a.b(1)
  .c
area(1, one)
'''
