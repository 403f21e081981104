"""Expressions that begin with a name: how far one has been read decides what may follow.

A name may turn out to be an assignment's target, a typed record, a call, or just an operand.  Reading on without
going back, the grammar keeps three kinds of *chains*: the last name was upper-case (a typed record may follow), it was
lower-case, or it was an index (then the chain is a place, no longer a name).  Each comes in two forms: at the
beginning of an expression (``Target…``: it may still be assigned to) and as an operand (``Name…``).

Contextual words are names with one more way to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from engine.languages.reml.grammar.words import (
    AN_OPERATOR,
    LOWER_MEMBER,
    MEMBER,
    NAME,
    PLAIN,
    STRING,
    UPPER,
    lines_of,
    listed,
)
from engine.parse.grammar import (
    G,
    Grammar,
    Ref,
    begin,
    choice,
    end,
    glued,
    label,
    many,
    not_followed_by,
    ok,
    opt,
    rule,
    sep_by,
    seq,
    token,
    wrap,
)

__all__ = ["CALL", "INDEX", "POSTFIXES", "Chain", "define_chains", "define_special_forms", "names"]

_EXPRESSION: Final = Ref("Expression")
#: CallArgs ::= "(" list( Label ("=" | ":") Expr | Expr ) ")"      a "(" at a line's start is no call, a "[" no index
CALL: Final = wrap("Call", glued("("), sep_by(Ref("Argument")), ")")
INDEX: Final = wrap("Index", glued("["), _EXPRESSION, "]")
_TRY: Final = wrap("Try", "?")
_TUPLE_INDEX: Final = token("INT", "FLOAT_PAIR")
_RECORD: Final = wrap("TypedRecord", lines_of(glued("{"), "RecordField", "}"))
#: What may follow an operand that is no name: { ~CallArgs | ~"[" Expr "]" | ("." | "::") Member | "." Int | "?" }
POSTFIXES: Final = Ref("Postfixes")


@dataclass(frozen=True, slots=True)
class Chain:
    """What may follow a name: `operators` behind an operand (nothing for an operand inside of operators).

    `target`: the name may still be assigned to.  `record`: an upper-case one may begin a typed record; not so in the
    head of a loop, where the brace begins the body.
    """

    prefix: str
    operators: G
    target: bool
    record: bool

    def rule(self, last: str) -> Ref:
        """The rule for a chain whose last part was ``Upper``, ``Lower`` or ``Place``."""
        return Ref(self.prefix + last)

    def after(self, last: str, call: G = CALL) -> list[G]:
        """The alternatives behind a chain that ends in `last`."""
        out: list[G] = [
            self._member(last),
            seq(INDEX, self.rule("Place")),
            seq(choice(call, _TRY), POSTFIXES, self.operators),
        ]
        if last == "Upper" and self.record:
            out.append(seq(_RECORD, POSTFIXES, self.operators))
        if self.target:
            out.append(wrap("Assignment", token("=", ":="), _EXPRESSION))
        return [*out, self.operators]

    def _member(self, last: str) -> G:
        """("." | "::") Member | "." Int"""
        done = end("Member")
        if last == "Place":
            steps = choice(seq(".", choice(MEMBER, _TUPLE_INDEX)), seq("::", MEMBER))
            return seq(begin("Member", adopt=True), steps, done, self.rule("Place"))
        named: list[G] = [seq(UPPER, done, self.rule("Upper")), seq(LOWER_MEMBER, done, self.rule("Lower"))]
        index = seq(_TUPLE_INDEX, done, self.rule("Place"))
        return seq(begin("Member", adopt=True), choice(seq(".", choice(*named, index)), seq("::", choice(*named))))


def define_chains(g: Grammar, chain: Chain) -> None:
    """The three rules of a chain."""
    for last in ("Upper", "Lower", "Place"):
        g[chain.prefix + last] = label(AN_OPERATOR, choice(*chain.after(last)))


def define_special_forms(g: Grammar) -> None:
    """What stands inside the forms of contextual words."""
    # { "case" String [":" String] "=>" Expr [";"] }
    g["TestCase"] = rule("TestCase", "case", STRING, opt(":", STRING), "=>", _EXPRESSION, opt(";"))
    # AsmArg ::= "outputs" "(" list(String ":" LValue) ")" | "inputs" "(" list(String ":" Expr) ")"
    #          | ("clobbers" | "options") "(" list(String) ")"
    g["AsmArgument"] = rule(
        "AsmArgument",
        choice(
            seq("outputs", listed("(", seq(STRING, ":", Ref("Place")), ")")),
            seq("inputs", listed("(", seq(STRING, ":", _EXPRESSION), ")")),
            seq(token("clobbers", "options"), listed("(", STRING, ")")),
        ),
    )
    # LValue ::= Name { ("." | "::") Member | ~"[" Expr "]" | "." Int }
    step = wrap("Member", choice(seq(".", choice(MEMBER, _TUPLE_INDEX)), seq("::", MEMBER)))
    g["Place"] = seq(NAME, many(choice(step, INDEX)))
    # { ~CallArgs | ~"[" Expr "]" | ("." | "::") Member | "." Int | "?" }
    g["Postfixes"] = label(AN_OPERATOR, many(choice(CALL, INDEX, step, _TRY)))


def names(
    chain: Chain, first: Callable[[], list[G]] | None = None, but: tuple[str, ...] = (), behind: G = ok
) -> list[G]:
    """The alternatives of an expression that begins with a name; `behind` follows each.

    `first` makes alternatives for the tokens right behind the name that go before all others; `=` is to be among them.
    `but`: tokens that only those alternatives take.
    """
    if first is None:
        plain = [seq(UPPER, chain.rule("Upper"), behind), seq(token(*PLAIN), chain.rule("Lower"), behind)]
        return [
            *plain,
            *(
                seq(word, label(AN_OPERATOR, choice(*extra, *chain.after("Lower", call))), behind)
                for word, call, extra in _special(chain)
            ),
        ]
    make, start = first, replace(chain, target=False)

    def then(last: str, call: G = CALL, extra: tuple[G, ...] = ()) -> G:
        usual = seq(label(AN_OPERATOR, choice(*extra, *start.after(last, call))), behind)
        return choice(*make(), seq(not_followed_by(*but), usual) if but else usual)

    plain = [seq(UPPER, then("Upper")), seq(token(*PLAIN), then("Lower"))]
    return [*plain, *(seq(word, then("Lower", call, extra)) for word, call, extra in _special(chain))]


def _special(chain: Chain) -> list[tuple[str, G, tuple[G, ...]]]:
    """Each contextual word with its form of call, and other ways to go on."""
    # TestBlock  ::= "test" String Block
    test = wrap("Test", glued("STRING", "RAW"), Ref("Block"))
    # TestParser ::= "test_parser" "(" Expr ")" "{" … "}"; without the braces it is a call like any other
    test_parser = seq(CALL, opt(wrap("TestParser", glued("{"), many(Ref("TestCase")), "}")))
    # InlineAsm  ::= "inline_asm" "(" String { "," AsmArg } [","] ")"
    inline_asm = wrap("InlineAsm", glued("("), STRING, opt(",", sep_by(Ref("AsmArgument"))), ")")
    # LlvmIr     ::= "llvm_ir" "!" "(" Type ")" "{" String [ "," "inputs" "(" list(Expr) ")" ] "}"
    inputs = opt(",", "inputs", listed("(", _EXPRESSION, ")"))
    llvm_ir = wrap("LlvmIr", glued("!"), "(", Ref("Type"), ")", "{", STRING, inputs, "}")
    return [
        ("test", CALL, (_operand(test, chain),)),
        ("test_parser", test_parser, ()),
        ("inline_asm", inline_asm, ()),
        ("llvm_ir", CALL, (_operand(llvm_ir, chain),)),
    ]


def _operand(form: G, chain: Chain) -> G:
    return seq(form, POSTFIXES, chain.operators)
