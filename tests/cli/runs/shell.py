"""A repository in which commands are typed, and Tasks that wait for a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from engine.config_files import user_config_folder
from engine.orchestrate import client
from engine.orchestrate.store.locations import locations
from engine.orchestrate.store.writer_lock import WriterLock
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
        self.places = locations(self.root / ".git", self.environment) if sys.platform != "win32" else None
        self.defaults(f"[policy]\npaths = ['{folder}']\n")  # Tasks of tests leave word of themselves there
        self.git("init", "-q", "-b", "main")
        self.git("commit", "-q", "--allow-empty", "-m", "start")

    def defaults(self, text: str) -> None:
        """The user's own settings."""
        place = user_config_folder(self.environment)
        assert place is not None
        place.mkdir(parents=True, exist_ok=True)
        (place / "penstock.toml").write_text(text, encoding="utf-8")

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

    def runner(self) -> int:
        """The process id of the runner."""
        code, said = self("runner", "status")
        assert code == 0 and said.startswith("process "), said
        return int(said.split()[1].rstrip(","))

    def close(self) -> None:
        """Ends the runner; whatever is left then has been left behind."""
        if self.places is None:
            return
        with suppress(client.NoRunner), client.ending(self.places.socket, "stop") as (_, wait):
            wait()
        assert not WriterLock.is_held(self.places.lock), self.places.lock.read_text()
        assert left_in(self.root.parent) == []

    def intent(self, name: str, text: str) -> None:
        path = self.root / ".penstock" / "intents" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        assert self("approve", name)[0] == 0


def left_in(folder: Path) -> list[str]:
    """The processes that work in a folder or below it, and do not end."""
    found = []
    for process in psutil.process_iter():
        try:
            place = Path(process.cwd())
            if process.status() != psutil.STATUS_ZOMBIE and (place == folder or folder in place.parents):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    _, alive = psutil.wait_procs(found, timeout=PATIENCE)  # the guard of a runner that was killed may be at it
    return [str(process) for process in alive]


def said_until(process: subprocess.Popen[bytes], words: str) -> str:
    """What a process says up to some words."""
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline().decode()
        assert line, said
        said += line
    return said


def rest(process: subprocess.Popen[bytes]) -> str:
    """What a process says until it ends."""
    return process.communicate(timeout=PATIENCE)[0].decode()


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
