"""What an agent changes beyond its worktree, through git, is seen."""

from __future__ import annotations

from engine.orchestrate.git.shared import shared_state
from tests.orchestrate.git.sandbox import Sandbox


def test_work_in_a_worktree_changes_nothing_that_is_shared(sandbox: Sandbox) -> None:
    repository, before = sandbox.open(), shared_state(sandbox.open())
    path = sandbox.worktrees().create("k", "penstock/run-1/a", "main").path

    sandbox.commit("work", {"c.txt": "c\n"}, path)

    assert before.differences(shared_state(repository)) == []


def test_what_reaches_beyond_the_worktree_is_named(sandbox: Sandbox) -> None:
    repository, before = sandbox.open(), shared_state(sandbox.open())
    path = sandbox.worktrees().create("k", "penstock/run-1/a", "main").path

    sandbox.git("config", "core.hooksPath", "/elsewhere", cwd=path)
    sandbox.write({"a.txt": "x\n"}, path)
    sandbox.git("stash", "push", "--quiet", cwd=path)
    sandbox.hook("post-commit", "true")

    assert before.differences(shared_state(repository)) == ["config", "hooks/post-commit", "stash"]


def test_a_hook_that_may_be_run_now_is_a_difference(sandbox: Sandbox) -> None:
    sandbox.hook("post-commit", "true")
    hook = sandbox.root / ".git" / "hooks" / "post-commit"
    hook.chmod(0o644)
    before = shared_state(sandbox.open())

    hook.chmod(0o755)

    assert before.differences(shared_state(sandbox.open())) == ["hooks/post-commit"]
