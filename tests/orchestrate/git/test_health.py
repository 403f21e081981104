"""What the doctor says about git."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.orchestrate.git.health import Finding, git_health
from engine.orchestrate.git.integration import LANDED_BRANCH
from tests.orchestrate.git.sandbox import Sandbox


def findings(sandbox: Sandbox) -> dict[str, Finding]:
    found = git_health(sandbox.root, sandbox.folder / "worktrees", sandbox.environment)
    return {finding.subject: finding for finding in found}


def test_a_healthy_repository(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()

    found = findings(sandbox)

    assert {"git", "base branch", "remote", "identity", "worktrees", LANDED_BRANCH, "disk"} == found.keys()
    assert [f.subject for f in found.values() if f.state != "ok" and f.subject != "disk"] == []
    assert found["identity"].text == "Ada <ada@example.org>" and found["base branch"].text.startswith("main at ")
    assert sandbox.fingerprint() == before and not (sandbox.folder / "worktrees").exists()


def test_what_is_not_well_says_what_to_do(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, identity={}).start()
    path = sandbox.worktrees().create("k", "penstock/run-1/a", "main").path
    shutil.rmtree(path)
    sandbox.git("switch", "--quiet", "-c", LANDED_BRANCH)

    found = findings(sandbox)

    assert {name for name, f in found.items() if f.state != "ok"} - {"disk"} == {"identity", "stale worktrees", "base"}
    assert all(f.next_action for f in found.values() if f.state != "ok")


@pytest.mark.parametrize("base_branch", [None, "trunk"])
def test_a_base_branch_that_conflicts_with_what_landed_is_a_problem(sandbox: Sandbox, base_branch: str | None) -> None:
    base = base_branch or "main"
    sandbox.git("switch", "--quiet", "-c", LANDED_BRANCH)
    sandbox.commit("theirs", {"a.txt": "theirs\n"})
    sandbox.git("switch", "--quiet", *([base] if base == "main" else ["-c", base, "main"]))
    sandbox.commit("ours", {"a.txt": "ours\n"})
    if base_branch:
        sandbox.git("switch", "--quiet", "main")
    before = sandbox.fingerprint()

    found = git_health(sandbox.root, sandbox.folder / "worktrees", sandbox.environment, base_branch)

    (problem,) = [finding for finding in found if finding.state == "problem"]
    assert problem.subject == LANDED_BRANCH and f"{base} conflicts with it in a.txt" in problem.text
    assert f"git merge {base}" in problem.next_action
    assert sandbox.fingerprint() == before and not (sandbox.folder / "worktrees").exists()


def test_no_repository_is_one_problem(tmp_path: Path) -> None:
    (found,) = git_health(tmp_path, tmp_path / "worktrees", {})

    assert (found.state, bool(found.next_action)) == ("problem", True)


def test_what_two_looks_stumble_over_is_said_once(sandbox: Sandbox) -> None:
    sandbox.git("switch", "--quiet", "--detach")
    sandbox.git("branch", "--quiet", LANDED_BRANCH)

    found = git_health(sandbox.root, sandbox.folder / "worktrees", sandbox.environment)

    assert len([each.text for each in found if each.state == "problem"]) == 1
