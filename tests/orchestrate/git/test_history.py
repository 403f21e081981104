"""What lies between two commits, and the commit that a step left behind."""

from __future__ import annotations

import pytest

from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.history import FileChanges, commits, diff_text, file_changes, find_step_commit
from tests.orchestrate.git.sandbox import Sandbox


def test_commits_files_and_lines_between_two_commits(sandbox: Sandbox) -> None:
    start = sandbox.git("rev-parse", "HEAD")
    first = sandbox.commit("first", {"a.txt": "one\nnew\n", "new\nline.txt": "x\n"})
    second = sandbox.commit("second", {"b.txt": None, "ünï code.txt": "y\n"})
    repository = sandbox.open()

    assert commits(repository, start, second) == [first, second]
    files = ("a.txt", "b.txt", "new\nline.txt", "ünï code.txt")
    assert file_changes(repository, start, second) == FileChanges(files, added=3, removed=3)
    assert commits(repository, second, start) == []


def test_a_file_name_that_is_not_utf8_survives(sandbox: Sandbox) -> None:
    start = sandbox.git("rev-parse", "HEAD")
    (sandbox.root / "caf\udce9").write_text("x\n")
    end = sandbox.commit("latin", {})

    assert file_changes(sandbox.open(), start, end).files == ("caf\udce9",)


def test_a_long_diff_is_cut_after_a_line(sandbox: Sandbox) -> None:
    start = sandbox.git("rev-parse", "HEAD")
    end = sandbox.commit("long", {"long.txt": "zwölf Boxkämpfer ☂\n" * 2000})
    repository = sandbox.open()

    whole, cut = diff_text(repository, start, end), diff_text(repository, start, end, limit=1001)

    assert not whole.truncated and whole.text.count("\n+zwölf") == 2000
    assert cut.truncated and cut.text.endswith("☂\n") and whole.text.startswith(cut.text)
    assert 950 < len(cut.text.encode()) <= 1001


def test_the_users_diff_programs_have_no_say(sandbox: Sandbox) -> None:
    start = sandbox.git("rev-parse", "HEAD")
    end = sandbox.commit("more", {"a.txt": "x\n"})
    sandbox.git("config", "diff.external", "false")
    sandbox.git("config", "color.ui", "always")
    sandbox.git("config", "diff.noprefix", "true")

    assert diff_text(sandbox.open(), start, end).text.startswith("diff --git a/a.txt b/a.txt\n")


def test_a_step_is_found_by_its_whole_key(sandbox: Sandbox) -> None:
    start = sandbox.git("rev-parse", "HEAD")
    tenth = sandbox.commit("work\n\nPenstock-Step: run/a/implement/10", {"c.txt": "c\n"})
    sandbox.commit("talk\n\nPenstock-Step: run/a/implement/2 is not\na trailer here", {"d.txt": "d\n"})
    repository = sandbox.open()

    assert find_step_commit(repository, "main", "run/a/implement/10") == tenth
    assert find_step_commit(repository, "main", "run/a/implement/10", after=start) == tenth
    assert find_step_commit(repository, "main", "run/a/implement/10", after=tenth) is None
    assert find_step_commit(repository, "main", "run/a/implement/1") is None
    assert find_step_commit(repository, "main", "run/a/implement/2") is None
    assert find_step_commit(repository, "no-such-branch", "run/a/implement/10") is None


def test_an_unknown_commit_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(GitError):
        commits(sandbox.open(), "main", "f" * 40)
