"""What a step left becomes commits, or a reason; nothing of it depends on what an agent says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.orchestrate.git.changes import Committed, commit_changes
from engine.orchestrate.git.errors import GitCommandFailed, GitTimedOut
from engine.orchestrate.git.outcomes import Refusal
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.scan import Limits
from engine.orchestrate.git.worktrees import Worktree, Worktrees, place_task_file
from tests.orchestrate.git.sandbox import Sandbox

BRANCH = "penstock/run-1/a"
KEY = "run-1/a/implement/1"
TOKEN = "ghp_" + "a1B2" * 10


class Step:
    """One step in its worktree."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.worktrees = sandbox.worktrees()
        self.worktree: Worktree = self.worktrees.create(KEY, BRANCH, "main")
        self.path: Path = self.worktree.path
        place_task_file(self.path, "{}")

    def end(self, message: str = "Work", limits: Limits | None = None, **more: bool) -> Committed | Refusal:
        return commit_changes(self.worktrees.repository, self.worktree, message, KEY, limits or Limits(), **more)

    def committed(self, message: str = "Work") -> Committed:
        done = self.end(message)
        assert isinstance(done, Committed), done
        return done

    def refused(self, kind: str, limits: Limits | None = None) -> Refusal:
        done = self.end(limits=limits)
        assert isinstance(done, Refusal) and done.kind == kind and done.next_action, done
        return done

    def git(self, *args: str) -> str:
        return self.sandbox.git(*args, cwd=self.path)


@pytest.fixture
def step(sandbox: Sandbox) -> Step:
    return Step(sandbox)


def test_what_is_uncommitted_is_committed_with_the_steps_key(step: Step) -> None:
    step.sandbox.write({"a.txt": "one\n", "b.txt": None, "new/with space\nand line.txt": "x\n"}, step.path)

    done = step.committed("Mend it\n\nBecause.\n\nCo-authored-by: Bo <bo@example.org>")

    assert done.files == ("a.txt", "b.txt", "new/with space\nand line.txt")
    assert (done.added, done.removed, len(done.commits), done.policy_files) == (1, 3, 1, ())
    assert step.git("log", "-1", "--format=%B%an").split("\n") == [
        "Mend it", "", "Because.", "", "Co-authored-by: Bo <bo@example.org>", f"Penstock-Step: {KEY}", "Ada",
    ]  # fmt: skip
    assert step.git("status", "--porcelain") == ""


def test_doing_it_again_gives_the_same_answer(step: Step) -> None:
    step.sandbox.write({"a.txt": "one\n"}, step.path)

    assert step.committed() == step.committed("Another message")


def test_an_agents_own_commits_count_and_are_marked(step: Step) -> None:
    first = step.sandbox.commit("first", {"c.txt": "c\n"}, step.path)
    step.sandbox.commit("second\n\n# not a comment\nPenstock-Step: run-1/b/implement/1", {"d.txt": "d\n"}, step.path)

    done = step.committed()

    assert done.commits[0] == first and len(done.commits) == 2 and done.commits[-1] == done.commit
    assert step.git("log", "-1", "--format=%B") == f"second\n\n# not a comment\n\nPenstock-Step: {KEY}"
    assert step.worktrees.create(KEY, BRANCH, step.worktree.start_commit).finished == done.commit


def test_nothing_changed_is_a_refusal_unless_allowed(step: Step) -> None:
    step.refused("nothing")
    step.sandbox.commit("no change", {}, step.path)
    step.refused("nothing")

    done = step.end(allow_empty=True)

    assert isinstance(done, Committed) and done.files == () and len(done.commits) == 2


def test_without_any_identity_it_is_penstock(tmp_path: Path) -> None:
    step = Step(Sandbox(tmp_path, identity={}).start())
    step.sandbox.git("config", "user.useConfigOnly", "true")
    step.sandbox.write({"a.txt": "x\n"}, step.path)

    step.committed()

    assert step.git("log", "-1", "--format=%an <%ae> %cn") == "Penstock <penstock@localhost> Penstock"


def test_a_failing_hook_is_feedback_and_the_change_stays(step: Step) -> None:
    step.sandbox.hook("pre-commit", "echo the style is wrong >&2; git status >/dev/null; false")
    step.sandbox.write({"a.txt": "x\n"}, step.path)

    refusal = step.refused("hook")

    assert "pre-commit" in refusal.message and refusal.output == "the style is wrong"
    assert step.git("rev-parse", "HEAD") == step.worktree.start_commit
    assert step.git("status", "--porcelain") == " M a.txt"


def test_a_failing_message_hook_is_feedback_too(step: Step) -> None:
    step.sandbox.hook("commit-msg", 'echo "no ticket in: $(head -1 "$1")"; exit 1')
    step.sandbox.write({"a.txt": "x\n"}, step.path)

    assert step.refused("hook").output == "no ticket in: Work"


def test_a_hook_that_formats_and_fails_passes_at_the_second_try(step: Step) -> None:
    step.sandbox.hook("pre-commit", "grep -q formatted a.txt && exit 0; echo formatted >> a.txt; exit 1")
    step.sandbox.write({"a.txt": "x\n"}, step.path)

    step.committed()

    assert step.git("show", "HEAD:a.txt") == "x\nformatted"


def test_a_hook_that_hangs_is_ended(step: Step, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    step.sandbox.hook("pre-commit", f"cat {tmp_path}/pipe")
    step.sandbox.write({"a.txt": "x\n"}, step.path)

    with pytest.raises(GitTimedOut, match="hook, commit signing"):
        step.end(limits=Limits(commit_seconds=0.4))
    (step.sandbox.root / ".git/hooks/pre-commit").unlink()

    step.committed()


def test_a_signing_that_fails_is_no_hook(step: Step) -> None:
    step.sandbox.git("config", "commit.gpgSign", "true")
    step.sandbox.git("config", "gpg.program", "false")
    step.sandbox.write({"a.txt": "x\n"}, step.path)

    with pytest.raises(GitCommandFailed, match="unlock the signing key"):
        step.end()


def test_a_secret_that_is_left_uncommitted_is_found_before_git_stores_it(step: Step) -> None:
    step.sandbox.write({"a.txt": f"one\ntwo\nkey = '{TOKEN}'\n", "new.txt": f"\n{TOKEN}\n"}, step.path)
    blobs = [step.git("hash-object", name) for name in ("a.txt", "new.txt")]

    refusal = step.refused("secret")

    assert refusal.files == ("a.txt", "new.txt")
    assert "a.txt:3: github-token; new.txt:2: github-token" in refusal.message and TOKEN not in str(refusal)
    assert step.sandbox.git("cat-file", "--batch-check", cwd=step.path, given=blobs).count(" missing") == 2
    assert step.git("status", "--porcelain") == " M a.txt\n?? new.txt"


def test_a_secret_in_an_agents_commits_is_found_also_if_a_later_one_removes_it(step: Step) -> None:
    step.sandbox.commit("oops", {"key.txt": TOKEN}, step.path)
    step.sandbox.commit("gone", {"key.txt": None, "c.txt": "c\n"}, step.path)

    assert step.refused("secret").files == ("key.txt",)


def test_a_secret_that_was_there_before_is_nobodys_fault(sandbox: Sandbox) -> None:
    sandbox.commit("old", {"key.txt": f"{TOKEN}\nx\n"})
    step = Step(sandbox)
    step.sandbox.write({"key.txt": f"{TOKEN}\ny\n"}, step.path)

    step.committed()


def test_fifty_megabytes_are_refused_before_git_stores_them(step: Step) -> None:
    with (step.path / "model.bin").open("wb") as file:
        file.truncate(50_000_000)
    stored = step.git("count-objects")

    assert step.refused("too-large").files == ("model.bin",)
    assert step.git("count-objects") == stored


def test_what_goes_to_a_large_file_storage_has_no_limit(step: Step) -> None:
    step.sandbox.write({"model.bin": "x" * 2000}, step.path)
    step.refused("too-large", Limits(file_bytes=1000))
    step.sandbox.write({".gitattributes": "*.bin filter=lfs\n"}, step.path)

    assert isinstance(step.end(limits=Limits(file_bytes=1000)), Committed)


def test_large_files_in_an_agents_commits_are_refused(step: Step) -> None:
    step.sandbox.commit("big", {"big.txt": "x" * 3000, "small.txt": "y" * 900}, step.path)

    assert step.refused("too-large", Limits(file_bytes=1000)).files == ("big.txt",)
    assert step.refused("too-large", Limits(total_bytes=1000)).files == ("big.txt",)
    assert isinstance(step.end(limits=Limits(file_bytes=3000)), Committed)


def test_files_that_steer_the_runner_are_named(step: Step) -> None:
    step.sandbox.write({
        ".penstock/intents/x.yaml": "title: x\n", "penstock.toml": "[run]\n", "sub/penstock.toml": "",
        "pyproject.toml": "[tool.penstock.run]\nagent = 'claude'\n",
    }, step.path)  # fmt: skip

    assert step.committed().policy_files == (".penstock/intents/x.yaml", "penstock.toml", "pyproject.toml")


def test_a_pyproject_without_our_table_does_not_steer(step: Step) -> None:
    step.sandbox.write({"pyproject.toml": "[project]\nname = 'x'\n"}, step.path)

    assert step.committed().policy_files == ()


def test_commits_on_another_branch_do_not_count(step: Step) -> None:
    step.git("switch", "--quiet", "-c", "my-own")
    step.sandbox.commit("astray", {"c.txt": "c\n"}, step.path)

    assert "on my-own" in step.refused("wrong-branch").message


def test_a_detached_head_does_not_count(step: Step) -> None:
    step.git("checkout", "--quiet", "--detach")
    step.sandbox.commit("astray", {"c.txt": "c\n"}, step.path)

    assert BRANCH in step.refused("detached").message


def test_a_rewritten_start_does_not_count(sandbox: Sandbox) -> None:
    sandbox.commit("second", {"c.txt": "c\n"})
    step = Step(sandbox)
    step.git("reset", "--quiet", "--hard", "HEAD~")
    step.sandbox.commit("instead", {"d.txt": "d\n"}, step.path)

    step.refused("rewritten")


def test_an_operation_left_behind_is_named(step: Step) -> None:
    step.git("switch", "--quiet", "-c", "other")
    step.sandbox.commit("other", {"a.txt": "other\n"}, step.path)
    step.git("switch", "--quiet", BRANCH)
    step.sandbox.commit("own", {"a.txt": "own\n"}, step.path)
    step.sandbox.git("merge", "other", cwd=step.path, check=False)

    assert "merge was begun" in step.refused("operation").message


def test_a_conflict_without_an_operation_is_named_too(step: Step) -> None:
    step.sandbox.write({"a.txt": "stashed\n"}, step.path)
    step.git("stash", "push", "--quiet")
    step.sandbox.commit("own", {"a.txt": "own\n"}, step.path)
    step.sandbox.git("stash", "pop", cwd=step.path, check=False)

    assert step.refused("operation").files == ("a.txt",)


def test_a_deleted_worktree_is_missing(step: Step) -> None:
    shutil.rmtree(step.path)

    step.refused("missing")


def test_a_repository_made_in_its_place_is_missing_too(step: Step) -> None:
    (step.path / ".git").unlink()
    step.git("init", "--quiet")

    step.refused("missing")


def test_a_repository_inside_the_worktree_is_refused(step: Step) -> None:
    inner = step.path / "vendor" / "thing"
    inner.mkdir(parents=True)
    step.sandbox.git("init", "--quiet", cwd=inner)
    step.sandbox.commit("inner", {"x.txt": "x\n"}, inner)

    assert step.refused("embedded").files == ("vendor/thing/",)
    step.git("-c", "advice.addEmbeddedRepo=false", "add", "vendor")
    step.git("commit", "--quiet", "-m", "with it")
    assert step.refused("embedded").files == ("vendor/thing",)


def with_a_submodule(sandbox: Sandbox) -> Step:
    """A step on a commit whose `lib` is the newer of a library's two commits."""
    library = Sandbox(sandbox.folder, "library").start()
    library.commit("newer", {"a.txt": "newer\n"})
    sandbox.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "lib")
    sandbox.git("commit", "--quiet", "-m", "submodule")
    return Step(sandbox)


def test_work_within_a_submodule_is_refused_and_what_a_build_leaves_there_is_not(sandbox: Sandbox) -> None:
    step = with_a_submodule(sandbox)
    step.sandbox.write({"lib/built.o": "x\n"}, step.path)
    assert step.refused("embedded").files == ("lib",)
    step.sandbox.write({"c.txt": "c\n"}, step.path)
    assert step.committed().files == ("c.txt",)
    step.sandbox.write({"d.txt": "d\n", "lib/a.txt": "changed\n"}, step.path)
    assert step.refused("embedded").files == ("lib",) and (step.path / "lib/a.txt").read_text() == "changed\n"


def test_a_submodule_may_be_set_to_a_commit_that_outlives_the_worktree_only(sandbox: Sandbox) -> None:
    step = with_a_submodule(sandbox)
    sandbox.commit("only here", {"a.txt": "changed\n"}, step.path / "lib")
    assert step.refused("embedded").files == ("lib",)
    step.git("add", "lib")
    assert step.refused("embedded").files == ("lib",)
    sandbox.git("checkout", "--quiet", "HEAD~2", cwd=step.path / "lib")
    assert step.committed().files == ("lib",)


def test_a_submodule_may_be_removed(sandbox: Sandbox) -> None:
    step = with_a_submodule(sandbox)
    step.git("rm", "--quiet", "-r", "lib")
    assert step.committed().files == (".gitmodules", "lib")


def test_a_lock_of_a_killed_git_does_not_stop_the_commit(step: Step) -> None:
    step.sandbox.write({"a.txt": "x\n"}, step.path)
    (step.worktrees.repository.git_dir(step.path) / "index.lock").touch()

    step.committed()


def test_a_tracked_gitignore_stays_as_it_is(sandbox: Sandbox) -> None:
    sandbox.commit("ignore", {".gitignore": "*.log\n"})
    step = Step(sandbox)
    step.sandbox.write({"x.log": "x\n", "c.txt": "c\n"}, step.path)

    assert step.committed().files == ("c.txt",)


def test_a_shallow_clone_is_committed_to(sandbox: Sandbox) -> None:
    sandbox.commit("second", {"c.txt": "c\n"})
    clone = sandbox.folder / "clone"
    sandbox.git("clone", "--quiet", "--depth=1", f"file://{sandbox.root}", str(clone))
    repository = Repository.open(clone, sandbox.environment)
    worktree = Worktrees(repository, sandbox.folder / "worktrees").create(KEY, BRANCH, "main")
    sandbox.write({"c.txt": "changed\n"}, worktree.path)

    done = commit_changes(repository, worktree, "Work", KEY)

    assert isinstance(done, Committed) and done.files == ("c.txt",)


def test_a_full_disk_is_an_error_that_says_so(tmp_path: Path) -> None:
    """On a file system of two megabytes, where the rights to mount one are there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no rights to mount a small file system; the test with a limit on file sizes stands in")
    try:
        step = Step(Sandbox(disk).start())
        (step.path / "noise.bin").write_bytes(os.urandom(1_100_000))

        with pytest.raises(GitCommandFailed, match=r"(?s)No space left.*free some disk space"):
            step.end()

        step.sandbox.write({"noise.bin": "quiet\n"}, step.path)
        assert step.committed().files == ("noise.bin",)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_limit_on_files_is_an_error_that_says_so(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the size of files stands in for the disk: git gets the same kind of failure from a write."""
    step.sandbox.write({"noise.bin": os.urandom(300_000).hex()}, step.path)
    tools = step.sandbox.folder / "tools"
    tools.mkdir()
    real = shutil.which("git")
    (tools / "git").write_text(f'#!/bin/sh\nulimit -f 100\nexec {real} "$@"\n')
    (tools / "git").chmod(0o755)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{tools}:{path}")
    full = Repository.open(step.sandbox.root, {**step.sandbox.environment, "PATH": f"{tools}:{path}"})

    with pytest.raises(GitCommandFailed, match="free some disk space"):
        commit_changes(full, step.worktree, "Work", KEY)

    assert step.committed().files == ("noise.bin",)
