"""Worktrees of Tasks: outside the checkout, fresh at every entry, side by side, and the user's things untouched."""

from __future__ import annotations

import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.orchestrate.git.errors import GitError
from engine.orchestrate.git.outcomes import Conflict
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.worktrees import Worktrees, place_task_file
from tests.orchestrate.git.sandbox import Sandbox

BRANCH = "penstock/run-1/a"
KEY = "run-1/a/implement/1"


def test_a_worktree_has_its_branch_and_leaves_the_users_things_alone(sandbox: Sandbox) -> None:
    sandbox.write({"a.txt": "dirty\n", "untracked.txt": "mine\n"})
    sandbox.git("stash", "push", "--quiet", "a.txt")
    sandbox.write({"a.txt": "dirty again\n", "b.txt": "staged\n"})
    sandbox.git("add", "b.txt")
    before, start = sandbox.fingerprint(), sandbox.git("rev-parse", "HEAD")

    worktree = sandbox.worktrees().create(KEY, BRANCH, start)
    place_task_file(worktree.path, "{}")

    assert sandbox.root not in worktree.path.parents
    assert (worktree.path / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert sandbox.git("symbolic-ref", "--short", "HEAD", cwd=worktree.path) == BRANCH
    assert sandbox.git("status", "--porcelain", cwd=worktree.path) == ""
    assert sandbox.fingerprint() == before


def test_a_review_gets_a_detached_worktree(sandbox: Sandbox) -> None:
    worktree = sandbox.worktrees().create("run-1/a/review/1", None, "main")

    assert sandbox.open().current_branch(worktree.path) is None


def test_the_tasks_file_is_not_added_whatever_gitignore_says(sandbox: Sandbox) -> None:
    sandbox.commit("ignore", {".gitignore": "!.penstock/\n!*.json\n", ".penstock/intents/x.yaml": "title: x\n"})
    worktree = sandbox.worktrees().create(KEY, BRANCH, "main")

    file = place_task_file(worktree.path, "{}")
    sandbox.git("add", "--all", cwd=worktree.path)

    assert file.read_text() == "{}"
    assert sandbox.git("status", "--porcelain", cwd=worktree.path) == ""
    assert sandbox.git("config", "--get", "core.excludesFile", check=False) == ""


def test_the_tasks_file_is_not_written_through_a_link(sandbox: Sandbox) -> None:
    worktree = sandbox.worktrees().create(KEY, BRANCH, "main")
    elsewhere = sandbox.folder / "elsewhere"
    elsewhere.mkdir()
    (worktree.path / ".penstock").symlink_to(elsewhere)

    with pytest.raises(GitError, match="symbolic link"):
        place_task_file(worktree.path, "{}")

    assert list(elsewhere.iterdir()) == []


def test_eight_at_once(sandbox: Sandbox) -> None:
    worktrees, start = sandbox.worktrees(), sandbox.git("rev-parse", "HEAD")
    together = threading.Barrier(8)

    def create(number: int) -> Path:
        together.wait()
        return worktrees.create(f"run-1/t{number}/implement/1", f"penstock/run-1/t{number}", start).path

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(create, range(8)))

    assert sorted(worktrees.existing()) == sorted(paths)
    assert "branch." not in sandbox.git("config", "--local", "--list")


def test_an_interrupted_attempt_is_thrown_away_and_its_commits_are_kept(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    worktree = worktrees.create(KEY, BRANCH, "main")
    lost = sandbox.commit("half done", {"half.txt": "half\n"}, worktree.path)
    sandbox.write({"junk.txt": "junk\n"}, worktree.path)
    git_dir = worktrees.repository.git_dir(worktree.path)
    (git_dir / "index.lock").touch()
    (git_dir / "HEAD.lock").touch()
    (worktrees.repository.common_dir / "refs" / "heads" / f"{BRANCH}.lock").touch()

    again = worktrees.create(KEY, BRANCH, worktree.start_commit)

    assert again.finished is None
    assert sandbox.git("rev-parse", "HEAD", cwd=again.path) == again.start_commit
    assert not (again.path / "junk.txt").exists() and not (again.path / "half.txt").exists()
    assert sandbox.git("for-each-ref", "--format=%(objectname)", "refs/penstock/kept/run-1/a") == lost


def test_a_finished_step_is_found_again(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    worktree = worktrees.create(KEY, BRANCH, "main")
    done = sandbox.commit(f"done\n\nPenstock-Step: {KEY}", {"done.txt": "done\n"}, worktree.path)

    again = worktrees.create(KEY, BRANCH, worktree.start_commit)

    assert again.finished == done == sandbox.git("rev-parse", "HEAD", cwd=again.path)
    assert sandbox.git("for-each-ref", "refs/penstock/") == ""


def test_an_attempt_can_be_gone_on_with_as_it_was_left(sandbox: Sandbox) -> None:
    sandbox.commit("ignore", {".gitignore": "made/\n"})
    worktrees = sandbox.worktrees()
    worktree = worktrees.create(KEY, BRANCH, "main")
    sandbox.commit("own", {"c.txt": "c\n"}, worktree.path)
    sandbox.write({"made/tool": "tool\n", "new.txt": "new\n", "a.txt": "changed\n"}, worktree.path)

    assert worktrees.resume(BRANCH, worktree.start_commit) == worktree
    assert sandbox.git("status", "--porcelain", cwd=worktree.path) == " M a.txt\n?? new.txt"
    assert (worktree.path / "made/tool").exists()


def test_an_attempt_that_is_not_sound_is_not_gone_on_with(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    assert worktrees.resume(BRANCH, "main") is None
    worktree = worktrees.create(KEY, BRANCH, "main")
    later = sandbox.commit("later", {"c.txt": "c\n"})
    assert worktrees.resume(BRANCH, later) is None
    sandbox.git("checkout", "--quiet", "--detach", cwd=worktree.path)
    assert worktrees.resume(BRANCH, worktree.start_commit) is None


def test_a_kill_in_the_middle_of_adding_is_mended(sandbox: Sandbox) -> None:
    """`kill -9` while git runs the hook after the checkout: the worktree is registered, locked and half there."""
    worktrees = sandbox.worktrees()
    sandbox.hook("post-checkout", f"touch {sandbox.folder}/killed; kill -9 $PPID")
    with pytest.raises(GitError):
        worktrees.create(KEY, BRANCH, "main")
    assert (sandbox.folder / "killed").exists()
    (sandbox.root / ".git/hooks/post-checkout").unlink()
    entry = next((sandbox.root / ".git/worktrees").iterdir())
    (entry / "locked").write_text("initializing")

    again = worktrees.create(KEY, BRANCH, "main")

    assert sandbox.git("status", "--porcelain", cwd=again.path) == ""
    assert [path.name for path in (sandbox.root / ".git/worktrees").iterdir()] == ["a"]


def test_an_index_lock_of_a_killed_git_is_removed(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    path = worktrees.create(KEY, BRANCH, "main").path
    sandbox.hook("pre-commit", "kill -9 $PPID")
    sandbox.write({"a.txt": "changed\n"}, path)
    died = subprocess.run(["git", "commit", "-qam", "x"], cwd=path, env=sandbox.environment, check=False)
    assert died.returncode == -signal.SIGKILL
    assert (worktrees.repository.git_dir(path) / "index.lock").exists()

    assert worktrees.resume(BRANCH, "main")
    assert not (worktrees.repository.git_dir(path) / "index.lock").exists()


def test_a_deleted_or_write_protected_worktree_is_removed(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    gone, locked = (worktrees.create(f"k{n}", f"penstock/run-1/{n}", "main").path for n in "ab")
    subprocess.run(["rm", "-rf", str(gone)], check=True)
    (locked / "deep").mkdir()
    (locked / "deep" / "file").touch()
    (locked / "deep").chmod(0o500)

    assert worktrees.prune() == [gone]
    worktrees.remove(locked)

    assert worktrees.existing() == [] and not locked.exists()
    assert list((sandbox.root / ".git/worktrees").iterdir()) == []


def test_worktrees_of_the_users_are_theirs(sandbox: Sandbox) -> None:
    theirs = sandbox.folder / "theirs"
    sandbox.git("worktree", "add", "--quiet", "-b", "topic", str(theirs))
    theirs.rename(sandbox.folder / "moved-for-now")
    worktrees = sandbox.worktrees()

    worktrees.prune()
    worktrees.create(KEY, BRANCH, "main")
    with pytest.raises(GitError, match="not a worktree of Penstock's"):
        worktrees.remove(sandbox.root)

    (sandbox.folder / "moved-for-now").rename(theirs)
    assert sandbox.git("status", "--porcelain", cwd=theirs) == ""


def test_a_branch_that_the_user_looks_at_is_not_pulled_away(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    worktrees.remove(worktrees.create(KEY, BRANCH, "main").path)
    sandbox.git("switch", "--quiet", BRANCH)

    with pytest.raises(GitError, match=r"checked out.*switch to another"):
        worktrees.create(KEY, BRANCH, "main")


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/abs", ".git", "a//b", "-x", ""])
def test_a_name_cannot_lead_out_of_the_folder(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(GitError, match="cannot be the name"):
        sandbox.worktrees().create(KEY, f"penstock/{name}", "main")


def test_worktrees_inside_the_checkout_ignore_themselves(sandbox: Sandbox) -> None:
    worktrees = Worktrees(sandbox.open(), sandbox.root / ".penstock-worktrees")

    worktrees.create(KEY, BRANCH, "main")

    assert sandbox.git("status", "--porcelain") == ""


def test_a_dependent_task_starts_from_all_it_depends_on(sandbox: Sandbox) -> None:
    worktrees, base = sandbox.worktrees(), sandbox.git("rev-parse", "main")
    heads = []
    for name in "xyz":
        path = worktrees.create(name, f"penstock/run-1/{name}", base).path
        heads.append(sandbox.commit(name, {f"{name}.txt": name}, path))

    assert worktrees.start_point(base, []) == base
    assert worktrees.start_point(base, heads[:1]) == heads[0]
    start = worktrees.start_point(base, heads)

    assert isinstance(start, str)
    listed = sandbox.git("ls-tree", "--name-only", start).split()
    assert listed == ["a.txt", "b.txt", "x.txt", "y.txt", "z.txt"]
    assert worktrees.start_point(base, heads) == start, "asked again, it is the same commit"
    assert len(worktrees.existing()) == 3


def test_the_same_merge_may_be_made_by_many_at_once(sandbox: Sandbox) -> None:
    heads = [sandbox.commit("left", {"left.txt": "l"})]
    sandbox.git("reset", "--quiet", "--hard", "HEAD~")
    heads.append(sandbox.commit("right", {"right.txt": "r"}))

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _: sandbox.worktrees().start_point("main~", heads), range(4)))

    assert len(made) == 1 and sandbox.worktrees().existing() == []


def test_a_merge_that_was_interrupted_leaves_nothing_for_long(sandbox: Sandbox) -> None:
    worktrees = sandbox.worktrees()
    left = worktrees.create("merge one two", None, "main").path

    assert worktrees.prune() == [left]
    assert not left.exists() and worktrees.existing() == []


def test_dependencies_that_do_not_combine_are_a_value(sandbox: Sandbox) -> None:
    worktrees, base = sandbox.worktrees(), sandbox.git("rev-parse", "main")
    heads = []
    for name in "xy":
        path = worktrees.create(name, f"penstock/run-1/{name}", base).path
        heads.append(sandbox.commit(name, {"a.txt": name}, path))

    assert worktrees.start_point(base, heads) == Conflict(("a.txt",), heads[0], commit=heads[1])


def test_a_shallow_clone_will_do(sandbox: Sandbox) -> None:
    sandbox.commit("second", {"c.txt": "c\n"})
    clone = sandbox.folder / "clone"
    sandbox.git("clone", "--quiet", "--depth=1", f"file://{sandbox.root}", str(clone))
    repository = Repository.open(clone, sandbox.environment)

    path = Worktrees(repository, sandbox.folder / "worktrees").create(KEY, BRANCH, "main").path

    assert repository.is_shallow() and (path / "c.txt").exists()


def test_submodules_come_from_the_users_clone(sandbox: Sandbox) -> None:
    library = Sandbox(sandbox.folder, "library").start()
    here = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"]
    sandbox.git(*here, str(library.root), "lib")
    sandbox.git(*here, str(library.root), "vendor/other")
    sandbox.git("commit", "--quiet", "-m", "submodules")
    subprocess.run(["rm", "-rf", str(sandbox.root / ".git/modules/vendor")], check=True)
    library.root.rename(sandbox.folder / "offline")
    before = sandbox.fingerprint()

    worktree = sandbox.worktrees().create(KEY, BRANCH, "main")

    assert (worktree.path / "lib/a.txt").exists() and not (worktree.path / "vendor/other/a.txt").exists()
    assert [note.split(" stays")[0] for note in worktree.notes] == ["the submodule vendor/other"]
    assert sandbox.fingerprint() == before
    sandbox.worktrees().remove(worktree.path)
    assert not worktree.path.exists()
