"""Parameters of lambdas, also where something else may stand in their place.

    { f: (a, b) -> e }      { p: (a, b) }            a field's value: a lambda or a tuple
    | A -> return |a| e     | A -> return | B -> e   a value, or the next arm

Until their end, or the colon of the first type, such parameters hold nothing in which another undecided list could
begin: defaults are names or literals, record patterns bind names only.  So alternatives never multiply.
"""

from __future__ import annotations

from engine.languages.reml.grammar.words import MEMBER, NAME, SEPARATOR, STRING, listed
from engine.parse.grammar import (
    G,
    Grammar,
    Ref,
    attempt,
    begin,
    choice,
    end,
    many,
    ok,
    opt,
    rule,
    sep_by,
    seq,
    token,
    wrap,
)

__all__ = ["define_parameters", "undecided_lambda"]

_DONE = end("Parameter")


def define_parameters(g: Grammar) -> None:
    """Rules `LambdaParameter`, `BarParameter` (between bars), `LambdaParameters`, `PlainPattern`."""
    # LambdaParams ::= "(" list(LamParam) ")"
    # LamParam     ::= LamPat [":" ArrowType] ["=" Expr]
    g["LambdaParameter"] = _parameter("ArrowType")
    g["BarParameter"] = _parameter("ArrowTypeBar")
    g["LambdaParameters"] = rule("Parameters", listed("(", Ref("LambdaParameter"), ")"))
    # one of a list that is not decided yet; `TypedPrefix` goes up to the colon of the first type, its parameter stays
    # open
    default = opt("=", choice(NAME, token("INT", "FLOAT", "FLOAT_PAIR", "CHAR", "true", "false"), STRING))
    pattern = Ref("PlainPattern")
    g["PlainParameter"] = rule("Parameter", pattern, default)
    g["TypedPrefix"] = seq(pattern, choice(":", seq(default, _DONE, ",", begin("Parameter"), Ref("TypedPrefix"))))
    path = seq(many(SEPARATOR, MEMBER), listed("(", pattern, ")"))
    fields = sep_by(choice("..", rule("FieldPattern", NAME, opt(":", choice(NAME, "_")))))
    g["PlainPattern"] = choice(
        "_",
        seq(NAME, opt(wrap("ConstructorPattern", path))),
        rule("TuplePattern", "(", pattern, opt(",", sep_by(pattern)), ")"),
        rule("RecordPattern", "{", fields, "}"),
    )


def _parameter(arrow: str) -> G:
    return rule("Parameter", Ref("LambdaPattern"), opt(":", Ref(arrow)), opt("=", Ref("Expression")))


def undecided_lambda(opener: str, closer: str, arrow: G = ok, rest: G = ok) -> list[G]:
    """The alternatives for a lambda with parameters between `opener` and `closer` and then `arrow`.

    They are tentative up to the arrow; what else may begin with the opener stands behind them in a choice.
    """
    type_, more = (
        (Ref("ArrowTypeBar"), Ref("BarParameter")) if opener == "|" else (Ref("ArrowType"), Ref("LambdaParameter"))
    )
    untyped = rule("Parameters", opener, sep_by(Ref("PlainParameter")), closer)
    prefix = attempt(begin("Parameters"), opener, begin("Parameter"), Ref("TypedPrefix"))
    others = seq(type_, opt("=", Ref("Expression")), _DONE, opt(",", sep_by(more)), closer)
    return [
        rule("Lambda", attempt(untyped, arrow), rest),
        rule("Lambda", prefix, others, end("Parameters"), arrow, rest),
    ]
