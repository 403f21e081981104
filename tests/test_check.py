"""Checking texts, files and streams: the same diagnostics whatever way the text comes in."""

from __future__ import annotations

import io
import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.check import UNREADABLE, check_bytes, check_file, check_stream, check_text
from engine.languages import language_named
from engine.languages.language import Language
from engine.parse.diagnostics import Diagnostic
from engine.parse.source import Position
from engine.source_view import WindowView

AWKWARD = [
    b"",
    b"\xef\xbb\xbf",
    b"\xef\xbb\xbf{}\n",
    b'{"a": [1, 2,\r\n "b": }\r\n',
    b"[1,\r2\r]\r",
    b'{"a": "\xff\xfe"}',
    b'"\xf0\x9f',
    b"\x00\x00",
    '["日本語🌊" 1]'.encode(),
    b"[" * 200,
    b'{"a":1}\n{"b":\n[1,2\n' * 3,
    b'["' + b"x" * 5000 + b'", oops]',
]


def language(name: str) -> Language:
    found = language_named(name)
    assert found is not None
    return found


def streamed(content: bytes, name: str, chunk: int) -> list[Diagnostic]:
    settings = {"stream": {"chunk_size": chunk, "demand_min_bytes": 1, "demand_preferred_bytes": chunk}}
    return list(check_stream(language(name), lambda: io.BytesIO(content), extensions=settings).diagnostics)


def in_order(found: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(found, key=lambda said: (said.span, said.code, said.message))


@pytest.mark.parametrize("content", AWKWARD)
@pytest.mark.parametrize("name", ["json", "jsonl", "jsonc", "reml"])
def test_batch_and_stream_agree_whatever_the_chunks(content: bytes, name: str) -> None:
    whole = in_order(list(check_bytes(language(name), content).diagnostics))

    for chunk in (1, 3, 64, 100_000):
        assert in_order(streamed(content, name, chunk)) == whole


@given(st.binary(max_size=60) | st.text('{}[],:"1a\n\r\té🌊', max_size=60).map(str.encode), st.integers(1, 20))
def test_any_bytes_are_checked_and_agree(content: bytes, chunk: int) -> None:
    whole = in_order(list(check_bytes(language("jsonc"), content).diagnostics))

    assert in_order(streamed(content, "jsonc", chunk)) == whole


def test_the_text_and_its_bytes_agree() -> None:
    text = '{"é": [1, }'

    assert check_text(language("json"), text) == list(check_bytes(language("json"), text.encode()).diagnostics)


def test_each_ill_formed_sequence_is_reported_where_it_stands() -> None:
    checking = check_bytes(language("json"), b'["\xff\xe6\x97x\xed"]')

    found = [
        (said.span.start.column, said.span.end.column)
        for said in checking.diagnostics
        if said.code == "unicode.invalid_utf8"
    ]

    assert found == [(2, 3), (3, 5), (6, 7)]


def test_the_view_gives_bytes_and_lines() -> None:
    checking = check_bytes(language("json"), b'\xef\xbb\xbf["\xff", oops]\r\n')

    assert checking.size == 16
    assert checking.view.byte_at(Position(0, 3)) == 5
    assert checking.view.byte_at(Position(0, 4)) == 6
    assert checking.view.piece(0, 6, 99) == " oops]"


# ----------------------------------------------------------------------------------------------------- unreadable input
def test_a_file_that_is_not_there_is_a_diagnostic(tmp_path: Path) -> None:
    checking = check_file(tmp_path / "gone.json", language("json"))

    (said,) = checking.diagnostics
    assert (said.code, said.span.start, checking.size) == (UNREADABLE, Position(0, 0), 0)
    assert "No such file" in said.message


def test_a_stream_that_cannot_be_opened_is_one_diagnostic(tmp_path: Path) -> None:
    checking = check_stream(language("json"), lambda: (tmp_path / "gone.json").open("rb"))

    assert [said.code for said in checking.diagnostics] == [UNREADABLE]


class Failing(io.RawIOBase):
    """Gives some bytes, then an error."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self.content:
            raise OSError(5, "Input/output error")
        part, self.content = self.content[: len(buffer)], self.content[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def test_a_stream_that_breaks_off_says_so_and_nothing_of_its_end() -> None:
    checking = check_stream(language("jsonl"), lambda: io.BufferedReader(Failing(b'{"a":1}\noops\n{"b":')))

    found = list(checking.diagnostics)

    assert found[-1].code == UNREADABLE
    assert "Input/output error" in found[-1].message
    assert found[-1].span.start == Position(2, 5)
    assert all(said.span.start.line == 1 for said in found[:-1])
    assert len(found) > 1


def test_a_mistake_that_waits_for_more_is_not_lost_when_the_stream_breaks_off() -> None:
    content = b"let = 1\nlet x = 2\n"
    checking = check_stream(language("reml"), lambda: io.BufferedReader(Failing(content)))

    found = list(checking.diagnostics)

    assert [said.code for said in found] == ["parser.syntax.expected_tokens", UNREADABLE]
    assert found[0].span.start.line == 0


# ------------------------------------------------------------------------------------------------------ flow and memory
@pytest.mark.parametrize(
    "flow",
    [
        {"policy": {"kind": "manual"}},
        {"policy": {"kind": "manual", "demand": {"frames": 1}}},
        {"policy": {"kind": "manual", "demand": {"bytes": 10}}},
        {"policy": {"kind": "auto", "backpressure": {"max_lag": 1, "throttle": 1000, "debounce": 1000}}},
        {"mode": "push", "high_watermark": 64, "low_watermark": 1},
        {"mode": "hybrid", "high_watermark": 64, "low_watermark": 1},
    ],
)
def test_no_flow_changes_what_is_found(flow: dict[str, Any]) -> None:
    content = b'{"a":1}\n{"b":\n[1,2\n' * 20
    whole = in_order(list(check_bytes(language("jsonl"), content).diagnostics))
    settings: dict[str, dict[str, Any]] = {"stream": {"chunk_size": 16}, "stream.flow": flow}

    checking = check_stream(language("jsonl"), lambda: io.BytesIO(content), extensions=settings)

    assert in_order(list(checking.diagnostics)) == whole
    assert checking.size == len(content)


def test_findings_come_while_the_input_is_still_being_read() -> None:
    """The first finding is given before the input has ended: here it does not end until somebody took that."""
    reading, writing = os.pipe()
    os.write(writing, b'{"a":1}\noops\n{"b":2}\n')
    checking = check_stream(language("jsonl"), lambda: io.FileIO(reading), again=False)

    first = next(checking.diagnostics)
    os.write(writing, b"wrong\n")
    os.close(writing)

    assert first.span.start == Position(1, 0)
    assert {said.span.start.line for said in checking.diagnostics} == {3}


def test_the_progress_of_reading_is_told() -> None:
    seen: list[int] = []
    settings = {"stream": {"demand_preferred_bytes": 100}}
    checking = check_stream(
        language("jsonl"), lambda: io.BytesIO(b"[1]\n" * 100), extensions=settings, on_read=seen.append
    )

    assert list(checking.diagnostics) == []
    assert seen[-1] == checking.size == 400
    assert seen == sorted(seen)


class Endless(io.RawIOBase):
    """Lines of JSON, `size` bytes of them, made when they are read."""

    def __init__(self, size: int, seed: int) -> None:
        self.left, self.random, self.rest = size, random.Random(seed), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while len(self.rest) < len(buffer):
            self.rest += b'{"id": %d, "tags": ["a", "b"]}\n' % self.random.randrange(100)
        count = min(len(buffer), self.left)
        buffer[:count] = self.rest[:count]
        self.rest, self.left = self.rest[count:], self.left - count
        return count


def endless(size: int, seed: int) -> io.BufferedReader:
    return io.BufferedReader(Endless(size, seed))


def test_what_is_kept_does_not_grow_with_the_input(seed: int) -> None:
    sizes = []
    for size in (1 << 20, 1 << 22):
        checking = check_stream(language("jsonl"), partial(endless, size, seed), again=False)
        for _ in checking.diagnostics:
            pass
        assert checking.size == size
        assert isinstance(checking.view, WindowView)
        sizes.append(sum(map(len, checking.view._texts)))

    assert sizes[1] < 1 << 20


def test_what_is_compared_at_the_end_is_known_even_of_a_pipe() -> None:
    between = "".join(f"fn f{number}(a: Int) -> Int = a\n" for number in range(22_000))
    text = f"// é\npattern (|Even|_|)(n) = n\n{between}fn Even(n) = 1\n"
    checking = check_stream(language("reml"), lambda: io.BytesIO(text.encode()), again=False)

    (said,) = checking.diagnostics

    assert said.code == "pattern.active.name_conflict"
    assert checking.view.byte_at(said.span.start) == text.encode().index(b"Even")
    assert checking.view.piece(1, 0, 99) == "pattern (|Even|_|)(n) = n"
    assert checking.view.piece(3, 0, 99) is None


def test_batch_and_stream_agree_on_the_corpus(corpus: Path) -> None:
    reml = language("reml")
    files = sorted(corpus.rglob("*.reml"))
    settings = {"stream": {"chunk_size": 61, "demand_min_bytes": 1, "demand_preferred_bytes": 61}}
    differing = []

    for path in files:
        streaming = check_stream(reml, partial(io.FileIO, path), extensions=settings)
        if in_order(list(check_file(path, reml).diagnostics)) != in_order(list(streaming.diagnostics)):
            differing.append(path.name)

    assert len(files) > 200
    assert differing == []
