"""Blocks, statements, attributes, and how things in a row are separated.

Between two of them stands a `;` or a line break; `}` and the end of the text also end one.  A line break never ends
something that is still going on: what can only continue is taken as its continuation, so no list of such tokens is
needed.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.grammar.patterns import AFTER_LOWER_NAME, PATTERN_REST
from engine.languages.reml.grammar.types import GENERICS
from engine.languages.reml.grammar.words import LOWER, NAME, listed
from engine.parse.grammar import (
    G,
    Grammar,
    Part,
    Ref,
    attempt,
    choice,
    glued,
    many,
    many1,
    newline,
    ok,
    opt,
    recover,
    recover_missing,
    rule,
    sep_by,
    seq,
)

__all__ = ["ATTRIBUTES", "OPTIONAL_BLOCK", "PARAMETERS", "define_statements", "in_rows"]

_EXPRESSION, _TYPE, _STATEMENTS = Ref("Expression"), Ref("Type"), Ref("Statements")

_EQUALS: Final = recover_missing("=")
#: Attrs ::= { "@" Name [CallArgs] | "#" "[" Name [CallArgs] "]" }
ATTRIBUTES: Final = many(Ref("Attribute"))
#: Params ::= "(" list(Param) ")"
PARAMETERS: Final = rule("Parameters", listed("(", Ref("Parameter"), ")"))
#: A body that may be missing: an attribute may then be the next declaration's.
OPTIONAL_BLOCK: Final = opt(rule("Block", choice("{", attempt(many1(Ref("Attribute")), "{")), _STATEMENTS, "}"))


def in_rows(g: Grammar, name: str, item: Part) -> None:
    """Rules `name` and `nameRest`: { item SEP }, and what may follow the first item."""
    row, rest = Ref(name), Ref(f"{name}Rest")
    g[name] = choice(seq(";", row), seq(item, rest), ok)
    g[f"{name}Rest"] = recover(choice(seq(";", row), seq(newline(), item, rest), ok))


def define_statements(g: Grammar) -> None:
    """Rules `Block`, `Statements`, `Let`, `Var`, `Defer`, `Attribute`, `Parameter`."""
    # an attribute's arguments stand on its line
    g["Attribute"] = rule(
        "Attribute",
        choice(
            seq("@", NAME, opt(glued("("), sep_by(Ref("Argument")), ")")),
            seq("#", "[", NAME, opt("(", sep_by(Ref("Argument")), ")"), "]"),
        ),
    )
    # Block ::= Attrs "{" { Stmt SEP } "}"
    g["Block"] = rule("Block", ATTRIBUTES, "{", _STATEMENTS, "}")
    # Stmt  ::= Attrs ( LetDecl | VarDecl | "defer" Expr | LValue (":=" | "=") Expr | Expr )
    in_rows(g, "Statements", seq(ATTRIBUTES, choice(Ref("Let"), Ref("Var"), Ref("Defer"), _EXPRESSION)))
    g["Defer"] = rule("Defer", "defer", _EXPRESSION)
    # VarDecl ::= "var" Pattern [":" Type] "=" Expr
    g["Var"] = rule("VarBinding", "var", Ref("Pattern"), opt(":", _TYPE), _EQUALS, _EXPRESSION)
    # LetDecl ::= "let" LowerName [Generics] Params ["->" Type] "=" Expr | "let" Pattern [":" Type] "=" Expr
    typed = opt(":", _TYPE)
    sugar: G = seq(opt(GENERICS), PARAMETERS, opt("->", _TYPE))
    g["Let"] = rule(
        "LetBinding",
        "let",
        choice(
            seq(LOWER, choice(sugar, seq(AFTER_LOWER_NAME, PATTERN_REST, typed))), seq(Ref("PatternButName"), typed)
        ),
        _EQUALS,
        _EXPRESSION,
    )
    # Param ::= ( "&" ["mut"] "self" | Pattern ) [":" Type] ["=" Expr]
    receiver = rule("Receiver", "&", opt("mut"), "self")
    g["Parameter"] = rule("Parameter", choice(receiver, Ref("Pattern")), opt(":", _TYPE), opt("=", _EXPRESSION))
