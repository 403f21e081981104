"""Tokens: names and their classes, words, numbers, strings, comments, operators, and what is none."""

import pytest

from engine.languages.reml import make_machine
from engine.languages.reml.lexer import CONTEXTUAL, HARD, SOFT
from engine.parse.source import Span
from tests.languages.reml.texts import places, said, syntax_errors, tokens


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "IDENT"),
        ("_x", "IDENT"),
        ("_1", "IDENT"),
        ("_Foo", "IDENT"),
        ("snake_case2", "IDENT"),
        ("Upper", "UPPER"),
        ("Élan", "UPPER"),
        ("élan", "IDENT"),
        ("Ω", "UPPER"),
        ("名前", "IDENT"),
        ("データ", "IDENT"),
        ("_", "_"),
        ("a\u200db", "IDENT"),
        ("wave👋🏽", "IDENT"),
        ("x©", "IDENT"),
        ("क्षेत्र", "IDENT"),
        ("℘", "IDENT"),
        ("e\u0301", "BAD_IDENT"),
        ("E\u0301a", "BAD_UPPER"),
        ("a\u202eb", "BAD_IDENT"),
        ("a\u2066", "BAD_IDENT"),
        ("0", "INT"),
        ("1_000", "INT"),
        ("0b1010", "INT"),
        ("0o17_7", "INT"),
        ("0xFF_ff", "INT"),
        ("1.5", "FLOAT_PAIR"),
        ("1.5e-3", "FLOAT"),
        ("1_0.0_1", "FLOAT"),
        ("1._5", "FLOAT"),
        ("2e10", "FLOAT"),
        ("2E+1_0", "FLOAT"),
        ('""', "STRING"),
        ('"a"', "STRING"),
        (r'"a\"b"', "STRING"),
        (r'"\n\r\t\\\"\'\/\u{1F600}"', "STRING"),
        ('""""""', "STRING"),
        ('"""a"b""c"""', "STRING"),
        (r'r"\d"', "RAW"),
        ('r#"a"b"#', "RAW"),
        ('r##"a"#b"##', "RAW"),
        ('r###"a"##b"###', "RAW"),
        ("'a'", "CHAR"),
        (r"'\n'", "CHAR"),
        (r"'\u{41}'", "CHAR"),
        (r"'\''", "CHAR"),
        ("'\U0001f600'", "CHAR"),
        (r'"\d"', "BAD_STRING"),
        (r'"\u{D800}"', "BAD_STRING"),
        (r'"\u{110000}"', "BAD_STRING"),
        (r'"\u{}"', "BAD_STRING"),
        (r'"\u{1234567}"', "BAD_STRING"),
        ("''", "BAD_CHAR"),
        ("'ab'", "BAD_CHAR"),
        ('"open', "OPEN_STRING"),
        ("'o", "OPEN_CHAR"),
        (":prefix", "FIXITY"),
        (":infix_nonassoc", "FIXITY"),
        ("::", "::"),
        ("...", "..."),
        ("~>", "~>"),
        *((word, word) for word in (*HARD, *SOFT, *CONTEXTUAL)),
    ],
)
def test_a_text_is_one_token(text, kind):
    assert tokens(text) == [(kind, text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1..10", "1 .. 10"),
        ("..=5", ".. = 5"),
        ("t.0.1", "t . 0.1"),
        ("a...b", "a ... b"),
        ("a::b", "a :: b"),
        ("a : :b", "a : : b"),
        ("a|>b||c|d", "a |> b || c | d"),
        ("a:=b", "a := b"),
        ("-1", "- 1"),
        ("0b12", "0b1 2"),
        ("0x", "0 x"),
        ("1e", "1 e"),
        ("1.e5", "1 . e5"),
        ("12abc", "12 abc"),
        ("a:prefix", "a : prefix"),
        ("(:prefix,:postfix)", "( :prefix , :postfix )"),
        (":prefixed", ": prefixed"),
        ("&&mut", "&& mut"),
        ("fn(x)=>y", "fn ( x ) => y"),
        ("Vec<Vec<T>>", "Vec < Vec < T > >"),
        ("iffy if_ elsewhere", "iffy if_ elsewhere"),
        ("r#x", "r # x"),
        ('bar"x"', 'bar "x"'),
        ("a²", "a ²"),
        ("a→b", "a → b"),
        ("#[test]", "# [ test ]"),
        ("f(a /* b */, c) // d", "f ( a , c )"),
        ("a /* b /* c */ d */ e", "a e"),
        ("a//b", "a"),
        ("/// doc", ""),
        ("//! doc", ""),
        ("a\tb", "a b"),
    ],
)
def test_the_longest_token_wins(text, parts):
    assert [found for _, found in tokens(text)] == parts.split()


@pytest.mark.parametrize("character", ["$", "`", "\\", "~", "\u3000", "\u00a0", "\x00", "²", "\u0301", "🎉", "\u2028"])
def test_a_character_that_starts_no_token_is_unknown_and_skipped(character):
    text = f"let a = 1 {character}\nlet b = 2\n"

    assert places(syntax_errors(text)) == [("parser.lexer.unknown_token", 1, 11)]


def test_a_byte_order_mark_is_taken_at_the_very_beginning_only():
    assert syntax_errors("\ufefflet a = 1\n") == []
    assert places(syntax_errors("let a = 1\n\ufefflet b = 2\n")) == [("parser.lexer.unknown_token", 2, 1)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_end_a_line(end):
    assert syntax_errors(f"let a = 1{end}let b = 2{end}") == []
    assert places(syntax_errors(f"let a = 1{end}let = 2{end}")) == [("parser.syntax.expected_tokens", 2, 5)]


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x1c"])
def test_nothing_else_ends_a_line(character):
    assert places(syntax_errors(f"// a{character} $ b\nlet $"))[0] == ("parser.lexer.unknown_token", 2, 5)


@pytest.mark.parametrize(
    "text",
    [
        'let a = r"one\ntwo"\nlet b = 2\n',
        'let a = r#"one "\n# two"#\nlet b = 2\n',
        'let a = """one\n"two"\n\\"""\nlet b = 2\n',
        "let a = /* one\n/* two */\n*/ 1\nlet b = 2\n",
        "/* one\n// */ let a = 1\n",
    ],
)
def test_tokens_that_span_lines(text):
    assert syntax_errors(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('let a = "one\nlet b = 2\n', (1, 9)),
        ('f("one)\n', (1, 3)),
        ("let a = 'x\n", (1, 9)),
    ],
)
def test_an_unfinished_string_is_reported_at_its_quote_and_ends_with_its_line(text, place):
    (only,) = said(text)

    assert places([only]) == [("parser.lexer.unknown_token", *place)]
    assert only.span.end.column == only.span.start.column + 1


@pytest.mark.parametrize(
    ("text", "opener"),
    [
        ('let a = r"one\n', 'r"'),
        ('let a = """one\ntwo\n', '"""'),
        ("let a = 1 /* one\ntwo\n", "/*"),
        ('let a = r#"b"\n', 'r#"'),
        ('let a = r##"b"#\n' + "let b = 1\n" * 1000, 'r##"'),
    ],
)
def test_an_unfinished_token_over_lines_is_reported_at_its_beginning(text, opener):
    (only,) = said(text)

    assert only.code == "parser.lexer.unknown_token"
    assert only.span == Span.on_line(0, text.index(opener), text.index(opener) + len(opener))
    assert f"`{opener}` is never closed" in only.message
    assert [place.span.start.line for place in only.related] == [text.count("\n")]


def test_an_identifier_is_reported_as_a_whole():
    text = "let e\u0301te = 1\nlet a\u202eb = 2\n"

    assert [(d.code, d.span.start.line, d.span.start.column, d.span.end.column) for d in said(text)] == [
        ("unicode.invalid_identifier", 0, 4, 8),
        ("unicode.invalid_identifier", 1, 4, 7),
    ]


def test_bidirectional_controls_are_allowed_in_strings_and_comments():
    assert said('let a = "x\u202ey" // z\u2066\n') == []


def test_invalid_utf8_is_reported_and_parsing_goes_on():
    text = b'let a = "\xff"\nlet b = \xfe1\n'.decode("utf-8", "surrogateescape")

    assert [code for code, _, _ in places(said(text))] == ["unicode.invalid_utf8"] * 2


def test_the_ascii_profile_takes_no_other_identifiers():
    lexer = make_machine("ascii").lexer

    assert [lexer.names[t.kind] for t in lexer.scan('naïve x "naïve"')] == ["FOREIGN_IDENT", "IDENT", "STRING"]
