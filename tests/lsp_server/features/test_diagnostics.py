"""Diagnostics on the wire: the hand-written JSON against the protocol library's typed objects, and what it says."""

from __future__ import annotations

import json
import math
from pathlib import Path
from urllib.request import url2pathname

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from lsprotocol.converters import get_converter

from engine.languages import CheckSettings
from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.expected import Expectation, ExpectationSummary
from engine.parse.source import Position, Span
from lsp_server.documents import Documents, OpenDocument
from lsp_server.features.diagnostics import LOST, MORE, SEVERITIES, Setting, Shape, diagnostics_json, written
from lsp_server.frames import FrameDecoder, Message
from lsp_server.pages import page_link
from lsp_server.positions import ENCODINGS, Positions
from lsp_server.publish import Publisher
from lsp_server.sync import Changed, Edit, Opened

CONVERTER = get_converter()
URI = "file:///é a.json"
EVERYTHING = Shape(code_links=True, related_places=True)
TEXT = "aé😀b\n漢字\ud83d\r\n"
LENGTHS = [4, 3, 0]


class Text:
    """The lines of `TEXT`."""

    line_count = 3

    def line(self, index: int) -> str:
        return TEXT.splitlines(keepends=True)[index] if index < 2 else ""


@st.composite
def positions(draw: st.DrawFn) -> Position:
    line = draw(st.integers(0, 2))
    return Position(line, draw(st.integers(0, LENGTHS[line])))


SPANS = st.lists(positions(), min_size=2, max_size=2).map(lambda ends: Span(*sorted(ends)))
FIXES = st.builds(FixIt, st.text(), st.lists(st.builds(TextEdit, SPANS, st.text()), max_size=2).map(tuple))
EXPECTED = st.builds(
    ExpectationSummary, st.text(), st.text(), st.none(),
    st.lists(st.builds(Expectation, st.just("token"), st.text()), max_size=3).map(tuple),
)  # fmt: skip
RELATED = st.builds(Related, SPANS, st.text())
DIAGNOSTICS = st.builds(
    Diagnostic, st.sampled_from(["parser.syntax.expected_tokens", "x"]), st.sampled_from(Severity), st.text(), SPANS,
    st.none() | EXPECTED, st.lists(FIXES, max_size=2).map(tuple), st.lists(RELATED, max_size=2).map(tuple),
)  # fmt: skip


def typed_range(span: Span, encoding: str) -> types.Range:
    def place(position: Position) -> types.Position:
        head = Text().line(position.line)[: position.column]
        codec, size = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
        return types.Position(position.line, len(head.encode(codec, "surrogatepass")) // size)

    return types.Range(place(span.start), place(span.end))


def typed(diagnostic: Diagnostic, encoding: str) -> types.Diagnostic:
    """The same diagnostic, made the long way round."""

    def edit(one: TextEdit) -> dict:
        return {"range": CONVERTER.unstructure(typed_range(one.span, encoding)), "newText": one.text}

    found: dict = {}
    if diagnostic.fixes:
        found["fixes"] = [{"title": fix.title, "edits": list(map(edit, fix.edits))} for fix in diagnostic.fixes]
    if diagnostic.expected is not None:
        found["expected"] = [one.label for one in diagnostic.expected.alternatives]
    link = page_link(diagnostic.code, "json")
    return types.Diagnostic(
        range=typed_range(diagnostic.span, encoding),
        severity=types.DiagnosticSeverity(SEVERITIES[diagnostic.severity]),
        code=diagnostic.code,
        code_description=types.CodeDescription(link) if link else None,
        source="penstock",
        message=diagnostic.message,
        related_information=[
            types.DiagnosticRelatedInformation(types.Location(URI, typed_range(place.span, encoding)), place.message)
            for place in diagnostic.related
        ]
        or None,
        data=found or None,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(found=st.lists(DIAGNOSTICS, max_size=3), version=st.integers(-5, 2**31 - 1))
def test_a_publication_says_what_the_typed_objects_say(encoding: str, found: list[Diagnostic], version: int) -> None:
    sent: list[bytes] = []
    setting = Setting(URI, "json", Positions(encoding), Text(), EVERYTHING)
    entries = [written(one, setting) for one in found]
    params = types.PublishDiagnosticsParams(URI, [typed(one, encoding) for one in found], version)

    Publisher(lambda payload, _topic: sent.append(payload)).publish(URI, version, entries)
    messages = [item.body for item in FrameDecoder().feed(b"".join(sent)) if isinstance(item, Message)]

    assert b"".join(sent).isascii()
    assert messages[0] == CONVERTER.unstructure(types.PublishDiagnosticsNotification(params))
    assert CONVERTER.unstructure(CONVERTER.structure(messages[0], types.PublishDiagnosticsNotification)) == messages[0]
    assert messages[1] == {
        "jsonrpc": "2.0",
        "method": "penstock/settled",
        "params": {"uri": URI, "version": version},
    }


def opened(text: str, uri: str = "file:///a.json", language_id: str = "json") -> tuple[Documents, OpenDocument]:
    documents = Documents(Positions("utf-16"), CheckSettings())
    document = documents.open(Opened(uri, language_id, 1, text))
    documents.advance(document, math.inf)
    return documents, document


def listed(document: OpenDocument, shape: Shape = EVERYTHING) -> list[dict]:
    return [json.loads(entry) for entry in diagnostics_json(document, Positions("utf-16"), shape)]


@pytest.mark.parametrize(
    ("text", "name", "page"),
    [
        ("[1 2]", "json", "json/docs/json.missing_comma.md"),
        ("[1]\x00", "json", "json/docs/parser.lexer.unknown_token.md"),
        ("let x = )\n", "reml", "reml/docs/parser.syntax.expected_tokens.md"),
    ],
)
def test_a_diagnostic_links_to_the_page_of_its_language(text: str, name: str, page: str) -> None:
    _, document = opened(text, f"file:///a.{name}", name)

    link = listed(document)[0]["codeDescription"]["href"]

    assert link.startswith("file://")
    assert link.endswith(page)
    assert Path(url2pathname(link.removeprefix("file://"))).read_text(encoding="utf-8").startswith("#")


def test_a_client_gets_only_what_it_can_show() -> None:
    diagnostic = Diagnostic(
        "parser.syntax.expected_tokens",
        Severity.ERROR,
        "m",
        Span.on_line(0, 0, 1),
        related=(Related(Span.on_line(0, 0, 1), "r"),),
    )

    plain = json.loads(written(diagnostic, Setting(URI, "json", Positions("utf-16"), Text(), Shape())))

    assert plain.keys() == {"range", "severity", "code", "source", "message"}


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (500, 500), (501, 501), (800, 501)])
def test_at_most_so_many_diagnostics_and_then_how_many_more(count: int, shown: int) -> None:
    _, document = opened("[\n" + "1 1,\n" * count + "1]")

    found = listed(document)

    assert len(found) == shown
    if count > 500:
        assert (found[-1]["code"], found[-1]["severity"]) == (MORE, 3)
        assert found[-1]["message"].startswith(f"up to {count - 500} more")
        assert found[-1]["range"]["start"]["line"] == 501


def test_those_that_are_not_shown_are_counted_and_not_put_into_words() -> None:
    _, document = opened("[\n" + "1 1,\n" * 5000 + "1]")

    assert listed(document)[-1]["message"].startswith("thousands more")
    assert document.analysis is not None
    assert document.analysis.document.wording.worded < 520  # some once more, when what is behind them is parsed


def test_a_lost_document_has_one_notice_on_its_first_line() -> None:
    documents, document = opened("[1 2]")
    documents.change(Changed(document.uri, 2, (Edit("x", (0, 2), (0, 1)),)))

    found = listed(document)

    assert [(one["code"], one["severity"]) for one in found] == [(LOST, 2)]
    assert found[0]["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    assert found[0]["codeDescription"]["href"].endswith("lsp.out_of_sync.md")


def test_a_document_of_an_unknown_language_has_none() -> None:
    _, document = opened("x", "file:///a.unknown", "unknown")

    assert listed(document) == []
