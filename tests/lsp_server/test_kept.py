"""Diagnostics that are kept as text never differ from those that are written anew."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages import CheckSettings
from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.source import Span, split_lines
from lsp_server.documents import Documents, OpenDocument
from lsp_server.features.diagnostics import Shape, diagnostics_json
from lsp_server.kept import KeptDiagnostics
from lsp_server.positions import Positions
from lsp_server.sync import Changed, Edit, Opened

URI = "file:///a.reml"
SHAPE = Shape(code_links=True, related_places=True)
LINES = st.sampled_from(
    ["fn f(x: Int) -> Int = x + )\n", "fn g() = {\n", "}\n", "let é😀 = (1\n", "1\r", '"', "// 漢\n", "\n"]
)


def diagnostic(line: int, fix: int | None = None, related: int | None = None) -> Diagnostic:
    return Diagnostic(
        "x", Severity.ERROR, "m", Span.on_line(line, 0, 1),
        fixes=() if fix is None else (FixIt("f", (TextEdit(Span.on_line(fix, 0, 0), "x"),)),),
        related=() if related is None else (Related(Span.on_line(related, 0, 1), "r"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "edited", "is_moved", "written_again"),
    [
        (diagnostic(5), (6, 7), True, False),
        (diagnostic(5), (0, 4), False, False),
        (diagnostic(5), (0, 4), True, True),
        (diagnostic(5), (5, 5), False, True),
        (diagnostic(5), (0, 9), False, True),
        (diagnostic(5, fix=9), (9, 9), False, True),
        (diagnostic(5, related=1), (1, 1), False, True),
        (diagnostic(5, related=1), (3, 3), False, True),
        (diagnostic(5, fix=9), (10, 10), True, False),
    ],
)
def test_a_text_is_kept_until_a_line_it_speaks_of_changes(
    found: Diagnostic, edited: tuple[int, int], is_moved: bool, written_again: bool
) -> None:
    kept, count = KeptDiagnostics(), iter(range(10))
    assert kept.written([found], lambda _: str(next(count))) == ["0"]
    assert kept.written([found], lambda _: str(next(count))) == ["0"]

    kept.forget(*edited, is_moved)

    assert kept.written([found], lambda _: str(next(count))) == ["1" if written_again else "0"]


def test_an_equal_diagnostic_that_is_another_object_is_written_anew() -> None:
    kept, count = KeptDiagnostics(), iter(range(10))
    first, second = diagnostic(5), diagnostic(5)

    assert kept.written([first, second], lambda _: str(next(count))) == ["0", "1"]
    assert kept.written([second], lambda _: str(next(count))) == ["1"]
    assert kept.written([first], lambda _: str(next(count))) == ["2"]
    kept.clear()
    assert kept.written([first], lambda _: str(next(count))) == ["3"]


def parsed(documents: Documents, text: str) -> OpenDocument:
    document = documents.open(Opened(URI, "reml", 1, text))
    documents.advance(document, math.inf)
    return document


@given(data=st.data())
def test_after_any_edits_what_is_sent_is_what_a_fresh_document_would_send(data: st.DataObject) -> None:
    documents = Documents(Positions("utf-16"), CheckSettings())
    text = "".join(data.draw(st.lists(LINES, max_size=8)))
    document = parsed(documents, text)
    diagnostics_json(document, documents.positions, SHAPE)
    for version in range(2, data.draw(st.integers(3, 6))):
        lines = split_lines(text)
        line = data.draw(st.integers(0, len(lines) - 1))
        column = data.draw(st.integers(0, len(lines[line].rstrip("\r\n"))))
        end = data.draw(st.integers(column, len(lines[line].rstrip("\r\n"))))
        new = data.draw(LINES | st.just(""))
        units = [len(lines[line][:at].encode("utf-16-le")) // 2 for at in (column, end)]
        documents.change(Changed(URI, version, (Edit(new, (line, units[0]), (line, units[1])),)))
        documents.advance(document, math.inf)
        text = "".join(lines[:line]) + lines[line][:column] + new + lines[line][end:] + "".join(lines[line + 1 :])
        fresh = parsed(Documents(Positions("utf-16"), CheckSettings()), text)

        sent = diagnostics_json(document, documents.positions, SHAPE)

        assert sent == diagnostics_json(fresh, documents.positions, SHAPE)
