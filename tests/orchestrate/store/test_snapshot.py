"""A state that is kept: the same as the fold of the log, or passed over."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from engine.orchestrate.controller import fold
from engine.orchestrate.events import Draft
from engine.orchestrate.state import State
from engine.orchestrate.store import event_log
from engine.orchestrate.store.event_log import DamagedLog, EventLog
from engine.orchestrate.store.snapshot import rules_of, state_of, text_of
from tests.orchestrate.simulation import simulate
from tests.orchestrate.story import Story

RULES = Path(event_log.__file__).parent.parent


def played(seed: int) -> State:
    """The state of a world at the last moment at which no run was open."""
    state = quiet = State()
    for event in simulate(seed).log:
        state = fold([event], state)
        quiet = state if not state.runs else quiet
    return quiet


def test_a_state_comes_back_from_its_text_as_it_was(seed: int) -> None:
    ended = 0
    for number in range(60):
        state = played(seed * 10_000 + number)
        ended += len(state.ended)
        assert state_of(text_of(state)) == state

    assert ended > 20


def test_a_state_with_an_open_run_is_not_kept(seed: int) -> None:
    world = simulate(seed)
    states = [fold(world.log[:number]) for number in range(len(world.log))]
    with pytest.raises(ValueError, match="open"):
        text_of(next(state for state in states if state.runs))


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"rules": "others", "state": {}}', text_of(State()).replace('"ended"', '"endings"'),
    text_of(State()).replace('"ended": {}', '"ended": 5'),
])  # fmt: skip
def test_what_is_no_state_of_these_rules_is_none(text: str) -> None:
    assert state_of(text) is None


@pytest.mark.parametrize("name", ["rules/rounds.py", "state.py", "task.py", "controller.py"])
def test_rules_that_changed_are_others_whatever_the_version(tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(RULES, tmp_path / "orchestrate")
    assert rules_of(copy) == rules_of(RULES)
    path = copy / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert rules_of(copy) != rules_of(RULES)


def test_all_that_the_controller_imports_is_looked_at(tmp_path: Path) -> None:
    listing = "import sys, engine.orchestrate.controller; print(*(m for m in sys.modules if '.orchestrate.' in m))"
    done = subprocess.run([sys.executable, "-P", "-c", listing], capture_output=True, check=True, text=True)
    copy = shutil.copytree(RULES, tmp_path / "orchestrate")
    loaded = [copy.joinpath(*name.split(".")[2:]).with_suffix(".py") for name in done.stdout.split()]
    modules = [path for path in loaded if path.is_file()]
    assert len(modules) > 20
    for path in modules:
        before = rules_of(copy)
        path.write_text("", encoding="utf-8")
        assert rules_of(copy) != before, path.name


def approval(name: str) -> Draft:
    return Draft(type="approval", payload={"action": "approve", "hash": name, "by": "Ada"}, intent_id=name)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of 30 approvals whose state was kept after 20."""
    monkeypatch.setattr(event_log, "_EVENTS_FOLDED", 20)
    path = tmp_path / "events.sqlite"
    with EventLog.open(path, write=True) as log:
        for number in range(30):
            log.append(approval(f"i{number}"))
            log.keep(log.state())
    return path


def changed(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute(statement).rowcount == 1
    connection.commit()
    connection.close()


def kept(path: Path) -> int:
    """The number of the last event that what is kept is of."""
    connection = sqlite3.connect(path)
    ((text,),) = connection.execute("SELECT state FROM snapshots").fetchall()
    connection.close()
    return int(json.loads(text)["state"]["sequence"])


def state(path: Path) -> State:
    with EventLog.open(path, write=False) as log:
        return log.state()


def whole_fold(path: Path) -> State:
    with EventLog.open(path, write=False) as log:
        return fold(log.read())


def test_the_state_is_folded_from_what_is_kept_and_is_the_same(path: Path) -> None:
    assert kept(path) == 20
    assert state(path) == whole_fold(path) and len(state(path).intents) == 30


def test_what_stands_before_is_not_read_again_for_the_state_and_damage_is_found_by_a_reader(path: Path) -> None:
    before = state(path)
    changed(path, "UPDATE events SET payload = '{}' WHERE sequence = 5")

    assert state(path) == before
    with pytest.raises(DamagedLog, match="event 5"):
        whole_fold(path)
    changed(path, "UPDATE events SET payload = '{}' WHERE sequence = 25")
    with pytest.raises(DamagedLog, match="event 25"):
        state(path)


@pytest.mark.parametrize("statement", [
    "UPDATE snapshots SET state = replace(state, 'i7', 'i8')",
    "UPDATE snapshots SET checksum = ''",
    "DELETE FROM snapshots",
])  # fmt: skip
def test_without_anything_sound_the_whole_log_is_folded(path: Path, statement: str) -> None:
    changed(path, statement)

    assert state(path) == whole_fold(path)


def test_a_log_that_was_cut_short_is_not_taken_for_what_was_kept(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM events WHERE sequence > 10")
    connection.commit()
    connection.close()

    assert state(path) == whole_fold(path) and len(state(path).intents) == 10


def test_what_an_intent_waits_for_is_kept() -> None:
    story = Story()
    story.approve()
    story.happens("hold", {"reason": "main conflicts", "next_action": "merge"}, intent_id="one")

    kept = state_of(text_of(story.state))

    assert kept == story.state and kept.intents["one"].hold is not None
