"""The file of observations: people's bytes stay, nothing is lost, nothing is there twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orchestrate.store.observations import EVIDENCE, BadObservations, Observations

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE = {"content": "the parser has no tests", "evidence": [{"type": "file", "ref": "a.py"}], "source": "review",
       "intent_id": "one", "run_id": "one-1"}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "observations.yaml"


def observations(path: Path) -> Observations:
    return Observations(path, lambda: NOON)


def test_an_observation_says_all_of_itself_and_is_unprocessed_at_first(path: Path) -> None:
    (name,) = observations(path).add("key", [ONE])

    assert observations(path).unprocessed() == [
        {"id": name, **ONE, "processed": "false", "created_at": "2026-01-01T12:00:00Z"}
    ]
    assert path.read_text(encoding="utf-8") == (
        f'- id: {name}\n  content: "the parser has no tests"\n  evidence: [{{type: file, ref: "a.py"}}]\n'
        "  source: review\n  intent_id: one\n  run_id: one-1\n  processed: false\n"
        '  created_at: "2026-01-01T12:00:00Z"\n'
    )  # fmt: skip


def test_there_are_four_kinds_of_evidence_and_any_other_is_a_file(path: Path) -> None:
    kinds = [*EVIDENCE, "rumour"]
    observations(path).add("key", [{"content": "x", "evidence": [{"type": kind, "ref": "r"} for kind in kinds]}])

    (entry,) = observations(path).all()
    assert [each["type"] for each in entry["evidence"]] == ["file", "skill", "history", "decision", "file"]


def test_what_is_appended_leaves_every_byte_before_it(path: Path) -> None:
    before = "# mine\r\n  - content: 'by hand'   # a note\r\n    other: 1\r\n\r\n"
    path.write_bytes(before.encode())
    observations(path).add("a", [ONE])
    observations(path).add("b", [{"content": "two\nlines"}])

    after = path.read_bytes().decode()
    assert after.startswith(before) and after.count("\r\n") == after.count("\n")
    assert [entry["content"] for entry in observations(path).all()] == ["by hand", ONE["content"], "two\nlines"]


def test_the_same_step_adds_its_observations_once(path: Path) -> None:
    assert observations(path).add("key", [ONE, ONE]) == observations(path).add("key", [ONE, ONE])
    assert len(observations(path).all()) == 2


def test_one_is_marked_and_no_other_byte_changes(path: Path) -> None:
    first, second = observations(path).add("key", [ONE, {"content": "processed: false"}])
    path.write_text("# top\n" + path.read_text() + "- content: by hand\n- {content: short}\n", encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    observations(path).mark([first, "gone"])

    assert path.read_text(encoding="utf-8") == before.replace("processed: false", "processed: true", 1)
    left = observations(path).unprocessed()
    assert [entry["content"] for entry in left] == ["processed: false", "by hand", "short"]
    observations(path).mark([entry["id"] for entry in left])
    assert observations(path).unprocessed() == []
    assert "{content: short, processed: true}" in path.read_text(encoding="utf-8")
    assert second


def test_twenty_at_once_lose_nothing(path: Path) -> None:
    def add(number: int) -> None:
        observations(path).add(f"key {number}", [{"content": f"{number}"}])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(entry["content"]) for entry in observations(path).all()) == list(range(20))


@pytest.mark.parametrize(
    "text", ["content: no list\n", "- [broken\n", "[{content: a}]\n", "- a: |\n    text", "- content: x\n- 'open\n"]
)
def test_a_file_that_cannot_be_appended_to_is_told_and_left_alone(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadObservations, match=r"mend|after a dash"):
        observations(path).add("key", [ONE])
    assert path.read_text(encoding="utf-8") == text


@given(content=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.mktemp("any") / "observations.yaml"
    observations(path).add("key", [{"content": content}])
    assert [entry["content"] for entry in observations(path).all()] == [content]


def test_nothing_is_there_without_a_file(path: Path) -> None:
    assert observations(path).all() == []
    observations(path).mark(["x"])
    assert not path.exists()
