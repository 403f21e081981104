"""Landing a run on `penstock/landed`, the base branch or a remote, and taking it back; the user's checkout stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.orchestrate.git.integration import LANDED_BRANCH, Integration, Prepared, TaskCommits
from engine.orchestrate.git.landing import Landed, passages
from engine.orchestrate.git.outcomes import Conflict, Refusal
from engine.orchestrate.git.repository import Base
from engine.orchestrate.git.request import request_command, request_url
from tests.orchestrate.git.sandbox import Sandbox


class Runs:
    """Runs of one Task each, in a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.integration = Integration(sandbox.open(), sandbox.worktrees())

    def task(self, run: str, files: dict[str, str | None], start: str | None = None) -> list[TaskCommits]:
        """A Task of a run that writes `files`, starting where runs in the mode `branch` start."""
        begun = start or self.integration.start("branch", self.integration.repository.base("main"))
        assert isinstance(begun, str)
        worktree = self.integration.worktrees.create(f"{run}/a/implement/1", f"penstock/{run}/a", begun)
        commit = self.sandbox.commit(f"work of {run}", files, worktree.path)
        return [TaskCommits("a", begun, commit)]

    def prepare(self, run: str, files: dict[str, str | None], mode: Any = "branch") -> Any:
        base = self.integration.repository.base("main")
        return self.integration.prepare(run, self.task(run, files), mode, base)

    def land(self, run: str, files: dict[str, str | None], mode: Any = "branch", **more: bool) -> Landed:
        prepared = self.prepare(run, files, mode)
        assert isinstance(prepared, Prepared), prepared
        landed = self.integration.publish(prepared, **more)
        assert isinstance(landed, Landed), landed
        return landed

    def bring(self, run: str) -> Any:
        return self.integration.prepare_land(run, self.integration.repository.base("main"))

    def tree(self, ref: str) -> list[str]:
        return self.sandbox.git("ls-tree", "--name-only", ref).split()


@pytest.fixture
def runs(sandbox: Sandbox) -> Runs:
    return Runs(sandbox)


def test_a_run_lands_on_a_branch_of_ours_and_nothing_else_moves(runs: Runs) -> None:
    runs.sandbox.write({"a.txt": "dirty\n"})
    before, main = runs.sandbox.fingerprint(), runs.sandbox.git("rev-parse", "main")

    landed = runs.land("run-1", {"x.txt": "x\n"})

    assert (landed.branch, landed.before, landed.files, landed.added) == (LANDED_BRANCH, main, ("x.txt",), 1)
    assert runs.sandbox.git("rev-parse", LANDED_BRANCH) == landed.after == landed.commits[-1]
    assert runs.sandbox.git("rev-parse", "main") == main
    assert runs.sandbox.fingerprint() == before
    assert [path.name for path in runs.integration.worktrees.existing()] == ["a"]


def test_the_next_run_starts_on_what_landed(runs: Runs) -> None:
    first = runs.land("run-1", {"x.txt": "x\n"})
    second = runs.land("run-2", {"x.txt": "x and more\n"})

    assert second.before == first.after and second.files == ("x.txt",)


def test_two_runs_side_by_side_both_land(runs: Runs) -> None:
    tasks = {run: runs.task(run, {f"{run}.txt": "x\n"}) for run in ("run-1", "run-2")}
    base = runs.integration.repository.base("main")
    prepared = [runs.integration.prepare(run, own, "branch", base) for run, own in tasks.items()]

    first, late = (runs.integration.publish(each) for each in prepared if isinstance(each, Prepared))

    assert isinstance(first, Landed)
    assert isinstance(late, Refusal) and late.kind == "moved"
    again = runs.integration.prepare("run-2", tasks["run-2"], "branch", base)
    assert isinstance(again, Prepared)
    assert isinstance(runs.integration.publish(again), Landed)
    assert runs.tree(LANDED_BRANCH) == ["a.txt", "b.txt", "run-1.txt", "run-2.txt"]


def test_the_base_is_merged_in_before_each_landing(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    runs.sandbox.commit("theirs", {"theirs.txt": "t\n"})

    landed = runs.land("run-2", {"y.txt": "y\n"})

    assert runs.tree(LANDED_BRANCH) == ["a.txt", "b.txt", "theirs.txt", "x.txt", "y.txt"]
    assert landed.files == ("y.txt",), "what the base brought is not the run's"
    assert runs.sandbox.git("merge-base", "--is-ancestor", "main", LANDED_BRANCH) == ""


def test_a_base_that_conflicts_with_what_landed_is_nobodys_task(runs: Runs) -> None:
    runs.land("run-1", {"a.txt": "landed\n"})
    tasks = runs.task("run-2", {"y.txt": "y\n"}, "main")
    theirs = runs.sandbox.commit("theirs", {"a.txt": "theirs\n"})
    base = runs.integration.repository.base("main")

    conflict = runs.integration.prepare("run-2", tasks, "branch", base)

    assert isinstance(conflict, Conflict)
    assert (conflict.task_id, conflict.files, conflict.commit) == (None, ("a.txt",), theirs)
    assert isinstance(runs.integration.start("branch", base), Conflict)


def test_landing_again_after_a_crash_doubles_nothing(runs: Runs) -> None:
    tasks = runs.task("run-1", {"x.txt": "x\n"})
    base = runs.integration.repository.base("main")
    prepared = runs.integration.prepare("run-1", tasks, "branch", base)
    assert isinstance(prepared, Prepared)
    first = runs.integration.publish(prepared)

    again = runs.integration.prepare("run-1", tasks, "branch", base)

    assert isinstance(first, Landed) and isinstance(again, Landed)
    assert again.already and (again.before, again.after) == (first.before, first.after)
    assert runs.sandbox.git("rev-list", "--count", LANDED_BRANCH) == "2"


def test_a_crash_between_the_record_and_the_move_lands_nothing_yet(runs: Runs) -> None:
    prepared = runs.prepare("run-1", {"x.txt": "x\n"})
    lock = runs.sandbox.root / ".git" / "refs" / "heads" / f"{LANDED_BRANCH}.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.touch()
    with pytest.raises(Exception, match="File exists"):
        runs.integration.publish(prepared)
    assert passages(runs.integration.repository, "run-1") and not runs.integration.where("run-1")
    lock.unlink()

    assert isinstance(runs.integration.publish(prepared), Landed)


def test_base_moves_at_once_if_no_checkout_has_it(runs: Runs) -> None:
    runs.sandbox.git("switch", "--quiet", "-c", "topic")
    before = runs.sandbox.fingerprint()

    landed = runs.land("run-1", {"x.txt": "x\n"}, "base")

    assert runs.sandbox.git("rev-parse", "main") == landed.after
    assert runs.sandbox.fingerprint() == before


def test_a_base_that_is_checked_out_moves_only_if_agreed_and_clean(runs: Runs) -> None:
    prepared, before = runs.prepare("run-1", {"x.txt": "x\n"}, "base"), runs.sandbox.fingerprint()

    asked = runs.integration.publish(prepared)
    assert isinstance(asked, Refusal) and asked.kind == "agreement" and str(runs.sandbox.root) in asked.message
    assert runs.sandbox.fingerprint() == before

    runs.sandbox.write({"a.txt": "dirty\n"})
    dirty = runs.integration.publish(prepared, agreed=True)
    assert isinstance(dirty, Refusal) and dirty.kind == "dirty"

    runs.sandbox.git("checkout", "--quiet", "a.txt")
    runs.sandbox.write({"notes.txt": "untracked\n"})
    landed = runs.integration.publish(prepared, agreed=True)
    assert isinstance(landed, Landed) and runs.sandbox.git("rev-parse", "HEAD") == landed.after
    assert (runs.sandbox.root / "x.txt").exists() and runs.sandbox.git("status", "--porcelain") == "?? notes.txt"


def test_how_intents_end_is_no_change_that_keeps_a_checkout_from_moving(runs: Runs) -> None:
    intent = ".penstock/intents/one.yaml"
    runs.sandbox.commit("an Intent", {intent: "title: One\n"})
    prepared = runs.prepare("run-1", {"x.txt": "x\n"}, "base")
    runs.sandbox.write({intent: "title: One\nstatus: done\n"})
    assert isinstance(runs.integration.publish(prepared, agreed=True), Landed)
    assert runs.sandbox.git("status", "--porcelain") == f" M {intent}"

    changing = runs.prepare("run-2", {intent: "title: Two\n"}, "base")
    refusal = runs.integration.publish(changing, agreed=True)
    assert isinstance(refusal, Refusal) and refusal.kind == "dirty" and intent in refusal.output
    assert (runs.sandbox.root / intent).read_text() == "title: One\nstatus: done\n"


def test_an_untracked_file_in_the_way_is_not_overwritten(runs: Runs) -> None:
    prepared = runs.prepare("run-1", {"x.txt": "x\n"}, "base")
    runs.sandbox.write({"x.txt": "mine\n"})

    refusal = runs.integration.publish(prepared, agreed=True)

    assert isinstance(refusal, Refusal) and refusal.kind == "dirty" and "x.txt" in refusal.output
    assert (runs.sandbox.root / "x.txt").read_text() == "mine\n"


def test_a_base_checked_out_in_another_worktree_is_asked_about_there(runs: Runs) -> None:
    other = runs.sandbox.folder / "other"
    runs.sandbox.git("switch", "--quiet", "-c", "topic")
    runs.sandbox.git("worktree", "add", "--quiet", str(other), "main")
    prepared = runs.prepare("run-1", {"x.txt": "x\n"}, "base")

    refusal = runs.integration.publish(prepared)

    assert isinstance(refusal, Refusal) and refusal.kind == "agreement" and str(other) in refusal.message
    assert isinstance(runs.integration.publish(prepared, agreed=True), Landed)
    assert (other / "x.txt").exists() and not (runs.sandbox.root / "x.txt").exists()


def test_a_base_that_moved_meanwhile_is_not_overwritten(runs: Runs) -> None:
    prepared = runs.prepare("run-1", {"x.txt": "x\n"}, "base")
    theirs = runs.sandbox.commit("theirs", {"theirs.txt": "t\n"})

    refusal = runs.integration.publish(prepared, agreed=True)

    assert isinstance(refusal, Refusal) and refusal.kind == "moved"
    assert runs.sandbox.git("rev-parse", "main") == theirs


def test_a_landed_run_is_brought_to_the_base_as_it_is(runs: Runs) -> None:
    landed = runs.land("run-1", {"x.txt": "x\n"})
    prepared = runs.bring("run-1")
    assert isinstance(prepared, Prepared)

    brought = runs.integration.publish(prepared, agreed=True)

    assert isinstance(brought, Landed) and brought.commits == landed.commits
    assert isinstance(runs.bring("run-1"), Landed), "once is enough"


def test_a_later_run_is_brought_without_the_earlier_one(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    landed = runs.land("run-2", {"y.txt": "y\n"})

    brought = runs.integration.publish(runs.bring("run-2"), agreed=True)

    assert isinstance(brought, Landed) and brought.commits != landed.commits
    assert runs.tree("main") == ["a.txt", "b.txt", "y.txt"]
    assert [p.branch for p in runs.integration.where("run-2")] == ["main", LANDED_BRANCH]
    assert runs.land("run-3", {"z.txt": "z\n"}).files == ("z.txt",), "the base merges back without a conflict"


def test_a_run_that_needs_the_earlier_one_conflicts_on_the_base(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    runs.land("run-2", {"x.txt": "x and more\n"})

    conflict = runs.bring("run-2")

    assert isinstance(conflict, Conflict) and conflict.files == ("x.txt",)


def test_reverting_makes_commits_and_leaves_the_checkout_alone(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n", "a.txt": "changed\n"})
    runs.land("run-2", {"y.txt": "y\n"})
    before = runs.sandbox.fingerprint()
    prepared = runs.integration.prepare_revert("run-1", LANDED_BRANCH)
    assert isinstance(prepared, Prepared)

    reverted = runs.integration.publish(prepared)

    assert isinstance(reverted, Landed)
    assert runs.tree(LANDED_BRANCH) == ["a.txt", "b.txt", "y.txt"]
    assert runs.sandbox.git("show", f"{LANDED_BRANCH}:a.txt") == "one\ntwo\nthree"
    assert runs.sandbox.fingerprint() == before
    assert runs.integration.where("run-1") == []
    again = runs.integration.prepare_revert("run-1", LANDED_BRANCH)
    assert isinstance(again, Landed) and again.already
    assert runs.bring("run-1").kind == "reverted"


def test_reverting_on_a_checked_out_base_asks_first(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"}, "base", agreed=True)
    prepared = runs.integration.prepare_revert("run-1", "main")
    assert isinstance(prepared, Prepared)

    asked = runs.integration.publish(prepared)

    assert isinstance(asked, Refusal) and asked.kind == "agreement"
    assert isinstance(runs.integration.publish(prepared, agreed=True), Landed)
    assert not (runs.sandbox.root / "x.txt").exists()


def test_a_revert_that_conflicts_is_a_value(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    runs.land("run-2", {"x.txt": "x and more\n"})

    assert isinstance(runs.integration.prepare_revert("run-1", LANDED_BRANCH), Conflict)


def test_a_run_that_git_does_not_know_is_said_to_be(runs: Runs) -> None:
    for answer in (runs.bring("none"), runs.integration.prepare_revert("none", "main"), runs.integration.diff("none")):
        assert isinstance(answer, Refusal) and answer.kind == "unknown"


def test_the_diff_of_a_run_is_its_own(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    runs.land("run-2", {"y.txt": "y\n"})

    diff = runs.integration.diff("run-2")

    assert not isinstance(diff, Refusal) and "+y" in diff.text and "x.txt" not in diff.text


def test_a_request_pushes_a_branch_and_opens_nothing(runs: Runs) -> None:
    remote = runs.sandbox.folder / "remote.git"
    runs.sandbox.git("init", "--quiet", "--bare", str(remote))
    runs.sandbox.git("remote", "add", "origin", str(remote))
    before = runs.sandbox.fingerprint()

    landed = runs.land("run-1", {"x.txt": "x\n"}, "pr")

    assert runs.sandbox.git("rev-parse", "penstock/run-1", cwd=remote) == landed.after
    assert runs.sandbox.fingerprint() == before
    again = runs.prepare("run-1", {"x.txt": "x\n"}, "pr")
    assert isinstance(again, Landed) and (again.already, again.after) == (True, landed.after), "after a crash"


def test_a_branch_that_somebody_moved_on_the_remote_is_not_overwritten(runs: Runs) -> None:
    remote = runs.sandbox.folder / "remote.git"
    runs.sandbox.git("init", "--quiet", "--bare", str(remote))
    runs.sandbox.git("remote", "add", "origin", str(remote))
    theirs = runs.sandbox.commit("theirs", {"b.txt": "theirs\n"})
    runs.sandbox.git("push", "--quiet", "origin", "main:penstock/run-1")
    tasks = runs.task("run-1", {"x.txt": "x\n"}, "main~")
    prepared = runs.integration.prepare("run-1", tasks, "pr", Base("main", "refs/heads/main", tasks[0].start_commit))
    assert isinstance(prepared, Prepared)

    refusal = runs.integration.publish(prepared)

    assert isinstance(refusal, Refusal) and refusal.kind == "push"
    assert runs.sandbox.git("rev-parse", "penstock/run-1", cwd=remote) == theirs


def test_a_remote_that_is_away_is_a_refusal(runs: Runs) -> None:
    without = runs.prepare("run-1", {"x.txt": "x\n"}, "pr")
    assert isinstance(without, Refusal) and "no remote" in without.message
    runs.sandbox.git("remote", "add", "origin", str(runs.sandbox.folder / "nowhere"))

    refusal = runs.integration.publish(runs.prepare("run-2", {"x.txt": "x\n"}, "pr"))

    assert isinstance(refusal, Refusal) and refusal.kind == "push" and "nowhere" in refusal.output


@pytest.mark.parametrize("address, url", [
    ("git@github.com:o/r.git", "https://github.com/o/r/pull/new/penstock/run-1"),
    ("https://user@github.com/o/r", "https://github.com/o/r/pull/new/penstock/run-1"),
    ("ssh://git@gitlab.example.org:22/g/s/r.git",
     "https://gitlab.example.org/g/s/r/-/merge_requests/new?merge_request%5Bsource_branch%5D=penstock%2Frun-1"),
    ("https://bitbucket.org/o/r.git", "https://bitbucket.org/o/r/pull-requests/new?source=penstock%2Frun-1"),
    ("/srv/git/r.git", None), ("https://code.example.org/r", None),
])  # fmt: skip
def test_where_a_request_is_opened(address: str, url: str | None) -> None:
    assert request_url(address, "penstock/run-1") == url


def test_a_whole_run_without_any_identity(tmp_path: Path) -> None:
    runs = Runs(Sandbox(tmp_path, identity={}).start())
    runs.sandbox.git("config", "user.useConfigOnly", "true")
    runs.land("run-1", {"x.txt": "x\n"})
    runs.sandbox.commit("theirs", {"theirs.txt": "t\n"})

    runs.land("run-2", {"y.txt": "y\n"})
    prepared = runs.integration.prepare_revert("run-1", LANDED_BRANCH)

    assert isinstance(prepared, Prepared) and isinstance(runs.integration.publish(prepared), Landed)
    committers = runs.sandbox.git("log", "--format=%cn", "-4", LANDED_BRANCH).split("\n")
    assert committers[:3] == ["Penstock"] * 3


def test_the_command_that_opens_a_request_needs_gh(tmp_path: Path) -> None:
    assert request_command("main", "penstock/run-1", str(tmp_path)) is None
    (tmp_path / "gh").touch(mode=0o755)

    command = request_command("main", "penstock/run-1", str(tmp_path))

    assert command == "gh pr create --fill --base main --head penstock/run-1"


def test_any_names_will_do(tmp_path: Path) -> None:
    runs = Runs(Sandbox(tmp_path, "ünï code ☂").start())

    landed = runs.land("run-1", {"dïr with space/line\nend.txt": "x\n"})

    assert landed.files == ("dïr with space/line\nend.txt",)
