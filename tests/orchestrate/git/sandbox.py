"""A real repository in a folder of its own, with an environment that knows nothing of the machine's git settings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.worktrees import Worktrees

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
}  # fmt: skip


class Sandbox:
    """A checkout `root` with one commit on `main`, and the Runner's view of it."""

    def __init__(self, folder: Path, name: str = "project", *, identity: Mapping[str, str] = IDENTITY) -> None:
        self.folder, self.root = folder, folder / name
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self.environment = {
            **kept, "HOME": str(home), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"), **identity,
        }  # fmt: skip

    def start(self) -> Sandbox:
        """Make the repository and its first commit."""
        self.root.mkdir(parents=True)
        self.git("init", "--quiet", "--template=", "-b", "main")
        self.commit("start", {"a.txt": "one\ntwo\nthree\n", "b.txt": "b\n"})
        return self

    def git(self, *args: str, cwd: Path | None = None, check: bool = True, given: Sequence[str] = ()) -> str:
        """The output of a git command of the user's; with an identity even where the Runner has none."""
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.root, env={**IDENTITY, **self.environment}, check=False,
            capture_output=True, input="".join(f"{line}\n" for line in given).encode(),
        )  # fmt: skip
        assert not check or done.returncode == 0, (args, done.stdout, done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, files: Mapping[str, str | None], checkout: Path | None = None) -> None:
        """Write files, by repository-relative path; None removes one."""
        for name, text in files.items():
            path = (checkout or self.root) / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")

    def commit(self, message: str, files: Mapping[str, str | None], checkout: Path | None = None) -> str:
        """Commit files in a checkout, as a person or an agent would; the commit's id."""
        self.write(files, checkout)
        self.git("add", "--all", cwd=checkout)
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message, cwd=checkout)
        return self.git("rev-parse", "HEAD", cwd=checkout)

    def hook(self, name: str, script: str) -> None:
        """Install a hook of the user's."""
        path = self.root / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def open(self) -> Repository:
        return Repository.open(self.root, self.environment)

    def worktrees(self) -> Worktrees:
        return Worktrees(self.open(), self.folder / "worktrees")

    def fingerprint(self) -> dict[str, bytes]:
        """All that is the user's: their files, index, HEAD, stash, configuration and excludes, byte for byte."""
        git = self.root / ".git"
        own = [git / name for name in ("HEAD", "index", "config", "info/exclude", "refs/stash", "logs/refs/stash")]
        files = [p for p in self.root.rglob("*") if p.is_file() and git not in p.parents]
        return {str(path): path.read_bytes() for path in [*own, *files] if path.exists()}
