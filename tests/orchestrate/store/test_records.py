"""The audit chain: whatever is done to records, events or the end of the log without the key is found and placed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.orchestrate.events import Draft, Event
from engine.orchestrate.redact import Redactor
from engine.orchestrate.store.chain import Anchor
from engine.orchestrate.store.event_log import EventLog, UnwrittenEvent
from engine.orchestrate.store.records import Records
from engine.orchestrate.store.verify import Broken, Intact, records_in, verify

KEY = bytes(range(32))
OTHERS = "timestamp, type, run_id, intent_id, task_id, parent_id, role, payload, checksum"
TOKEN = "ghp_" + "a1B2" * 9


class Log:
    """A log with records, and what can be done to it behind its back."""

    def __init__(self, folder: Path) -> None:
        self.path, self.head = folder / "events.sqlite", folder / "head"

    def opened(self, key: bytes = KEY) -> EventLog:
        return EventLog.open(self.path, write=True, records=Records(key, Anchor(self.head), Redactor({})))

    def append(self, *texts: str, kind: str = "cancel") -> None:
        with self.opened() as log:
            for text in texts:
                log.append(Draft(type=kind, payload={"reason": text, "by": "Ada"}, run_id="r"))

    def sql(self, *statements: str) -> None:
        connection = sqlite3.connect(self.path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def verify(self, key: bytes | None = KEY) -> Intact | Broken | None:
        return verify(self.path, key, Anchor(self.head))

    @property
    def reasons(self) -> list[str]:
        return [record["reason"] for record in records_in(self.path)]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of six records."""
    log = Log(tmp_path)
    log.append(*"abcdef")
    return log


def broken(found: object) -> tuple[int, str]:
    assert isinstance(found, Broken), found
    assert found.next_action
    return found.seq, found.wrong


def test_an_untouched_chain_is_intact_also_after_it_was_closed_and_opened(log: Log) -> None:
    log.append("g", "h")
    found = log.verify()

    assert isinstance(found, Intact) and found.count == 8
    assert found.head == Anchor(log.head).read()
    assert log.reasons == list("abcdefgh")


def test_nothing_to_verify_where_nothing_was_ever_written(tmp_path: Path) -> None:
    assert Log(tmp_path).verify() is None
    assert list(records_in(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("attack", "seq", "words"),
    [
        ("UPDATE records SET body = replace(body, '\"Ada\"', '\"Bob\"') WHERE seq = 3", 3, "changed"),
        ("UPDATE records SET body = '[]' WHERE seq = 3", 3, "no record"),
        ("UPDATE records SET value = replace(value, substr(value, 1, 8), '00000000') WHERE seq = 4", 4, "changed"),
        ("DELETE FROM records WHERE seq = 3", 3, "taken out"),
        ("DELETE FROM records WHERE seq = 1", 1, "taken out"),
        ("DELETE FROM records WHERE seq > 4", 5, "cut off"),
        ("DELETE FROM records", 1, "up to 6 are gone"),
        ("INSERT INTO records SELECT 7, body, value FROM records WHERE seq = 6", 7, "another record, 6"),
        ("INSERT INTO records SELECT 7, replace(body, '\"seq\":6', '\"seq\":7'), value FROM records WHERE seq = 6", 7,
         "put in"),
        ("UPDATE events SET payload = replace(payload, 'Ada', 'Bob') WHERE sequence = 2", 2, "event 2 was changed"),
        ("DELETE FROM events WHERE sequence = 5", 5, "event 5 was taken out"),
        (f"INSERT INTO events SELECT 99, 'x', {OTHERS} FROM events WHERE sequence = 1", 7, "event 99 has no record"),
    ],
)  # fmt: skip
def test_what_was_done_without_the_key_is_found_at_the_first_record_it_touches(
    log: Log, attack: str, seq: int, words: str
) -> None:
    log.sql(attack)
    where, wrong = broken(log.verify())

    assert where == seq
    assert words in wrong


def test_records_that_changed_places_are_found(log: Log) -> None:
    log.sql(
        "UPDATE records SET seq = 100 WHERE seq = 2",
        "UPDATE records SET seq = 2 WHERE seq = 5",
        "UPDATE records SET seq = 5 WHERE seq = 100",
    )
    assert broken(log.verify()) == (2, "another record, 5, stands in its place")


def test_a_changed_event_is_found_though_its_own_checksum_was_made_to_fit(log: Log) -> None:
    with log.opened() as opened:
        (first,) = opened.read(after=5)
    other = log.path.with_name("other")
    with EventLog.open(other, write=True, now=lambda: first.timestamp, new_id=lambda: first.event_id) as forged:
        forged.append(Draft(type="cancel", payload={"reason": "f", "by": "Bob"}, run_id="r"))
    log.sql(
        f"ATTACH '{other}' AS o",
        "UPDATE events SET payload = (SELECT payload FROM o.events), checksum = (SELECT checksum FROM o.events)"
        " WHERE sequence = 6",
    )
    assert broken(log.verify()) == (6, "its event 6 was changed")


def test_an_event_that_was_put_between_others_is_found(tmp_path: Path) -> None:
    log = Log(tmp_path)
    with log.opened() as opened:
        for kind in ("cancel", "diff", "cancel"):
            opened.append(Draft(type=kind, payload={"by": "Ada"}))
    assert isinstance(log.verify(), Intact)

    log.sql("UPDATE events SET type = 'land' WHERE sequence = 2")
    assert broken(log.verify()) == (2, "event 2, before its own, has no record: somebody put it in")


def test_a_log_that_was_rolled_back_and_written_on_does_not_get_a_new_anchor(log: Log) -> None:
    """The attack that a head beside the log would not show: an older copy of the whole log takes its place."""
    old = log.path.read_bytes()
    log.append("g", "h")
    log.path.write_bytes(old)
    anchored = Anchor(log.head).read()
    log.append("x")

    assert Anchor(log.head).read() == anchored
    assert broken(log.verify())[0] == 8
    log.append("y", "z")
    assert broken(log.verify()) == (8, "it is another than the one that was anchored")


def test_deleting_the_anchor_as_told_accepts_what_is_missing(log: Log) -> None:
    log.sql("DELETE FROM records WHERE seq > 4", "DELETE FROM events WHERE sequence > 4")
    assert broken(log.verify())[0] == 5
    log.head.unlink()
    assert "no anchor" in broken(log.verify())[1]

    log.append("x")
    assert isinstance(log.verify(), Intact)


def test_another_key_is_told_from_a_change(log: Log) -> None:
    seq, wrong = broken(log.verify(bytes(32)))
    assert seq == 1 and "made with the key" in wrong
    assert KEY.hex() not in wrong
    assert "key" in broken(log.verify(None))[1]


def test_records_made_with_another_key_do_not_pass(log: Log) -> None:
    with log.opened(bytes(32)) as opened:
        opened.append(Draft(type="cancel", payload={"by": "Eve"}))
    assert broken(log.verify())[0] == 7


def test_a_whole_log_that_is_gone_is_missed(log: Log) -> None:
    log.path.unlink()
    assert broken(log.verify())[0] == 1


def test_a_log_from_before_records_is_recorded_from_now_on(tmp_path: Path) -> None:
    log = Log(tmp_path)
    with EventLog.open(log.path, write=True) as old:
        old.append(Draft(type="cancel", payload={"by": "Ada"}))
    assert log.verify() is None

    log.append("a")
    assert log.verify() == Intact(1, Anchor(log.head).read())  # type: ignore[arg-type]


def test_a_turn_that_fails_leaves_no_record(log: Log) -> None:
    def fail(_: Event) -> list[Draft]:
        raise RuntimeError("no")

    with log.opened() as opened:
        with pytest.raises(RuntimeError, match="no"):
            opened.append(Draft(type="cancel"), fail)
        opened.append(Draft(type="cancel", payload={"reason": "g"}))
    assert log.reasons == list("abcdefg")
    assert isinstance(log.verify(), Intact)


def test_a_crash_before_the_anchor_is_written_is_no_attack(log: Log) -> None:
    before = log.head.read_bytes()
    log.append("g")
    log.head.write_bytes(before)

    assert isinstance(log.verify(), Intact)
    log.append("h")
    assert isinstance(log.verify(), Intact)
    assert log.reasons == list("abcdefgh")


def test_an_anchor_that_cannot_be_written_loses_no_event(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.head.mkdir()
    log.append("a")
    log.head.rmdir()
    log.append("b")

    assert log.reasons == ["a", "b"]
    assert isinstance(log.verify(), Intact)


def test_what_the_disk_may_not_have_is_not_anchored(log: Log) -> None:
    with log.opened() as opened:
        opened.append(Draft(type="step.start", payload={"key": "r/-/analyze/1"}))
        anchored = Anchor(log.head).read()
        assert anchored is not None and anchored.seq == 6
        opened.append(Draft(type="step.end", payload={"key": "r/-/analyze/1"}))
        anchored = Anchor(log.head).read()
        assert anchored is not None and anchored.seq == 8


def test_secrets_are_taken_out_before_the_value_is_made(log: Log) -> None:
    log.append(f"use {TOKEN}")
    assert log.reasons[-1] == "use [redacted github-token]"
    assert isinstance(log.verify(), Intact)


def test_the_approval_of_a_run_is_in_each_of_its_records(tmp_path: Path) -> None:
    log = Log(tmp_path)
    ada = {"action": "approve", "hash": "h", "by": "Ada <ada@example.org>", "mode": "cli"}
    with log.opened() as opened:
        opened.append(Draft(type="approval", payload={**ada, "by": "Old"}, intent_id="one"))
        opened.append(Draft(type="approval", payload=ada, intent_id="one"))
        opened.append(Draft(type="approval", payload={**ada, "by": "Else"}, intent_id="two"))
        opened.append(Draft(type="run.start", payload={"flow": ["analyze"]}, run_id="r", intent_id="one"))
    with log.opened() as opened:  # another process: it remembers nothing
        opened.append(Draft(type="land", payload={"branch": "main", "after": "c"}, run_id="r", intent_id="one"))
    *_, start, land = records_in(log.path)

    assert start["approval"] == land["approval"]
    assert start["approval"] == {"by": ada["by"], "at": start["approval"]["at"], "mode": "cli"}
    assert (land["actor"], land["action"], land["target"], land["reason"]) == ("penstock", "land", "main", "commit c")


def test_a_head_that_is_nonsense_is_as_good_as_none(log: Log) -> None:
    log.head.write_text("nonsense", encoding="ascii")
    assert Anchor(log.head).read() is None
    assert "no anchor" in broken(log.verify())[1]


def test_a_full_disk_leaves_no_half_record(log: Log) -> None:
    with log.opened() as opened:
        opened._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(UnwrittenEvent):
            opened.append(Draft(type="cancel", payload={"reason": "x" * 100_000}))
    assert isinstance(log.verify(), Intact)


def test_each_record_says_which_it_is(log: Log) -> None:
    found = list(records_in(log.path))
    assert [record["seq"] for record in found] == [1, 2, 3, 4, 5, 6]
    assert all(json.dumps(record) for record in found)


