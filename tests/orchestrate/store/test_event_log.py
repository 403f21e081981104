"""The event log: what was appended is there, whole, in order, for everyone; and what is damaged is told."""

from __future__ import annotations

import itertools
import json
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.orchestrate.events import Draft, Event
from engine.orchestrate.state import State
from engine.orchestrate.store.event_log import DamagedLog, EventLog, EventsFile, LockedLog, UnwrittenEvent
from engine.orchestrate.store.log_file import unusable


def opened(path: Path, *, write: bool = True) -> EventLog:
    """A log whose times and ids are numbers that rise."""
    times, ids = itertools.count(), itertools.count(1)
    return EventLog.open(
        path,
        write=write,
        now=lambda: f"2026-01-01T00:00:{next(times):02}Z",
        new_id=lambda: f"event-{next(ids)}",
    )


def told(text: str, run_id: str | None = None) -> Draft:
    return Draft(type="error", payload={"message": text}, run_id=run_id)


def messages(log: EventLog, **wanted: object) -> list[str]:
    return [str(event.payload["message"]) for event in log.read(**wanted)]  # type: ignore[arg-type]


def approval(intent_id: str) -> Draft:
    payload = {"action": "approve", "hash": "h", "by": "Ada"}
    return Draft(type="approval", payload=payload, intent_id=intent_id)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite"


def test_an_event_is_read_back_as_it_was_appended(path: Path) -> None:
    draft = Draft(
        type="commit", payload={"text": "Grüße \ud800 \n", "n": [1, 2.5, None]}, run_id="r", intent_id="i", task_id="t",
        parent_id="p", role="implement",
    )  # fmt: skip
    with opened(path) as log:
        (appended,) = log.append(draft)
        (read,) = log.read()

    assert read == appended
    assert (read.sequence, read.event_id, read.timestamp) == (1, "event-1", "2026-01-01T00:00:01Z")
    assert (read.payload, read.run_id, read.intent_id) == (draft.payload, "r", "i")
    assert (read.task_id, read.parent_id, read.role) == ("t", "p", "implement")


def test_a_cause_and_its_announcements_are_one_transaction(path: Path) -> None:
    with opened(path) as log:
        events = log.append(told("cause"), lambda cause: [told(f"because of {cause.sequence}"), told("and more")])

        assert [event.sequence for event in events] == [1, 2, 3]
        assert messages(log) == ["cause", "because of 1", "and more"]


def test_nothing_is_kept_of_a_turn_that_fails(path: Path) -> None:
    def fail(_: Event) -> list[Draft]:
        raise RuntimeError("no")

    with opened(path) as log:
        log.append(told("before"))
        with pytest.raises(RuntimeError, match="no"):
            log.append(told("lost"), fail)
        with pytest.raises(ValueError, match="JSON"):
            log.append(told("lost"), lambda _: [Draft(type="error", payload={"n": float("nan")})])

        log.append(told("after"))
        assert messages(log) == ["before", "after"]
        assert [event.sequence for event in log.read()] == [1, 2]


def test_reading_begins_where_one_wants_and_may_be_of_one_run(path: Path) -> None:
    with opened(path) as log:
        log.append(told("0", run_id="a"), lambda _: [told(str(n), run_id="ab"[n % 2]) for n in range(1, 1200)])

        assert messages(log) == [str(number) for number in range(1200)]
        assert messages(log, after=1198) == ["1198", "1199"]
        assert messages(log, run_id="b", after=1190) == ["1191", "1193", "1195", "1197", "1199"]
        assert messages(log, after=5000) == []


def test_a_run_is_found_by_its_id_or_as_the_newest_of_its_intent_whatever_else_is_in_the_log(path: Path) -> None:
    with opened(path) as log:
        log.append(told("damaged later"))
        for run_id, intent_id in (("a-2", "a"), ("b-1", "b"), ("a-1", "a")):
            log.append(Draft(type="run.start", payload={}, run_id=run_id, intent_id=intent_id))
        log.append(Draft(type="error", payload={}, run_id="b-1", intent_id="a"))
        log._connection.execute("UPDATE events SET payload = '[]' WHERE sequence = 1")

        assert [log.run_called(name) for name in ("a", "b", "a-2", "c")] == ["a-1", "b-1", "a-2", None]
        assert log.last == 5


def test_what_is_appended_while_somebody_reads_is_read_too(path: Path) -> None:
    with opened(path) as log:
        log.append(told("0"), lambda _: [told(str(number)) for number in range(1, 500)])
        reader = log.read()
        first = next(reader)
        log.append(told("late"))

        assert first.sequence == 1
        assert [event.sequence for event in reader][-1] == 501


def test_readers_need_no_lock_and_see_what_is_appended(path: Path) -> None:
    with opened(path) as log, opened(path, write=False) as reader:
        log.append(told("one"))

        assert messages(reader) == ["one"]
        with pytest.raises(UnwrittenEvent, match="reading only"):
            reader.append(told("two"))


def test_a_log_that_nobody_has_open_can_be_read(path: Path) -> None:
    with opened(path) as log:
        log.append(told("one"))
    with opened(path, write=False) as reader:
        assert messages(reader) == ["one"]


def test_there_is_one_writer_and_the_next_is_told_which(path: Path) -> None:
    with opened(path) as log:
        log.append(told("one"))
        with pytest.raises(LockedLog, match="holds") as caught:
            opened(path)

    assert caught.value.pid is not None
    assert caught.value.since == "2026-01-01T00:00:00Z"
    with opened(path) as log:
        assert messages(log) == ["one"]


def test_a_dead_writer_leaves_no_lock(path: Path) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from engine.orchestrate.events import Draft\n"
        "from engine.orchestrate.store.event_log import EventLog\n"
        "log = EventLog.open(pathlib.Path(sys.argv[1]), write=True)\n"
        "log.append(Draft(type='error', payload={'message': 'safe'}))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    child = subprocess.run([sys.executable, "-P", "-c", script, str(path)], check=False)

    assert child.returncode == -9
    with opened(path) as log:
        assert messages(log) == ["safe"]


def test_threads_append_one_after_the_other(path: Path) -> None:
    with opened(path) as log:
        threads = [threading.Thread(target=lambda: [log.append(told("x")) for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [event.sequence for event in log.read()] == list(range(1, 81))


def test_its_files_are_private(path: Path) -> None:
    with opened(path) as log:
        log.append(told("one"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert set(modes) >= {"events.sqlite", "events.sqlite.lock"}
    assert set(modes.values()) == {0o600}


def test_what_is_acknowledged_is_synchronised(path: Path) -> None:
    with opened(path) as log:
        (mode,) = log._connection.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = log._connection.execute("PRAGMA synchronous").fetchone()

    assert (mode, synchronous) == ("wal", 2)


def test_all_but_the_beginning_of_a_step_waits_for_the_disk(path: Path) -> None:
    found: list[int] = []
    with opened(path) as log:
        for kind in ("run.start", "step.start", "step.start", "step.end"):
            log.append(Draft(type=kind))
            found += log._connection.execute("PRAGMA synchronous").fetchone()

    assert found == [2, 1, 1, 2]


def test_a_missing_log_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no log"):
        opened(path, write=False)

    assert not path.exists()


@pytest.mark.parametrize(
    "damage, wrong, sequence",
    [
        ('UPDATE events SET payload = \'{"message": "forged"}\' WHERE sequence = 3', "checksum", 3),
        ("UPDATE events SET run_id = 'other' WHERE sequence = 5", "checksum", 5),
        ("UPDATE events SET payload = 'cut off' WHERE sequence = 2", "checksum", 2),
        ("DELETE FROM events WHERE sequence IN (2, 3)", "events 2 to 3 are missing", 2),
    ],
)
def test_a_damaged_row_is_told_and_what_stands_before_it_is_read(
    path: Path, damage: str, wrong: str, sequence: int
) -> None:
    with opened(path) as log:
        for number in range(1, 6):
            log.append(told(str(number)))
    connection = sqlite3.connect(path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    seen = []
    with opened(path, write=False) as reader, pytest.raises(DamagedLog, match=wrong) as caught:
        seen += [event.sequence for event in reader.read()]

    assert caught.value.sequence == sequence
    with opened(path, write=False) as reader:
        found = reader.read()
        assert [next(found).sequence for _ in range(sequence - 1)] == list(range(1, sequence))


def test_a_missing_event_is_seen_when_the_state_is_made(path: Path) -> None:
    with opened(path) as log:
        for number in range(5):
            log.append(told(str(number)))
        log._connection.execute("DELETE FROM events WHERE sequence = 2")

        with pytest.raises(DamagedLog, match="of 5 events 1 are missing"):
            log.state()


@pytest.mark.parametrize(
    "text", [b"no database at all, but long enough to be one" * 100, b"SQLite format 3\0" + b"\7" * 5000]
)
def test_a_file_that_is_no_log_is_refused_and_kept(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    for write in (False, True):
        with pytest.raises(DamagedLog, match=r"events\.sqlite is damaged"):
            opened(path, write=write)

    assert path.read_bytes() == text


def test_damage_in_the_middle_of_the_file_is_told(path: Path) -> None:
    with opened(path) as log:
        log.append(told("first"), lambda _: [told("x" * 200 + str(number)) for number in range(300)])
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2 // 4096 * 4096
    whole[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(whole)
    with opened(path, write=False) as reader, pytest.raises(DamagedLog, match="damaged"):
        list(reader.read())


def test_a_log_of_a_newer_program_is_not_touched(path: Path) -> None:
    with opened(path) as log:
        log._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DamagedLog, match="version 99"):
        opened(path)


def test_a_full_disk_is_told_and_nothing_is_half_there(path: Path) -> None:
    with opened(path) as log:
        log.append(told("one"))
        log._connection.execute("PRAGMA max_page_count = 8")
        with pytest.raises(UnwrittenEvent, match="full"):
            log.append(told("x" * 100_000), lambda _: [told("y")])
        log._connection.execute("PRAGMA max_page_count = 1000000")
        log.append(told("two"))

        assert messages(log) == ["one", "two"]


def test_the_state_is_the_fold_of_the_log(path: Path) -> None:
    with opened(path) as log:
        assert log.state() == State()
        log.append(approval("one"), lambda _: [told("announced")])
        log.append(approval("two"))
        state = log.state()

    assert {name: intent.status for name, intent in state.intents.items()} == {"one": "approved", "two": "approved"}
    assert state.sequence == 3


def test_the_events_file_is_appended_to_line_by_line(tmp_path: Path, path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b'{"cut off')
    with opened(path) as log, EventsFile(file) as events:
        events.write(log.append(told("Grüße"), lambda _: [told("more")]))

        assert events.written == 2
    first, *lines = file.read_bytes().decode("ascii").splitlines()
    assert first == '{"cut off'
    assert [json.loads(line)["sequence"] for line in lines] == [1, 2]
    assert list(json.loads(lines[0])) == [
        "schema_version", "event_id", "sequence", "timestamp", "run_id", "intent_id", "task_id", "parent_id", "role",
        "type", "payload",
    ]  # fmt: skip


def test_a_disk_that_takes_nothing_is_not_taken_for_damage(tmp_path: Path) -> None:
    def failing(*statements: str) -> sqlite3.Error:
        with closing(sqlite3.connect(tmp_path / "file")) as connection:
            for statement in statements[:-1]:
                connection.execute(statement)
            with pytest.raises(sqlite3.Error) as found:
                connection.execute(statements[-1])
        return found.value

    full = unusable(tmp_path, failing("CREATE TABLE a (b)", "PRAGMA max_page_count = 2", "CREATE TABLE c (d)"))
    assert isinstance(full, UnwrittenEvent) and "is the disk full?" in str(full)
    assert isinstance(unusable(tmp_path, failing("no SQL")), DamagedLog)
