"""Input nobody wants: each ends in diagnostics inside the text, nothing raises, nothing hangs."""
from __future__ import annotations

import pytest

from engine.parse.cursor import Cursor
from engine.parse.document import Document
from engine.parse.source import Position, Span
from tests.parse.edits import assert_diagnostics_in_text
from tests.parse.little import SAMPLE, little_machine

MACHINE = little_machine()


def codes(data: bytes) -> list[tuple[str, int, int, int]]:
    found = Cursor.begin(MACHINE).feed(data).finish().all_diagnostics()
    return [(d.code, d.span.start.line, d.span.start.column, d.span.end.column) for d in found]


@pytest.mark.parametrize(("data", "expected"), [
    (b"let a = 1 \xff\xfe\n", [("unicode.invalid_utf8", 0, 10, 11), ("unicode.invalid_utf8", 0, 11, 12)]),
    (b'let a = "\xe2\x82" + 1\n', [("unicode.invalid_utf8", 0, 9, 11)]),
    (b"// \xff comment\nlet a = 1\n", [("unicode.invalid_utf8", 0, 3, 4)]),
    (b"let a = 1\xf0\x9f", [("unicode.invalid_utf8", 0, 9, 11)]),
    (b"let a = \x001\n", [("parser.lexer.unknown_token", 0, 8, 9)]),
    (b"\xef\xbb\xbflet a = 1\n", []),
    (b"\xef\xbb\xbf", []),
    (b"let a = 1\n\xef\xbb\xbflet b = 2\n", [("parser.lexer.unknown_token", 1, 0, 1)]),
    (b"let a = 1\rlet b = 2\r\nlet c = 3\n", []),
    ("let a =\u2028 1\n".encode(), [("parser.lexer.unknown_token", 0, 7, 8)]),
    (b"let a =\x0c 1\n", [("parser.lexer.unknown_token", 0, 7, 8)]),
    (b'let a = "abc\nlet b = 1\n', [("broken.string", 0, 8, 12)]),
    (b"let a = 1 /* never\nended", [("parser.lexer.unknown_token", 0, 10, 12)]),
    (b'let a = """never\nended\n', [("parser.lexer.unknown_token", 0, 8, 11)]),
    (b"let a = $$$ 1\n", [("parser.lexer.unknown_token", 0, 8, 11)]),
    (b"", []), (b"\n\n\n", []), (b"   ", []),
])
def test_odd_bytes_and_unfinished_tokens(data: bytes, expected: list[tuple[str, int, int, int]]) -> None:
    assert codes(data) == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_text_in_another_encoding_is_told_so(encoding: str) -> None:
    data = "\ufefflet a = 1\n".encode(encoding)
    whole = Cursor.begin(MACHINE).feed(data).finish().all_diagnostics()
    cursor = Cursor.begin(MACHINE)
    for byte in data:
        cursor = cursor.feed(bytes([byte]))

    assert "UTF-16" in whole[0].message and "save it as UTF-8" in whole[0].message
    assert not any("UTF-16" in found.message for found in whole[1:])
    assert cursor.finish().all_diagnostics() == whole
    assert Document(MACHINE, data.decode("utf-8", "surrogateescape")).diagnostics() == whole


def test_lone_surrogates_of_an_editor() -> None:
    document = Document(MACHINE, "let a = 1\n")
    document.edit(Span(Position(0, 8), Position(0, 9)), '"\ud83d"')

    assert [d.code for d in document.diagnostics()] == ["unicode.invalid_utf8"]
    document.edit(Span(Position(0, 10), Position(0, 10)), "\ude00")
    assert len(document.diagnostics()) == 2
    assert_diagnostics_in_text(document)


@pytest.mark.parametrize("line", [
    "let x = [" + "1, " * 3_000_000 + "1]", 'let x = "' + "a" * 10_000_000 + '"', "$" * 10_000_000,
    "(" * 1_000_000, " " * 10_000_000 + "let x = 1",
])
def test_one_line_of_megabytes(line: str) -> None:
    document = Document(MACHINE, line)

    assert len(document.diagnostics(600)) <= 600
    assert document.line_count == 1


@pytest.mark.parametrize("text", [
    "}\n" * 2000, "let\n" * 2000, "fn f(\n" * 500, "1 2 3 " * 2000, '"\n' * 1000, SAMPLE[::-1],
])
def test_many_errors_lie_in_the_text(text: str) -> None:
    document = Document(MACHINE, text)

    assert document.diagnostics()
    assert_diagnostics_in_text(document)
    assert "".join(t.text for t in document.tokens()).replace(" ", "") != "" or not text.strip()
