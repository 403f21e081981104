"""Types.

A union and a lambda's parameter list both use `|`, so there are two families: in the second one (suffix ``Bar``) no `|`
belongs to the type.  It is used where bars mean something else: parameters of lambdas and alternatives of sum types.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.grammar.words import (
    A_TYPE,
    HARD_LABEL,
    MEMBER,
    NAME,
    NAME_KINDS,
    PATH,
    SEPARATOR,
    STRING,
    define_next_line,
    lines_of,
    listed,
)
from engine.languages.reml.lexer import HARD
from engine.parse.grammar import G, Grammar, Ref, choice, label, many, opt, rule, sep_by1, seq, token, wrap

__all__ = ["FIELDS", "GENERICS", "TRAIT_REF", "define_types"]

_TYPE, _ELEMENTS = Ref("Type"), listed("(", Ref("TupleElement"), ")")

#: Generics ::= "<" list1( Name [":" Type {"+" Type}] ) ">"
GENERICS: Final = rule("Generics", "<", sep_by1(rule("TypeParameter", NAME, opt(":", _TYPE, many("+", _TYPE)))), ">")
#: TraitRef ::= QualName [TypeArgs]
TRAIT_REF: Final = rule("NamedType", PATH, opt(Ref("TypeArguments")))
#: "{" list(RecField) "}"
FIELDS: Final = lines_of("{", "FieldDeclaration", "}")

_LABEL_BUT_PUB = choice(NAME, token(*(word for word in HARD if word != "pub")))
_NAME_BUT_NEW = label("IDENT", token(*(kind for kind in NAME_KINDS if kind != "new")))
_NAMED_REST = wrap("NamedType", many(SEPARATOR, MEMBER), opt(Ref("TypeArguments")))


def define_types(g: Grammar) -> None:
    """Rules `Type`, `ArrowType`, `TypeAtom`, `TypeArguments`, `TupleElement`, `FieldDeclaration`, `Variant`."""
    # Type ::= ArrowType { "|" ArrowType }
    g["Type"] = label(A_TYPE, seq(Ref("ArrowType"), Ref("UnionRest")))
    g["UnionRest"] = opt(wrap("UnionType", "|", Ref("ArrowType"), many("|", Ref("ArrowType"))))
    _define_arrows(g, "", _TYPE)
    _define_arrows(g, "Bar", Ref("ArrowTypeBar"))
    # TypeArgs ::= "<" list(Type) ">"
    g["TypeArguments"] = rule("TypeArguments", listed("<", _TYPE, ">"))
    # TupleElem ::= [Label ":"] Type
    g["TupleElement"] = rule(
        "TupleElement",
        choice(
            seq(NAME, choice(seq(":", _TYPE), seq(_NAMED_REST, Ref("ArrowRest"), Ref("UnionRest")))),
            seq(HARD_LABEL, ":", _TYPE),
            seq(Ref("OtherType"), Ref("ArrowRest"), Ref("UnionRest")),
        ),
    )
    # RecField ::= Attrs ["pub"] Label ":" Type ["=" Expr] | ".."
    g["FieldDeclaration"] = choice(
        "..",
        rule(
            "FieldDeclaration",
            many(Ref("Attribute")),
            choice(seq("pub", opt(choice(NAME, token(*HARD)))), _LABEL_BUT_PUB),
            ":",
            _TYPE,
            opt("=", Ref("Expression")),
        ),
    )
    define_next_line(g, "FieldDeclaration")
    _define_variants(g)


def _define_arrows(g: Grammar, suffix: str, result: G) -> None:
    """The rules of one family; `result` is what a function type gives."""
    # ArrowType ::= TypeAtom [ "->" ArrowType ]
    arrow, rest, atom, other = (name + suffix for name in ("ArrowType", "ArrowRest", "TypeAtom", "OtherType"))
    g[arrow] = label(A_TYPE, seq(choice(TRAIT_REF, Ref(other)), Ref(rest)))
    g[atom] = label(A_TYPE, choice(TRAIT_REF, Ref(other)))
    g[rest] = opt(wrap("ArrowType", "->", Ref(arrow)))
    # TypeAtom ::= "&" ["mut"] TypeAtom
    #            | "fn" [Generics] "(" list(TupleElem) ")" "->" Type
    #            | "(" list(TupleElem) ")" | "{" list(RecField) "}" | "[" Type "]" | "[" Type ";" Int "]"
    #            | String | Int | "_"
    g[other] = choice(
        rule("ReferenceType", "&", opt("mut"), Ref(atom)),
        rule("FunctionType", "fn", opt(GENERICS), _ELEMENTS, "->", result),
        rule("TupleType", _ELEMENTS),
        rule("RecordType", FIELDS),
        rule("ArrayType", "[", _TYPE, opt(";", "INT"), "]"),
        rule("LiteralType", choice(STRING, "INT")),
        "_",
    )


def _define_variants(g: Grammar) -> None:
    # SumAlt  ::= Name Payload | ArrowType                 bare Name is an ArrowType
    # Payload ::= "(" list(TupleElem) ")" | "{" list(RecField) "}"
    g["Payload"] = choice(_ELEMENTS, FIELDS)
    after_name = choice(Ref("Payload"), seq(_NAMED_REST, Ref("ArrowRestBar")))
    other = seq(Ref("OtherTypeBar"), Ref("ArrowRestBar"))
    g["Variant"] = rule("Variant", choice(seq(NAME, after_name), other))
    # The alternative right behind the `=`, where `new` is a keyword.
    g["FirstVariant"] = rule("Variant", choice(seq(_NAME_BUT_NEW, after_name), other))
