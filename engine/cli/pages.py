"""The explanation pages: one Markdown file per diagnostic code or topic.

The languages bring pages for their codes; topics and the codes of the command line itself lie in `topics/` beside this;
installed packages add the folder `docs` of a package that they name in the entry-point group `penstock.pages`.
Knows no terminal. Invariant: a page's name is its file's stem; its first line is a heading.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from engine.languages import pages as pages_of_languages

__all__ = ["code_names", "nearest", "page", "title_of", "topic_names"]

GROUP: Final = "penstock.pages"


def page(name: str) -> str | None:
    """The Markdown page of a code or topic, None if there is none of that name."""
    if name in (codes := _codes()):
        return codes[name].read_text(encoding="utf-8")
    topic = _topics().get(name)
    return topic.read_text(encoding="utf-8") if topic else None


def code_names() -> list[str]:
    """The diagnostic codes that have a page."""
    return sorted(_codes())


def topic_names() -> list[str]:
    """The topics that have a page."""
    return sorted(_topics())


def nearest(name: str) -> list[str]:
    """The names that are most like one that has no page: at most three, the best first."""
    known = [*code_names(), *topic_names()]
    inside = [each for each in known if name and name.lower() in each]
    return (difflib.get_close_matches(name.lower(), known, n=3) or inside)[:3]


def title_of(name: str, text: str) -> str:
    """What a page is about in a few words: its heading, or where that is only its name, its first sentence."""
    blocks = [block.replace("\n", " ").strip() for block in text.split("\n\n")]
    heading = blocks[0].lstrip("# ")
    if heading != name:
        return heading
    first = next((block for block in blocks[1:] if block and not block.startswith("#")), heading)
    sentence, stop, _ = first.partition(". ")
    return sentence + stop.strip()


@cache
def _own() -> dict[str, Traversable]:
    return _pages_in(files("engine.cli") / "topics")


@cache
def _others() -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        with suppress(ImportError, OSError):  # a package that is broken has no pages; it must not hide ours
            found |= _pages_in(files(point.value) / "docs")
    return found


def _pages_in(folder: Traversable) -> dict[str, Traversable]:
    return {entry.name.removesuffix(".md"): entry for entry in folder.iterdir() if entry.name.endswith(".md")}


def _codes() -> dict[str, Traversable]:
    own = {name: entry for name, entry in _own().items() if "." in name}
    return {**_others(), **own, **pages_of_languages()}


def _topics() -> dict[str, Traversable]:
    return {name: entry for name, entry in _own().items() if "." not in name}
