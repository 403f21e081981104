"""Text that waits is taken from its beginning, by lines where they are short, and counted without being divided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.parse.source import split_lines, utf8_length
from lsp_server.waiting import WaitingText

TEXTS = st.lists(st.sampled_from(["a", "bc", "é", "\n", "\r\n", "\r"]), max_size=30).map("".join)


@given(text=TEXTS, sizes=st.lists(st.integers(1, 9), min_size=1), lines_after=st.integers(0, 9))
def test_what_is_taken_and_what_is_left_are_the_text(text: str, sizes: list[int], lines_after: int) -> None:
    waiting, taken = WaitingText(text), ""
    for number, size in enumerate(sizes * 30):
        if number == lines_after:
            waiting.lines()
        rest = text[len(taken) :]
        assert bool(waiting) == bool(rest)
        assert waiting.text() == rest
        assert waiting.size == utf8_length(rest)
        if not waiting:
            break
        assert waiting.first_line() == split_lines(rest)[0]
        assert waiting.line_ends == len(split_lines(rest)) - 1
        part = waiting.take(size)
        assert part
        taken += part
        assert not (part.endswith("\r") and text[len(taken) :].startswith("\n"))
    assert len(taken) == len(text) or len(sizes) * 30 <= len(text)


def test_a_part_ends_with_a_line_where_it_can() -> None:
    waiting = WaitingText("one\ntwo\nthree\n" + "x" * 50)

    assert [waiting.take(10) for _ in range(4)] == ["one\ntwo\n", "three\n", "x" * 10, "x" * 10]


def test_its_lines_can_be_changed() -> None:
    waiting = WaitingText("a\nb\nc")
    waiting.take(2)
    waiting.lines()[0] = "new\n"

    assert waiting.text() == "new\nc"
    assert [waiting.take(100)] == ["new\nc"]
    assert not waiting
