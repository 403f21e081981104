"""`kill -9` at each git command of a run, before it and while it runs on as an orphan: nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.orchestrate.git.integration import LANDED_BRANCH
from engine.orchestrate.git.leftovers import end_leftovers
from engine.orchestrate.git.repository import OWNER
from tests.orchestrate.git.sandbox import Sandbox

ONE_RUN = Path(__file__).with_name("one_run.py")


class Crashing:
    """A run in a process of its own, with a `git` on its path that may kill it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.start = sandbox, sandbox.git("rev-parse", "main")
        self.tools, self.count = sandbox.folder / "tools", sandbox.folder / "count"
        self.tools.mkdir()

    def run(self, crash_at: int = 0, *, orphan: bool = False) -> subprocess.CompletedProcess[str]:
        """Do the run; its git command number `crash_at` kills it, and as an `orphan` goes on all the same."""
        after = "" if orphan else "exit 1"
        (self.tools / "git").write_text(
            f'#!/bin/sh\necho x >> {self.count}\n[ "$(wc -l < {self.count})" -eq {crash_at} ] && kill -9 $PPID && {{ '
            f':; {after}\n}}\nexec {shutil.which("git")} "$@"\n'
        )
        (self.tools / "git").chmod(0o755)
        self.count.unlink(missing_ok=True)
        environment = {
            **self.sandbox.environment, "START": self.start, "PATH": f"{self.tools}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }  # fmt: skip
        command = [sys.executable, str(ONE_RUN), str(self.sandbox.root), str(self.sandbox.folder / "worktrees")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def commands(self) -> int:
        return len(self.count.read_text().splitlines())

    def check(self) -> None:
        """One landing of one commit, whatever happened on the way."""
        ended = self.run()
        assert ended.returncode == 0, ended.stderr
        git = self.sandbox.git
        assert git("rev-list", f"{self.start}..{LANDED_BRANCH}").split() == ended.stdout.split()
        assert len(ended.stdout.split()) == 1
        for branch in (LANDED_BRANCH, "penstock/run-1/a"):
            found = git("log", "--format=%s %(trailers:key=Penstock-Step,valueonly)", f"{self.start}..{branch}")
            assert found.split() == ["Work", "run-1/a/implement/1"]
            assert git("show", f"{branch}:x.txt") == "x"


@pytest.mark.parametrize("orphan", [False, True])
@pytest.mark.parametrize("place", [0.45, 0.9])
def test_a_kill_somewhere_in_a_run(sandbox: Sandbox, place: float, orphan: bool) -> None:
    crashing, before = Crashing(sandbox), sandbox.fingerprint()

    killed = crashing.run(int(place * 34), orphan=orphan)

    assert killed.returncode == -signal.SIGKILL
    crashing.check()
    assert sandbox.fingerprint() == before


@pytest.mark.campaign
@pytest.mark.parametrize("orphan", [False, True])
def test_a_kill_at_every_git_command_of_a_run(tmp_path: Path, orphan: bool) -> None:
    number, ended = 0, None
    while ended != 0:
        number += 1
        crashing = Crashing(Sandbox(tmp_path / str(number)).start())
        ended = crashing.run(number, orphan=orphan).returncode
        crashing.check()
    print(f"{number - 1} places to be killed at")
    assert number > 25


def test_a_hook_that_outlives_its_runner_is_ended_before_the_step_is_done_again(sandbox: Sandbox) -> None:
    """The orphan would otherwise commit into the worktree that was made anew."""
    waiting = sandbox.folder / "waiting"
    os.mkfifo(waiting)
    sandbox.hook("pre-commit", f"kill -9 ${{{OWNER}%% *}}; cat {waiting}")
    crashing = Crashing(sandbox)
    assert crashing.run().returncode == -signal.SIGKILL

    ended = end_leftovers(sandbox.open())

    assert len(ended) >= 2, "the git that commits, and its hook"
    (sandbox.root / ".git/hooks/pre-commit").unlink()
    crashing.check()
