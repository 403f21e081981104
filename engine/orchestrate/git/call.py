"""One git command as a subprocess: a fixed environment, no prompt, no pager, a time limit, nothing left behind.

Knows nothing of repositories. Output goes to files, not pipes: a process that a hook leaves running may hold a pipe
open for ever, while git itself has long ended. A command runs in a session of its own, so nothing can ask on the
terminal, and Ctrl-C in that terminal does not cut a commit in two.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Timer
from typing import IO, Final

from engine.orchestrate.git.errors import GitCommandFailed, GitError, GitInterrupted, GitTimedOut, GitUnavailable
from engine.orchestrate.git.interruption import current

__all__ = ["COMMAND_SECONDS", "GitResult", "call", "git_environment"]

#: Long enough for a checkout of a large repository on a slow disk.
COMMAND_SECONDS: Final = 300.0
#: What git gets to remove its lock files after SIGTERM, before SIGKILL.
_GRACE_SECONDS: Final = 2.0

#: Variables of git that pass: who commits, which configuration, how to reach a remote. All others would change what a
#: command means (GIT_DIR, GIT_INDEX_FILE: set in every hook) or what it prints.
_PASSING: Final = (
    "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_",
    "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_LFS_", "GIT_ALLOW_PROTOCOL", "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
)  # fmt: skip
_FIXED: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
    "GIT_MERGE_AUTOEDIT": "no",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",  # reading the user's checkout must not even refresh its index
    "LC_MESSAGES": "C",
}
#: Settings of the user that would change what our commands do. Hooks, signing, filters and the like stay theirs.
_SETTINGS: Final = (
    "advice.detachedHead=false", "branch.autoSetupMerge=false", "color.ui=false", "commit.verbose=false",
    "core.fsmonitor=false",  # a daemon for every worktree would outlive it
    "gc.auto=0", "maintenance.auto=false",  # nothing runs on in the background, nothing is pruned under our feet
    "diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.renames=true", "diff.ignoreSubmodules=none",
    "merge.ff=true", "merge.conflictStyle=merge", "rerere.enabled=false", "submodule.recurse=false",
    "push.followTags=false", "push.recurseSubmodules=no", "log.showSignature=false",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GitResult:
    """How a command ended. Text is UTF-8; bytes that are not are kept as lone surrogates (`surrogateescape`)."""

    code: int
    out: str
    err: str
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.code == 0

    @property
    def line(self) -> str:
        """The output without its last line end."""
        return self.out.removesuffix("\n")

    @property
    def fields(self) -> list[str]:
        """The fields of an output with `-z`: text between NUL characters."""
        return self.out.split("\0")[:-1] if self.out else []


def git_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of every git command: `given` without what changes git's behaviour, and never a prompt.

    Messages are English; the character set stays the user's, because their hooks run in this environment too.
    """
    kept = {name: value for name, value in given.items() if not name.startswith("GIT_") or name.startswith(_PASSING)}
    for name in ("LANGUAGE", "GPG_TTY"):
        kept.pop(name, None)
    charset = kept.pop("LC_ALL", None)
    return {**kept, **({"LC_CTYPE": charset} if charset else {}), **_FIXED}


def call(
    args: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    text: str | None = None,
    timeout: float = COMMAND_SECONDS,
    limit: int | None = None,
    check: bool = True,
) -> GitResult:
    """The result of `git <args>` run in `cwd` with exactly `environment`.

    `text` is its standard input; after `limit` bytes of output it is ended and the result `truncated`. Raises
    `GitUnavailable` without git, `GitTimedOut` after `timeout` seconds, `GitCommandFailed` on another exit code than 0
    (with `check`), `GitInterrupted` if it was ended because its step is cancelled, `GitError` if `cwd` is gone.
    """
    with _input(text) as stdin, _scratch() as out, _scratch() as err:
        stdout: IO[bytes] | int = out if limit is None else subprocess.PIPE
        process = _start(args, cwd, environment, stdin, stdout, err)
        interruption = current()
        with interruption.attending(process.pid) if interruption else nullcontext():
            late, cut = _attend(process, timeout, limit, out)
        result = GitResult(process.returncode, _read(out), _read(err), cut)
    if interruption and interruption.came and result.code != 0:
        _end(process)  # and what it had started
        raise GitInterrupted(f"`git {' '.join(args)}` was ended: its step is cancelled", where=cwd)
    if late:
        raise GitTimedOut(
            f"`git {' '.join(args)}` was ended after {timeout:g} s",
            where=cwd,
            next_action="see whether a hook, commit signing, a credential or the network keeps it waiting",
        )
    if check and not cut and result.code != 0:
        raise GitCommandFailed(args, result.code, result.err or result.out, cwd)
    return result


@cache
def _git(path: str | None) -> str:
    """Where git is, looked for once, as shells do; its bare name where it is not found, for the error to say so."""
    return shutil.which("git", path=path) or "git"


def _scratch() -> IO[bytes]:
    """A file that is gone when it is closed; without a buffer, since it is read and written whole."""
    return tempfile.TemporaryFile(buffering=0)


@contextmanager
def _input(text: str | None) -> Iterator[IO[bytes] | int]:
    """What `Popen` takes as a standard input that holds the text; an empty one without any."""
    if text is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.seek(0)
        yield file


def _start(
    args: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    stdin: IO[bytes] | int,
    out: IO[bytes] | int,
    err: IO[bytes],
) -> subprocess.Popen[bytes]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        return subprocess.Popen(
            [_git(environment.get("PATH")), *settings, *args], cwd=cwd, env=dict(environment), stdin=stdin,
            stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
    except (FileNotFoundError, NotADirectoryError) as problem:
        _git.cache_clear()
        if not cwd.is_dir():
            raise GitError("the folder is gone", where=cwd, next_action="was it deleted or moved?") from problem
        raise GitUnavailable(
            "git was not found", next_action="install git and see that it is on the PATH"
        ) from problem


def _attend(process: subprocess.Popen[bytes], timeout: float, limit: int | None, out: IO[bytes]) -> tuple[bool, bool]:
    """Wait for the end of it, and say whether it was late and whether its output was cut at `limit` bytes."""
    try:
        ended = _ended(process, timeout) if limit is None else None
        if ended is None:
            return _timed(process, timeout, limit, out)
        if not ended:
            _end(process)
        process.wait()
        return not ended, False
    except BaseException:
        _end(process)
        process.wait()
        raise


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool | None:
    """Whether a command ends in time; None where the system does not let us wait for that without a thread."""
    try:
        end = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        return None
    try:
        poll = select.poll()
        poll.register(end, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(end)


def _timed(process: subprocess.Popen[bytes], timeout: float, limit: int | None, out: IO[bytes]) -> tuple[bool, bool]:
    """See `_attend`."""
    fired: list[bool] = []

    def end() -> None:
        fired.append(True)
        _end(process)

    timer = Timer(timeout, end)
    timer.daemon = True
    timer.start()
    cut = False
    try:
        if limit is not None and process.stdout is not None:
            out.write(process.stdout.read(limit))
            cut = bool(process.stdout.read(1))
            process.stdout.close()  # git ends by SIGPIPE
        process.wait()
    finally:
        timer.cancel()
    return bool(fired), cut


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started: git removes its locks on SIGTERM, and gets a moment to do so."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_GRACE_SECONDS)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)  # git itself, or a hook that outlived it
    except ProcessLookupError:
        pass


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "surrogateescape")
