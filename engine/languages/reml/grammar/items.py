"""What stands at a file's top level, modules, and functions.

An item is a child of the root, the unit that trees are made and checks are run for.  Expressions are parsed here too; a
check says where they do not belong.
"""

from __future__ import annotations

from typing import Final

from engine.languages.reml.grammar.statements import ATTRIBUTES, OPTIONAL_BLOCK, PARAMETERS, in_rows
from engine.languages.reml.grammar.types import GENERICS, TRAIT_REF
from engine.languages.reml.grammar.words import MEMBER, NAME, SEPARATOR, define_next_line, lines_of, listed
from engine.parse.grammar import G, Grammar, Ref, attempt, choice, lookahead, many, ok, opt, rule, sep_by1, seq, wrap

__all__ = ["FUNCTION_TAIL", "define_functions", "define_items"]

_TYPE, _EXPRESSION = Ref("Type"), Ref("Expression")
#: EffectRow ::= "!" "{" list(Name) "}"
_ROW: Final = opt(rule("EffectRow", "!", listed("{", NAME, "}")))
_WHERE: Final = opt(Ref("Where"))
#: ["->" Type] [EffectRow] [Where] [EffectRow]
FUNCTION_TAIL: Final = seq(opt("->", _TYPE), _ROW, _WHERE, _ROW)

#: Declarations that begin with a word of their own, by the names of their rules.
_DECLARATIONS: Final = (
    "Let",
    "Var",
    "Const",
    "TypeDeclaration",
    "Struct",
    "Enum",
    "Trait",
    "Impl",
    "Extern",
    "Effect",
    "Handler",
    "Conductor",
    "ActivePattern",
    "Macro",
    "Actor",
    "Defer",
)


def define_items(g: Grammar) -> None:
    """Rules `Unit`, `Items`, `Use`, `Module`."""
    # Unit         ::= Attrs [ModuleHeader SEP] { Item SEP } EOF
    # ModuleHeader ::= ["pub"] "module" ModulePath                            not followed by "{"
    # ModuleBlock  ::= "module" ModulePath "{" { Item SEP } "}"
    body = seq("{", Ref("Items"), "}")
    header = rule("Module", "module", Ref("ModulePath"), opt(body))
    g["Unit"] = choice(seq(";", Ref("Unit")), seq(_item(header), Ref("ItemsRest")), ok)
    in_rows(g, "Items", _item(rule("Module", "module", Ref("ModulePath"), body)))
    # ModulePath   ::= [ "::" ] PathHead { "." Member }
    # PathHead     ::= "self" | "super" { "." "super" } | Name
    g["ModulePath"] = rule("ModulePath", opt("::"), choice("super", NAME), many(".", MEMBER))
    # UseDecl      ::= "use" ModulePath [ "as" Name | "." UseBrace | "." "*" ]
    g["Use"] = rule("UseDeclaration", "use", opt("::"), choice("super", NAME), Ref("UseRest"))
    g["UseRest"] = choice(seq("as", NAME), seq(".", choice(seq(MEMBER, Ref("UseRest")), Ref("UseBrace"), "*")), ok)
    # UseBrace     ::= "{" list(UseItem) "}"
    # UseItem      ::= "*" | Member [ "as" Name ] [ "." UseBrace ]
    g["UseBrace"] = rule("UseList", lines_of("{", "UseItem", "}"))
    define_next_line(g, "UseItem")
    g["UseItem"] = rule("UseItem", choice("*", seq(MEMBER, opt("as", NAME), opt(".", Ref("UseBrace")))))


def _item(module: G) -> G:
    """Attrs ["pub"] and one of the declarations, or an expression."""
    known = [Ref(name) for name in _DECLARATIONS]
    return rule("Item", ATTRIBUTES, opt("pub"), choice(Ref("Use"), module, Ref("Function"), *known, _EXPRESSION))


def define_functions(g: Grammar) -> None:
    """Rules `Function`, `Where`."""
    # FnDecl ::= FnSig [ "=" Expr | Block ]
    # FnSig  ::= ["async"] ["unsafe"] "fn" FnName [Generics] Params ["->" Type] [EffectRow] [Where] [EffectRow]
    head = attempt(opt("async"), opt("unsafe"), "fn", NAME)
    body = choice(seq("=", _EXPRESSION), OPTIONAL_BLOCK)
    g["Function"] = rule("Function", head, Ref("FunctionName"), PARAMETERS, FUNCTION_TAIL, body)
    # FnName ::= QualName | Name {"." Name} [TypeArgs] ("." | "::") Name      fn f, fn A::b, fn Parser<T>.map
    method = attempt(Ref("TypeArguments"), SEPARATOR, MEMBER, opt(GENERICS))
    g["FunctionName"] = seq(many(SEPARATOR, MEMBER), opt(choice(method, GENERICS)))
    _define_where(g)


def _define_where(g: Grammar) -> None:
    # Where ::= "where" list1( Type ":" TraitRef {"+" TraitRef} | TraitRef )
    # A bound's type has no form in braces: behind a comma at the end of the list the braces are the body's.
    traits = seq(":", TRAIT_REF, many("+", TRAIT_REF))
    arrow = seq(wrap("ArrowType", "->", Ref("ArrowType")), traits)
    unbraced = seq(lookahead("&", "(", "["), Ref("OtherType"), Ref("ArrowRest"), traits)
    bound = rule("Bound", choice(seq(TRAIT_REF, opt(choice(traits, arrow))), unbraced))
    g["Where"] = rule("Where", "where", sep_by1(bound))
