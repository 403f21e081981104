"""Where roles may write: prevented where the system can, whatever the agent tries; else seen afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import decode
from engine.orchestrate.agents import landlock
from engine.orchestrate.confinement import added_paths, led_out, mode_of, writable
from engine.orchestrate.git.repository import Repository

confines = pytest.mark.skipif(not landlock.version(), reason="this system has no Landlock that will do")

PLAN = {"tasks": [{"id": "t", "title": "T"}]}


def policy(**table):
    return decode({"policy": table})[0].policy


def test_roles_that_judge_only_read_by_default():
    modes = {role: mode_of(policy(), role) for role in ("analyze", "implement", "review", "audit")}

    assert modes == {
        "analyze": "read-only", "implement": "workspace-write", "review": "read-only", "audit": "read-only",
    }  # fmt: skip


def test_a_mode_says_where(project, tmp_path):
    sandbox = project.sandbox
    repository = Repository.open(sandbox.root, sandbox.environment)
    tree, scratch, home = tmp_path / "tree", tmp_path / "scratch", tmp_path / "home"
    places = {
        mode: writable(mode, tree, repository, {"HOME": str(home)}, [tmp_path / "more"], scratch)
        for mode in ("read-only", "workspace-write", "full-access")
    }

    assert places["full-access"] is None
    reads, writes = (set(places[mode] or ()) for mode in ("read-only", "workspace-write"))
    assert {scratch, home / ".cache", tmp_path / "more"} <= reads
    assert {repository.common_dir, sandbox.root, tree, home} & reads == set()
    assert {tree, repository.common_dir / "objects"} <= writes
    assert {repository.common_dir, sandbox.root, home} & writes == set()


def test_a_relative_path_is_the_repositorys(tmp_path):
    assert added_paths(policy(paths=["../beside", "/there"]), tmp_path) == [tmp_path / "../beside", Path("/there")]


def test_a_link_leads_out_if_its_end_is_elsewhere(tmp_path):
    tree, beside = tmp_path / "tree", tmp_path / "beside"
    for folder in (tree / "a", beside):
        folder.mkdir(parents=True)
    for name, target in {"in": "a", "out": "../beside", "far": "/etc", "chain": "out"}.items():
        (tree / name).symlink_to(target)
    names = ["in", "out", "far", "chain", "a"]

    assert led_out(tree, names, []) == ["out", "far", "chain"]
    assert led_out(tree, names, [beside]) == ["far"]


@confines
async def test_nobody_writes_into_the_checkout_or_beside_it_and_commits_all_the_same(project):
    root = project.root
    git = f"{root}/.git"
    tries = " ; ".join(
        f"echo x > {place}" for place in (f"{root}/new", f"{git}/config", f"{git}/hooks/post-commit",
                                          f"{git}/refs/heads/main", f"{project.sandbox.folder}/beside")
    )  # fmt: skip
    agent = project.sandbox.folder / "agent"
    project.agent(
        analyze=[(f"({tries} ; echo x > mine) ; true", PLAN)],
        implement=[(f"({tries}) ; echo 1 > t.txt && git add t.txt && git commit -qm own", {})],
        review=[(f"({tries} ; echo x > t.txt) ; true", {"approved": True})],
    )
    project.may_write = [str(agent)]
    project.intent("one", "title: One\n")
    before = project.sandbox.git("rev-parse", "main"), (root / ".git" / "config").read_text()
    await project.run()

    assert project.end["state"] == "succeeded", project.end
    assert project.landed("t.txt") == "1"
    assert (project.sandbox.git("rev-parse", "main"), (root / ".git" / "config").read_text()) == before
    assert not (root / "new").exists() and not (project.sandbox.folder / "beside").exists()
    assert project.of("question") == []
    seen = [end["evidence"]["agent"]["confined"] for end in project.of("step.end") if "agent" in end["evidence"]]
    assert seen == [True, True, True]


@confines
async def test_a_command_is_confined_like_an_agent_and_verification_is_not(project):
    project.may_write = []
    out = project.sandbox.folder / "out"
    project.intent("one", f"title: One\nrun: ['echo x > {out} || echo 1 > t.txt']\nverify: ['echo y > {out}']\n")
    await project.run()

    assert project.landed("t.txt") == "1" and out.read_text() == "y\n"


async def test_a_role_may_be_given_everything_or_nothing(project):
    out = project.sandbox.folder / "out"
    project.may_write = []
    project.settings = {**project.settings, "policy": {"mode": {"implement": "full-access"}}}
    project.intent("one", f"title: One\nrun: ['echo x > {out} && echo 1 > t.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded" and out.exists()

    project.settings = {**project.settings, "policy": {"mode": {"implement": "read-only"}}}
    project.intent("two", "title: Two\nrun: ['echo 2 > t.txt']\n")
    await project.run("two")
    assert (project.end["state"], "only read" in project.end["reason"]) == ("failed", True)


async def test_a_link_that_leads_out_asks_a_person(project):
    project.may_write = []
    project.intent("one", "title: One\nrun: ['ln -s /etc there']\n")
    await project.run()

    (question,) = project.of("question")
    assert question["question"].startswith("Task run-1 adds links that lead out of the repository, there")
