"""The base protocol without input or output: what is a message, what is a fault, and where the next message begins."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.frames import INVALID_REQUEST, MAX_BODY, PARSE_ERROR, Fault, FrameDecoder, Message, frame

A = {"jsonrpc": "2.0", "method": "a"}
B = {"jsonrpc": "2.0", "method": "b"}


def framed(value) -> bytes:
    return frame(json.dumps(value).encode())


def decoded(*chunks: bytes) -> tuple[list[object], bool]:
    """What comes out, messages as their bodies and faults as their codes, and whether the input ended in order."""
    decoder = FrameDecoder()
    items = [item for chunk in chunks for item in decoder.feed(chunk)]
    is_clean, faults = decoder.close()
    return [item.body if isinstance(item, Message) else item.code for item in [*items, *faults]], is_clean


BODY = json.dumps(A).encode()
LENGTH = str(len(BODY)).encode()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: " + LENGTH,
        b"content-length:" + LENGTH,
        b"CONTENT-LENGTH \t:\t " + LENGTH + b" ",
        b"Content-Length: 000" + LENGTH,
        b"Content-Length: " + LENGTH + b"\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8",
        b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: " + LENGTH,
        b"Content-Type: text/plain\r\nContent-Length: " + LENGTH,
        b"X-Unknown: 1\r\nContent-Length: " + LENGTH,
        b"Content-Length: " + LENGTH + b"\r\nContent-Length: " + LENGTH,
    ],
)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_headers_are_understood_in_any_usual_form(head: bytes, line_end: bytes) -> None:
    whole = head.replace(b"\r\n", line_end) + line_end * 2 + BODY

    assert decoded(whole + framed(B)) == ([A, B], True)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"Content-Length: -5\r\n\r\n" + BODY, id="negative length"),
        pytest.param(b"Content-Length: +5\r\n\r\n" + BODY, id="signed length"),
        pytest.param(b"Content-Length: 1_0\r\n\r\n" + BODY, id="length with underscore"),
        pytest.param(b"Content-Length: 0x10\r\n\r\n" + BODY, id="hexadecimal length"),
        pytest.param(b"Content-Length: ten\r\n\r\n" + BODY, id="length in words"),
        pytest.param(b"Content-Length:\r\n\r\n" + BODY, id="empty length"),
        pytest.param(b"Content-Length: " + b"9" * 200 + b"\r\n\r\n" + BODY, id="length of 200 digits"),
        pytest.param(b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1) + BODY, id="length above the limit"),
        pytest.param(b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + BODY, id="two lengths"),
        pytest.param(b"Content-Type: text/plain\r\n\r\n" + BODY, id="no length"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
        pytest.param(BODY + b"\n", id="json without a header"),
        pytest.param(b"x" * 5000, id="a line without end"),
        pytest.param(b"Content-Length: 1000\r\n\r\n" + BODY, id="body cut short"),
        pytest.param(b"Content-Length: %d\r\n\r\n" % (len(BODY) + 30) + BODY, id="length a little too large"),
        pytest.param(b"Content-Length: %d\r\n\r\n" % (len(BODY) + 2) + BODY, id="length two bytes too large"),
        pytest.param(b"Content-Length: 5\r\n\r\n" + BODY, id="length too small"),
        pytest.param(frame(b"{bad json"), id="no json"),
        pytest.param(frame(b""), id="empty body"),
        pytest.param(frame(b'{"a": NaN}'), id="NaN"),
        pytest.param(frame(b'{"a": -Infinity}'), id="infinity"),
        pytest.param(frame(b'{"a": "\xff"}'), id="no utf-8"),
        pytest.param(frame(b'{"a": "\xed\xa0\x80"}'), id="a surrogate in utf-8"),
        pytest.param(frame('{"a": 1}'.encode("utf-16")), id="utf-16"),
        pytest.param(frame(b"[" * 100_000 + b"]" * 100_000), id="nested too deeply"),
        pytest.param(frame(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), id="objects nested too deeply"),
        pytest.param(frame(b'{"a": ' + b"9" * 10_000 + b"}"), id="a number of 10000 digits"),
    ],
)
def test_one_fault_and_the_next_message_is_found(bad: bytes) -> None:
    assert decoded(bad + framed(B)) == ([PARSE_ERROR, B], True)


@pytest.mark.parametrize("value", [[A], [], "text", 1, None, True])
def test_what_is_no_object_is_no_request(value: object) -> None:
    assert decoded(framed(value) + framed(B)) == ([INVALID_REQUEST, B], True)


def test_another_charset_is_refused_and_skipped() -> None:
    head = b"Content-Type: application/vscode-jsonrpc; charset=latin-1\r\n"

    assert decoded(head + framed(A) + framed(B)) == ([INVALID_REQUEST, B], True)


def test_a_body_that_is_cut_short_is_noticed_before_the_claimed_length_arrives() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"Content-Length: 100000000\r\n\r\n" + BODY[:10])

    items = decoder.feed(framed(B))

    assert [type(item) for item in items] == [Fault, Message]


def test_a_header_inside_a_json_string_is_text() -> None:
    value = {"jsonrpc": "2.0", "method": "a", "params": "Content-Length: 5\r\n\r\n"}
    body = json.dumps(value, indent=1).encode()

    assert decoded(frame(body)[:-1], frame(body)[-1:]) == ([value], True)


@pytest.mark.parametrize(
    ("rest", "faults", "in_order"),
    [
        (b"", [], True),
        (b"\r\n", [], True),
        (b"Content-Le", [PARSE_ERROR], False),
        (b"Content-Length: 5\r\n", [PARSE_ERROR], False),
        (b"Content-Length: 5\r\n\r\n", [PARSE_ERROR], False),
        (b"Content-Length: 5\r\n\r\n{", [PARSE_ERROR], False),
        (b"garbage", [PARSE_ERROR], False),
        (b"garbage\r\n", [PARSE_ERROR], False),
        (b"garbage\r\nmore", [PARSE_ERROR], False),
        (frame(b"{bad"), [PARSE_ERROR], False),
    ],
)
def test_the_end_of_input_is_in_order_only_between_two_messages(rest: bytes, faults: list[int], in_order: bool) -> None:
    assert decoded(framed(A) + rest) == ([A, *faults], in_order)


FRAMES = st.sampled_from(
    [
        framed(A), framed(B), framed([1]), b"\r\n", frame(b"{bad"), b"Content-Length: 9\r\n\r\n{}", b"junk\r\n",
        b"content-length: 2\nContent-Type: x; charset=latin-1\n\n{}", b"Content-Length: -1\r\n\r\n",
        frame("{}é".encode()),
    ]
)  # fmt: skip


@given(st.lists(FRAMES, max_size=6), st.data())
def test_the_cuts_between_the_bytes_do_not_matter(frames: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(frames) + framed(B)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    chunks = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert decoded(*chunks)[0] == decoded(*(whole[at : at + 1] for at in range(len(whole))))[0]


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_no_bytes_break_the_decoder(junk: bytes, more: bytes) -> None:
    decoder = FrameDecoder()
    decoder.feed(junk)
    decoder.feed(more)
    items = decoder.feed(b"\r\n" + framed(B) * 2)

    assert isinstance(items[-1], Message)
    assert items[-1].body == B
