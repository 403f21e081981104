"""Every code that Reml texts can get has its page, and the pages' examples are what they say they are.

A page names its code, then says what, why, an example and the fix. The example, run through the analysis, gives that
code and no other; the fixed text gives nothing at all. Where a page speaks of a quick fix, the diagnostic brings one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import engine.languages.reml
from engine.languages import page_for
from engine.languages.analysis import Analysis
from engine.languages.reml import REML
from engine.parse.diagnostics import Diagnostic, FixIt, Severity
from engine.parse.source import Position, split_lines

FOLDER = files(REML.docs) / "docs"
PAGES = {
    page.name.removesuffix(".md"): page.read_text(encoding="utf-8")
    for page in FOLDER.iterdir()
    if page.name.endswith(".md")
}
SECTIONS = ["What", "Why", "Example", "Fix"]

#: Codes that the engine gives to texts of any language.
SHARED = {
    "parser.lexer.unknown_token",
    "parser.syntax.expected_tokens",
    "unicode.invalid_utf8",
    "check.names.limit",
    "check.unit.limit",
}
#: Pages whose example is described in words, and why it cannot stand there as code.
IN_WORDS = {
    "check.names.limit": "an example would need more than 100 000 definitions",
    "check.unit.limit": "an example would need a declaration of more than 64 000 characters",
    "unicode.invalid_utf8": "a page is UTF-8 itself, so it cannot hold bytes that are not",
}
#: Codes that leave a text valid; all others are errors.
WARNINGS = {"pattern.guard.if_deprecated"}


def said(text: str) -> list[Diagnostic]:
    """Everything said about a text."""
    return Analysis(REML, text).diagnostics()


def section(code: str, name: str) -> str:
    """The text of a section of a page."""
    return PAGES[code].split(f"\n## {name}\n")[1].split("\n## ", maxsplit=1)[0]


def blocks(code: str, name: str) -> list[tuple[str, str]]:
    """The (language, text) of the code blocks of a section."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", section(code, name), re.MULTILINE | re.DOTALL)


def example(code: str) -> str:
    """The wrong text of a page, which has exactly one."""
    ((_, text),) = blocks(code, "Example")
    return text


def mended(text: str, fix: FixIt) -> str:
    """The text with a fix applied."""
    lines = split_lines(text)

    def offset(at: Position) -> int:
        return sum(map(len, lines[: at.line])) + at.column

    for edit in sorted(fix.edits, key=lambda each: each.span, reverse=True):
        text = text[: offset(edit.span.start)] + edit.text + text[offset(edit.span.end) :]
    return text


def codes_in_source() -> Iterator[str]:
    """The dotted words among the strings of the language's own modules, but for names of modules."""
    for path in Path(str(files(engine.languages.reml))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.fullmatch(r"(?!engine\.)[a-z]\w*(?:\.[a-z]\w*)+", text):
                yield text


WITH_CODE = sorted(PAGES.keys() - IN_WORDS.keys())


def test_the_pages_are_those_of_the_codes_in_the_source_and_of_the_engine() -> None:
    assert PAGES.keys() == {*codes_in_source(), *SHARED}


def test_what_is_described_in_words_has_a_page_and_a_reason() -> None:
    assert PAGES.keys() >= IN_WORDS.keys()
    assert all(IN_WORDS.values())


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_is_found_by_its_code(code: str) -> None:
    page = page_for(code, REML)

    assert page is not None
    assert page.read_text(encoding="utf-8") == PAGES[code]


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_has_its_four_parts_and_no_more(code: str) -> None:
    page = PAGES[code]

    assert page.startswith(f"# {code}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS
    assert all(section(code, name).strip() for name in SECTIONS)
    assert 20 <= len(page.splitlines()) <= 40
    assert page.count("```") == 2 * sum(len(blocks(code, name)) for name in SECTIONS)


@pytest.mark.parametrize("code", sorted(PAGES))
def test_code_is_marked_as_reml_and_only_where_it_belongs(code: str) -> None:
    shown = {name: [language for language, _ in blocks(code, name)] for name in SECTIONS}
    count = 0 if code in IN_WORDS else 1

    assert shown == {"What": [], "Why": [], "Example": ["reml"] * count, "Fix": ["reml"] * count}


@pytest.mark.parametrize("code", WITH_CODE)
def test_the_example_has_the_mistake_and_no_other(code: str) -> None:
    (diagnostic,) = said(example(code))

    assert diagnostic.code == code
    assert diagnostic.severity is (Severity.WARNING if code in WARNINGS else Severity.ERROR)


@pytest.mark.parametrize("code", WITH_CODE)
def test_about_the_fixed_text_there_is_nothing_to_say(code: str) -> None:
    ((_, right),) = blocks(code, "Fix")

    assert said(right) == []


@pytest.mark.parametrize("code", WITH_CODE)
def test_a_quick_fix_is_mentioned_if_there_is_one_and_mends_the_example(code: str) -> None:
    (diagnostic,) = said(example(code))

    assert bool(diagnostic.fixes) is ("quick fix" in section(code, "Fix"))
    assert all(code not in {each.code for each in said(mended(example(code), fix))} for fix in diagnostic.fixes)


def test_ill_formed_bytes_give_the_code_of_their_page() -> None:
    text = 'let open = "café"\n'.encode("latin-1").decode("utf-8", "surrogateescape")

    assert [diagnostic.code for diagnostic in said(text)] == ["unicode.invalid_utf8"]


def test_a_declaration_beyond_the_limit_gives_the_code_of_its_page() -> None:
    rows = ", ".join(["1"] * REML.unit_limit)

    assert [diagnostic.code for diagnostic in said(f"@inline\nlet (rows, _) = ([{rows}], 0)\n")] == ["check.unit.limit"]
    assert f"{REML.unit_limit:_}".replace("_", " ") in PAGES["check.unit.limit"]
