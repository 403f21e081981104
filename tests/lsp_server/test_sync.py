"""The hand-written reading of `didOpen`, `didChange`, `didClose` against the protocol library's typed objects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from lsprotocol.converters import get_converter

from lsp_server.sync import Changed, Closed, Edit, Opened, Seen, Unreadable, changed, closed, opened, seen

CONVERTER = get_converter()
NUMBERS = st.integers(0, 2**31 - 1)
PLACES = st.builds(types.Position, NUMBERS, NUMBERS)
CHANGES = st.one_of(
    st.builds(types.TextDocumentContentChangePartial, st.builds(types.Range, PLACES, PLACES), st.text(), st.none()),
    st.builds(types.TextDocumentContentChangePartial, st.builds(types.Range, PLACES, PLACES), st.text(), NUMBERS),
    st.builds(types.TextDocumentContentChangeWholeDocument, st.text()),
)


def over_the_wire(params: object) -> object:
    return json.loads(json.dumps(CONVERTER.unstructure(params)))


@given(st.text(), NUMBERS, st.lists(CHANGES, max_size=4))
def test_did_change_is_read_as_the_typed_objects_say(uri: str, version: int, changes: list) -> None:
    typed = types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(version, uri), changes)
    edits = tuple(
        Edit(
            change.text, (change.range.start.line, change.range.start.character),
            (change.range.end.line, change.range.end.character),
        )
        if isinstance(change, types.TextDocumentContentChangePartial)
        else Edit(change.text, whole=True)
        for change in changes
    )  # fmt: skip

    assert changed(over_the_wire(typed)) == Changed(uri, version, edits)


@given(st.text(), st.text(), NUMBERS, st.text())
def test_did_open_and_did_close_are_read_as_the_typed_objects_say(uri: str, name: str, version: int, text: str) -> None:
    item = types.TextDocumentItem(uri, name, version, text)

    assert opened(over_the_wire(types.DidOpenTextDocumentParams(item))) == Opened(uri, name, version, text)
    assert closed(over_the_wire(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))) == Closed(uri)


GOOD_RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


@pytest.mark.parametrize(
    "change",
    [
        None, 5, "text", [], {}, {"range": GOOD_RANGE}, {"text": 5}, {"text": None, "range": GOOD_RANGE},
        {"text": "", "range": 5}, {"text": "", "range": {}}, {"text": "", "range": []},
        {"text": "", "range": {"start": GOOD_RANGE["start"]}},
        {"text": "", "range": GOOD_RANGE | {"end": {"line": -1, "character": 0}}},
        {"text": "", "range": GOOD_RANGE | {"end": {"line": 0, "character": 2**31}}},
        {"text": "", "range": GOOD_RANGE | {"end": {"line": 0, "character": 1.5}}},
        {"text": "", "range": GOOD_RANGE | {"end": {"line": "0", "character": 0}}},
        {"text": "", "range": GOOD_RANGE | {"end": {"line": True, "character": 0}}},
        {"text": "", "range": GOOD_RANGE | {"end": {"line": 0}}},
        {"text": "", "range": GOOD_RANGE | {"end": None}},
    ],
)  # fmt: skip
def test_a_malformed_change_is_unreadable_with_its_document(change: object) -> None:
    document = {"uri": "file:///a", "version": 3}

    params = {"textDocument": document, "contentChanges": [{"text": "fine"}, change]}

    assert changed(params) == Unreadable("file:///a", 3)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        (None, Unreadable()),
        ([], Unreadable()),
        ("x", Unreadable()),
        ({}, Unreadable()),
        ({"textDocument": None}, Unreadable()),
        ({"textDocument": {"uri": 5, "version": 1}, "contentChanges": []}, Unreadable()),
        ({"textDocument": {"uri": "u", "version": None}, "contentChanges": []}, Unreadable("u")),
        ({"textDocument": {"uri": "u", "version": "1"}, "contentChanges": []}, Unreadable("u")),
        ({"textDocument": {"uri": "u", "version": 1}}, Unreadable("u", 1)),
        ({"textDocument": {"uri": "u", "version": 1}, "contentChanges": {}}, Unreadable("u", 1)),
        ({"textDocument": {"uri": "u", "version": 1}, "contentChanges": None}, Unreadable("u", 1)),
    ],
)
def test_malformed_parameters_of_did_change_are_unreadable(params: object, found: Unreadable) -> None:
    assert changed(params) == found


@pytest.mark.parametrize(
    "item",
    [
        None, {}, {"uri": "u"}, {"uri": "u", "languageId": "reml", "version": 1},
        {"uri": "u", "languageId": "reml", "version": 1, "text": None},
        {"uri": "u", "languageId": "reml", "version": "1", "text": ""},
        {"uri": "u", "languageId": 5, "version": 1, "text": ""},
        {"uri": None, "languageId": "reml", "version": 1, "text": ""},
    ],
)  # fmt: skip
def test_malformed_parameters_of_did_open_are_unreadable(item: object) -> None:
    assert isinstance(opened({"textDocument": item}), Unreadable)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"textDocument": {"uri": "u"}, "range": GOOD_RANGE}, Seen("u", 0, 0)),
        ({"textDocument": {"uri": "u"}}, Unreadable("u")),
        ({"textDocument": {"uri": "u"}, "range": {"start": {"line": 0, "character": 0}}}, Unreadable("u")),
        ({"textDocument": {}, "range": GOOD_RANGE}, Unreadable()),
        (None, Unreadable()),
    ],
)
def test_what_a_client_shows_is_read_or_unreadable(params: object, found: Seen | Unreadable) -> None:
    assert seen(params) == found
