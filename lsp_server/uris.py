"""Between URIs and paths.

Clients write the URI of one file in different ways, so a URI is a key as it stands and is turned into a path only to
look at the name or to read the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["path_of", "posix_path"]


def path_of(uri: str) -> Path | None:
    """The file of a `file:` URI on this machine; None for any other."""
    try:
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
            return None
        path = Path(_local(parts.path))
    except ValueError:
        return None
    return path if path.is_absolute() and "\0" not in str(path) else None


def _local(path: str) -> str:
    if os.name == "nt":
        from urllib.request import url2pathname  # slow to import, and elsewhere it only unquotes

        return url2pathname(path)
    return unquote(path)


def posix_path(uri: str) -> str:
    """The path of any hierarchical URI, to tell the language by; for others, what is left of it."""
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return ""
