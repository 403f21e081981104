"""Rebasing a Task and replaying Tasks: conflicts are values, and the checkout is clean afterwards."""

from __future__ import annotations

import pytest

from engine.orchestrate.git.combining import Rebased, linear, rebase
from engine.orchestrate.git.errors import GitCommandFailed
from engine.orchestrate.git.integration import TaskCommits, replay
from engine.orchestrate.git.outcomes import Conflict, Refusal
from tests.orchestrate.git.sandbox import Sandbox

BRANCH = "penstock/run-1/a"


class Task:
    """A Task with one worktree, whose base branch goes on meanwhile."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.worktrees = sandbox, sandbox.worktrees()
        self.worktree = self.worktrees.create("key", BRANCH, "main")
        self.path, self.start = self.worktree.path, self.worktree.start_commit

    def rebase(self, onto: str) -> Rebased | Conflict | Refusal:
        return rebase(self.worktrees.repository, self.path, BRANCH, self.start, onto)

    def head(self) -> str:
        assert self.sandbox.git("status", "--porcelain", cwd=self.path) == ""
        assert self.worktrees.repository.operation(self.path) is None
        return self.sandbox.git("rev-parse", "HEAD", cwd=self.path)


@pytest.fixture
def task(sandbox: Sandbox) -> Task:
    return Task(sandbox)


def test_an_unmoved_base_needs_nothing(task: Task) -> None:
    own = task.sandbox.commit("own", {"c.txt": "c\n"}, task.path)

    assert task.rebase(task.start) == Rebased(task.start, own, moved=False)


def test_a_moved_base_gets_the_tasks_commits(task: Task) -> None:
    task.sandbox.commit("first", {"c.txt": "c\n"}, task.path)
    task.sandbox.commit("second\n\nPenstock-Step: key", {"d.txt": "d\n"}, task.path)
    onto = task.sandbox.commit("theirs", {"a.txt": "theirs\n"})

    done = task.rebase(onto)

    assert done == Rebased(onto, task.head(), moved=True)
    listed = task.sandbox.git("log", "--format=%s %(trailers:key=Penstock-Step,valueonly)", f"{onto}..{BRANCH}")
    assert listed.split() == ["second", "key", "first"]
    assert (task.path / "a.txt").read_text() == "theirs\n"


def test_a_conflict_leaves_the_old_branch(task: Task) -> None:
    task.sandbox.commit("fine", {"c.txt": "c\n"}, task.path)
    own = task.sandbox.commit("own", {"a.txt": "own\n", "b.txt": "own\n"}, task.path)
    onto = task.sandbox.commit("theirs", {"a.txt": "theirs\n", "b.txt": None})

    done = task.rebase(onto)

    assert done == Conflict(("a.txt", "b.txt"), onto, commit=own)
    assert task.head() == own == task.sandbox.git("rev-parse", BRANCH)


def test_a_dirty_file_is_no_conflict(task: Task) -> None:
    own = task.sandbox.commit("own", {"c.txt": "c\n"}, task.path)
    onto = task.sandbox.commit("theirs", {"b.txt": "theirs\n"})
    task.sandbox.write({"a.txt": "dirty\n"}, task.path)

    done = task.rebase(onto)

    assert isinstance(done, Refusal) and done.kind == "dirty"
    assert task.sandbox.git("rev-parse", BRANCH) == own
    assert (task.path / "a.txt").read_text() == "dirty\n"


def test_an_ignored_file_in_the_way_is_no_conflict(task: Task) -> None:
    own = task.sandbox.commit("own", {"c.txt": "c\n"}, task.path)
    onto = task.sandbox.commit("theirs", {"made.txt": "theirs\n"})
    task.sandbox.write({"made.txt": "made by setup\n"}, task.path)

    with pytest.raises(GitCommandFailed, match=r"made\.txt"):
        task.rebase(onto)

    assert task.sandbox.git("rev-parse", BRANCH) == own
    assert (task.path / "made.txt").read_text() == "made by setup\n"


def test_a_commit_that_the_base_has_already_is_left_out(task: Task) -> None:
    same = {"c.txt": "c\n"}
    task.sandbox.commit("same", same, task.path)
    task.sandbox.commit("own", {"d.txt": "d\n"}, task.path)
    onto = task.sandbox.commit("theirs", same)

    assert isinstance(task.rebase(onto), Rebased)
    assert task.sandbox.git("log", "--format=%s", f"{onto}..{BRANCH}") == "own"
    task.head()


def test_only_commits_that_the_base_has_leave_nothing(task: Task) -> None:
    task.sandbox.commit("same", {"c.txt": "c\n"}, task.path)
    onto = task.sandbox.commit("theirs", {"c.txt": "c\n"})

    assert task.rebase(onto) == Rebased(onto, onto, moved=True)
    assert task.head() == onto


def test_settings_of_the_user_move_no_other_branch(task: Task) -> None:
    task.sandbox.git("config", "rebase.updateRefs", "true")
    own = task.sandbox.commit("own", {"c.txt": "c\n"}, task.path)
    task.sandbox.git("branch", "bookmark", own)

    task.rebase(task.sandbox.commit("theirs", {"b.txt": "theirs\n"}))

    assert task.sandbox.git("rev-parse", "bookmark") == own != task.head()


def test_a_merge_among_the_commits_becomes_one_commit_with_its_result(task: Task) -> None:
    task.sandbox.commit("own", {"c.txt": "c\n"}, task.path)
    task.sandbox.git("switch", "--quiet", "-c", "side", task.start, cwd=task.path)
    task.sandbox.commit("side", {"d.txt": "d\n"}, task.path)
    task.sandbox.git("switch", "--quiet", BRANCH, cwd=task.path)
    task.sandbox.git("merge", "--quiet", "--no-edit", "side", cwd=task.path)
    repository = task.worktrees.repository

    (one,) = linear(repository, task.start, BRANCH)

    assert linear(repository, task.start, BRANCH) == [one], "the same commit whenever asked"
    assert task.sandbox.git("diff", one, BRANCH) == ""
    onto = task.sandbox.commit("theirs", {"b.txt": "theirs\n"})
    assert isinstance(task.rebase(onto), Rebased)
    assert task.sandbox.git("ls-tree", "--name-only", BRANCH).split() == ["a.txt", "b.txt", "c.txt", "d.txt"]


def test_tasks_are_replayed_in_order_and_empty_commits_stay(sandbox: Sandbox) -> None:
    worktrees, start = sandbox.worktrees(), sandbox.git("rev-parse", "main")
    first = worktrees.create("x", "penstock/run-1/x", start).path
    head = sandbox.commit("x", {"x.txt": "x\n"}, first)
    second = worktrees.create("y", "penstock/run-1/y", head).path
    end = sandbox.commit("y", {"x.txt": "x and y\n"}, second)
    end = sandbox.commit("nothing to do", {}, second)
    onto = sandbox.commit("theirs", {"b.txt": "theirs\n"})
    place = worktrees.create("integrate", None, onto).path

    conflict = replay(worktrees.repository, place, [TaskCommits("x", start, head), TaskCommits("y", head, end)])

    assert conflict is None
    assert sandbox.git("log", "--format=%s", f"{onto}..HEAD", cwd=place).split("\n") == ["nothing to do", "y", "x"]


def test_a_conflict_names_the_task_and_what_it_was_to_stand_on(sandbox: Sandbox) -> None:
    worktrees, start = sandbox.worktrees(), sandbox.git("rev-parse", "main")
    tasks = []
    for name in "xy":
        path = worktrees.create(name, f"penstock/run-1/{name}", start).path
        tasks.append(TaskCommits(name, start, sandbox.commit(name, {"a.txt": f"{name}\n"}, path)))
    place = worktrees.create("integrate", None, start).path

    conflict = replay(worktrees.repository, place, tasks)

    assert isinstance(conflict, Conflict)
    assert (conflict.task_id, conflict.files, conflict.commit) == ("y", ("a.txt",), tasks[1].commit)
    assert sandbox.git("show", f"{conflict.onto}:a.txt") == "x"
    assert sandbox.git("rev-parse", "HEAD", cwd=place) == conflict.onto
