"""Quick fixes: the repairs that diagnostics carry, offered where they are shown.

They are read off the document as it is now, never off what the client sends back, so a fix that is offered always fits
the text.  Knows no connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from engine.parse.diagnostics import Diagnostic, FixIt
from engine.parse.source import Span
from engine.parse.work import Work
from lsp_server.features.diagnostics import SOURCE

if TYPE_CHECKING:
    from lsp_server.capabilities import ClientTraits
    from lsp_server.documents import OpenDocument
    from lsp_server.positions import Lines, Positions

__all__ = ["quick_fixes"]

ASKED_WORK = 20_000.0
"""How much is done to have words for the mistakes that are asked about (see `engine.parse.work`)."""


def quick_fixes(
    document: OpenDocument, positions: Positions, params: types.CodeActionParams, traits: ClientTraits, most: int
) -> list[types.CodeAction]:
    """The fixes of the diagnostics that the client asks about; the first of each is the preferred one.

    Only the first `most` diagnostics are looked through: those that are shown.
    """
    analysis = document.analysis
    if analysis is None or not _wants_fixes(params.context):
        return []
    start, end = params.range.start, params.range.end
    span = positions.span(analysis.document, (start.line, start.character), (end.line, end.character))
    if isinstance(span, str):
        return []
    mine = [shown for shown in params.context.diagnostics if shown.source == SOURCE]
    actions: list[types.CodeAction] = []
    analysis.document.wording.word(Work(analysis.document.machine, ASKED_WORK), most, (span.start.line, span.end.line))
    for diagnostic in analysis.diagnostics(most, known=True):
        if not diagnostic.fixes or not _touch(diagnostic.span, span):
            continue
        shown = [one for one in mine if _is_same(one, diagnostic, positions, analysis.document)]
        if shown or not mine:
            actions += _actions(document, diagnostic, shown, positions, traits)
    return actions


def _wants_fixes(context: types.CodeActionContext) -> bool:
    return context.only is None or any(
        kind in {"", types.CodeActionKind.QuickFix.value} for kind in map(_kind_name, context.only)
    )


def _kind_name(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind


def _touch(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _is_same(shown: types.Diagnostic, diagnostic: Diagnostic, positions: Positions, lines: Lines) -> bool:
    return (
        shown.code == diagnostic.code
        and shown.message == diagnostic.message
        and shown.range == _range(diagnostic.span, positions, lines)
    )


def _actions(
    document: OpenDocument,
    diagnostic: Diagnostic,
    shown: list[types.Diagnostic],
    positions: Positions,
    traits: ClientTraits,
) -> Iterator[types.CodeAction]:
    for index, fix in enumerate(diagnostic.fixes):
        yield types.CodeAction(
            title=fix.title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=shown or None,
            is_preferred=True if index == 0 and traits.takes_preferred_actions else None,
            edit=_workspace_edit(document, fix, positions, traits),
        )


def _workspace_edit(
    document: OpenDocument, fix: FixIt, positions: Positions, traits: ClientTraits
) -> types.WorkspaceEdit:
    assert document.analysis is not None
    lines = document.analysis.document
    edits = [types.TextEdit(_range(edit.span, positions, lines), edit.text) for edit in fix.edits]
    if not traits.takes_versioned_edits:
        return types.WorkspaceEdit(changes={document.uri: edits})
    versioned = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=versioned, edits=edits)])


def _range(span: Span, positions: Positions, lines: Lines) -> types.Range:
    start_line, start, end_line, end = positions.units(lines, span)
    return types.Range(types.Position(start_line, start), types.Position(end_line, end))
