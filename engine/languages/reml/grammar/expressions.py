"""Expressions: operators by precedence, prefixes, primaries.

Two variants exist of whatever may stand at an expression's right end: the usual one, and one for the heads of `while`
and `for` (suffix ``Head``), where `Name {` is never a typed record because the brace begins the body.  What is
enclosed in brackets or between keywords is always of the usual kind.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.grammar.names import POSTFIXES, Chain, define_chains, define_special_forms, names
from engine.languages.reml.grammar.parameters import define_parameters, undecided_lambda
from engine.languages.reml.grammar.words import (
    AN_EXPRESSION,
    AN_OPERATOR,
    HARD_LABEL,
    NAME,
    NAME_KINDS,
    PATH,
    STRING,
    define_next_line,
    lines_of,
    listed,
)
from engine.parse.grammar import (
    G,
    Grammar,
    Level,
    Ref,
    attempt,
    choice,
    glued,
    label,
    lookahead,
    many,
    newline,
    not_followed_by,
    ok,
    operators,
    opt,
    precedence,
    recover_instead,
    recover_missing,
    rule,
    same_line,
    sep_by,
    seq,
    token,
    wrap,
)

__all__ = ["CHAIN", "define_expressions"]

_EXPRESSION: Final = Ref("Expression")

#: Tokens that can begin an operand.
_BEGIN_UNARY: Final = (
    *NAME_KINDS,
    "INT",
    "FLOAT",
    "FLOAT_PAIR",
    "CHAR",
    "STRING",
    "RAW",
    "FIXITY",
    "true",
    "false",
    "_",
    "(",
    "[",
    "{",
    "@",
    "#",
    "|",
    "||",
    "!",
    "-",
    "await",
    "rec",
    "async",
    "fn",
    "if",
    "match",
    "while",
    "for",
    "loop",
    "handle",
    "perform",
    "do",
    "unsafe",
    "effect",
)

#: Section "operator precedence", loosest first.  `-` at a line's start begins a statement, it does not subtract.
LEVELS: Final = (
    Level("left", (token("|>"),), "Pipe"),  # PipeExpr  ::= OrExpr  { "|>" OrExpr }
    Level("left", (token("||"),), "BinaryExpression"),  # OrExpr    ::= AndExpr { "||" AndExpr }
    Level("left", (token("&&"),), "BinaryExpression"),  # AndExpr   ::= EqExpr  { "&&" EqExpr }
    Level("none", (token("==", "!="),), "BinaryExpression"),  # EqExpr    ::= RelExpr [ ("==" | "!=") RelExpr ]
    Level(
        "none", (token("<", "<=", ">", ">="),), "BinaryExpression"
    ),  # RelExpr   ::= RangeExpr [ ("<" | …) RangeExpr ]
    Level("left", (token(".."),), "Range"),  # RangeExpr ::= AddExpr { ".." AddExpr }
    Level("left", (token("+"), glued("-")), "BinaryExpression"),  # AddExpr   ::= MulExpr { ("+" | ~"-") MulExpr }
    Level("left", (token("*", "/", "%"),), "BinaryExpression"),  # MulExpr   ::= PowExpr { ("*" | "/" | "%") PowExpr }
    Level("right", (token("^"),), "BinaryExpression"),  # PowExpr   ::= Unary   { "^" Unary }
)


class _Variant:
    """The names of one variant's rules."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.expression, self.unary = Ref(f"Expression{suffix}"), Ref(f"Unary{suffix}")
        self.operators = label(AN_OPERATOR, operators(precedence(self.unary, *LEVELS)))
        self.target = Chain(f"Target{suffix}", self.operators, target=True, record=not suffix)
        self.name = Chain(f"Name{suffix}", ok, target=False, record=not suffix)

    def __call__(self, rule_name: str) -> str:
        return rule_name + self.suffix

    def ref(self, rule_name: str) -> Ref:
        return Ref(self(rule_name))


_USUAL: Final = _Variant("")
_HEAD: Final = _Variant("Head")
#: How a name goes on at the beginning of an expression.
CHAIN: Final = _USUAL.target


def define_expressions(g: Grammar) -> None:
    """Rules `Expression`, `ExpressionHead`, `Argument`, `LambdaParameters` and what they need."""
    for variant in (_USUAL, _HEAD):
        define_chains(g, variant.target)
        define_chains(g, variant.name)
        _define_expression(g, variant)
        _define_open_ended(g, variant)
    _define_braced_arms(g)
    define_special_forms(g)
    define_parameters(g)
    _define_arguments(g)
    _define_closed(g)
    define_next_line(g, "Expression")


def _define_expression(g: Grammar, v: _Variant) -> None:
    # Expr ::= "return" [Expr] | "break" [Expr] | "continue" | LValue ("=" | ":=") Expr | PipeExpr
    g[v("Expression")] = label(AN_EXPRESSION, choice(*names(v.target), v.ref("OtherExpression")))
    # no operand behind a line break; a bar may begin a lambda, or the next arm of a match
    bars = undecided_lambda("|", "|", rest=seq(opt("->", Ref("ArrowTypeBar")), v.expression))
    value = opt(choice(seq(same_line("|"), choice(*bars)), seq(not_followed_by("|"), same_line(), v.expression)))
    # An assignment to `rec x` is parsed so that a check can say what is wrong with it.
    assigned = wrap("Assignment", token("=", ":="), v.expression)
    g[v("OtherExpression")] = choice(
        rule("Return", "return", value),
        rule("Break", "break", value),
        rule("Continue", "continue"),
        seq(_recursion(v), choice(assigned, v.operators)),
        seq(v.ref("Operand"), v.operators),
    )
    # Unary ::= ("!" | "-" | "await" | "rec" | "async" ["move"]) Unary | Postfix
    g[v("Unary")] = label(AN_EXPRESSION, choice(*names(v.name), _recursion(v), v.ref("Operand")))
    move = attempt("move", same_line(*_BEGIN_UNARY))
    g[v("Operand")] = choice(
        rule("PrefixExpression", token("!", "-", "await"), v.unary),
        rule("Async", "async", opt(move), v.unary),
        seq(v.ref("OpenEnded"), POSTFIXES),
        seq(Ref("Closed"), POSTFIXES),
    )


def _recursion(v: _Variant) -> G:
    return rule("PrefixExpression", "rec", v.unary)


def _define_open_ended(g: Grammar, v: _Variant) -> None:
    """Primaries that end in an expression."""
    # Lambda ::= ( "||" | "|" list(LamParam) "|" ) [ "->" ArrowType ] Expr | "fn" LambdaParams [ "->" Type ] "=>" Expr
    bars = choice("||", rule("Parameters", listed("|", Ref("BarParameter"), "|")))
    g[v("OpenEnded")] = choice(
        rule("Lambda", bars, opt("->", Ref("ArrowTypeBar")), v.expression),
        rule("Lambda", "fn", Ref("LambdaParameters"), opt("->", Ref("Type")), recover_missing("=>"), v.expression),
        # If ::= "if" Expr "then" Expr "else" Expr
        rule("If", "if", _EXPRESSION, recover_missing("then"), _EXPRESSION, "else", v.expression),
        # Match ::= "match" Expr "with" Arm { Arm }
        rule(
            "Match",
            "match",
            _EXPRESSION,
            recover_missing("with"),
            recover_instead(seq(_arm(v, opt("|")), v.ref("Arms")), Ref("BracedArms")),
        ),
    )
    g[v("Arms")] = many(choice(_arm(v, "|"), v.ref("BareArm")))
    # A bare arm, not the first, begins on a line of its own.  Until the token behind its pattern it may just as well
    # be a statement behind the match; an `if` on a line of its own is such a statement, not a guard.
    bare = (lookahead("->", "when", "as"), same_line("if"))
    arms = (rule("MatchArm", attempt(Ref("Pattern"), decided), _after_pattern(v)) for decided in bare)
    g[v("BareArm")] = seq(newline(), choice(*arms))


def _define_braced_arms(g: Grammar) -> None:
    """Arms in braces, as other languages have them: an error without `with`, and one only."""
    more = choice(seq(token(",", ";"), opt(_arm(_USUAL, opt("|")))), _arm(_USUAL, "|"), seq(newline(), _arm(_USUAL)))
    g["BracedArms"] = seq("{", opt(_arm(_USUAL, opt("|")), many(more)), "}")


def _arm(v: _Variant, *bar: G | str) -> G:
    return rule("MatchArm", *bar, Ref("Pattern"), _after_pattern(v))


def _after_pattern(v: _Variant) -> G:
    """[ Guard ["as" Name] | "as" Name [Guard] ] "->" Expr"""
    # Guard ::= ("when" | "if") Expr
    guard = rule("Guard", token("when", "if"), _EXPRESSION)
    return seq(opt(choice(seq(guard, opt("as", NAME)), seq("as", NAME, opt(guard)))), "->", v.expression)


def _define_arguments(g: Grammar) -> None:
    # CallArgs ::= "(" list( Label ("=" | ":") Expr | Expr ) ")"
    def named() -> list[G]:
        return [wrap("NamedArgument", token("=", ":"), _EXPRESSION), seq(wrap("Assignment", ":=", _EXPRESSION))]

    g["Argument"] = choice(
        *names(CHAIN, named), rule("NamedArgument", HARD_LABEL, token("=", ":"), _EXPRESSION), Ref("OtherExpression")
    )


def _define_closed(g: Grammar) -> None:
    """Primaries that end in a bracket or a single token."""
    block = Ref("Block")
    # Primary ::= Int | Float | String | Char | "true" | "false" | Fixity | "_" | "(" … ")" | "[" … "]" | "{" … "}" | …
    g["Closed"] = choice(
        token("INT", "FLOAT", "FLOAT_PAIR", "CHAR", "true", "false", "FIXITY", "_"),
        STRING,
        rule("ParenthesizedExpression", "(", opt(_EXPRESSION, opt(",", sep_by(_EXPRESSION))), ")"),
        rule("List", lines_of("[", "Expression", "]")),
        Ref("BraceExpression"),
        seq(lookahead("@", "#"), block),
        rule("Unsafe", "unsafe", block),
        rule("EffectBlock", "effect", block),
        rule("Loop", "loop", block),
        # While ::= "while" Expr Block      For ::= "for" Pattern "in" Expr Block
        rule("While", "while", _HEAD.expression, block),
        rule("For", "for", Ref("Pattern"), "in", _HEAD.expression, block),
        # ("perform" | "do") QualName CallArgs
        rule("Perform", token("perform", "do"), rule("Path", PATH), listed("(", Ref("Argument"), ")")),
        # Handle ::= "handle" Expr "with" "handler" Name "{" { HandlerEntry }+ "}"
        rule("Handle", "handle", _EXPRESSION, recover_missing("with"), "handler", NAME, Ref("HandlerBody")),
    )
