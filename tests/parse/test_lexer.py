"""Tiles, kinds, modes."""
from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.lexer import NL, OPEN, WS, Lexer, Mode, Symbols, Terminal
from tests.parse.little import little_lexer

LEXER = little_lexer()
ALPHABET = st.sampled_from([
    '"', '"""', "/*", "*/", "//", "a", "é", "1", " ", "\t", "\n", "\r\n", "\r", "->", "-", "(", "$", "\x00", "\u2028",
    "\ufeff", "\udc80", "let",
])


def scanned(piece: str, mode: Mode | None = None) -> list[tuple[str, str]]:
    return [(LEXER.names[t.kind], piece[t.start:t.end]) for t in LEXER.scan(piece, mode)]


@pytest.mark.parametrize(("piece", "tokens"), [
    ("let x = 1\n", [("let", "let"), ("NAME", "x"), ("=", "="), ("NUMBER", "1"), ("NL", "\n")]),
    ("a->b -c", [("NAME", "a"), ("->", "->"), ("NAME", "b"), ("-", "-"), ("NAME", "c")]),
    ("lets // let\r\n", [("NAME", "lets"), ("NL", "\r\n")]),
    ('"a\\"b" "c\r', [("STRING", '"a\\"b"'), ("BROKEN", '"c'), ("NL", "\r")]),
    ("a $ b", [("NAME", "a"), ("ERROR", "$"), ("NAME", "b")]),
    ("/* a /* b */ c */ d", [("NAME", "d")]),
    ('"""a"b""" x', [("STRING", '"""a"b"""'), ("NAME", "x")]),
    ("", []), ("  ", []), ("\x0c", [("ERROR", "\x0c")]), ("\ufeffa", [("ERROR", "\ufeff"), ("NAME", "a")]),
])
def test_tokens_of_a_piece(piece: str, tokens: list[tuple[str, str]]) -> None:
    assert scanned(piece) == tokens


def test_a_token_that_is_left_open_gives_a_mode() -> None:
    comment = list(LEXER.scan("a /* b /* c\n"))
    text = list(LEXER.scan('x """y\n'))

    assert comment[-1].kind == OPEN and comment[-1].mode == Mode(0, "*/", 2)
    assert text[-1].mode is not None and text[-1].mode.closer == '"""'
    assert scanned("d */ e */ f", comment[-1].mode) == [("NAME", "f")]
    assert scanned('z""" w', text[-1].mode) == [("STRING", 'z"""'), ("NAME", "w")]


def test_a_mode_that_goes_on_takes_the_whole_piece() -> None:
    token, = LEXER.scan("still /* inside\n", Mode(0, "*/", 1))

    assert token.mode == Mode(0, "*/", 2)
    assert (token.start, token.end) == (0, 16)


@given(st.lists(ALPHABET, max_size=25).map("".join))
def test_tiles_concatenate_and_nothing_raises(piece: str) -> None:
    assert "".join(LEXER.tiles(piece)) == piece
    assert len(list(LEXER.kinds(piece))) == len(LEXER.tiles(piece))
    list(LEXER.scan(piece))


@given(st.lists(ALPHABET, max_size=25).map("".join))
def test_kinds_and_scan_agree_where_no_token_is_left_open(piece: str) -> None:
    kinds = list(LEXER.kinds(piece))
    if OPEN not in kinds:
        runs = [kind for kind, _ in groupby(k for k in kinds if k != WS)]

        assert [kind for kind, _ in groupby(t.kind for t in LEXER.scan(piece))] == runs


def test_line_ends_are_tokens_of_their_own() -> None:
    assert list(LEXER.kinds("a\r\n")).count(NL) == 1
    assert list(LEXER.kinds("a\n\rb")).count(NL) == 2


def test_the_longest_symbol_wins_and_groups_in_patterns_do_no_harm() -> None:
    lexer = Lexer(Terminal("N", r"(a|b)(c)?"), Symbols("<", "<<", "<<="))

    assert [lexer.names[k] for k in lexer.kinds("ac<<=<< <")] == ["N", "<<=", "<<", "<"]


def test_the_opener_of_a_token_that_is_not_simply_complete_is_a_tile_by_itself() -> None:
    line = "/* /**/ */ a " * 3

    assert [tile.strip() for tile in LEXER.tiles(line)].count("/*") == 3
    assert max(map(len, LEXER.tiles(line * 100))) < 10
    assert scanned(line) == [("NAME", "a")] * 3


def test_long_texts_are_not_remembered() -> None:
    lexer = little_lexer()
    for letter in "abc":
        assert list(lexer.kinds(letter * 10_000)) == [lexer.kind["NAME"]]
        assert lexer.leaf_of(letter * 10_000)[1:] == ("NAME", letter * 10_000, 0)

    assert len(lexer) == 0


def test_the_memory_of_texts_can_be_dropped() -> None:
    lexer = little_lexer()
    before = list(lexer.kinds("abc def"))
    lexer.forget()

    assert len(lexer) == 0
    assert list(lexer.kinds("abc def")) == before
