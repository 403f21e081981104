"""What is said about the commonest errors, in a file for people: `common_errors.txt`.

Each entry has a title, the language, a text, and below it what a newcomer sees: the line, what is marked in it, the
message, and what the text becomes by each fix.  ``python -m tests.languages.common_errors`` writes the file anew from
the texts in it; read the difference as a newcomer would before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.languages.json import JSON
from engine.languages.reml import REML
from engine.parse.diagnostics import Diagnostic, FixIt
from engine.parse.document import Document
from engine.parse.source import split_lines

FILE = Path(__file__).with_suffix(".txt")
LANGUAGES = {"Reml": REML, "JSON": JSON}
#: Fixes that are shown.
SHOWN = 3


class Entry(NamedTuple):
    """A text with a mistake that people make."""

    language: str
    title: str
    text: str


def entries(content: str) -> Iterator[Entry]:
    """The entries of a file's content."""
    for block in content.split("\n== ")[1:]:
        head, _, rest = block.partition("\n")
        language, _, title = head.partition(": ")
        lines = [line[4:] for line in rest.split("\n") if line.startswith("  | ")]
        yield Entry(language, title, "\n".join(lines) + "\n")


def shown(entry: Entry) -> str:
    """An entry with everything that is said about it."""
    found = Document(LANGUAGES[entry.language].machine(), entry.text).diagnostics()
    lines = [f"  | {line}" for line in entry.text.removesuffix("\n").split("\n")]
    return "\n".join([f"== {entry.language}: {entry.title}", *lines, "", *(_said(entry.text, d) for d in found)])


def _said(text: str, diagnostic: Diagnostic) -> str:
    place = diagnostic.span.start
    line = split_lines(text)[place.line].rstrip("\n")
    width = max(diagnostic.span.end.column - place.column, 1) if diagnostic.span.end.line == place.line else 1
    out = [f"{place.line + 1:4}  {line}", " " * (6 + place.column) + "^" * width, f"      {diagnostic.message}"]
    out += [f"      - {fix.title}:  {_mended(text, fix)}" for fix in diagnostic.fixes[:SHOWN]]
    return "\n".join(out) + "\n"


def _mended(text: str, fix: FixIt) -> str:
    """The lines that a fix changes, as they are then."""
    lines = split_lines(text)
    touched = sorted({edit.span.start.line for edit in fix.edits})
    for edit in sorted(fix.edits, key=lambda e: e.span.start, reverse=True):
        number = edit.span.start.line
        lines[number] = lines[number][: edit.span.start.column] + edit.text + lines[number][edit.span.end.column :]
    return " ⏎ ".join(lines[number].strip().replace("\n", " ⏎ ") for number in touched)


def rendered(content: str) -> str:
    """The file's content as it would be written now: its introduction, and each of its entries."""
    return content.split("\n== ", maxsplit=1)[0] + "\n" + "\n".join(shown(entry) for entry in entries(content))


if __name__ == "__main__":
    FILE.write_text(rendered(FILE.read_text(encoding="utf-8")), encoding="utf-8")
