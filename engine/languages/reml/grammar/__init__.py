"""The grammar of Reml, by area of the language; each rule stands beside its production in EBNF.

    {x} any number   {x}+ at least one   [x] perhaps   ~x not behind a line break   list(x) with commas

`words`: names and lists · `items`: the top level, modules, functions · `declarations`: everything else with a keyword ·
`statements`: blocks · `expressions`, `names`, `braces` · `patterns` · `types`.
"""

from __future__ import annotations

from engine.languages.reml.grammar.braces import define_braces
from engine.languages.reml.grammar.declarations import define_declarations
from engine.languages.reml.grammar.expressions import CHAIN, define_expressions
from engine.languages.reml.grammar.items import define_functions, define_items
from engine.languages.reml.grammar.patterns import define_patterns
from engine.languages.reml.grammar.statements import define_statements
from engine.languages.reml.grammar.types import define_types
from engine.parse.grammar import Grammar

__all__ = ["CLOSERS", "MARGIN", "reml_grammar"]

#: Keywords that, at a line's first column, begin a declaration even where something above is not closed.
MARGIN = tuple(
    "module use pub let var const fn async type struct enum trait impl extern effect handler conductor".split()
)
#: Tokens at which a broken list, block or declaration goes on.
CLOSERS = (")", "]", "}", ";", ",", "=")


def reml_grammar() -> Grammar:
    """The whole grammar; its root is a file."""
    g = Grammar("Unit")
    define_items(g)
    define_functions(g)
    define_declarations(g)
    define_statements(g)
    define_expressions(g)
    define_braces(g, CHAIN)
    define_patterns(g)
    define_types(g)
    return g
