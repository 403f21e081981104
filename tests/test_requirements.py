"""`REQUIREMENTS.md` is walked: every number is there once, and every test or measurement it names exists.

A line that nothing shows yet says `later:` and what it waits for, in words.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.corpus import CHECKOUT

pytestmark = pytest.mark.checkout

PAGE = CHECKOUT / "tests" / "REQUIREMENTS.md"
NUMBERS = [f"{section}{n}" for section, last in (("K", 7), ("A", 25), ("B", 14), ("C", 17)) for n in range(1, last + 1)]
ROW = re.compile(r"\| ([A-Z]\d+) \| ([^|]+) \| ([^|]+) \|$")
REFERENCE = re.compile(r"`(tests/[\w./-]+\.py)((?:::\w+)*)`")


def rows() -> dict[str, str]:
    """What stands beside each number; a number that comes twice is an error."""
    found: dict[str, str] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if match := ROW.match(line):
            number, _, shown = match.groups()
            assert number not in found, f"{number} comes twice"
            found[number] = shown.strip()
    return found


def missing(path: Path, names: list[str]) -> str | None:
    """What of `file::Class::test` does not exist, or None."""
    if not path.is_file():
        return f"no file {path.name}"
    body: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    for name in names:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        node = next((n for n in body if isinstance(n, kinds) and n.name == name), None)
        if node is None:
            return f"no {name} in {path.name}"
        body = node.body
    return None


def test_every_number_is_there_in_order() -> None:
    assert list(rows()) == NUMBERS


def test_every_number_has_a_test_or_says_what_it_waits_for() -> None:
    shows = re.compile(REFERENCE.pattern + r"|later: \w+")
    bare = [number for number, shown in rows().items() if not shows.search(shown)]

    assert bare == []


def test_every_named_test_exists() -> None:
    wrong = [
        f"{number}: {problem}"
        for number, shown in rows().items()
        for file, names in REFERENCE.findall(shown)
        if (problem := missing(CHECKOUT / file, names.split("::")[1:]))
    ]

    assert wrong == []


def test_a_reference_is_written_so_that_it_is_walked() -> None:
    loose = [
        f"{number}: {text}"
        for number, shown in rows().items()
        for text in re.findall(r"`([^`]*tests/[^`]*)`", shown)
        if not REFERENCE.fullmatch(f"`{text}`")
    ]

    assert loose == []
