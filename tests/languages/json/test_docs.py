"""Every code has its page, and the pages' examples are what they say they are."""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

import pytest

from engine.languages.json import JSON, JSONC, JSONL, advice, checks, lexer
from engine.languages.language import Language
from tests.languages.json.asking import codes
from tests.languages.json.test_messages import MISTAKES

FOLDER = files(JSON.docs) / "docs"
PAGES = {page.name.removesuffix(".md"): page.read_text(encoding="utf-8") for page in FOLDER.iterdir()}
LANGUAGES: dict[str, Language] = {language.name: language for language in (JSON, JSONL, JSONC)}
SECTIONS = ["What", "Why", "Example", "Fix"]
#: Pages whose example is described in words: it does not fit a page, or cannot stand in one.
IN_WORDS = {"check.unit.limit", "unicode.invalid_utf8"}


def blocks(page: str, section: str) -> list[tuple[str, str]]:
    """The (language, text) of the code blocks of a section."""
    body = page.split(f"\n## {section}\n")[1].split("\n## ", maxsplit=1)[0]
    return re.findall(r"^```(\w+)\n(.*?)\n?```$", body, re.M | re.S)


def test_every_code_in_the_source_has_a_page():
    sources = [inspect.getsource(module) for module in (advice, checks, lexer)]
    mentioned = {code for source in sources for code in re.findall(r'"(json\.[a-z_]+)"', source)}

    assert mentioned | {code for _, code, _, _ in MISTAKES} <= PAGES.keys()
    assert {"check.unit.limit", "unicode.invalid_utf8", "json.lone_surrogate"} <= PAGES.keys()


def test_every_page_is_about_a_code_that_is_used():
    used = {code for _, code, _, _ in MISTAKES} | IN_WORDS
    used |= {"json.record_break", "json.lone_surrogate", "json.duplicate_key"}

    assert used >= PAGES.keys()


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_has_its_four_sections_and_no_more(code):
    page = PAGES[code]

    assert page.startswith(f"# {code}\n")
    assert re.findall(r"^## (.+)$", page, re.M) == SECTIONS
    assert len(page) < 2000


@pytest.mark.parametrize("code", sorted(PAGES.keys() - IN_WORDS))
def test_the_example_has_the_mistake_and_the_fix_has_none(code):
    ((language, wrong),) = blocks(PAGES[code], "Example")
    *_, (same, right) = blocks(PAGES[code], "Fix")

    assert set(codes(wrong, LANGUAGES[language])) == {code}
    assert same == language
    assert codes(right, LANGUAGES[language]) == []
