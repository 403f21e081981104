"""A repository in which commands are typed, and Tasks that wait for a test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cli.command import COMMAND, PATIENCE, environment


class Shell:
    """A repository, and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        self.environment = {
            **environment(folder), "PENSTOCK_STATE_DIR": str(folder / "state"),
            "PENSTOCK_KEYS_DIR": str(folder / "keys"),
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
        }  # fmt: skip
        self.git("init", "-q", "-b", "main")
        self.git("commit", "-q", "--allow-empty", "-m", "start")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, env=self.environment, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """A command's exit code and all it wrote."""
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=self.root, env=self.environment, capture_output=True, timeout=PATIENCE,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).decode()

    def start(self, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """A command that goes on, its output in a pipe; `before`: a command that starts it."""
        return subprocess.Popen(
            [*before, *COMMAND, *arguments], cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def intent(self, name: str, text: str) -> None:
        path = self.root / ".penstock" / "intents" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        assert self("approve", name)[0] == 0


class Gate:
    """A pipe that a Task waits on: it is known when the Task has come, and the Task goes on when told."""

    def __init__(self, folder: Path) -> None:
        self.come, self.go = folder / "come", folder / "go"
        os.mkfifo(self.come)
        os.mkfifo(self.go)
        self.line = f"echo > {self.come}; cat {self.go} > /dev/null"
        self.once = f"test -f {folder}/seen || {{ touch {folder}/seen; {self.line}; }}"
        """The same, only the first time."""

    def wait(self) -> None:
        self.come.read_bytes()

    def open(self) -> None:
        self.go.write_bytes(b"\n")
