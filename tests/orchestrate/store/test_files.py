"""The `.penstock` folder: nothing is lost, nothing is overwritten, one bad file stops nothing."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.languages.intent.splice import CannotSplice, splice
from engine.orchestrate.effects import UpdateIntent
from engine.orchestrate.store import atomic
from engine.orchestrate.store.files import FilesError, IntentFiles, find_root

GOOD = "title: A thing # why\n"


@pytest.fixture
def files(tmp_path: Path) -> IntentFiles:
    files = IntentFiles(tmp_path)
    files.make_folders()
    return files


def put(files: IntentFiles, **texts: str) -> None:
    for name, text in texts.items():
        files.path(name.replace("_", "-")).write_bytes(text.encode("utf-8", "surrogateescape"))


def codes(files: IntentFiles) -> list[tuple[str, str]]:
    return [(problem.path.name, problem.diagnostic.code) for problem in files.load_all().problems]


# ------------------------------------------------------------------------------------------------------------- reading
def test_a_repository_without_the_folder_has_no_intents(tmp_path: Path) -> None:
    loaded = IntentFiles(tmp_path).load_all()

    assert (loaded.documents, loaded.problems) == ({}, ())
    assert IntentFiles(tmp_path).convert_drafts().documents == {}


def test_all_intents_are_loaded_in_order_of_id_and_other_files_are_left_alone(files: IntentFiles) -> None:
    put(files, b=GOOD, a=GOOD)
    for name in (".hidden.yaml", "notes.txt", "b.yaml~"):
        (files.intents / name).write_text("{", encoding="utf-8")

    loaded = files.load_all()

    assert list(loaded.documents) == ["a", "b"]
    assert loaded.problems == ()


def test_bad_files_are_problems_and_stop_nothing(files: IntentFiles) -> None:
    put(files, good=GOOD, colon="title: a: b\n", bytes="title: \udcff\n")
    (files.intents / "Odd Name.yaml").write_text(GOOD, encoding="utf-8")
    (files.intents / "short.yml").write_text(GOOD, encoding="utf-8")
    (files.intents / "folder.yaml").mkdir()

    loaded = files.load_all()

    assert [name for name, document in loaded.documents.items() if document.intent] == ["good"]
    assert codes(files) == [
        ("Odd Name.yaml", "intent.bad_name"),
        ("folder.yaml", "io.unreadable"),
        ("short.yml", "intent.bad_name"),
        ("bytes.yaml", "unicode.invalid_utf8"),
        ("colon.yaml", "intent.syntax"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_links_and_pipes_are_not_followed(files: IntentFiles, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("title: secret\n", encoding="utf-8")
    (files.intents / "link.yaml").symlink_to(secret)
    os.mkfifo(files.intents / "pipe.yaml")

    assert codes(files) == [("link.yaml", "io.unreadable"), ("pipe.yaml", "io.unreadable")]
    with pytest.raises(FilesError, match="links are not followed"):
        files.load("link")
    with pytest.raises(FilesError):
        files.update("link", lambda text: text + "x")
    assert secret.read_text(encoding="utf-8") == "title: secret\n"


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "/etc/passwd", "A", "", "a.yaml", "a\x00"])
def test_a_name_that_is_no_id_is_refused(files: IntentFiles, name: str) -> None:
    for act in (files.path, files.load, lambda each: files.update(each, str), lambda each: files.create({}, each)):
        with pytest.raises(FilesError, match="no id of an Intent"):
            act(name)


def test_an_unknown_id_is_told_with_the_nearest(files: IntentFiles) -> None:
    put(files, fix_login=GOOD)

    for act in (files.load, files.load_all().of):
        with pytest.raises(FilesError, match="did you mean `fix-login`"):
            act("fix-logn")
    with pytest.raises(FilesError, match="there is no Intent `other`"):
        files.update("other", str)


def test_intents_that_wait_for_each_other_or_for_nothing_are_refused(files: IntentFiles) -> None:
    put(
        files,
        a="title: a\ndepends_on: [b]\n",
        b="title: b\ndepends_on: [c, a]\n",
        c="title: c\ndepends_on: [gone]\n",
        d="title: d\ndepends_on: [e]\n",
        e="title: e\n",
    )

    loaded = files.load_all()

    assert codes(files) == [("a.yaml", "intent.cycle"), ("b.yaml", "intent.cycle"), ("c.yaml", "intent.unknown_id")]
    places = [problem.diagnostic.span for problem in loaded.problems]
    assert [(span.start.line, span.start.column) for span in places] == [(1, 13), (1, 16), (1, 13)]
    assert [name for name, document in loaded.documents.items() if document.intent] == ["d", "e"]
    assert files.load_all(done={"gone"}).documents["c"].intent is not None


# ------------------------------------------------------------------------------------------------------------- writing
def test_new_intents_get_ids_of_their_own(files: IntentFiles) -> None:
    made = [files.create({"title": title}) for title in ("Fix: it", "fix it", "Fix it!", "直す")]

    assert [document.id for document in made[:3]] == ["fix-it", "fix-it-2", "fix-it-3"]
    assert set(files.load_all().documents) == {document.id for document in made}
    assert [files.load(document.id).intent for document in made] == [document.intent for document in made]


def test_an_id_that_is_taken_by_a_draft_is_not_used(files: IntentFiles) -> None:
    assert files.create_draft({"title": "Fix it", "body": "why\n"}).id == "fix-it"
    assert files.create({"title": "Fix it"}).id == "fix-it-2"


def test_an_intent_that_is_there_is_left_as_it_is(files: IntentFiles) -> None:
    put(files, a=GOOD)

    with pytest.raises(FilesError, match="there already"):
        files.create({"title": "other"}, "a")
    assert files.load("a").text == GOOD


def test_many_that_create_the_same_title_lose_nothing(files: IntentFiles) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: files.create({"title": "Same", "body": str(number)}), range(24)))

    loaded = files.load_all()
    assert len({document.id for document in made}) == 24
    assert {document.intent.body for document in loaded.documents.values() if document.intent} == set(
        map(str, range(24))
    )


def test_an_update_keeps_every_other_byte_and_the_mode(files: IntentFiles) -> None:
    put(files, a=GOOD)
    files.path("a").chmod(0o640)

    document = files.update("a", lambda text: splice(text, status="done"))

    assert document.intent is not None
    assert document.intent.status == "done"
    assert files.path("a").read_text(encoding="utf-8") == f"{GOOD}status: done\n"
    assert files.path("a").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in files.intents.iterdir()] == ["a.yaml"]


def test_a_change_that_fails_leaves_the_file_and_nothing_else(files: IntentFiles) -> None:
    put(files, a="title: 'a\n")

    with pytest.raises(CannotSplice):
        files.update("a", lambda text: splice(text, status="done"))
    assert [path.read_text(encoding="utf-8") for path in files.intents.iterdir()] == ["title: 'a\n"]


def test_what_somebody_else_writes_meanwhile_is_kept(files: IntentFiles) -> None:
    put(files, a=GOOD)
    seen: list[str] = []

    def change(text: str) -> str:
        seen.append(text)
        if len(seen) == 1:
            put(files, a=f"{GOOD}risk: low\n")
        return splice(text, status="done")

    assert files.update("a", change).text == f"{GOOD}status: done\nrisk: low\n"
    assert seen == [GOOD, f"{GOOD}risk: low\n"]


def test_who_keeps_writing_is_told_so(files: IntentFiles) -> None:
    put(files, a=GOOD)
    versions = iter(range(100))

    def change(text: str) -> str:
        put(files, a=f"{GOOD}body: {next(versions)}\n")
        return splice(text, status="done")

    with pytest.raises(FilesError, match="keeps changing"):
        files.update("a", change)
    assert "status" not in files.load("a").text


def test_changes_at_the_same_time_are_all_made(files: IntentFiles) -> None:
    put(files, a=GOOD)

    def ask(number: int) -> None:
        files.update("a", lambda text: splice(text, questions=[f"Q{number}?"]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(20)))

    intent = files.load("a").intent
    assert intent is not None
    assert {each.question for each in intent.clarifications} == {f"Q{n}?" for n in range(20)}


def test_what_the_log_says_comes_into_the_file(files: IntentFiles) -> None:
    put(files, a=GOOD, broken="title: 'a\n")

    said = [
        files.apply(UpdateIntent("a", status="blocked", clarifications=("Which?",), depends_on=("b",))),
        files.apply(UpdateIntent("broken", status="done")),
        files.apply(UpdateIntent("gone", status="done")),
    ]

    assert said[0] is None
    assert "broken: the file is broken" in str(said[1])
    assert "gone: there is no Intent `gone`" in str(said[2])
    intent = files.load("a").intent
    assert intent is not None
    assert (intent.status, intent.depends_on, intent.open_questions) == ("blocked", ("b",), (0,))


def test_a_file_is_created_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a"

    assert atomic.create(target, b"first")
    assert not atomic.create(target, b"second")
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]


# -------------------------------------------------------------------------------------------------------------- drafts
def draft(files: IntentFiles, name: str, text: str) -> Path:
    path = files.drafts / name
    path.write_text(text, encoding="utf-8")
    return path


def test_drafts_become_intents(files: IntentFiles) -> None:
    draft(files, "fix-login.md", "---\ntype: fix\n---\nFix the login\n\nIt fails.\n")
    draft(files, "Some Idea.md", "An idea\n")
    notes = draft(files, "notes.txt", "no draft")

    converted = files.convert_drafts()

    assert list(converted.documents) == ["some-idea", "fix-login"]
    assert converted.problems == ()
    assert list(files.drafts.iterdir()) == [notes]
    intent = files.load("fix-login").intent
    assert intent is not None
    assert (intent.title, intent.body, intent.type, intent.status) == (
        "Fix the login",
        "It fails.\n",
        "fix",
        "proposed",
    )


def test_a_draft_with_a_problem_stays_and_stops_no_other(files: IntentFiles) -> None:
    bad = [draft(files, "a.md", ""), draft(files, "b.md", "---\nrisc: low\n---\nB\n"), draft(files, "c.md", "---\nC\n")]
    draft(files, "d.md", "D\n")

    converted = files.convert_drafts()

    assert list(converted.documents) == ["d"]
    assert [problem.path for problem in converted.problems] == bad
    assert sorted(files.drafts.iterdir()) == bad


def test_an_intent_that_is_there_wins_over_a_draft_of_its_name(files: IntentFiles) -> None:
    put(files, a=GOOD)
    kept = draft(files, "a.md", "Another thing\n")

    converted = files.convert_drafts()

    assert [(problem.path, problem.diagnostic.code) for problem in converted.problems] == [(kept, "intent.exists")]
    assert kept.exists()
    assert files.load("a").text == GOOD


def test_a_draft_that_a_crash_left_behind_is_done_with(files: IntentFiles) -> None:
    draft(files, "a.md", "A thing\n")
    files.convert_drafts()
    draft(files, "a.md", "A thing\n")

    converted = files.convert_drafts()

    assert (converted.documents, converted.problems) == ({}, ())
    assert list(files.drafts.iterdir()) == []


# ------------------------------------------------------------------------------------------------------------ the root
def test_the_root_is_the_top_of_the_work_tree(tmp_path: Path) -> None:
    (tmp_path / "repo" / "below").mkdir(parents=True)
    (tmp_path / "repo" / ".git").write_text("gitdir: elsewhere\n", encoding="utf-8")

    assert find_root(tmp_path / "repo" / "below") == (tmp_path / "repo").resolve()
    assert find_root(tmp_path) is None


def test_a_proposal_is_written_once_however_often_it_is_made(files: IntentFiles) -> None:
    values = {"title": "Write tests", "body": "of a.txt", "source": "reflection", "parent": "whole"}
    first = files.propose(values)
    files.update(first.id, lambda text: text.replace("status: proposed", "status: approved  # by me"))
    assert files.propose(values).id == first.id == "write-tests"
    assert files.propose({**values, "parent": "other"}).id == "write-tests-2"
    assert "# by me" in files.load("write-tests").text
