"""The head of the records kept elsewhere: what somebody with the key and all of the state forges is found by it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.orchestrate.events import Draft
from engine.orchestrate.redact import Redactor
from engine.orchestrate.store.chain import Anchor, Head
from engine.orchestrate.store.elsewhere import Elsewhere
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.records import Records
from engine.orchestrate.store.verify import Broken, Intact, verify

KEY = bytes(range(32))
KEEPER = """
import pathlib, sys
place, said = pathlib.Path(sys.argv[1]), sys.stdin.read()
place.write_text(said) if said else sys.stdout.write(place.read_text())
"""


def written(folder: Path, elsewhere: Elsewhere | None, *reasons: str) -> Path:
    """A log of what people did, one after the other."""
    log = folder / "events.sqlite"
    records = Records(KEY, Anchor(folder / "head"), Redactor({}), elsewhere)
    with EventLog.open(log, write=True, records=records) as opened:
        for reason in reasons:
            opened.append(Draft(type="cancel", payload={"reason": reason, "by": "Ada"}, run_id="r"))
    return log


def checked(folder: Path, elsewhere: Elsewhere) -> Intact | Broken | None:
    return verify(folder / "events.sqlite", KEY, Anchor(folder / "head"), list(elsewhere.heads()))


@pytest.fixture(params=["file", "command"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Elsewhere:
    place = tmp_path / "elsewhere"
    if request.param == "file":
        return Elsewhere(place)
    return Elsewhere(None, [sys.executable, "-c", KEEPER, str(place)])


def test_what_is_as_it_was_agrees(tmp_path: Path, elsewhere: Elsewhere) -> None:
    written(tmp_path, elsewhere, "a", "b", "c")
    heads = [head.seq for head, _ in elsewhere.heads()]

    assert heads == ([1, 2, 3] if elsewhere.file else [3])
    assert isinstance(checked(tmp_path, elsewhere), Intact)


def test_a_chain_that_was_made_anew_with_the_key_is_found(tmp_path: Path, elsewhere: Elsewhere) -> None:
    written(tmp_path, elsewhere, "a", "b", "c")
    for name in ("events.sqlite", "head"):
        (tmp_path / name).unlink()
    written(tmp_path, None, "a", "forged", "c")
    found = checked(tmp_path, elsewhere)

    assert isinstance(found, Broken) and found.wrong.startswith("it is another than the one whose value was kept at ")
    (tmp_path / "events.sqlite").unlink()
    (tmp_path / "head").unlink()
    found = checked(tmp_path, elsewhere)
    assert isinstance(found, Broken) and found.wrong.startswith("it is gone: ")


def test_an_end_that_was_cut_off_with_its_anchor_is_found(tmp_path: Path, elsewhere: Elsewhere) -> None:
    written(tmp_path, None, "a")
    before = {name: (tmp_path / name).read_bytes() for name in ("events.sqlite", "head")}
    written(tmp_path, elsewhere, "b")
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)

    assert checked(tmp_path, elsewhere) == Broken(
        2, f"it is gone: the one whose value was kept at {elsewhere.file or sys.executable}",
        "put back a copy of the log; the records before this one are as they were written",
    )  # fmt: skip


def test_what_is_not_decided_by_people_waits_for_the_next_word(tmp_path: Path) -> None:
    elsewhere = Elsewhere(tmp_path / "elsewhere")
    records = Records(KEY, Anchor(tmp_path / "head"), Redactor({}), elsewhere)
    with EventLog.open(tmp_path / "events.sqlite", write=True, records=records) as log:
        log.append(Draft(type="step.start", payload={"key": "k", "step": "implement"}, run_id="r"))
        assert list(elsewhere.heads()) == []
        log.append(Draft(type="run.end", payload={"state": "succeeded"}, run_id="r"))

    assert [head.seq for head, _ in elsewhere.heads()] == [2]


def test_a_place_that_cannot_be_written_loses_no_event_and_is_said_when_asked(tmp_path: Path) -> None:
    nowhere = Elsewhere(tmp_path / "no" / "such" / "folder", ["false"])
    log = written(tmp_path, nowhere, "a", "b")

    with EventLog.open(log, write=False) as opened:
        assert opened.last == 2
    with pytest.raises(OSError, match="false ended with 1"):
        list(nowhere.heads())
    (tmp_path / "broken").write_text("not a head at all")
    with pytest.raises(ValueError):
        list(Elsewhere(tmp_path / "broken").heads())


def test_a_slow_command_gets_the_latest_of_what_came_meanwhile(tmp_path: Path) -> None:
    come, go, seen = tmp_path / "come", tmp_path / "go", tmp_path / "seen"
    os.mkfifo(come)
    os.mkfifo(go)
    elsewhere = Elsewhere(None, ["/bin/sh", "-c", f"echo > {come}; cat >> {seen}; cat {go}"])
    elsewhere.keep(Head(1, "f" * 64))
    come.read_text()
    for number in range(2, 6):
        elsewhere.keep(Head(number, "f" * 64))
    go.write_text("")
    come.read_text()
    go.write_text("")
    elsewhere.close()

    assert [int(line.split()[0]) for line in seen.read_text().splitlines()] == [1, 5]
