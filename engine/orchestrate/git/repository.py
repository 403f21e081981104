"""A git repository as the Runner sees it: where it is, who commits, which branch is the base, and its refs.

Reads only, except for `update_refs` and `fetch`; never touches a checkout. All functions are synchronous and may be
called from several threads at once. Paths and ref names are text; bytes that are not UTF-8 are lone surrogates.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.orchestrate.git.call import COMMAND_SECONDS, GitResult, call, git_environment
from engine.orchestrate.git.errors import BrokenRepository, GitCommandFailed, GitError, GitUnavailable, NoCommits

__all__ = ["MINIMUM_VERSION", "NETWORK_SECONDS", "OUR_BRANCHES", "OWNER", "Base", "RefUpdate", "Repository",
           "git_version"]  # fmt: skip

MINIMUM_VERSION: Final = (2, 34)
#: For a fetch or a push.
NETWORK_SECONDS: Final = 120.0
#: Every branch of ours is below this.
OUR_BRANCHES: Final = "penstock/"
#: A variable of every command: the process that started it, and the repository (see `leftovers.py`).
OWNER: Final = "PENSTOCK_GIT"
#: Who commits where nobody has an identity.
_NOBODY: Final = ("Penstock", "penstock@localhost")
_OPERATIONS: Final = {
    "MERGE_HEAD": "merge", "rebase-merge": "rebase", "rebase-apply": "rebase", "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert", "sequencer": "cherry-pick", "BISECT_START": "bisect",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Base:
    """The branch that work starts from and goes back to, and where it stands.

    `ref` is its full name: the local branch, or the remote's where there is no local one.
    """

    branch: str
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """Move `ref` from `old` to `new`. None as `old`: it must not exist yet; None as `new`: delete it."""

    ref: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """An open repository. `root`: the top of the checkout it was opened in; `common_dir`: its git folder, with
    symbolic links resolved, the same from every worktree. `environment`: what git commands run in.
    """

    root: Path
    common_dir: Path
    environment: Mapping[str, str] = field(repr=False)
    version: tuple[int, ...]

    @classmethod
    def open(
        cls, path: Path, environment: Mapping[str, str] | None = None, *, need_commits: bool = True
    ) -> Repository:
        """The repository that `path` lies in. `environment`: the variables of who started the run, else our own.

        Raises `GitUnavailable` (no git, or older than `MINIMUM_VERSION`), `BrokenRepository` (no repository, a bare
        one, inside the git folder, another user's), `NoCommits` (with `need_commits`).
        """
        variables = git_environment(os.environ if environment is None else environment)
        version = git_version(variables)
        if version < MINIMUM_VERSION:
            raise GitUnavailable(
                f"git {'.'.join(map(str, version))} is too old",
                next_action=f"install git {'.'.join(map(str, MINIMUM_VERSION))} or newer",
            )
        if not path.is_dir():
            raise BrokenRepository("there is no such folder", where=path)
        top, common = _places(path, variables)
        repository = cls(top, common, {**variables, OWNER: f"{os.getpid()} {common}"}, version)
        if need_commits:
            repository._demand_commits()
        return repository

    def run_git(
        self,
        *args: str,
        cwd: Path | None = None,
        input: str | None = None,
        check: bool = True,
        timeout: float = COMMAND_SECONDS,
        limit: int | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> GitResult:
        """The result of `git <args>` in `cwd` (else `root`), with `variables` added to the environment.

        Raises `GitCommandFailed` (with `check`), `GitTimedOut`, `GitUnavailable`, `GitError` (the folder is gone).
        """
        environment = {**self.environment, **variables} if variables else self.environment
        return call(
            args, cwd=cwd or self.root, environment=environment, text=input, timeout=timeout, limit=limit, check=check
        )

    def resolve(self, name: str) -> str | None:
        """The id of the commit that `name` stands for, or None if there is none."""
        found = self.run_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False)
        return found.line if found.ok else None

    def tip(self, branch: str) -> str | None:
        """The id of a local branch's last commit, or None if there is no such branch."""
        return self.resolve(f"refs/heads/{branch}")

    def commit_of(self, name: str) -> str:
        """As `resolve`; raises `GitError` if there is no such commit (a shallow clone may lack it)."""
        found = self.resolve(name)
        if found is None:
            raise GitError(f"there is no commit {name}", where=self.root, next_action="was it pruned or not fetched?")
        return found

    def current_branch(self, checkout: Path | None = None) -> str | None:
        """The branch that a checkout (else `root`) is on, or None if its HEAD is detached."""
        found = self.run_git("symbolic-ref", "--quiet", "HEAD", cwd=checkout, check=False)
        return found.line.removeprefix("refs/heads/") if found.ok else None

    def base(self, setting: str | None = None) -> Base:
        """The base branch: `setting` (locally, else the remote's), else the current branch; with a detached HEAD the
        remote's default. Raises `GitError` if that names no branch, or one of ours.
        """
        branch = setting or self.current_branch() or self._default_of_remote()
        if branch is None:
            raise GitError(
                "HEAD is detached, so there is no current branch to start from",
                where=self.root,
                next_action="switch to a branch, or set base_branch in the table [run] of penstock.toml",
            )
        if branch.startswith(OUR_BRANCHES):
            raise GitError(
                f"{branch} is a branch of Penstock's own and cannot be the base of new work",
                where=self.root,
                next_action="switch to another branch, or set base_branch in the table [run] of penstock.toml",
            )
        for ref in self._places_of(branch):
            commit = self.resolve(ref)
            if commit:
                return Base(branch, ref, commit)
        raise NoCommits(f"there is no branch {branch} with a commit", where=self.root, next_action=_FIRST_COMMIT)

    def remote(self, branch: str | None = None) -> str | None:
        """The name of the remote that `branch` follows, else `origin`, else the only one; None without any."""
        names = self.run_git("remote").out.split()
        followed = self.setting(f"branch.{branch}.remote") if branch else None
        candidates = [name for name in (followed, "origin") if name in names]
        return candidates[0] if candidates else names[0] if len(names) == 1 else None

    def setting(self, key: str) -> str | None:
        """The value of a key in git's configuration, None if it is not set."""
        found = self.run_git("config", "--get", key, check=False)
        return found.line if found.ok else None

    def identity(self) -> dict[str, str]:
        """The variables that make git commit in somebody's name: none if the user has one in the environment or in
        the configuration, else those for `Penstock <penstock@localhost>`. Agents that commit need them as well.
        """
        keys = r"^(user|author|committer)\.(name|email)$"
        listed = self.run_git("config", "--null", "--get-regexp", keys, check=False).fields
        known = {key.lower() for key, _, value in (entry.partition("\n") for entry in listed) if value}
        missing: dict[str, str] = {}
        for who in ("author", "committer"):
            names = {part: f"GIT_{who}_{part}".upper() for part in ("name", "email")}
            given = (self.environment.get(name) or known & {f"user.{p}", f"{who}.{p}"} for p, name in names.items())
            if not all(given):
                missing |= dict(zip(names.values(), _NOBODY, strict=True))
        return missing

    def tops(self, *commits: str) -> list[str]:
        """Those of the commits that no other one of them contains, each once, in the order given.

        Raises `GitError` if there is no such commit.
        """
        found = self.run_git("merge-base", "--independent", *commits, check=False)
        if not found.ok:
            for name in commits:
                self.commit_of(name)  # says which one it is
            raise GitCommandFailed(["merge-base", *commits], found.code, found.err, self.root)
        order = {name: number for number, name in enumerate(commits)}
        return sorted(found.out.split(), key=lambda commit: order.get(commit, -1))

    def is_ancestor(self, commit: str, of: str, *, checkout: Path | None = None) -> bool:
        """Whether `commit` is `of` or one of those it stands on; `HEAD` is that of `checkout` (else of `root`)."""
        return self.run_git("merge-base", "--is-ancestor", commit, of, cwd=checkout, check=False).ok

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Those of some repository-relative paths that git ignores and does not track."""
        listed = "".join(f"{path}\0" for path in paths)
        if not listed:
            return set()
        return set(self.run_git("check-ignore", "-z", "--stdin", input=listed, check=False).fields)

    def refs(self, prefix: str) -> dict[str, str]:
        """The refs below `prefix` (`refs/heads/penstock/`), each with the id it points at."""
        listed = self.run_git("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        return {name: commit for commit, _, name in (line.partition(" ") for line in listed.out.splitlines())}

    def update_refs(self, updates: Iterable[RefUpdate], *, reason: str) -> bool:
        """Whether all of `updates` were made, as one transaction; False, and nothing changed, if a ref was elsewhere.

        Raises `GitCommandFailed` if git could not write. `reason` goes into the reflog.
        """
        wanted = list(updates)
        lines = "".join(_update_line(update) for update in wanted)
        done = self.run_git("update-ref", "-m", f"penstock: {reason}", "--stdin", "-z", input=lines, check=False)
        if done.ok:
            return True
        if any(self.resolve(u.ref) != u.old for u in wanted):
            return False
        raise GitCommandFailed(["update-ref", *(u.ref for u in wanted)], done.code, done.err, self.root)

    def fetch(self, remote: str, branch: str, *, timeout: float = NETWORK_SECONDS) -> str | None:
        """Bring the remote's branch up to date (`refs/remotes/…`); None, or why that was impossible (never fatal)."""
        try:
            done = self.run_git("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", remote, branch,
                                check=False, timeout=timeout)  # fmt: skip
        except GitError as problem:
            return str(problem)
        return None if done.ok else done.err.strip()[-2000:]

    def checkouts(self, branch: str | None = None) -> list[Path]:
        """The folders of all checkouts of the repository, or those that have `branch`, also in the middle of a rebase
        or a bisection of it. A checkout whose folder is gone is left out.
        """
        z = self.version >= (2, 36)  # before, a path with a line end cannot be told apart
        listed = self.run_git("worktree", "list", "--porcelain", *(["-z"] if z else [])).out
        end = "\0" if z else "\n"
        entries = [dict(line.partition(" ")[::2] for line in e.split(end)) for e in listed.split(2 * end) if e.strip()]
        paths = [(Path(e["worktree"]), e.get("branch")) for e in entries if "bare" not in e]
        return [p for p, ref in paths if p.is_dir() and (branch is None or branch in {_short(ref), self._paused(p)})]

    def git_dir(self, checkout: Path) -> Path:
        """The git folder of one checkout: where its HEAD, its index and their locks are. Raises `GitError` if there is
        none. Needs no process, since it is asked often.
        """
        pointer = checkout / ".git"
        if pointer.is_dir():
            return pointer
        try:
            text = pointer.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as problem:
            raise GitError("this is no checkout", where=checkout, next_action="was it deleted or moved?") from problem
        return checkout / text.removeprefix("gitdir: ").removesuffix("\n")

    def operation(self, checkout: Path) -> str | None:
        """What was begun in a checkout and not ended: merge, rebase, cherry-pick, revert, bisect; None if nothing."""
        folder = self.git_dir(checkout)
        return next((name for mark, name in _OPERATIONS.items() if (folder / mark).exists()), None)

    def is_dirty(self, checkout: Path, apart: str | None = None) -> bool:
        """Whether a checkout has uncommitted changes to tracked files, apart from those in one folder. Writes nothing,
        not even its index.
        """
        asked = ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=none"]
        return bool(self.run_git(*asked, "--", *([f":(top,exclude){apart}"] if apart else []), cwd=checkout).out)

    def is_shallow(self) -> bool:
        """Whether the clone lacks older history."""
        return (self.common_dir / "shallow").exists()

    def _places_of(self, branch: str) -> Iterator[str]:
        """The refs that may be a base branch: the local one, else that of its remote, which is asked for only then."""
        yield f"refs/heads/{branch}"
        remote = self.remote(branch)
        if remote:
            yield f"refs/remotes/{remote}/{branch}"

    def _paused(self, checkout: Path) -> str | None:
        """The branch that goes on in a checkout once its rebase or bisection is over."""
        folder = self.git_dir(checkout)
        for mark in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
            if (folder / mark).is_file():
                return _short((folder / mark).read_text(encoding="utf-8", errors="surrogateescape").strip())
        return None

    def _default_of_remote(self) -> str | None:
        remote = self.remote()
        head = self.run_git("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", check=False) if remote else None
        return head.line.removeprefix(f"refs/remotes/{remote}/") if head and head.ok else None

    def _demand_commits(self) -> None:
        if self.resolve("HEAD") is None and not self.refs("refs/heads/") and not self.refs("refs/remotes/"):
            raise NoCommits("the repository has no commits yet", where=self.root, next_action=_FIRST_COMMIT)


_FIRST_COMMIT: Final = "make a first commit: git add -A && git commit -m start"


def git_version(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The version of the git on the PATH. Raises `GitUnavailable` if there is none, or it says something else."""
    said = call(["--version"], cwd=Path("/"), environment=environment).out
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    if not found:
        raise GitUnavailable(f"git gives no version but {said.strip()!r}", next_action="see which git is on the PATH")
    return tuple(int(part) for part in found.groups() if part)


def _places(path: Path, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The top of the checkout around `path`, and the git folder that all its worktrees share."""
    asked = ["rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--git-common-dir"]
    found = call(asked, cwd=path, environment=environment, check=False)
    if not found.ok:
        if "not a git repository" in found.err:
            raise BrokenRepository("this is not a git repository", where=path, next_action="git init, then a commit")
        raise BrokenRepository(
            f"git cannot work here: {found.err.strip()}", where=path, next_action="see what git says of the folder"
        )
    bare, inside, common = found.line.split("\n", 2)
    if inside != "true":
        what = "this is a bare repository" if bare == "true" else "this is inside a repository's git folder"
        raise BrokenRepository(what, where=path, next_action="go to a checkout (git worktree add, or a clone)")
    top = call(["rev-parse", "--show-toplevel"], cwd=path, environment=environment).line
    return Path(top), (path / common).resolve()


def _update_line(update: RefUpdate) -> str:
    """One command of `git update-ref --stdin -z`."""
    if update.new is None:
        return f"delete {update.ref}\0{update.old or ''}\0"
    return f"update {update.ref}\0{update.new}\0{update.old or '0' * len(update.new)}\0"


def _short(ref: str | None) -> str | None:
    return ref.removeprefix("refs/heads/") if ref else None
