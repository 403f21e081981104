"""Ratios within one run that hold on any machine; the figures themselves are printed by the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.lsp_client import BARE, COMMAND, RUFF
from tests.bench.lsp_latency import (
    BEGIN,
    END,
    SYNTAX_ONLY,
    Table,
    asking,
    changes,
    measured,
    mistaken,
    settling,
    start_ms,
    write_readme,
)
from tests.bench.python_source import python_text
from tests.bench.reml_source import RemlSource

pytestmark = pytest.mark.bench


def test_initialize_is_answered_at_most_a_tenth_of_a_second_later_than_by_bare_pygls() -> None:
    ours = bare = float("inf")
    for _ in range(20):  # the least disturbed start of each: a busy machine gets more tries, not a wider limit
        ours, bare = min(ours, start_ms(COMMAND)), min(bare, start_ms(BARE))
        if ours - bare <= 100:
            break

    assert ours - bare <= 100


def test_a_keystroke_costs_the_same_in_a_large_file() -> None:
    small = measured(COMMAND, RemlSource(1).text(10_000), 200)
    large = measured(COMMAND, RemlSource(1).text(1_000_000), 200)

    assert large.plain.at(0.2) <= 4 * small.plain.at(0.2)
    assert large.breaking.at(0.2) <= 4 * small.breaking.at(0.2)


def test_the_typed_edits_come_in_pairs_that_leave_the_text_well_formed() -> None:
    edits = list(changes(RemlSource(1).text(1_000), 4, breaking=True))

    assert [edit["text"] for edit in edits] == [")", "", ")", ""]
    assert edits[1]["range"]["end"]["character"] == edits[0]["range"]["start"]["character"] + 1


def test_the_python_that_is_compared_with_is_valid_and_of_the_size_that_was_asked_for() -> None:
    text = python_text(20_000)
    compile(text, "a.py", "exec")

    assert 20_000 <= len(text) < 22_000
    assert python_text(20_000) == text


def test_every_twentieth_line_of_a_text_can_be_made_wrong() -> None:
    text = RemlSource(1).text(10_000)
    before, after = text.split("\n"), mistaken(text).split("\n")

    assert [number for number, line in enumerate(before) if line != after[number]] == list(range(0, len(before), 20))


def test_ruff_is_measured_on_what_it_does_find() -> None:
    text = python_text(10_000)

    assert measured(RUFF, text, 2, None, "def").found > 0
    assert measured(RUFF, text, 2, SYNTAX_ONLY, "def").found == 0


def test_everything_that_is_measured_of_a_large_file_happens() -> None:
    text = RemlSource(3).text(200_000)
    asked, worst = asking(text), settling(text, "/*")

    assert 0 < asked.first_diagnostics <= asked.syntax <= asked.settled
    assert len(asked.answers.values) > 3
    assert 0 < worst.first <= worst.settled


def test_the_table_replaces_what_stands_between_the_marks(tmp_path: Path) -> None:
    readme, table = tmp_path / "README.md", Table()
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    table.add("a letter", "1 ms")
    write_readme(table, readme)
    write_readme(table, readme)

    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| | measured |\n|---|---|\n| a letter | 1 ms |\n")
    assert text.endswith(f"{END}\nafter\n") and "old" not in text
