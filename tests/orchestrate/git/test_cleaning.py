"""Clearing up after runs: nothing that landed nowhere is lost, and what is in use stays."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.orchestrate.git.cleaning import clean
from tests.orchestrate.git.sandbox import Sandbox
from tests.orchestrate.git.test_integration import Runs


@pytest.fixture
def runs(sandbox: Sandbox) -> Runs:
    return Runs(sandbox)


def test_what_landed_goes_and_what_did_not_is_kept(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    lost = runs.task("run-2", {"y.txt": "y\n"})[0].commit
    runs.task("run-3", {"z.txt": "z\n"})
    before = runs.sandbox.fingerprint()

    cleaned = clean(runs.integration, ["run-1", "run-2"])

    assert cleaned.branches == ["penstock/run-1/a", "penstock/run-2/a"]
    assert cleaned.kept == {"penstock/run-2/a": f"refs/penstock/kept/run-2/a/{lost[:12]}"}
    assert runs.sandbox.git("rev-parse", cleaned.kept["penstock/run-2/a"]) == lost
    listed = runs.sandbox.git("branch", "--format=%(refname:short)").split()
    assert listed == ["main", "penstock/landed", "penstock/run-3/a"]
    folder = runs.integration.worktrees.folder
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == ["run-3"]
    assert runs.sandbox.fingerprint() == before


def test_a_result_that_waits_for_agreement_is_cleared_up_too(runs: Runs) -> None:
    runs.prepare("run-1", {"x.txt": "x\n"}, "base")

    cleaned = clean(runs.integration, ["run-1"])

    assert sorted(path.name for path in cleaned.worktrees) == ["a", "run-1.integration"]
    assert list(cleaned.kept) == ["penstock/run-1/a"]


def test_the_worktree_of_a_review_goes_with_its_run(runs: Runs) -> None:
    path = runs.integration.worktrees.create("run-1/a/review/1", None, "main").path

    assert clean(runs.integration, ["run-1"]).worktrees == [path]
    assert not path.parent.exists()


def test_a_branch_that_the_user_looks_at_stays(runs: Runs) -> None:
    runs.task("run-1", {"x.txt": "x\n"})
    clean(runs.integration, [])
    for path in runs.integration.worktrees.existing():
        runs.integration.worktrees.remove(path)
    runs.sandbox.git("switch", "--quiet", "penstock/run-1/a")

    cleaned = clean(runs.integration, ["run-1"])

    assert cleaned.branches == [] and list(cleaned.skipped) == ["penstock/run-1/a"]
    assert str(runs.sandbox.root) in cleaned.skipped["penstock/run-1/a"]


def test_a_branch_that_the_user_merged_by_hand_is_safe(runs: Runs) -> None:
    runs.task("run-1", {"x.txt": "x\n"})
    runs.sandbox.git("merge", "--quiet", "penstock/run-1/a")

    cleaned = clean(runs.integration, ["run-1"])

    assert cleaned.branches == ["penstock/run-1/a"] and cleaned.kept == {}


def test_cleaning_twice_finds_nothing(runs: Runs) -> None:
    runs.land("run-1", {"x.txt": "x\n"})
    clean(runs.integration, ["run-1"])

    again = clean(runs.integration, ["run-1", "never-heard-of"])

    assert (again.worktrees, again.branches, again.kept, again.skipped) == ([], [], {}, {})


def test_how_far_it_is_can_be_told_and_runs_that_left_nothing_cost_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\necho "$1" >> {counted}\nexec {shutil.which("git")} "$@"\n')
    git.chmod(0o700)
    sandbox.environment["PATH"] = f"{git.parent}{os.pathsep}{sandbox.environment['PATH']}"
    runs = Runs(sandbox)
    runs.land("run-1", {"x.txt": "x\n"})
    told: list[tuple[float, str]] = []
    counted.unlink()

    clean(runs.integration, {"run-1", *map(str, range(1000))}, lambda share, what: told.append((share, what)))

    assert told == [(0.0, "run-1/a"), (0.5, "penstock/run-1")]
    assert 0 < len(counted.read_text().splitlines()) < 20
