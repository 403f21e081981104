"""Declarations of types, values, effects and conductors: everything with a keyword of its own but functions.

Contextual words (`operation`, `pattern`, `macro`, `actor`, the sections of a conductor) are names everywhere else, so
the productions that begin with one stay tentative until the token that tells.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.grammar.items import FUNCTION_TAIL
from engine.languages.reml.grammar.statements import ATTRIBUTES, OPTIONAL_BLOCK, PARAMETERS, in_rows
from engine.languages.reml.grammar.types import FIELDS, GENERICS, TRAIT_REF
from engine.languages.reml.grammar.words import DOTTED, GLUED_NAME, NAME, PATH, STRING
from engine.parse.grammar import (
    Grammar,
    Ref,
    attempt,
    choice,
    lookahead,
    many,
    many1,
    ok,
    opt,
    recover_missing,
    rule,
    sep_by,
    sep_by1,
    seq,
    token,
)

__all__ = ["define_declarations"]

_TYPE, _EXPRESSION, _BLOCK = Ref("Type"), Ref("Expression"), Ref("Block")
_GENERICS, _WHERE, _PUB = opt(GENERICS), opt(Ref("Where")), opt("pub")
#: A declaration that ends with a `;`, which then separates it from the next one.
_SEMICOLON: Final = lookahead(";")


def define_declarations(g: Grammar) -> None:
    """All rules of declarations."""
    _define_types(g)
    _define_traits(g)
    _define_extern(g)
    _define_effects(g)
    _define_contextual(g)
    _define_conductor(g)


def _define_types(g: Grammar) -> None:
    # TypeDecl ::= "type" ["alias"] Name [Generics] [ "=" TypeBody ]
    # TypeBody ::= "new" Type | ["|"] SumAlt { "|" SumAlt }
    more = many("|", Ref("Variant"))
    body = choice(seq("new", _TYPE), seq("|", Ref("Variant"), more), seq(Ref("FirstVariant"), more))
    g["TypeDeclaration"] = rule(
        "TypeDeclaration", "type", choice(seq(attempt("alias", NAME)), NAME), _GENERICS, opt("=", body)
    )
    # StructDecl ::= "struct" Name [Generics] ( ["="] "{" list(RecField) "}" | ";" )
    g["Struct"] = rule("Struct", "struct", NAME, _GENERICS, choice(seq(opt("="), FIELDS), _SEMICOLON))
    # EnumDecl ::= "enum" Name [Generics] "=" ["|"] EnumVar { ("|" | ",") EnumVar } [","]
    # EnumVar  ::= Name [Payload]
    variant = rule("Variant", NAME, opt(Ref("Payload")))
    g["Enum"] = rule("Enum", "enum", NAME, _GENERICS, "=", opt("|"), variant, Ref("EnumRest"))
    g["EnumRest"] = choice(seq("|", variant, Ref("EnumRest")), seq(",", choice(seq(variant, Ref("EnumRest")), ok)), ok)
    # ConstDecl ::= "const" QualName ":" Type "=" Expr
    g["Const"] = rule("Constant", "const", PATH, ":", _TYPE, "=", _EXPRESSION)


def _define_traits(g: Grammar) -> None:
    # TraitDecl ::= "trait" Name [Generics] [Where] "{" { Attrs ["pub"] (AssocType | FnDecl) SEP } "}"
    # AssocType ::= "type" Name [":" TraitRef {"," TraitRef}] ["=" Type]
    associated = rule("AssociatedType", "type", NAME, opt(":", sep_by1(TRAIT_REF, trailing=False)), opt("=", _TYPE))
    in_rows(g, "TraitBody", rule("TraitMember", ATTRIBUTES, _PUB, choice(associated, Ref("Function"))))
    g["Trait"] = rule("Trait", "trait", NAME, _GENERICS, _WHERE, "{", Ref("TraitBody"), "}")
    # ImplDecl ::= "impl" [Generics] ArrowType [ "for" ArrowType ] [Where] "{" { Attrs ["pub"] ImplItem SEP } "}"
    # ImplItem ::= FnDecl | TypeDecl | LetDecl | VarDecl | ConstDecl
    in_rows(
        g,
        "ImplBody",
        rule("ImplMember", ATTRIBUTES, _PUB, choice(*map(Ref, ("Function", "TypeDeclaration", "Let", "Var", "Const")))),
    )
    arrow = Ref("ArrowType")
    g["Impl"] = rule("Impl", "impl", _GENERICS, arrow, opt("for", arrow), _WHERE, "{", Ref("ImplBody"), "}")


def _define_extern(g: Grammar) -> None:
    # ExternDecl   ::= "extern" String ( ExternFn | "{" { ExternFn }+ "}" )
    # ExternFn     ::= Attrs ["pub"] ["async"] ["unsafe"] "fn" QualName [Generics] ExternParams
    #                  ["->" Type] [EffectRow] [Where] [EffectRow] ";"
    # ExternParams ::= "(" ( "..." | list(Param) [ "," "..." ] ) ")"
    g["ExternParameters"] = opt(choice("...", seq(Ref("Parameter"), opt(",", Ref("ExternParameters")))))
    parameters = rule("Parameters", "(", Ref("ExternParameters"), ")")
    g["ExternFunction"] = rule(
        "ExternFunction",
        ATTRIBUTES,
        _PUB,
        opt("async"),
        opt("unsafe"),
        "fn",
        PATH,
        _GENERICS,
        parameters,
        FUNCTION_TAIL,
    )
    single = seq(Ref("ExternFunction"), _SEMICOLON)
    g["Extern"] = rule(
        "ExternDeclaration",
        "extern",
        STRING,
        choice(single, seq("{", many1(Ref("ExternFunction"), recover_missing(";")), "}")),
    )


def _define_effects(g: Grammar) -> None:
    # EffectDecl   ::= "effect" Name [ ":" Name "{" { Attrs "operation" Name [":" Type] }+ "}" ]
    operation = rule("Operation", ATTRIBUTES, "operation", NAME, opt(":", _TYPE))
    g["Effect"] = rule("EffectDeclaration", attempt("effect", NAME), opt(":", NAME, "{", many1(operation), "}"))
    # HandlerDecl  ::= "handler" Name "{" { HandlerEntry }+ "}"
    g["Handler"] = rule("HandlerDeclaration", "handler", NAME, Ref("HandlerBody"))
    g["HandlerBody"] = seq("{", many1(Ref("HandlerEntry")), "}")
    # HandlerEntry ::= Attrs "operation" Name "(" list(Param) ")" Block | "return" Name Block
    g["HandlerEntry"] = choice(
        rule("HandlerOperation", ATTRIBUTES, "operation", NAME, PARAMETERS, _BLOCK),
        rule("HandlerReturn", "return", NAME, _BLOCK),
    )


def _define_contextual(g: Grammar) -> None:
    # ActivePatternDecl ::= "pattern" "(" "|" Name "|" [ "_" "|" ] ")" Params "=" Expr
    head = attempt("pattern", "(", "|", NAME, "|", opt("_", "|"), ")")
    g["ActivePattern"] = rule("ActivePattern", head, PARAMETERS, "=", _EXPRESSION)
    # MacroDecl ::= "macro" Name Params Block
    g["Macro"] = rule("Macro", attempt("macro", NAME), PARAMETERS, _BLOCK)
    # ActorDecl ::= "actor" "spec" Name [Params] Block
    g["Actor"] = rule("Actor", attempt("actor", "spec", NAME), opt(PARAMETERS), _BLOCK)


def _define_conductor(g: Grammar) -> None:
    # ConductorDecl    ::= "conductor" Name "{" { Attrs ConductorSection } "}"
    # ConductorSection ::= Name ":" Name [ "=" Expr ] { "|>" Name [ "(" list( [Name ":"] Expr ) ")" ] }
    stage = rule("Stage", "|>", NAME, opt("(", sep_by(Ref("Argument")), ")"))
    dsl = rule("ConductorDsl", attempt(NAME, ":"), NAME, opt("=", _EXPRESSION), many(stage))
    #                    | "channels" "{" { Dotted "~>" Dotted ":" Type {"," | ";"} } "}"
    channel = rule("Channel", DOTTED, "~>", DOTTED, ":", _TYPE, many(token(",", ";")))
    channels = rule("Channels", "channels", "{", many(channel), "}")
    #                    | "execution" Block | "monitoring" [ "with" QualName | Dotted ] [Block]
    execution = rule("Execution", "execution", _BLOCK)
    # what is monitored stands on the line of `monitoring`
    monitored = opt(choice(seq("with", PATH), seq(GLUED_NAME, many(".", NAME))))
    monitoring = rule("Monitoring", "monitoring", monitored, OPTIONAL_BLOCK)
    g["Conductor"] = rule("Conductor", "conductor", NAME, "{", many(Ref("Section")), "}")
    g["Section"] = rule("ConductorSection", ATTRIBUTES, choice(dsl, channels, execution, monitoring))
