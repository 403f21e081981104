"""The commonest errors are said in the words that were read and found good."""

from __future__ import annotations

import pytest

from tests.languages.common_errors import FILE, LANGUAGES, entries, rendered, shown

CONTENT = FILE.read_text(encoding="utf-8")
ENTRIES = list(entries(CONTENT))


def test_there_are_fifty_of_them_in_both_languages():
    assert len(ENTRIES) >= 50
    assert {entry.language for entry in ENTRIES} == set(LANGUAGES)
    assert len({entry.text for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.language}: {entry.title}")
def test_what_is_said_is_what_the_file_has(entry):
    assert shown(entry) in CONTENT


def test_the_file_is_as_the_command_writes_it():
    assert rendered(CONTENT) == CONTENT
