"""The benchmark beside other parsers runs, its rows are complete, and what it counts is right; no times."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bench.contenders import FAULTS, LANGUAGES, TABLES, broken, middle, text_in
from tests.bench.engine_speed import MB
from tests.bench.other_parsers import OTHERS, Contender
from tests.bench.parsers_beside import Cell, Plan, Row, grown, is_installed, letters, one_at_a_time, opened, rows
from tests.bench.yardstick import machine_speed
from tests.corpus import CHECKOUT

pytestmark = pytest.mark.bench

TINY = Plan(typed=(2000, 4000), read=3000, rounds=1, letters=2, patience=20)
CONTENDERS = [each for table in TABLES.values() for each in table]


@pytest.fixture(params=CONTENDERS, ids=lambda each: f"{each.name}-{each.language}")
def contender(request: pytest.FixtureRequest) -> Contender:
    """Each that is installed."""
    if not is_installed(request.param):
        pytest.skip(f"{request.param.module} is not installed (extra `bench`)")
    return request.param


@pytest.mark.parametrize("title", TABLES)
def test_every_row_has_a_cell_for_each_contender_that_is_installed(title):
    with ThreadPoolExecutor(1) as here:
        found = rows(title, TINY, here)
    names = [each.name for each in TABLES[title] if is_installed(each)]

    assert [list(row.cells) for row in found] == [names] * len(found)
    assert all(row.shown(name) for row in found for name in names)
    assert {row.unit for row in found} == {"", "us", "MB/s", "B/char"}
    assert sum("letter" in row.title for row in found) == len(TINY.typed)


def test_memory_is_measured_in_a_process_of_its_own():
    with one_at_a_time() as processes:
        assert processes.submit(grown, "JSON", "engine", 300_000).result() > 1


def test_a_valid_text_has_no_errors_and_a_broken_one_has(contender):
    text = text_in(contender.language, 20_000)
    wrong, lines = broken(contender.language, text)

    assert len(lines) == FAULTS == len(set(lines))
    assert len(text) - len(wrong) == FAULTS
    assert contender.told(text) == set()
    assert not contender.told(wrong).isdisjoint({lines[0], lines[0] + 1})


def test_the_engine_tells_of_every_fault_and_of_nothing_else():
    for contender in (table[0] for table in TABLES.values()):
        wrong, lines = broken(contender.language, text_in(contender.language, 20_000))
        assert contender.told(wrong) == set(lines)


def test_letters_that_were_typed_are_in_the_text(contender):
    text = text_in(contender.language, 3000)
    session, at = opened(contender, text), middle(contender.language, text)
    for _ in range(2):
        session.letter()()
    kept = session.text()

    assert kept == f"{text[:at]}qq{text[at:]}"
    assert contender.told(kept) == set()


def test_an_edit_is_told_to_those_who_keep_a_tree():
    assert {each.name for each in OTHERS if each.typing} == {"tree-sitter-json", "tree-sitter-python", "parso"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_the_same_in_every_run_and_a_letter_goes_into_a_word(language):
    text = text_in(language, 5000)

    assert text == text_in.__wrapped__(language, 5000)
    assert 5000 <= len(text) < 7000
    assert re.match("[a-z]", text[middle(language, text):])


def test_parsy_and_lark_read_what_the_standard_library_reads():
    text = text_in("json", 2000)
    read = {each.name: each.reader for each in OTHERS if each.language == "json" and is_installed(each)}
    if "parsy" in read:
        assert read["parsy"]()(text) == json.loads(text)
    if "lark LALR" in read:
        assert read["lark LALR"]()(text) is not None
    assert read["json (C)"]()(text) == json.loads(text)


def test_what_would_take_too_long_is_estimated_and_marked():
    table = [each for each in TABLES["JSON"] if each.name in {"engine", "json (C)"}]
    small, large = letters(table, Plan(typed=(2000, 200_000), letters=1, patience=1e-9))

    assert small.cells["engine"].note == ""
    assert large.cells["engine"].note == ""
    assert (large.cells["engine"].figure or 0) > 0
    assert large.cells["json (C)"].note == "~"
    assert large.cells["json (C)"].figure == pytest.approx(100 * (small.cells["json (C)"].figure or 0))


@pytest.mark.parametrize(("less", "other", "shown"), [
    (True, 3000.0, "3 ms (30×)"), (True, 2 * MB, "2 s (20000×)"), (False, 50.0, "50 us (2×)")])
def test_a_ratio_says_how_many_times_better_the_first_column_is(less, other, shown):
    row = Row("", "us", less, {"engine": Cell(100), "other": Cell(other), "none": Cell(None, "reads anew")})

    assert [row.shown(name) for name in row.cells] == ["100 us", shown, "reads anew"]


def test_the_speed_of_the_machine_is_said_in_a_unit_of_others():
    named = re.findall(r"(\w+) \d+\.\d\d MB/s", machine_speed(5000, 1))

    assert named == ["tokenize", *(["parso"] if importlib.util.find_spec("parso") else [])]


# --------------------------------------------------------------------------------------------------------- the command
def _command(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.checkout
@pytest.mark.parametrize("module", ["parsers_beside", "json_speed", "engine_speed"])
def test_a_benchmark_says_its_units_and_refuses_what_makes_no_sense(module):
    helped = _command(module, "--help")

    assert helped.returncode == 0
    assert "MB/s" in helped.stdout or "MB" in helped.stdout
    assert _command(module, "--nonsense").returncode == 2


@pytest.mark.checkout
@pytest.mark.parametrize(("module", "arguments"), [
    ("parsers_beside", ["--sizes", "0"]), ("parsers_beside", ["--rounds", "0"]), ("parsers_beside", ["--read", "nan"]),
    ("json_speed", ["--megabytes", "-1"]), ("json_speed", ["--repeat", "0"])])
def test_an_argument_that_makes_no_sense_is_named(module, arguments):
    done = _command(module, *arguments)

    assert done.returncode == 2
    assert arguments[0] in done.stderr and "must be" in done.stderr
