"""Braces as an expression: a block, a record or a set.

One production covers the three; the first element decides, as late as it has to:

    {              empty: a block            { ; …  { let …  { @a …      a block
    { name : …     a record                  { name = e ,                a record
    { name ,       a record with punning, or a set, until an element tells
    { e ,          a set                     { e                          a block

No alternatives are tried side by side, so nesting costs nothing.  In the tree it is a `BraceExpression`; records have
`Field` nodes (and an `Assignment` or a bare name in front), sets have expressions.
"""

from __future__ import annotations

from engine.languages.reml.grammar.names import Chain, names
from engine.languages.reml.grammar.parameters import undecided_lambda
from engine.languages.reml.grammar.words import HARD_LABEL, NAME, define_next_line, next_line
from engine.parse.grammar import G, Grammar, Ref, choice, many, not_followed_by, ok, opt, rule, sep_by, seq, token, wrap

__all__ = ["define_braces"]

_EXPRESSION, _FIELD, _VALUE, _STATEMENTS = (
    Ref("Expression"),
    Ref("RecordField"),
    Ref("RecordValue"),
    Ref("StatementsRest"),
)
_FIELDS_BEHIND = seq(opt(",", sep_by(_FIELD)), next_line("RecordField"))


def define_braces(g: Grammar, chain: Chain) -> None:
    """Rules `BraceExpression`, `RecordField`, `RecordValue`."""
    g["BraceExpression"] = rule("BraceExpression", "{", Ref("BraceBody"), "}")
    _define_records(g)
    # a keyword with ":" or "=" behind it is a field; without, it begins an expression or a statement
    keyword_field = seq(rule("Field", HARD_LABEL, choice(seq(":", _VALUE), seq("=", _EXPRESSION))), _FIELDS_BEHIND)
    behind = choice(seq(",", sep_by(_EXPRESSION)), _STATEMENTS)
    statement = choice(Ref("Let"), Ref("Var"), Ref("Defer"))

    def first_of_name() -> list[G]:
        assigned = seq(wrap("Assignment", "=", _EXPRESSION), choice(seq(",", sep_by(_FIELD)), _STATEMENTS))
        return [_field_behind_name(), assigned, wrap_colon_equals(), seq(",", Ref("Punned"))]

    def wrap_colon_equals() -> G:
        return seq(wrap("Assignment", ":=", _EXPRESSION), behind)

    g["BraceBody"] = choice(
        seq(";", Ref("Statements")),
        seq(Ref("Attribute"), many(Ref("Attribute")), choice(statement, _EXPRESSION), _STATEMENTS),
        keyword_field,
        seq(statement, _STATEMENTS),
        *names(chain, first_of_name, (",",), behind),
        seq(not_followed_by("@", "#"), Ref("OtherExpression"), behind),
        ok,
    )
    _define_punned(g, chain, keyword_field)


def _field_behind_name() -> G:
    return seq(wrap("Field", ":", _VALUE), _FIELDS_BEHIND)


def _define_punned(g: Grammar, chain: Chain, keyword_field: G) -> None:
    """Behind `{ name ,`: only names so far, so it may still be a record or a set."""
    behind = opt(",", sep_by(_EXPRESSION))

    def first_of_name() -> list[G]:
        named = seq(wrap("Field", "=", _EXPRESSION), _FIELDS_BEHIND)
        return [
            _field_behind_name(),
            named,
            seq(wrap("Assignment", ":=", _EXPRESSION), behind),
            seq(",", Ref("Punned")),
        ]

    g["Punned"] = choice(
        keyword_field, *names(chain, first_of_name, (",",), behind), seq(Ref("OtherExpression"), behind), ok
    )


def _define_records(g: Grammar) -> None:
    # Record   ::= "{" list( Label [ "=" Expr | ":" RecValue ] ) "}"
    value = choice(seq(":", _VALUE), seq("=", _EXPRESSION))
    g["RecordField"] = rule("Field", choice(seq(NAME, opt(value)), seq(HARD_LABEL, value)))
    define_next_line(g, "RecordField")
    # RecValue ::= LambdaParams "->" Expr | Expr
    lambdas = undecided_lambda("(", ")", token("->"), _EXPRESSION)
    g["RecordValue"] = choice(*lambdas, _EXPRESSION)
