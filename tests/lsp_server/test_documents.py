"""The document store against an independent model, and everything it refuses.

The model keeps a text as encoded code units and splices those; it shares no code with the store or the engine.
"""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages import CheckSettings
from engine.languages.analysis import Analysis
from lsp_server.documents import Documents, OpenDocument
from lsp_server.positions import ENCODINGS, Positions
from lsp_server.sync import Changed, Edit, Opened, Unreadable

URI = "file:///a.json"
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
ALPHABET = list('ab{}[]",:1 é漢😀\u0301\r\n\r\n\x0b\x0c\x85\u2028\ufeff\x00')
HALVES = ["\ud83d", "\ude00", "\ud800"]


class Model:
    """A text as code units of one encoding."""

    def __init__(self, text: str, encoding: str) -> None:
        self.codec, self.size = CODECS[encoding]
        self.raw = self.encoded(text)

    def encoded(self, text: str) -> bytes:
        return text.encode(self.codec, "surrogatepass")

    @property
    def text(self) -> str:
        return self.raw.decode(self.codec, "surrogatepass")

    def offset(self, line: int, character: int) -> int:
        """Where a clamped position is, in bytes."""
        lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z|\Z", self.text) or [""]
        while len(lines) > 1 and lines[-1] == "" and not lines[-2].endswith(("\r", "\n")):
            lines.pop()
        if line >= len(lines):
            return len(self.raw)
        start = len(self.encoded("".join(lines[:line])))
        content = len(self.encoded(lines[line].rstrip("\r\n")))
        return start + min(character * self.size, content)

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        first, last = self.offset(*start), self.offset(*end)
        self.raw = self.raw[:first] + self.encoded(text) + self.raw[last:]

    def is_inside_a_character(self, line: int, character: int) -> bool:
        at = self.offset(line, character)
        if self.codec == "utf-16-le":
            before = int.from_bytes(self.raw[max(0, at - 2) : at], "little")
            after = int.from_bytes(self.raw[at : at + 2], "little")
            return 0xD800 <= before < 0xDC00 <= after < 0xE000
        return self.codec == "utf-8" and at < len(self.raw) and self.raw[at] & 0xC0 == 0x80


def store(encoding: str = "utf-16") -> Documents:
    return Documents(Positions(encoding), CheckSettings())


def opened(documents: Documents, text: str, version: int = 1) -> OpenDocument:
    return documents.open(Opened(URI, "json", version, text))


def text_of(document: OpenDocument) -> str:
    assert document.text is not None
    return document.text.text()


def texts(encoding: str) -> st.SearchStrategy[str]:
    letters = ALPHABET + HALVES if encoding == "utf-16" else ALPHABET
    made = st.lists(st.sampled_from(letters), max_size=12).map("".join)
    # a client's string never holds two separate halves side by side: they are one character
    return made.map(lambda text: text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"))


def drawn(data: st.DataObject, model: Model, encoding: str, most: int) -> tuple[Edit, ...]:
    """Some edits at legal positions, which the model has made already."""
    place = st.tuples(st.integers(0, 6), st.integers(0, 14))
    edits = []
    for _ in range(data.draw(st.integers(0, most))):
        start, end = sorted((data.draw(place), data.draw(place)))
        if not (model.is_inside_a_character(*start) or model.is_inside_a_character(*end)):
            edits.append(Edit(data.draw(texts(encoding)), start, end))
            model.edit(start, end, edits[-1].text)
    return tuple(edits)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
def test_random_edits_give_the_text_that_the_client_has(encoding: str, data: st.DataObject) -> None:
    documents = store(encoding)
    text = data.draw(texts(encoding))
    document, model = opened(documents, text), Model(text, encoding)
    for version in range(2, data.draw(st.integers(3, 8))):
        documents.change(Changed(URI, version, drawn(data, model, encoding, most=3)))

        assert document.lost is None
        assert (text_of(document), document.version) == (model.text, version)

    documents.advance(document, math.inf)
    assert not document.is_parsing
    assert document.analysis is not None
    fresh = Analysis(document.analysis.language, model.text)
    assert document.analysis.diagnostics() == fresh.diagnostics()


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
def test_a_batch_with_a_bad_edit_changes_nothing(encoding: str, data: st.DataObject) -> None:
    documents = store(encoding)
    text = data.draw(texts(encoding))
    document = opened(documents, text)
    edits = drawn(data, Model(text, encoding), encoding, most=4)
    documents.change(Changed(URI, 2, (*edits, Edit("!", (0, 1), (0, 0)))))

    assert document.lost is not None
    assert text_of(document) == text


def test_halves_of_a_character_that_come_in_two_messages_become_one() -> None:
    documents = store()
    document = opened(documents, '"ab"')

    documents.change(Changed(URI, 2, (Edit("\ud83d", (0, 2), (0, 2)),)))
    assert text_of(document) == '"a\ud83db"'
    documents.change(Changed(URI, 3, (Edit("\ude00", (0, 3), (0, 3)),)))
    assert text_of(document) == '"a😀b"'
    documents.change(Changed(URI, 4, (Edit("\ud83dx\ude00", (0, 4), (0, 4)),)))
    documents.change(Changed(URI, 5, (Edit("", (0, 5), (0, 6)),)))

    assert text_of(document) == '"a😀😀b"'


REFUSED = [
    pytest.param((Edit("x", (0, 3), (0, 1)),), "a range that ends before it starts", id="reversed on a line"),
    pytest.param((Edit("x", (1, 0), (0, 1)),), "a range that ends before it starts", id="reversed over lines"),
    pytest.param((Edit("x", (9, 1), (9, 0)),), "a range that ends before it starts", id="reversed past the end"),
    pytest.param((Edit("x", (0, 2), (0, 2)),), "a position inside a character", id="start inside a character"),
    pytest.param((Edit("x", (0, 1), (0, 2)),), "a position inside a character", id="end inside a character"),
    pytest.param((Edit("x"), Edit("x", (0, 3), (0, 3))), "a position inside a character", id="second of two"),
    pytest.param((Edit("[]", whole=True), Edit("x", (0, 1), (0, 0))), "a range that", id="after a full text"),
]


@pytest.mark.parametrize(("edits", "reason"), REFUSED)
def test_a_refused_batch_leaves_the_text_and_marks_the_document(edits: tuple[Edit, ...], reason: str) -> None:
    documents = store()
    document = opened(documents, '"😀"\n1')

    assert documents.change(Changed(URI, 2, edits)) is document

    assert document.lost is not None
    assert reason in document.lost
    assert text_of(document) == '"😀"\n1'
    assert document.version == 2


@pytest.mark.parametrize(
    ("change", "version"),
    [
        pytest.param(Changed(URI, 4, (Edit("x"),)), 5, id="older version"),
        pytest.param(Changed(URI, 5, (Edit("x"),)), 5, id="same version"),
        pytest.param(Changed(URI, -1, ()), 5, id="negative version"),
        pytest.param(Unreadable(URI, 6), 6, id="malformed"),
        pytest.param(Unreadable(URI, 3), 5, id="malformed and older"),
        pytest.param(Unreadable(URI), 5, id="malformed without a version"),
    ],
)
def test_what_is_old_or_malformed_marks_the_document(change: Changed | Unreadable, version: int) -> None:
    documents = store()
    document = opened(documents, "[1]", version=5)

    documents.change(change)

    assert document.lost is not None
    assert (text_of(document), document.version) == ("[1]", version)


def test_versions_may_jump() -> None:
    documents = store()
    document = opened(documents, "[1]", version=-3)

    documents.change(Changed(URI, 1000, (Edit("2", (0, 1), (0, 2)),)))

    assert document.lost is None
    assert (text_of(document), document.version) == ("[2]", 1000)


def test_a_lost_document_ignores_edits_until_the_next_full_text() -> None:
    documents = store()
    document = opened(documents, "[1]")
    documents.change(Changed(URI, 2, (Edit("x", (0, 1), (0, 0)),)))

    documents.change(Changed(URI, 3, (Edit("2", (0, 1), (0, 2)),)))
    assert (document.lost is None, text_of(document), document.version) == (False, "[1]", 3)

    documents.change(Changed(URI, 4, (Edit("x", (5, 5), (0, 0)), Edit("[4]", whole=True), Edit("5", (0, 1), (0, 1)))))
    assert (document.lost is None, text_of(document), document.version) == (True, "[54]", 4)


def test_opening_again_starts_anew() -> None:
    documents = store()
    opened(documents, "[1]", version=7)
    documents.change(Changed(URI, 8, (Edit("x", (0, 1), (0, 0)),)))

    document = opened(documents, "[2]", version=1)

    assert documents.get(URI) is document
    assert (document.lost, document.version, text_of(document)) == (None, 1, "[2]")


def test_a_document_that_is_not_open_is_neither_changed_nor_closed() -> None:
    documents = store()
    opened(documents, "[1]")
    assert documents.close(URI) is not None

    assert documents.change(Changed(URI, 2, (Edit("x"),))) is None
    assert documents.change(Unreadable()) is None
    assert documents.close(URI) is None
    assert documents.get(URI) is None


def test_a_document_of_an_unknown_language_is_followed_and_never_checked() -> None:
    documents = store()

    document = documents.open(Opened("file:///a.unknown", "unknown", 1, "x"))
    documents.change(Changed("file:///a.unknown", 2, (Edit("y", (0, 9), (0, 0)),)))

    assert (document.language, document.text, document.lost, document.version) == (None, None, None, 2)


@pytest.mark.parametrize(
    ("uri", "language_id", "name"),
    [
        ("file:///w/a.reml", "reml", "reml"),
        ("file:///w/a.txt", "reml", "reml"),
        ("file:///w/a.reml", "plaintext", "reml"),
        ("untitled:Untitled-1", "reml", "reml"),
        ("file:///w/package.json", "json", "json"),
        ("file:///w/tsconfig.json", "json", "jsonc"),
        ("file:///w/.vscode/settings.json", "json", "jsonc"),
        ("vscode-vfs://github/o/r/.vscode/settings.json", "json", "jsonc"),
        ("file:///w/%2Evscode/settings.json", "json", "jsonc"),
        ("file:///w/a.json", "jsonc", "jsonc"),
        ("file:///w/a.jsonl", "jsonl", "jsonl"),
        ("file:///w/a.py", "python", None),
        ("not a uri", "python", None),
    ],
)
def test_the_language_follows_from_name_and_identifier(uri: str, language_id: str, name: str | None) -> None:
    document = store().open(Opened(uri, language_id, 1, ""))

    assert (document.language.name if document.language else None) == name
