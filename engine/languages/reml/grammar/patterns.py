"""Patterns.

A lower-case bare name binds, an upper-case or dotted one is a constructor; only upper-case constructors take a record.
A bare name is a leaf, everything else a node.  A pattern ends without knowing it: what follows (`->`, `=`, `in`, …)
cannot go on with one.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.grammar.words import (
    A_PATTERN,
    HARD_LABEL,
    LOWER,
    LOWER_MEMBER,
    MEMBER,
    NAME,
    SEPARATOR,
    STRING,
    UPPER,
    listed,
)
from engine.parse.grammar import G, Grammar, Ref, choice, label, many, opt, rule, sep_by, seq, token, wrap

__all__ = ["AFTER_LOWER_NAME", "PATTERN_REST", "define_patterns"]

_PATTERN: Final = Ref("Pattern")
_ARGUMENTS: Final = listed("(", _PATTERN, ")")
_FIELDS: Final = listed("{", choice("..", Ref("FieldPattern")), "}")
_RANGE: Final = seq("..", opt("="), opt(Ref("BindPattern")))
_AS: Final = Ref("AsRest")
#: What may follow a BindPat in a Pattern.
PATTERN_REST: Final = seq(Ref("RangeRest"), Ref("OrRest"))
#: What may follow a lower-case name in a BindPat, but for the arguments of a constructor.
AFTER_LOWER_NAME: Final = Ref("AfterLowerName")


def define_patterns(g: Grammar) -> None:
    """Rules `Pattern`, `PatternButName` (not beginning with a lower-case name), `RecordPattern`, `LambdaPattern`."""
    # Pattern  ::= RangePat { "|" RangePat }
    # RangePat ::= BindPat [ ".." ["="] [BindPat] ] | ".." ["="] [BindPat]
    g["Pattern"] = label(
        A_PATTERN, choice(seq(rule("RangePattern", _RANGE), Ref("OrRest")), seq(Ref("BindPattern"), PATTERN_REST))
    )
    g["RangePattern"] = choice(rule("RangePattern", _RANGE), seq(Ref("BindPattern"), Ref("RangeRest")))
    g["RangeRest"] = opt(wrap("RangePattern", _RANGE))
    g["OrRest"] = opt(wrap("OrPattern", "|", Ref("RangePattern"), many("|", Ref("RangePattern"))))
    # BindPat  ::= Name "@" Pattern | BasePat [ "as" Name ]
    lower = seq(LOWER, choice(seq(_constructor(_ARGUMENTS), _AS), AFTER_LOWER_NAME))
    other = choice(seq(UPPER, Ref("AfterUpperName")), seq(Ref("BasePattern"), _AS))
    g["BindPattern"] = label(A_PATTERN, choice(lower, other))
    g["PatternButName"] = label(
        A_PATTERN, choice(seq(rule("RangePattern", _RANGE), Ref("OrRest")), seq(other, PATTERN_REST))
    )
    g["AsRest"] = opt(wrap("AsPattern", "as", NAME))
    g["AfterLowerName"] = choice(_binding(), seq(opt(_constructor(_path())), _AS))
    g["AfterUpperName"] = choice(
        _binding(), seq(opt(choice(_constructor(_ARGUMENTS), _constructor(_FIELDS), _constructor(_path()))), _AS)
    )
    # QualName [ "(" list(Pattern) ")" | "{" list( FieldPat | ".." ) "}" ]  record payload only after UPPER
    g["PathUpper"] = opt(choice(_ARGUMENTS, _FIELDS, _path()))
    g["PathLower"] = opt(choice(_ARGUMENTS, _path()))
    _define_bases(g)
    _define_lambda_patterns(g)


def _binding() -> G:
    return wrap("BindPattern", "@", _PATTERN)


def _constructor(payload: G) -> G:
    return wrap("ConstructorPattern", payload)


def _path() -> G:
    """{ ("." | "::") Member }+ and the payload behind it."""
    return seq(SEPARATOR, choice(seq(UPPER, Ref("PathUpper")), seq(LOWER_MEMBER, Ref("PathLower"))))


def _define_bases(g: Grammar) -> None:
    # BasePat without names ::= "_" | LiteralPat | "(" … ")" | "{" … "}" | "[" … "]"
    # LiteralPat ::= Int | Float | Char | "true" | "false" | String, and a number with a minus sign
    literal = choice(token("INT", "FLOAT", "FLOAT_PAIR", "CHAR", "true", "false"), STRING)
    g["BasePattern"] = choice(
        "_",
        rule("LiteralPattern", literal),
        rule("LiteralPattern", "-", token("INT", "FLOAT", "FLOAT_PAIR")),
        rule("TuplePattern", "(", choice(seq(_active_name(), opt(_PATTERN)), seq(sep_by(_PATTERN), ")"))),
        Ref("RecordPattern"),
        rule("SlicePattern", listed("[", Ref("SliceItem"), "]")),
    )
    # "{" list( FieldPat | ".." ) "}"
    g["RecordPattern"] = rule("RecordPattern", _FIELDS)
    # FieldPat ::= Label [ ":" Pattern ]
    g["FieldPattern"] = rule("FieldPattern", choice(seq(NAME, opt(":", _PATTERN)), seq(HARD_LABEL, ":", _PATTERN)))
    # "[" list( ".." [Name] | Pattern ) "]"                                 `..` in front is always a rest item
    g["SliceItem"] = choice(rule("RestPattern", "..", opt(NAME)), seq(Ref("BindPattern"), PATTERN_REST))


def _active_name() -> G:
    """`|Name|` or `|Name|_|` up to the closing parenthesis, behind the opening one."""
    return seq("|", NAME, "|", opt("_", "|"), ")")


def _define_lambda_patterns(g: Grammar) -> None:
    # LamPat ::= Name | "_" | "(" list1(LamPat) ")" | RecordPattern | QualName "(" list(LamPat) ")"
    arguments = listed("(", Ref("LambdaPattern"), ")")
    path = seq(SEPARATOR, MEMBER, many(SEPARATOR, MEMBER), arguments)
    g["LambdaPattern"] = label(
        A_PATTERN,
        choice(
            "_",
            seq(NAME, opt(wrap("ConstructorPattern", choice(arguments, path)))),
            rule("TuplePattern", "(", Ref("LambdaPattern"), Ref("LambdaPatternsRest"), ")"),
            Ref("RecordPattern"),
        ),
    )
    g["LambdaPatternsRest"] = opt(",", sep_by(Ref("LambdaPattern")))
