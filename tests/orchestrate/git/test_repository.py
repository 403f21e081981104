"""Opening a repository, who commits, which branch is the base, refs that move only from where they were expected."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from engine.orchestrate.git.errors import (
    BrokenRepository,
    GitCommandFailed,
    GitError,
    GitTimedOut,
    GitUnavailable,
    NoCommits,
)
from engine.orchestrate.git.repository import RefUpdate, Repository
from tests.orchestrate.git.sandbox import IDENTITY, Sandbox


def test_a_subfolder_and_a_worktree_agree_on_the_git_folder(sandbox: Sandbox) -> None:
    (sandbox.root / "deep").mkdir()
    sandbox.git("worktree", "add", "--quiet", "-b", "other", str(sandbox.folder / "other"))

    opened = [
        Repository.open(place, sandbox.environment)
        for place in (sandbox.root, sandbox.root / "deep", sandbox.folder / "other")
    ]

    assert {repository.common_dir for repository in opened} == {sandbox.root / ".git"}
    assert [repository.root for repository in opened] == [sandbox.root, sandbox.root, sandbox.folder / "other"]


def test_a_place_that_is_no_checkout_is_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    empty, bare, plain = tmp_path / "empty", tmp_path / "bare.git", tmp_path / "plain"
    for folder in (empty, bare, plain):
        folder.mkdir()
    sandbox.git("init", "--quiet", cwd=empty)
    sandbox.git("init", "--quiet", "--bare", cwd=bare)
    expected = [
        (plain, BrokenRepository, "not a git repository"),
        (bare, BrokenRepository, "bare"),
        (empty, NoCommits, "no commits"),
        (sandbox.root / ".git", BrokenRepository, "inside a repository's git folder"),
        (tmp_path / "nowhere", BrokenRepository, "no such folder"),
    ]

    for place, kind, words in expected:
        with pytest.raises(kind, match=words):
            Repository.open(place, sandbox.environment)
    assert Repository.open(empty, sandbox.environment, need_commits=False).root == empty


@pytest.mark.parametrize("said, words", [("git version 2.20.1", "too old"), ("no git at all", "no version")])
def test_an_unfit_git_is_named(sandbox: Sandbox, tmp_path: Path, said: str, words: str) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(f"#!/bin/sh\necho {said}\n")
    (tools / "git").chmod(0o755)

    with pytest.raises(GitUnavailable, match=words):
        Repository.open(sandbox.root, {**sandbox.environment, "PATH": f"{tools}:/bin:/usr/bin"})


def test_a_missing_git_is_named(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitUnavailable, match="install git"):
        Repository.open(sandbox.root, {**sandbox.environment, "PATH": str(tmp_path)})


def test_variables_of_a_hook_do_not_lead_astray(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.environment |= {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_WORK_TREE": "/nowhere"}

    assert Repository.open(sandbox.root, sandbox.environment).root == sandbox.root


def test_the_base_is_the_setting_or_the_current_branch(sandbox: Sandbox) -> None:
    sandbox.git("branch", "stable")
    repository = sandbox.open()

    assert repository.base().branch == "main"
    assert repository.base("stable").ref == "refs/heads/stable"
    with pytest.raises(NoCommits, match="no branch gone"):
        repository.base("gone")


def test_a_detached_head_needs_a_setting_or_the_remotes_default(sandbox: Sandbox) -> None:
    sandbox.git("checkout", "--quiet", "--detach")
    with pytest.raises(GitError, match=r"HEAD is detached.*base_branch"):
        sandbox.open().base()
    sandbox.git("clone", "--quiet", "--branch", "main", str(sandbox.root), str(sandbox.folder / "clone"))
    sandbox.root = sandbox.folder / "clone"
    sandbox.git("checkout", "--quiet", "--detach")
    sandbox.git("branch", "--quiet", "--delete", "--force", "main")
    sandbox.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")

    base = sandbox.open().base()

    assert (base.branch, base.ref) == ("main", "refs/remotes/origin/main")


def test_our_own_branch_is_no_base(sandbox: Sandbox) -> None:
    sandbox.git("switch", "--quiet", "-c", "penstock/landed")

    with pytest.raises(GitError, match="Penstock's own"):
        sandbox.open().base()


def test_nobody_commits_as_penstock(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, identity={}).start()

    assert sandbox.open().identity() == {
        "GIT_AUTHOR_NAME": "Penstock", "GIT_AUTHOR_EMAIL": "penstock@localhost",
        "GIT_COMMITTER_NAME": "Penstock", "GIT_COMMITTER_EMAIL": "penstock@localhost",
    }  # fmt: skip


def test_the_users_identity_wins(tmp_path: Path) -> None:
    by_settings = Sandbox(tmp_path / "a", identity={}).start()
    by_settings.git("config", "user.name", "Bo")
    by_settings.git("config", "user.email", "bo@example.org")

    assert by_settings.open().identity() == {}
    assert Sandbox(tmp_path / "b", identity=IDENTITY).start().open().identity() == {}


def test_half_an_identity_is_completed(tmp_path: Path) -> None:
    half = {name: value for name, value in IDENTITY.items() if "AUTHOR" in name}
    sandbox = Sandbox(tmp_path, identity=half).start()

    assert set(sandbox.open().identity()) == {"GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"}


def test_refs_move_together_or_not_at_all(sandbox: Sandbox) -> None:
    repository, old = sandbox.open(), sandbox.git("rev-parse", "HEAD")
    new = sandbox.commit("more", {"c.txt": "c\n"})
    made = [RefUpdate("refs/penstock/x", None, old), RefUpdate("refs/penstock/y", None, old)]

    assert repository.update_refs(made, reason="test")
    wrong = [RefUpdate("refs/penstock/x", old, new), RefUpdate("refs/penstock/y", new, old)]
    assert not repository.update_refs(wrong, reason="test")
    assert repository.refs("refs/penstock/") == {"refs/penstock/x": old, "refs/penstock/y": old}
    assert repository.update_refs([RefUpdate("refs/penstock/x", old, None)], reason="test")
    assert repository.refs("refs/penstock/") == {"refs/penstock/y": old}


def test_a_failed_command_says_what_where_and_what_next(sandbox: Sandbox) -> None:
    with pytest.raises(GitCommandFailed) as caught:
        sandbox.open().run_git("show", "nothing-of-that-name")

    assert "`git show nothing-of-that-name` failed" in str(caught.value)
    assert str(sandbox.root) in str(caught.value) and caught.value.next_action


def test_a_command_that_hangs_is_ended_with_all_it_started(sandbox: Sandbox, tmp_path: Path) -> None:
    waiting, alive = tmp_path / "waiting", tmp_path / "alive"
    os.mkfifo(waiting)
    os.mkfifo(alive)
    sandbox.git("config", "alias.hang", f"!trap '' TERM; cat {waiting} > {alive}")
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)

    with pytest.raises(GitTimedOut, match=r"ended after 0\.3 s"):
        sandbox.open().run_git("hang", timeout=0.3)

    assert select.select([reader], [], [], 10)[0] and os.read(reader, 1) == b"", "nobody has the pipe open any more"
    os.close(reader)


def test_nothing_is_asked_on_a_terminal(sandbox: Sandbox) -> None:
    sandbox.git("config", "alias.asks", "!echo $GIT_TERMINAL_PROMPT:$GIT_EDITOR:$GIT_ASKPASS:$GIT_PAGER; tty -s")

    done = sandbox.open().run_git("asks", check=False)

    assert (done.line, done.ok) == ("0:true::cat", False)


def test_a_process_that_a_command_leaves_behind_holds_nothing_up(sandbox: Sandbox, tmp_path: Path) -> None:
    waiting = tmp_path / "pipe"
    os.mkfifo(waiting)
    sandbox.git("config", "alias.leave", f"!cat {waiting} & echo left")

    assert sandbox.open().run_git("leave", timeout=5).line == "left"

    waiting.open("wb").close()  # lets it end


def test_checkouts_of_a_branch_count_in_the_middle_of_a_rebase(sandbox: Sandbox) -> None:
    sandbox.git("switch", "--quiet", "-c", "topic")
    sandbox.commit("mine", {"a.txt": "mine\n"})
    sandbox.git("switch", "--quiet", "main")
    sandbox.commit("theirs", {"a.txt": "theirs\n"})
    sandbox.git("switch", "--quiet", "topic")
    sandbox.git("rebase", "main", check=False)
    repository = sandbox.open()

    assert repository.checkouts("topic") == [sandbox.root]
    assert repository.operation(sandbox.root) == "rebase"
    assert repository.checkouts("main") == []


@pytest.mark.parametrize("name", ["with space", "ünïcode ☂", "line\nend", "-dash"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    sandbox = Sandbox(tmp_path, name).start()

    repository = sandbox.open()

    assert repository.root == sandbox.root
    assert repository.checkouts("main") == [sandbox.root]


def test_a_fetch_that_fails_is_told_and_nothing_more(sandbox: Sandbox) -> None:
    sandbox.git("remote", "add", "origin", str(sandbox.folder / "nowhere"))
    repository = sandbox.open()

    assert "nowhere" in (repository.fetch("origin", "main") or "")
    assert repository.remote() == "origin"
