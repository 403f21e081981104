"""Languages as they are named on the command line.

Invariant: a language that cannot be told is a usage error that says what to do.
"""

from __future__ import annotations

import difflib

import click

from engine.languages import language_for, language_named, languages
from engine.languages.language import Language

__all__ = ["language_of_file", "language_of_option"]


def language_of_option(name: str) -> Language:
    """The language with that name. Raises UsageError with the names there are."""
    found = language_named(name)
    if found is None:
        known = [language.name for language in languages()]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}."
        raise click.BadParameter(f"there is no language `{name}`; {hint}", param_hint="--language")
    return found


def language_of_file(name: str | None) -> Language:
    """The language that a file's name tells. Raises UsageError for a name that tells none; None is standard input."""
    if name is None:
        raise click.UsageError("standard input needs --language, or --stdin-filename to tell it from.")
    found = language_for(name)
    if found is None:
        raise click.UsageError(f"cannot tell the language of {click.format_filename(name)}; give --language.")
    return found
