"""Where the documentation page of a diagnostic's code is, as a link that an editor can open.

The pages are files of the installed packages.  Knows no diagnostic, only codes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from engine.languages import language_named, page_for

__all__ = ["page_link"]


@cache
def page_link(code: str, language: str | None) -> str | None:
    """The `file:` URI of the page of a code, the named language's if it has one; None where there is none."""
    named = language_named(language) if language is not None else None
    page = (page_for(code, named) if named is not None else None) or page_for(code) or _own_page(code)
    return page.absolute().as_uri() if page is not None else None


def _own_page(code: str) -> Path | None:
    page = Path(str(files("lsp_server") / "docs" / f"{code}.md"))
    return page if page.is_file() else None
