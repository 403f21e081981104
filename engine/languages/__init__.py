"""The languages Penstock knows, and those that other packages add by the entry point ``penstock.languages``.

A language's machine is made on first use; importing this package compiles nothing and takes next to no time.
Invariant: an entry point that fails costs its own language only, and is told of once.
"""
from __future__ import annotations

import logging
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.languages.language import CheckSettings, Language, UnitFacts

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from importlib.resources.abc import Traversable

__all__ = ["CheckSettings", "Language", "UnitFacts", "language_faults", "language_for", "language_for_id",
           "language_named", "languages", "page_for", "pages"]

log = logging.getLogger(__name__)


def languages() -> tuple[Language, ...]:
    """All languages: the built-in ones first, then those of entry points, by name."""
    return _found()[0]


def language_faults() -> tuple[str, ...]:
    """A sentence for each entry point that gave no language; each is in the log as well."""
    return _found()[1]


@cache
def _found() -> tuple[tuple[Language, ...], tuple[str, ...]]:
    from importlib.metadata import entry_points

    from engine.languages.json import JSON, JSONC, JSONL
    from engine.languages.reml import REML
    known = {language.name: language for language in (REML, JSON, JSONL, JSONC)}
    faults = []
    for entry in sorted(entry_points(group="penstock.languages"), key=lambda e: e.name):
        if entry.name not in known:
            loaded = _loaded(entry)
            if isinstance(loaded, Language):
                known[loaded.name] = loaded
            else:
                log.warning("%s", loaded)
                faults.append(loaded)
    return tuple(known.values()), tuple(faults)


def _loaded(entry: EntryPoint) -> Language | str:
    """The language of an entry point, or what is wrong with it."""
    try:
        language = entry.load()
    except Exception as error:  # noqa: BLE001 - whatever the import of a foreign module can do
        return f"the language {entry.name!r} ({entry.value}) is left out: {type(error).__name__}: {error}"
    if isinstance(language, Language):
        return language
    return f"the language {entry.name!r} ({entry.value}) is left out: it is no Language but {type(language).__name__}"


def language_named(name: str) -> Language | None:
    """The language of that name."""
    return next((language for language in languages() if language.name == name), None)


def language_for(path: str | PurePath) -> Language | None:
    """The language of a file, by its name."""
    best = max(languages(), key=lambda language: language.matches(path))
    return best if best.matches(path) else None


def language_for_id(language_id: str, path: str | PurePath | None = None) -> Language | None:
    """The language an editor means by a ``languageId``; where the file's name says more (a dialect), that wins."""
    by_id = next((language for language in languages() if language_id in language.language_ids), None)
    by_path = language_for(path) if path is not None else None
    if by_id is None or by_path is None:
        return by_id or by_path
    general = next(language for language in languages() if language.docs == by_id.docs)
    dialect = by_id is general and by_path.docs == by_id.docs
    return by_path if dialect or by_path.matches(path or "") == 2 else by_id


def page_for(code: str, language: Language | None = None) -> Path | None:
    """The page that explains a diagnostic's code, as a file."""
    chosen = (language,) if language is not None else languages()
    for each in chosen:
        page = _docs(each) / f"{code}.md"
        if page.is_file():
            return Path(str(page))
    return None


def pages() -> dict[str, Path]:
    """All explained codes with their pages; of a code with several, the first language's."""
    found: dict[str, Path] = {}
    for language in languages():
        folder = _docs(language)
        for page in sorted(folder.iterdir(), key=lambda p: p.name) if folder.is_dir() else []:
            if page.name.endswith(".md"):
                found.setdefault(page.name.removesuffix(".md"), Path(str(page)))
    return found


def _docs(language: Language) -> Traversable:
    from importlib.resources import files

    return files(language.docs) / "docs"
