"""Diagnostics as the JSON text of the protocol.

Written by hand because it happens with every keystroke; a test compares it with the typed objects of the protocol
library.  What does not depend on the place (severity, code, message) is kept as text.
Knows no connection.  Invariant: everything is ASCII, whatever the document holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from engine.parse.diagnostics import Diagnostic, FixIt, Severity
from engine.parse.source import Position, Span
from lsp_server.pages import page_link

if TYPE_CHECKING:
    from lsp_server.documents import OpenDocument
    from lsp_server.positions import Lines, Positions

__all__ = ["Setting", "Shape", "diagnostics_json", "quoted", "written"]

SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFORMATION: 3, Severity.HINT: 4}
SOURCE = "penstock"
LOST = "lsp.out_of_sync"
MORE = "lsp.more_diagnostics"
COUNTED = 2_000
"""How many of the diagnostics that are not shown are counted."""

quoted = encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class Shape:
    """What the client can show, and how many diagnostics of a document it gets."""

    code_links: bool = False
    related_places: bool = False
    most: int = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a diagnostic is shown: of which document, in which encoding, on which lines, for which client."""

    uri: str
    language: str | None
    positions: Positions
    lines: Lines
    shape: Shape

    def range(self, span: Span) -> str:
        """A span as JSON text."""
        return self.positions.range_json(self.lines, span)


def diagnostics_json(document: OpenDocument, positions: Positions, shape: Shape) -> list[str]:
    """The diagnostics of a document as far as it is parsed; of a lost one, the notice alone."""
    name = document.language.name if document.language is not None else None
    if document.lost is not None:
        return [written(_notice(document.lost), Setting(document.uri, name, positions, _NO_LINES, shape))]
    analysis, text = document.analysis, document.text
    if analysis is None or text is None:
        return []
    found = analysis.diagnostics(shape.most + 1, at_end=text.is_read, known=True)
    if not text.is_read:
        found = [diagnostic for diagnostic in found if diagnostic.span.end.line < text.sure_lines]
    if len(found) > shape.most:
        count = analysis.count_diagnostics(shape.most + COUNTED) - shape.most
        found = [*found[: shape.most], _more(found[shape.most], count)]
    setting = Setting(document.uri, name, positions, text, shape)
    return document.kept.written(found, lambda one: written(one, setting))


def written(diagnostic: Diagnostic, setting: Setting) -> str:
    """One diagnostic as JSON text."""
    text = f'{{"range":{setting.range(diagnostic.span)},{_constant_part(diagnostic, setting)}'
    if diagnostic.related and setting.shape.related_places:
        text += f',"relatedInformation":[{_related_places(diagnostic, setting)}]'
    if diagnostic.fixes or diagnostic.expected is not None:
        text += f',"data":{{{_attached(diagnostic, setting)}}}'
    return text + "}"


def _constant_part(diagnostic: Diagnostic, setting: Setting) -> str:
    with_link = setting.shape.code_links
    return _kept(diagnostic.severity, diagnostic.code, diagnostic.message, setting.language, with_link)


@lru_cache(4096)
def _kept(severity: Severity, code: str, message: str, language: str | None, with_link: bool) -> str:
    link = page_link(code, language) if with_link else None
    description = f'"codeDescription":{{"href":{quoted(link)}}},' if link else ""
    return (
        f'"severity":{SEVERITIES[severity]},"code":{quoted(code)},{description}'
        f'"source":"{SOURCE}","message":{quoted(message)}'
    )


def _related_places(diagnostic: Diagnostic, setting: Setting) -> str:
    return ",".join(
        f'{{"location":{{"uri":{quoted(setting.uri)},"range":{setting.range(place.span)}}},'
        f'"message":{quoted(place.message)}}}'
        for place in diagnostic.related
    )


def _attached(diagnostic: Diagnostic, setting: Setting) -> str:
    """The diagnostic's `data`: what its fixes do, and what was expected in its place."""
    parts = []
    if diagnostic.fixes:
        parts.append(f'"fixes":[{",".join(_fix(fix, setting) for fix in diagnostic.fixes)}]')
    if diagnostic.expected is not None:
        labels = ",".join(quoted(one.label) for one in diagnostic.expected.alternatives)
        parts.append(f'"expected":[{labels}]')
    return ",".join(parts)


def _fix(fix: FixIt, setting: Setting) -> str:
    edits = ",".join(f'{{"range":{setting.range(edit.span)},"newText":{quoted(edit.text)}}}' for edit in fix.edits)
    return f'{{"title":{quoted(fix.title)},"edits":[{edits}]}}'


class _NoLines:
    """The lines of a document whose text is not known."""

    line_count = 2

    def line(self, index: int) -> str:  # noqa: ARG002 - one line is like the other
        """An empty line."""
        return "\n"


_NO_LINES = _NoLines()


def _notice(reason: str) -> Diagnostic:
    message = f"Penstock has lost track of this document ({reason}). Save it or open it again to have it checked."
    return Diagnostic(LOST, Severity.WARNING, message, Span(Position(0, 0), Position(1, 0)))


def _more(first: Diagnostic, count: int) -> Diagnostic:
    number = f"up to {count}" if count < COUNTED else "thousands"
    return Diagnostic(MORE, Severity.INFORMATION, f"{number} more diagnostics from here on", first.span)
