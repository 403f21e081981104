"""What `textDocument/didOpen`, `didChange`, `didClose` and `penstock/visibleRange` carry, read straight off the JSON.

These come with every keystroke, so they bypass the typed objects of the protocol library; a test holds both readings
against each other.  Anything malformed is a value, `Unreadable`, with the document it was about if that is known.
Knows no document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Changed", "Closed", "Edit", "Opened", "Seen", "Unreadable", "changed", "closed", "opened", "seen"]

MOST = 2**31 - 1
"""The largest number that is a line, a character or a version: LSP's `uinteger`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that the client holds from now on."""

    uri: str
    language_id: str
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for a range, in the client's code units; without a range, the whole text."""

    text: str
    start: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """Edits that apply one after the other and lead to a version."""

    uri: str
    version: int
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A document that the client no longer holds."""

    uri: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The first and the last line of a document that the client shows."""

    uri: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Parameters that are not what the protocol says, and the document and version they name, if they do."""

    uri: str | None = None
    version: int | None = None


def opened(params: Any) -> Opened | Unreadable:
    """The parameters of `didOpen`."""
    unreadable = _unreadable(params)
    match params:
        case {"textDocument": {"uri": str(uri), "languageId": str(language), "text": str(text)}}:
            return unreadable if unreadable.version is None else Opened(uri, language, unreadable.version, text)
    return unreadable


def changed(params: Any) -> Changed | Unreadable:
    """The parameters of `didChange`."""
    try:
        document, changes = params["textDocument"], params["contentChanges"]
        uri, version = document["uri"], document["version"]
    except (TypeError, KeyError, IndexError):
        return _unreadable(params)
    if not (isinstance(uri, str) and _is_version(version) and isinstance(changes, list)):
        return _unreadable(params)
    edits = tuple(map(_edit, changes))
    if None in edits:
        return Unreadable(uri, version)
    return Changed(uri, version, edits)  # type: ignore[arg-type]  # the line above has ruled None out


def closed(params: Any) -> Closed | Unreadable:
    """The parameters of `didClose`."""
    unreadable = _unreadable(params)
    return unreadable if unreadable.uri is None else Closed(unreadable.uri)


def seen(params: Any) -> Seen | Unreadable:
    """The parameters of `penstock/visibleRange`."""
    unreadable = _unreadable(params)
    try:
        start, end = _place(params["range"]["start"]), _place(params["range"]["end"])
    except (TypeError, KeyError, IndexError):
        return unreadable
    if unreadable.uri is None or start is None or end is None:
        return unreadable
    return Seen(unreadable.uri, start[0], end[0])


def _edit(change: Any) -> Edit | None:
    if not isinstance(change, dict) or not isinstance(text := change.get("text"), str):
        return None
    reach = change.get("range")
    if reach is None:
        return Edit(text, whole=True)
    try:
        start, end = _place(reach["start"]), _place(reach["end"])
    except (TypeError, KeyError, IndexError):
        return None
    return None if start is None or end is None else Edit(text, start, end)


def _place(position: Any) -> tuple[int, int] | None:
    line, character = position["line"], position["character"]
    # `type` and not `isinstance`: true and false are no numbers here
    if type(line) is type(character) is int and 0 <= line <= MOST and 0 <= character <= MOST:
        return line, character
    return None


def _is_version(version: Any) -> bool:
    return type(version) is int and -MOST <= version <= MOST


def _unreadable(params: Any) -> Unreadable:
    match params:
        case {"textDocument": {"uri": str(uri), "version": version}} if _is_version(version):
            return Unreadable(uri, version)
        case {"textDocument": {"uri": str(uri)}}:
            return Unreadable(uri)
    return Unreadable()
