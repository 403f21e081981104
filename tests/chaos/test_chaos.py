"""A slice of the chaos, and the proof that it sees what it looks for: faults put into the engine are found."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from engine.parse.blocks import Blocks
from engine.parse.machine import AnyState, Machine
from engine.parse.wording import Wording
from tests.chaos.session import Difference, Script, play, random_session
from tests.chaos.shrink import shrunk
from tests.chaos.subjects import SUBJECTS
from tests.chaos.typist import Edit, Model
from tests.corpus import CHECKOUT


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_difference_in_a_few_sessions(name: str) -> None:
    assert sum(random_session(name, f"0/{number}", 60).edits for number in range(3)) == 180


@pytest.mark.campaign
@pytest.mark.parametrize("name", SUBJECTS)
def test_chaos_campaign(name: str, seed: int, campaign: int) -> None:
    print(f"python -m tests.chaos --seed {seed} --languages {name}")

    assert sum(random_session(name, f"{seed}/{number}").edits for number in range(8 * campaign)) == 1600 * campaign


def test_below_the_depth_cap_the_same_way_on_is_there_once_whatever_was_edited() -> None:
    text = "fn arget(path_right0: Result<Text, Error>, span1: Option<Int>) ->"
    script = Script("tight", "w/68", 2, text, (Edit(66, 66, "@pure\n + " * 6 + "@e\n"), Edit(121, 121, "")))

    assert play(script) is None


# -------------------------------------------------------------------------------------------------- faults are found
def _found(name: str, sessions: int = 40) -> Difference:
    for number in range(sessions):
        try:
            random_session(name, f"fault/{number}")
        except Difference as difference:
            return difference
    raise AssertionError("the fault was not found")


def _stops_too_early(machine: Machine, a: AnyState, b: AnyState) -> bool:
    return getattr(a, "nl", None) == getattr(b, "nl", None)


def _never_stops(machine: Machine, a: AnyState, b: AnyState) -> bool:
    return False


@pytest.mark.parametrize(("fault", "law"), [(_stops_too_early, "pieces"), (_never_stops, "work")])
@pytest.mark.parametrize("name", ["jsonc", "random"])
def test_an_edit_that_stops_too_early_or_too_late_is_found_and_shrunk(
        name: str, fault: Callable[..., bool], law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "same", fault)
    difference = _found(name)
    small = shrunk(difference.script, lambda script: play(script) is not None, 80)
    again = play(small)

    assert difference.law == law
    assert again is not None
    assert len(small.edits) <= 2
    assert len(small.text) <= len(difference.script.text)


def test_diagnostics_that_are_not_forgotten_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wording, "move", lambda self, change: None)

    assert _found("little").law in {"diagnostics", "stream", "fresh answers"}


def test_lines_that_are_counted_wrongly_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    column_of = Blocks.column_of
    monkeypatch.setattr(Blocks, "column_of", lambda self, place: min(column_of(self, place), 200))

    assert _found("little").law in {"tree", "diagnostics", "stream"}


# --------------------------------------------------------------------------------------------------------- the command
def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.chaos", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.checkout
def test_the_command_says_what_it_did_and_how_to_do_it_again() -> None:
    done = _command("--edits", "800", "--seed", "5", "--jobs", "2", "--languages", "json", "little")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed 5: 800 edits over json, little")
    assert done.stdout.endswith("seed 5: no difference in 800 edits\n")


@pytest.mark.checkout
def test_the_command_refuses_what_makes_no_sense() -> None:
    assert _command("--edits", "0").returncode == 2
    assert "--languages" in _command("--help").stdout


# ----------------------------------------------------------------------------------------------------------- the model
@pytest.mark.parametrize(("text", "edit", "result"), [
    ("a\r\nb", Edit(2, 2, "x"), "a\rx\nb"), ("a\r\nb", Edit(0, 2, ""), "\nb"), ("a\r\nb", Edit(2, 9, ""), "a\r"),
    ("ab", Edit(5, 9, "c"), "abc"), ("ab", Edit(1, 0, "c"), "acb"),
])
def test_an_edit_of_the_model_is_a_slice_where_a_document_can_be_edited(text: str, edit: Edit, result: str) -> None:
    model = Model(text)
    placed = model.placed(edit)
    span = model.span(placed)

    assert model.after(placed).text == result
    assert model.after(placed).after(model.inverse(placed)).text == text
    assert [model.offset(edge) for edge in (span.start, span.end)] == [placed.start, placed.end]


def test_a_script_can_be_read_back() -> None:
    script = Script("little", "1/2", 7, "a\r\n\ud800", (Edit(0, 1, "é"), Edit(2, 3, "")))

    assert eval(str(script), {"Script": Script, "Edit": Edit}) == script
