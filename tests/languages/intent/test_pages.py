"""The pages about an Intent's problems: one for each code, and their examples show it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from engine.languages.intent.document import parse

PAGES = {
    page.name.removesuffix(".md"): page.read_text(encoding="utf-8")
    for page in (files("engine.languages.intent") / "docs").iterdir()
}
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SHOWN = {code: match[1] for code, text in PAGES.items() if (match := YAML.search(text.split("## Fix")[0]))}


@pytest.mark.parametrize("code", SHOWN)
def test_the_example_has_the_problem(code: str) -> None:
    assert code in {problem.code for problem in parse("x", SHOWN[code]).problems}


@pytest.mark.parametrize("code", [code for code, text in PAGES.items() if YAML.search(text.split("## Fix")[1])])
def test_the_fix_is_one(code: str) -> None:
    match = YAML.search(PAGES[code].split("## Fix")[1])

    assert match is not None
    assert parse("x", match[1]).problems == ()


def test_every_page_is_there_and_has_its_four_parts() -> None:
    named = {"intent.too_large", "intent.bad_name", "intent.exists", "intent.unwritable"}

    assert set(PAGES) == set(SHOWN) | named
    for code, text in PAGES.items():
        assert text.startswith(f"# {code}\n")
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["What", "Why", "Example", "Fix"]
