"""A large message whose text is decoded while it arrives is the message that decoding it in one call gives."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.frames import PARSE_ERROR, Fault, FrameDecoder, Message, frame
from lsp_server.long_text import LARGE, PIECE, LongText

LETTERS = ["a", " ", "\n", '"', "\\", "/", "é", "\u4e2d", "\U0001f600", "\ud83d", "\ude00", "\x00", "NaN"]
TEXTS = st.lists(st.sampled_from(LETTERS), max_size=80).map("".join)


def decoded(body: bytes, chunk: int, piece: int) -> object:
    """What a body gives that arrives in chunks and is decoded in pieces; None if it was given up."""
    long, buffer = LongText(piece), bytearray()
    for at in range(0, len(body), chunk):
        buffer += body[at : at + chunk]
        if len(buffer) < len(body):
            long.read_on(buffer)
    buffer += b"Content-Length"  # of the next message
    rest = long.rest(buffer, len(body))
    assert all(len(part) <= piece for part in long.parts)
    return None if rest is None else json.loads(rest.decode(), parse_constant=long.constant)


@given(text=TEXTS, is_ascii=st.booleans(), chunk=st.integers(1, 40), piece=st.integers(30, 50), name=TEXTS)
def test_pieces_of_any_size_give_the_text(text: str, is_ascii: bool, chunk: int, piece: int, name: str) -> None:
    value = {"uri": "a", "text": "b" * 30 + text, "more": [name, 1.5, None]}
    try:
        body = json.dumps(value, ensure_ascii=is_ascii).encode()
    except UnicodeEncodeError:
        body = json.dumps(value).encode()

    assert decoded(body, chunk, piece) in (None, json.loads(body))


@pytest.mark.parametrize("letter", ["a", "\n", "é", "\u4e2d", "\U0001f600", "\\", '"', "\ud83d"])
@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("shift", range(12))
def test_a_text_of_one_letter_is_not_given_up(letter: str, is_ascii: bool, shift: int) -> None:
    value = {"text": "x" * shift + letter * 200}
    body = json.dumps(value, ensure_ascii=is_ascii or letter == "\ud83d").encode()

    assert decoded(body, 16, 64) == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'["' + b"a" * 500 + b'"]', id="an item"),
        pytest.param(b'{"' + b"a" * 500 + b'":1}', id="a key"),
        pytest.param(b'{"a":[' + b'"b",' * 200 + b"1]}", id="many short ones"),
        pytest.param(b'{"a":"' + b"a" * 500 + b'\n"}', id="a raw line end"),
        pytest.param(b'{"a":"' + b"a" * 500 + b'\\x"}', id="no escape sequence"),
        pytest.param(b'{"a":"' + b"a" * 500 + b'\xff"}', id="no utf-8"),
        pytest.param(b'{"a":"' + b"a" * 500, id="no end"),
        pytest.param(b'{"a":"' + b"a" * 500 + b"\\", id="no end behind a backslash"),
    ],
)
def test_what_is_unusual_is_given_up(body: bytes) -> None:
    assert decoded(body, 16, 64) is None


def arrived(body: bytes, cut: int = PIECE) -> tuple[list[Message | Fault], int]:
    """The messages of a connection on which `body` comes in chunks, and the most bytes decoded in one call."""
    decoder, sent = FrameDecoder(), frame(body) + frame(b"{}")
    items = [item for at in range(0, len(sent), cut) for item in decoder.feed(sent[at : at + cut])]
    return items, decoder.most_at_once


def test_a_large_document_is_decoded_while_it_arrives() -> None:
    body = json.dumps({"params": {"textDocument": {"uri": "a", "text": "fn é() = 1\n" * 50_000}}}).encode()

    (message, last), most = arrived(body)

    assert isinstance(message, Message) and isinstance(last, Message)
    assert (message.body, message.size, last.body) == (json.loads(body), len(body), {})
    assert most < 100 < LARGE < len(body)


@pytest.mark.parametrize("end", [b'":NaN}', b'","b":NaN}', b'"', b'"]', b'",}', b'\n"}', b'"}}'])
def test_a_large_message_that_is_wrong_is_one_fault(end: bytes) -> None:
    for begin in (b'{"a":"', b'{"b":NaN,"a":"'):
        (fault, last), _ = arrived(begin + b"a" * LARGE + end)

        assert isinstance(fault, Fault) and isinstance(last, Message)
        assert (fault.code, last.body) == (PARSE_ERROR, {})
