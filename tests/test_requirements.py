"""`REQUIREMENTS.md` and `RUNNER.md` are walked: every number is there once, and every test they name exists.

A line that nothing shows yet says `later:` and what it waits for, in words; one that is not to be says `decided:`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.corpus import CHECKOUT

pytestmark = pytest.mark.checkout

#: the pages, and of each its sections with how many numbers they have
PAGES = {
    "REQUIREMENTS.md": "K7 A25 B14 C17",
    "RUNNER.md": "D27 W13 G5 N14 U5 I7 O6 F5 V6 S5 H6 T15 B7 P7 M10 L27 E5",
}
ROW = re.compile(r"\| ([A-Z]\d+) \| ([^|]+) \| ([^|]+) \|$")
REFERENCE = re.compile(r"`(tests/[\w./-]+\.py)((?:::\w+)*)`")


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    """The name of a page."""
    return str(request.param)


@pytest.fixture
def rows(page: str) -> dict[str, str]:
    """What stands beside each number of a page; a number that comes twice is an error."""
    found: dict[str, str] = {}
    for line in (CHECKOUT / "tests" / page).read_text(encoding="utf-8").splitlines():
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


def test_every_number_is_there_in_order(page: str, rows: dict[str, str]) -> None:
    sections = [(each[0], int(each[1:])) for each in PAGES[page].split()]

    assert list(rows) == [f"{section}{n}" for section, last in sections for n in range(1, last + 1)]


def test_every_number_has_a_test_or_says_what_it_waits_for(rows: dict[str, str]) -> None:
    shows = re.compile(REFERENCE.pattern + r"|(later|decided): \w+")
    bare = [number for number, shown in rows.items() if not shows.search(shown)]

    assert bare == []


def test_every_named_test_exists(rows: dict[str, str]) -> None:
    wrong = [
        f"{number}: {problem}"
        for number, shown in rows.items()
        for file, names in REFERENCE.findall(shown)
        if (problem := missing(CHECKOUT / file, names.split("::")[1:]))
    ]

    assert wrong == []


def test_a_reference_is_written_so_that_it_is_walked(rows: dict[str, str]) -> None:
    loose = [
        f"{number}: {text}"
        for number, shown in rows.items()
        for text in re.findall(r"`([^`]*tests/[^`]*)`", shown)
        if not REFERENCE.fullmatch(f"`{text}`")
    ]

    assert loose == []
