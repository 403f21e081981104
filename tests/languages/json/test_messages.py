"""Each common mistake: one diagnostic with its own code, at the right place, and a fix after which the text is JSON."""

from __future__ import annotations

import pytest

from engine.languages.json import JSON, JSONC, JSONL
from engine.languages.json.lexer import WRONG
from engine.parse.diagnostics import Severity
from engine.parse.source import Span
from tests.languages.json.asking import accepts, codes, fixed, said

#: Text with one mistake, its code, what is marked in it, the text after the fix (None: there is no fix).
MISTAKES = [
    ("[1, 2,]", "json.trailing_comma", "]", "[1, 2]"),
    ('{"a": 1,}', "json.trailing_comma", "}", '{"a": 1}'),
    ("[1,\n 2,\n]", "json.trailing_comma", "]", "[1,\n 2\n]"),
    ('[[1], {"a": [2,]}]', "json.trailing_comma", "]", '[[1], {"a": [2]}]'),
    ("[1] // one", "json.comment", "// one", "[1] "),
    ("# one\n[1]", "json.comment", "# one", "\n[1]"),
    ("[1, /* two */ 2]", "json.comment", "/* two */", "[1,  2]"),
    ("[1, /* two\n three */ 2]", "json.comment", " three */", None),
    ("['a']", "json.single_quotes", "'a'", '["a"]'),
    ("{'a': 1}", "json.single_quotes", "'a'", '{"a": 1}'),
    ("['say \"hi\"']", "json.single_quotes", "'say \"hi\"'", '["say \\"hi\\""]'),
    ("['it\\'s']", "json.single_quotes", "'it\\'s'", '["it\'s"]'),
    ("['C:\\temp\\new\\d']", "json.single_quotes", "'C:\\temp\\new\\d'", '["C:\\temp\\new\\\\d"]'),
    ("[`a`]", "json.single_quotes", "`a`", '["a"]'),
    ("[“a”]", "json.curly_quotes", "“a”", '["a"]'),
    ("[„a“, 1]", "json.curly_quotes", "„a“", '["a", 1]'),
    ('[‘a "b"’]', "json.curly_quotes", '‘a "b"’', '["a \\"b\\""]'),
    ("[NaN]", "json.not_a_number", "NaN", "[null]"),
    ("[-Infinity]", "json.not_a_number", "-Infinity", "[null]"),
    ("[+inf]", "json.not_a_number", "+inf", "[null]"),
    ("{a: 1}", "json.unquoted_key", "a", '{"a": 1}'),
    ("{NaN: 1}", "json.unquoted_key", "NaN", '{"NaN": 1}'),
    ('{"a": 1, b-c: 2}', "json.unquoted_key", "b-c", '{"a": 1, "b-c": 2}'),
    ("{$ref: 1}", "json.unquoted_key", "$ref", '{"$ref": 1}'),
    ('{"a": 1 b: 2}', "json.unquoted_key", "b", '{"a": 1, "b": 2}'),
    ("[1\n True]", "json.literal", "True", "[1,\n true]"),
    ("[1 .5]", "json.leading_dot", ".5", "[1, 0.5]"),
    ("[a]", "json.unquoted_string", "a", '["a"]'),
    ("[tru]", "json.unquoted_string", "tru", '["tru"]'),
    ("[True]", "json.literal", "True", "[true]"),
    ("[FALSE]", "json.literal", "FALSE", "[false]"),
    ("[None]", "json.literal", "None", "[null]"),
    ('{"a": undefined}', "json.literal", "undefined", '{"a": null}'),
    ("[nil]", "json.literal", "nil", "[null]"),
    ("[01]", "json.leading_zero", "01", "[1]"),
    ("[-007]", "json.leading_zero", "-007", "[-7]"),
    ("[00]", "json.leading_zero", "00", "[0]"),
    ("[00.5e1]", "json.leading_zero", "00.5e1", "[0.5e1]"),
    ("[+1]", "json.plus_sign", "+1", "[1]"),
    ("[+.5]", "json.plus_sign", "+.5", "[0.5]"),
    ("[.5]", "json.leading_dot", ".5", "[0.5]"),
    ("[-.5e3]", "json.leading_dot", "-.5e3", "[-0.5e3]"),
    ("[5.]", "json.trailing_dot", "5.", "[5]"),
    ("[5.e3]", "json.trailing_dot", "5.e3", "[5e3]"),
    ("[0x1F]", "json.hexadecimal", "0x1F", "[31]"),
    ("[-0xff]", "json.hexadecimal", "-0xff", "[-255]"),
    ("[0o17]", "json.hexadecimal", "0o17", "[15]"),
    ("[0b101]", "json.hexadecimal", "0b101", "[5]"),
    ("[1e]", "json.exponent", "1e", "[1]"),
    ("[1.5E+]", "json.exponent", "1.5E+", "[1.5]"),
    ("[1_000]", "json.digit_separator", "1_000", "[1000]"),
    ("[1.2.3]", "json.number", "1.2.3", '["1.2.3"]'),
    ("[12px]", "json.number", "12px", '["12px"]'),
    ("[10n]", "json.number", "10n", "[10]"),
    ("[-]", "json.number", "-", None),
    ("[1 2]", "json.missing_comma", "2", "[1, 2]"),
    ('["a" "b"]', "json.missing_comma", '"b"', '["a", "b"]'),
    ('[{"a": 1}\n {"a": 2}]', "json.missing_comma", "{", '[{"a": 1},\n {"a": 2}]'),
    ('{"a": 1 "b": 2}', "json.missing_comma", '"b"', '{"a": 1, "b": 2}'),
    ('{"a": 1\n "b": 2}', "json.missing_comma", '"b"', '{"a": 1,\n "b": 2}'),
    ('{"a" 1}', "json.missing_colon", "1", '{"a": 1}'),
    ('{"a" {"b": 2}}', "json.missing_colon", "{", '{"a": {"b": 2}}'),
    ('{"a": }', "json.missing_value", "}", '{"a": null }'),
    ('{"a":, "b": 1}', "json.missing_value", ",", '{"a": null, "b": 1}'),
    ('{"a"}', "json.missing_value", "}", '{"a": null}'),
    ('{"a", "b": 1}', "json.missing_value", ",", '{"a": null, "b": 1}'),
    ("[1,, 2]", "json.extra_comma", ",", "[1, 2]"),
    ("[, 1]", "json.extra_comma", ",", "[ 1]"),
    ("[,]", "json.extra_comma", ",", "[]"),
    ("{,}", "json.extra_comma", ",", "{}"),
    ('{"a": 1,, "b": 2}', "json.extra_comma", ",", '{"a": 1, "b": 2}'),
    ("[[,1], 2]", "json.extra_comma", ",", "[[1], 2]"),
    ('["a\tb"]', "json.control_character", "\t", '["a\\tb"]'),
    ('["a\x00\x1f"]', "json.control_character", "\x00", '["a\\u0000\\u001f"]'),
    ('["a\tb\\d"]', "json.control_character", "\t", '["a\\tb\\\\d"]'),
    ('["\\d+"]', "json.bad_escape", "\\d", '["\\\\d+"]'),
    ('["\\x41\\\'\\0\\e"]', "json.bad_escape", "\\x", '["\\u0041\'\\u0000\\u001b"]'),
    ('["\\u{1F600}"]', "json.bad_escape", "\\u", '["\\ud83d\\ude00"]'),
    ('["\\u{110000}"]', "json.bad_escape", "\\u", '["\\\\u{110000}"]'),
    ('["\\u12"]', "json.bad_escape", "\\u", '["\\\\u12"]'),
    ('{"\\p": 1}', "json.bad_escape", "\\p", '{"\\\\p": 1}'),
    ('["a\n]', "json.unterminated_string", '"a', '["a"\n]'),
    ('{"a": "b,\n"c": 1}', "json.unterminated_string", '"b', '{"a": "b",\n"c": 1}'),
    ('{"a": ["b], \n"c": 1}', "json.unterminated_string", '"b', '{"a": ["b"], \n"c": 1}'),
    ("['a\n]", "json.unterminated_string", "'a", '["a"\n]'),
    ('"a', "json.unterminated_string", '"a', '"a"'),
    ('"a\\', "json.unterminated_string", '"a\\', '"a\\\\"'),
    ("[1\u00a0, 2]", "json.blank", "\u00a0", "[1 , 2]"),
    ("[\ufeff1]", "json.blank", "\ufeff", "[ 1]"),
    ("[1,\u2028\u2029 2]", "json.blank", "\u2028\u2029", "[1,  2]"),
    ('{"a": 1; "b": 2}', "json.semicolon", ";", '{"a": 1, "b": 2}'),
    ("[1];", "json.semicolon", ";", "[1]"),
    ('{"a"= 1}', "json.equals", "=", '{"a": 1}'),
    ('["a": 1]', "json.colon_in_array", ":", None),
    ('{1: "a"}', "json.key_not_string", "1", '{"1": "a"}'),
    ('{"a": 1, null: 2}', "json.key_not_string", "null", '{"a": 1, "null": 2}'),
    ('{"a": 1}\n{"a": 2}', "json.extra_value", "{", None),
    ("1 [2, 3]", "json.extra_value", "[", None),
    ("", "json.empty", "", "null"),
    (" \n ", "json.empty", "", " \n null"),
    ('{"a": [1, 2}', "parser.syntax.expected_tokens", "}", '{"a": [1, 2]}'),
    ("[1]]", "parser.syntax.expected_tokens", "]", "[1]"),
    ("[1, [2]", "parser.syntax.expected_tokens", "", "[1, [2]]"),
    ("[1@]", "parser.lexer.unknown_token", "@", None),
    ("[1] /* a", "parser.lexer.unknown_token", "/*", None),
]

#: Texts with several mistakes: each has its diagnostic, and none has two.
SEVERAL = [
    ("{'a': 'b', c: True,}", ["json.single_quotes"] * 2 + ["json.unquoted_key", "json.literal", "json.trailing_comma"]),
    ("[01, +1, .5, 5., 0x1, NaN]", [f"json.{name}" for name in (
        "leading_zero", "plus_sign", "leading_dot", "trailing_dot", "hexadecimal", "not_a_number")]),
    ("// a\n// b\n[1] // c\n", ["json.comment"] * 3),
    ("[1 2 3]", ["json.missing_comma"] * 2),
    ('[{"a": 1 2}, {"b" 3}, 4]', ["parser.syntax.expected_tokens", "json.missing_colon"]),
    ('{"a": {"b": 1 {"c": [2]}}, "d" 3}', ["parser.syntax.expected_tokens", "json.missing_colon"]),
    ("[1,, 2,]", ["json.extra_comma", "json.trailing_comma"]),
    ("[[1,], [2,], [3,]]", ["json.trailing_comma"] * 3),
    ("[1]\n[2]\n[3]\n", ["json.extra_value"] * 2),
    ("{a = 1; b = 2}", ["json.unquoted_key", "json.equals", "json.semicolon", "json.unquoted_key", "json.equals"]),
]


def marked(text: str, span: Span) -> str:
    assert span.start.line == span.end.line
    line = text.split("\n")[span.start.line]
    return line[span.start.column : span.end.column]


@pytest.mark.parametrize("text, code, part, mended", MISTAKES)
def test_a_mistake_is_one_diagnostic_with_a_fix(text, code, part, mended):
    (diagnostic,) = said(text)

    assert diagnostic.code == code
    assert diagnostic.severity is Severity.ERROR
    assert marked(text, diagnostic.span) == part
    assert [fixed(text, fix) for fix in diagnostic.fixes[:1]] == ([] if mended is None else [mended])
    assert mended is None or accepts(mended)


@pytest.mark.parametrize("text, expected", SEVERAL)
def test_several_mistakes_are_told_apart(text, expected):
    assert codes(text) == expected


@pytest.mark.parametrize("text, expected", SEVERAL)
def test_applying_fixes_one_after_the_other_ends_in_json(text, expected):
    """As somebody does who takes every quick fix an editor offers."""
    for _ in range(3 * len(expected)):
        fixes = [fix for diagnostic in said(text) for fix in diagnostic.fixes[:1]]
        if not fixes:
            break
        text = fixed(text, fixes[0])

    assert [code for code in codes(text) if code != "json.extra_value"] == []


def test_a_fix_in_the_middle_of_a_long_line_is_at_its_place():
    text = "[" + ", ".join(["1"] * 2000) + ",]"
    (diagnostic,) = said(text)

    assert diagnostic.code == "json.trailing_comma"
    assert fixed(text, diagnostic.fixes[0]) == text[:-2] + "]"


def test_a_wrong_string_in_the_middle_of_a_long_line_is_marked_at_its_place():
    text = "[" + ", ".join(["1"] * 2000) + ', "\\d"]'
    (diagnostic,) = said(text)

    assert marked(text, diagnostic.span) == "\\d"
    assert fixed(text, diagnostic.fixes[0]) == text[:-4] + '\\\\d"]'


def test_a_mistake_below_the_cap_of_shared_depth_is_described_like_any_other():
    text = "[" * 2000 + "1,]" + "]" * 1999

    assert codes(text) == ["json.trailing_comma"]


def test_the_file_with_comments_may_have_them_but_not_with_a_hash():
    (diagnostic,) = said("# one\n[1]", JSONC)

    assert diagnostic.code == "json.comment"
    assert fixed("# one\n[1]", diagnostic.fixes[0]) == "// one\n[1]"


def test_no_kind_of_mistake_is_expected_anywhere():
    """What is expected is shown to people and completed by editors."""
    for language in (JSON, JSONL, JSONC):
        for text in ("[1", '{"a"', '{"a":', "[", "{", '{"a": 1', "", "[]"):
            found = [d.expected for d in said(text + " ]", language) if d.expected is not None]
            labels = {e.label for expected in found for e in expected.alternatives}

            assert not labels & set(WRONG)


@pytest.mark.parametrize("text, expected", [
    ("", ["a value"]),
    ("[", ["]", "a value"]),
    ("{", ["}", "a key in double quotes"]),
    ('{"a"', [":"]),
    ('{"a":', ["a value"]),
    ('{"a":1', [",", "}"]),
    ('{"a":1,', ["a key in double quotes"]),
    ("[1", [",", "]"]),
])
def test_what_could_have_stood_at_the_end_is_said(text, expected):
    last = said(text)[-1]

    assert last.expected is not None
    assert [e.label for e in last.expected.alternatives] == expected


def test_a_list_that_ends_too_early_is_told_once():
    rest = "".join(f'  "k{number}": {{"a": [1, 2]}},\n' for number in range(100))

    assert len(codes(f'{{\n  "first": 1}},\n{rest}  "last": 2\n}}\n')) == 1
