"""Ids of Intents: what one may be, and one made of a title.

An id is a file's stem and part of a branch's name, so it is plain. Knows no files.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container
from typing import Final

__all__ = ["ID_PATTERN", "ID_RULE", "LONGEST", "is_id", "slug", "unique"]

LONGEST: Final = 100
ID_PATTERN: Final = r"^[a-z0-9][a-z0-9-]*$"
ID_RULE: Final = "lower-case letters, digits and dashes, beginning with a letter or digit, at most 100 characters"
#: characters of an id that is made of a title; longer ones are cut between words
_LONGEST_MADE: Final = 50


def is_id(text: str) -> bool:
    """Whether a text may be the id of an Intent or a Task."""
    return len(text) <= LONGEST and re.fullmatch(ID_PATTERN[1:-1], text) is not None


def slug(title: str) -> str:
    """An id that reads like the title; of a title without any Latin letter or digit, one made of its digest."""
    folded = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    made = "-".join(re.findall(r"[a-z0-9]+", folded.replace("'", "")))
    if len(made) > _LONGEST_MADE:
        made = made[: _LONGEST_MADE + 1].rpartition("-")[0] or made[:_LONGEST_MADE]
    return made or f"intent-{hashlib.sha256(title.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def unique(wanted: str, taken: Container[str]) -> str:
    """The id, or with the least number behind it that nobody has."""
    number, found = 1, wanted
    while found in taken:
        number += 1
        found = f"{wanted}-{number}"
    return found
