"""The ready feeders: texts, iterables, files, open streams."""

from __future__ import annotations

import io

import pytest

from engine.parse.feeder import Await, Chunk, Closed, DemandHint, FeederError, StreamErrorKind, ask
from engine.parse.sources import from_file, from_pieces, from_stream, from_text

HINT = DemandHint(2, 3)


def answers(feeder, count: int) -> list:
    return [ask(feeder, HINT) for _ in range(count)]


@pytest.mark.parametrize("text", [b"abcdefgh", "abcdefgh"])
def test_a_text_comes_in_parts_of_the_preferred_size(text) -> None:
    parts = answers(from_text(text), 5)

    assert [len(part.content) for part in parts[:3]] == [3, 3, 2]
    assert parts[3:] == [Closed(), Closed()]


def test_without_a_preference_the_minimum_is_given() -> None:
    assert ask(from_text(b"abcdef"), DemandHint(2)) == Chunk(b"ab")


def test_the_pieces_of_an_iterable_come_as_they_are() -> None:
    pieces: list[bytes | str] = [b"long enough", "", b"x"]

    assert answers(from_pieces(iter(pieces)), 5) == [*map(Chunk, pieces), Closed(), Closed()]


def test_an_iterable_that_raises_is_an_error_value() -> None:
    def pieces():
        yield b"one"
        raise RuntimeError("two")

    first, second = answers(from_pieces(pieces()), 2)

    assert first == Chunk(b"one")
    assert isinstance(second, FeederError)
    assert second.error.kind is StreamErrorKind.FEEDER_BUG


def test_a_file_is_read_to_its_end(tmp_path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"abcde")

    assert answers(from_file(path), 4) == [Chunk(b"abc"), Chunk(b"de"), Closed(), Closed()]


def test_a_file_that_vanished_before_it_was_read_is_an_error_value(tmp_path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"abcde")
    feeder = from_file(path)
    path.unlink()

    answer = ask(feeder, HINT)

    assert isinstance(answer, FeederError)
    assert answer.error.kind is StreamErrorKind.IO_FAILED
    assert ask(feeder, HINT) == Closed()


def test_a_folder_is_an_error_value(tmp_path) -> None:
    answer = ask(from_file(tmp_path), HINT)

    assert isinstance(answer, FeederError)
    assert answer.error.kind is StreamErrorKind.IO_FAILED


class Broken(io.RawIOBase):
    """Gives two bytes, then fails."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        if self.reads > 1:
            raise OSError(5, "Input/output error")
        return b"ab"


def test_a_read_error_in_the_middle_is_an_error_value_and_nothing_is_read_after_it() -> None:
    stream = Broken()
    first, second, third = answers(from_stream(stream), 3)  # type: ignore[arg-type]

    assert first == Chunk(b"ab")
    assert isinstance(second, FeederError)
    assert second.error.cause == "errno 5"
    assert third == Closed()
    assert stream.reads == 2


def test_a_stream_that_has_nothing_yet_awaits() -> None:
    class Quiet(io.RawIOBase):
        def read(self, size: int = -1) -> bytes | None:
            return None

    assert answers(from_stream(Quiet()), 2) == [Await(), Await()]  # type: ignore[arg-type]


def test_a_stream_stays_its_owners() -> None:
    stream = io.BytesIO(b"abc")
    answers(from_stream(stream), 3)

    assert not stream.closed
