"""Text that waits is taken from its beginning, by lines where they are short; its lines are found block by block."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.parse.source import split_lines, utf8_length
from lsp_server import waiting
from lsp_server.waiting import WaitingText

TEXTS = st.lists(st.sampled_from(["a", "bc", "é", "\n", "\r\n", "\r"]), max_size=30).map("".join)




@pytest.fixture(params=[1, 3, 10, waiting.BLOCK])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The size of a block; small ones make cuts where there are none in a text of a test."""
    monkeypatch.setattr(waiting, "BLOCK", request.param)
    return request.param


TEXTS = st.lists(st.sampled_from(["a", "bc", "é", "\n", "\r\n", "\r"]), max_size=30).map("".join)
PER_BLOCK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(waiting: WaitingText, text: str) -> None:
    """Everything that can be asked of a text that waits."""
    lines = split_lines(text)
    assert bool(waiting) == bool(text)
    assert waiting.text() == text
    assert waiting.line_ends == len(lines) - 1
    assert [waiting.line(index) for index in range(len(lines))] == lines


@PER_BLOCK
@given(text=TEXTS, sizes=st.lists(st.integers(1, 9), min_size=1))
def test_what_is_taken_and_what_is_left_are_the_text(block: int, text: str, sizes: list[int]) -> None:
    waiting, taken = WaitingText(text), ""
    for size in sizes * 30:
        check(waiting, text[len(taken) :])
        if not waiting:
            break
        part = waiting.take(size)
        assert 0 < len(part) <= size + 1
        taken += part
        assert not (part.endswith("\r") and text[len(taken) :].startswith("\n"))
    assert len(taken) == len(text) or len(sizes) * 30 <= len(text)


@PER_BLOCK
@given(data=st.data())
def test_its_lines_can_be_replaced(block: int, data: st.DataObject) -> None:
    lines = split_lines(data.draw(TEXTS))
    waiting = WaitingText("".join(lines))
    for _ in range(3):
        first = data.draw(st.integers(0, len(lines) - 1))
        last = data.draw(st.integers(first, len(lines) - 1))
        new = "".join(data.draw(st.lists(st.sampled_from(["x\n", "yy\r\n", "\n", "z\r"]), max_size=4)))
        if new.endswith("\r") or (first and lines[first - 1].endswith("\r")):
            new += "."  # what it may not be joined with
            new = "." + new
        waiting.replace(first, last, new)
        lines = split_lines("".join(lines[:first]) + new + "".join(lines[last + 1 :]))
        check(waiting, "".join(lines))


@given(text=st.text())
def test_the_size_of_a_short_text_is_exact(text: str) -> None:
    assert WaitingText(text).size == utf8_length(text)


def test_a_part_ends_with_a_line_where_it_can() -> None:
    waiting = WaitingText("one\ntwo\nthree\n" + "x" * 50)

    assert [waiting.take(10) for _ in range(4)] == ["one\ntwo\n", "three\n", "x" * 10, "x" * 10]


def test_a_far_line_divides_only_its_block_into_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    divided: list[int] = []

    def noting(text: str) -> list[str]:
        divided.append(len(text))
        return split_lines(text)

    monkeypatch.setattr(waiting, "split_lines", noting)
    text = WaitingText("".join(f"line {number}\n" for number in range(100_000)))

    assert text.line(90_000) == "line 90000\n"
    text.replace(90_001, 90_002, "new\n")
    assert [text.line(90_000 + number) for number in (1, 2)] == ["new\n", "line 90003\n"]
    assert text.line_ends == 99_999
    assert max(divided) <= waiting.BLOCK
    assert len(divided) == 5
