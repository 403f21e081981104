"""The three dialects: which files they take, and what sets each apart from the others."""

from __future__ import annotations

import pytest

from engine.languages import language_for, language_for_id, language_named
from engine.languages.json import JSON, JSONC, JSONL, make_machine
from engine.parse.source import Span
from tests.languages.json.asking import accepts, codes, fixed, said


@pytest.mark.parametrize("path, language", [
    ("a.json", JSON), ("package.json", JSON), ("deep/er/a.json", JSON), (".json", JSON), ("a.test.json", JSON),
    ("a.jsonl", JSONL), ("a.ndjson", JSONL), ("logs/2024.ndjson", JSONL),
    ("a.jsonc", JSONC), ("tsconfig.json", JSONC), ("web/tsconfig.json", JSONC), ("tsconfig.build.json", JSONC),
    ("jsconfig.json", JSONC), (".vscode/settings.json", JSONC), ("app/.vscode/launch.json", JSONC),
    (".eslintrc.json", JSONC), (".eslintrc", JSONC), ("devcontainer.json", JSONC),
    (".devcontainer/devcontainer.json", JSONC),
    ("my.code-workspace", JSONC), ("snippets/a.code-snippets", JSONC), (".babelrc", JSONC), ("deno.json", JSONC),
    ("themes/dark-color-theme.json", JSONC), ("DATA.JSON", JSON), ("a.Jsonl", JSONL),
])  # fmt: skip
def test_a_file_is_known_by_its_name(path, language):
    assert language_for(path) is language


@pytest.mark.parametrize("path", ["json", "a.jso", "ajson", "a.json5", "a.txt", "vscode/tsconfig"])
def test_other_files_are_none_of_ours(path):
    assert language_for(path) not in (JSON, JSONL, JSONC)


def test_an_editor_that_calls_a_commented_file_json_gets_the_dialect_of_its_name():
    assert language_for_id("json", "tsconfig.json") is JSONC
    assert language_for_id("json", "package.json") is JSON
    assert language_for_id("jsonc", "package.json") is JSONC
    assert language_for_id("jsonl") is JSONL


def test_languages_are_found_by_name():
    assert [language_named(name) for name in ("json", "jsonl", "jsonc")] == [JSON, JSONL, JSONC]


@pytest.mark.parametrize("dialect", ["json", "jsonl", "jsonc"])
def test_the_compiler_has_nothing_to_remark_on_a_grammar(dialect):
    assert [str(note) for note in make_machine(dialect).tables.notes] == []


# -------------------------------------------------------------------------------------------------------- JSON Lines
@pytest.mark.parametrize("text", [
    "", "\n", "\n\n", "1", "1\n", "1\n2\n", "1\r\n2\r\n", '{"a": 1}\n{"a": 2}', "[1]\n\n[2]\n\n\n", " 1 \n\t2\t\n",
    'null\ntrue\nfalse\n"a"\n', '{"a":[{"b":[]}]}\n[]\n', "\ufeff1\n2\n", '"a\\nb"\n', "[1,\r2]\n", " \n \n1\n",
])  # fmt: skip
def test_lines_of_values_are_accepted(text):
    assert said(text, JSONL) == []


@pytest.mark.parametrize("text, expected", [
    ("1 2\n", ["json.extra_value"]),
    ("[1][2]\n", ["json.extra_value"]),
    ("1\r2\n", ["json.extra_value"]),
    ("1,\n2\n", ["parser.syntax.expected_tokens"]),
    ("[1,]\n[2]\n", ["json.trailing_comma"]),
    ('{"a": 1\n{"a": 2}\n', ["json.record_break"]),
    ('{"a":\n', ["json.record_break"]),
    ('{"a": [1, 2\n', ["json.record_break"]),
    ("[1\n]\n", ["json.record_break"] * 2),
    ("[1", ["parser.syntax.expected_tokens"]),
    ("1\n// no\n2\n", ["json.comment"]),
    ("1\nNaN\n2\n", ["json.not_a_number"]),
    ('{"a": "b\n{"a": "c"}\n', ["json.unterminated_string", "json.record_break"]),
    ("1\n\u00a02\n", ["json.blank"]),
    ("1\n\ufeff2\n", ["json.blank"]),
    ("a: 1\n", ["json.unquoted_key", "parser.syntax.expected_tokens"]),
])  # fmt: skip
def test_a_mistake_stays_on_its_line(text, expected):
    assert codes(text, JSONL) == expected


@pytest.mark.parametrize("text, mended", [
    ('{"a": [1\n{"b": 2}\n', '{"a": [1]}\n{"b": 2}\n'),
    ("1 2\n", "1 \n2\n"),
    ("[\n1\n", "[]\n1\n"),
])  # fmt: skip
def test_the_first_fix_of_a_broken_line_mends_it(text, mended):
    first = said(text, JSONL)[0]

    assert fixed(text, first.fixes[0]) == mended
    assert accepts(mended, JSONL)


def test_a_line_after_a_broken_one_is_read_afresh():
    text = '{"a": {"b": [\n{"ok": 1}\n{"ok": }\n{"ok": 3}\n'

    assert codes(text, JSONL) == ["json.record_break", "json.missing_value"]
    assert [d.span.start.line for d in said(text, JSONL)] == [1, 2]


def test_a_value_over_several_lines_is_json_and_no_line_of_json_lines():
    text = '{\n "a": 1\n}\n'

    assert accepts(text, JSON)
    assert set(codes(text, JSONL)) >= {"json.record_break"}


# ------------------------------------------------------------------------------------------------ JSON with comments
@pytest.mark.parametrize("text", [
    "// a\n1", "1 // a", "/**/1", "/* a */ [1, /* b */ 2] // c\n", "[\n// a\n1,\n// b\n2\n]", "/* a\n * b\n */\n{}",
    '{"a": /* " */ 1}', '["// no comment", "/* nor this */"]', "[1 /* * / ** */]", "\ufeff// a\n1", "/***/ 1", "1//",
    "// é😀\n[]", "/* // */ 1", "// /*\n1",
])  # fmt: skip
def test_comments_are_accepted(text):
    assert said(text, JSONC) == []
    assert not accepts(text, JSON) or "no comment" in text


@pytest.mark.parametrize("text, expected", [
    ("", ["json.empty"]),
    ("// a\n", ["json.empty"]),
    ("[1] /* a", ["parser.lexer.unknown_token"]),
    ("[1] /*/", ["parser.lexer.unknown_token"]),
    ("# a\n[1]", ["json.comment"]),
    ("[1,,]", ["json.extra_comma", "json.trailing_comma"]),
    ("[,]", ["json.extra_comma"]),
    ("{,}", ["json.extra_comma"]),
    ("/ 1", ["parser.lexer.unknown_token"]),
    ("/* /* */ */ 1", ["parser.lexer.unknown_token"]),
    ("{'a': 1}", ["json.single_quotes"]),
    ("1 // a\n2", ["json.extra_value"]),
    ('"a // b\n', ["json.unterminated_string"]),
])  # fmt: skip
def test_everything_else_is_as_strict_as_json(text, expected):
    assert codes(text, JSONC) == expected


def test_an_open_comment_says_where_it_began():
    (diagnostic,) = said("[1]\n/* a\nb", JSONC)

    assert diagnostic.span == Span.on_line(1, 0, 2)
    assert "`/*` is never closed" in diagnostic.message
    assert [place.span for place in diagnostic.related] == [Span.on_line(2, 1, 1)]
