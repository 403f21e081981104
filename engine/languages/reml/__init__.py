"""Reml: the full surface syntax, the checks that need no types, and pages on every diagnostic.

`lexer` and `grammar` say what the language is, `advice` and `wrong_tokens` put its commonest mistakes into words,
`checks` looks at what the grammar alone cannot say.  The machine is compiled on first use, so importing this package
costs next to nothing.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from engine.languages.language import CheckSettings, Language, UnitFacts

if TYPE_CHECKING:
    from engine.languages.reml.lexer import Profile
    from engine.parse.machine import Machine
    from engine.parse.tree import Node

__all__ = ["REML", "make_machine"]

SAMPLE = "Sample.reml"


def make_machine(profile: Profile = "unicode") -> Machine:
    """A machine of its own; `profile` says which characters identifiers may have."""
    from engine.languages.reml.advice import advise
    from engine.languages.reml.grammar import CLOSERS, MARGIN, reml_grammar
    from engine.languages.reml.lexer import HOLES, LIKELY, SPACED, WRONG, reml_lexer
    from engine.parse.compile import compile as compile_grammar

    return compile_grammar(
        reml_grammar(),
        reml_lexer(profile),
        margin=MARGIN,
        closers=CLOSERS,
        wrong=WRONG,
        advise=advise,
        likely=LIKELY,
        spaced=SPACED,
        holes=HOLES,
        sample=files(__name__).joinpath(SAMPLE).read_text(encoding="utf-8"),
    )


@cache
def _shared() -> Machine:
    return make_machine()


def _check_unit(unit: Node, settings: CheckSettings) -> UnitFacts:
    from engine.languages.reml.checks import check_unit

    return check_unit(unit, settings)


def _quick_facts(text: str) -> UnitFacts | None:
    from engine.languages.reml.checks import quick_facts

    return quick_facts(text)


REML = Language(
    name="reml",
    title="Reml",
    suffixes=(".reml",),
    filenames=(),
    language_ids=("reml",),
    machine=_shared,
    docs=__name__,
    check_unit=_check_unit,
    quick_facts=_quick_facts,
)
