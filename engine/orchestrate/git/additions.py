"""What a step adds to the repository, looked at before it can get any further: sizes, secrets, inner repositories.

Uncommitted changes are looked at before git stores a byte of them; commits that an agent made itself, one by one, since
a secret that a later commit removes is still in the history.
"""

from __future__ import annotations

import stat
from itertools import islice
from pathlib import Path

from engine.orchestrate.git.call import GitResult
from engine.orchestrate.git.history import PLAIN_DIFF
from engine.orchestrate.git.outcomes import Refusal
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.scan import SCANNED_BYTES, Limits, scan_diff, too_large
from engine.orchestrate.git.submodules import GITLINK, submodule_paths
from engine.orchestrate.git.worktrees import Worktree

__all__ = ["added_by_commits", "added_uncommitted"]

#: Fields before the path of a changed file, of one with a conflict (adding it would declare that resolved), a new one.
_FIELDS_BEFORE_PATH = {"1": 8, "u": 10, "?": 1}
#: Of what is found; one is reason enough.
_SHOWN = 20
_DIFF = ("-U0", "--text", "--no-renames", *PLAIN_DIFF)


def added_uncommitted(repository: Repository, checkout: Path, limits: Limits) -> list[str] | Refusal:
    """The paths with uncommitted changes (removals too), or why they must not be committed. Ignored files are none."""
    asked = ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"]
    status = repository.run_git(*asked, cwd=checkout).fields
    entries = [entry.split(" ", _FIELDS_BEFORE_PATH[entry[0]]) for entry in status]
    unmerged = [path for kind, *_, path in entries if kind == "u"]
    if unmerged:
        said = f"conflicts are not resolved in {', '.join(unmerged[:10])}"
        return Refusal("operation", said, tuple(unmerged), next_action="resolve them, then git add the files")
    modules = {path: (fields[1], fields[2]) for *fields, path in entries if fields[0] == "1" and fields[2][0] == "S"}
    within = {path for path, (change, state) in modules.items() if change[0] == "." and state[1] != "C"}
    paths = [path for *_, path in entries if path not in within]
    inner = [path for path in paths if path.endswith("/")]
    if inner:
        return _embedded(inner)
    lost = [path for path, (_, state) in modules.items() if state[2] == "M" or (path in within and not paths)]
    moved = [path for path, (change, _) in modules.items() if path not in within and "A" not in change]
    lost += [path for path in moved if path not in lost and not _is_kept_at_head(repository, checkout, path)]
    if lost:
        return _embedded(lost)
    sizes = [(path, size) for path in paths for size in [_size(checkout / path)] if size]
    large = _without_lfs(repository, checkout, too_large(sizes, limits))
    if large:
        return _large(large, limits)
    if not paths:
        return []
    repository.run_git("add", "--intent-to-add", ".", cwd=checkout)  # makes new files part of a diff, stores nothing
    refusal = _secret(repository.run_git("diff", *_DIFF, "HEAD", "--", cwd=checkout, limit=SCANNED_BYTES))
    if refusal:
        repository.run_git("reset", "--quiet", cwd=checkout)
        return refusal
    return paths


def _is_within(change: str, state: str) -> bool:
    """Whether an entry of `git status` is a submodule with changes inside, which no commit here can have."""
    return change[0] == "." and state[0] == "S" and state[1] != "C"


def added_by_commits(repository: Repository, worktree: Worktree, limits: Limits) -> Refusal | None:
    """Why the commits after the worktree's start must not go on, if so."""
    checkout, span = worktree.path, f"{worktree.start_commit}..HEAD"
    asked = ["log", "--format=", "--raw", "-z", "--no-abbrev", "--diff-merges=first-parent", "--no-renames", span, "--"]
    entries = repository.run_git(*asked, cwd=checkout).fields
    changed = [(head.split(), path) for head, path in zip(entries[::2], entries[1::2], strict=False)]
    blobs = [(path, head[3]) for head, path in changed if head[1] not in {GITLINK, "000000"}]
    large = too_large(_stored_sizes(repository, blobs), limits)
    if large:
        return _large(large, limits)
    links = [(path, head[3]) for head, path in changed if head[1] == GITLINK]
    lost = [path for path, commit in links if not _is_kept(repository, checkout, path, commit)]
    if lost:
        return _embedded(lost)
    shown = ["log", "--format=", "--patch", "--diff-merges=first-parent", *_DIFF, span, "--"]
    return _secret(repository.run_git(*shown, cwd=checkout, limit=SCANNED_BYTES)) if changed else None


def _stored_sizes(repository: Repository, blobs: list[tuple[str, str]]) -> list[tuple[str, int]]:
    names = dict.fromkeys(blob for _, blob in blobs)
    asked = "".join(f"{blob}\n" for blob in names)
    sizes = repository.run_git("cat-file", "--batch-check=%(objectsize)", input=asked).out.split("\n") if names else []
    known = dict(zip(names, sizes, strict=False))
    return [(path, int(known[blob])) for path, blob in dict(blobs).items() if known[blob].isdigit()]


def _is_kept(repository: Repository, checkout: Path, path: str, commit: str) -> bool:
    """Whether the user's clone has the commit that a submodule's entry names, so that it outlives the worktree."""
    name = submodule_paths(repository, checkout).get(path)
    if name is None:
        return False
    module = repository.common_dir / "modules" / name
    found = module.is_dir() and repository.run_git("cat-file", "-e", f"{commit}^{{commit}}", cwd=module, check=False).ok
    return bool(found)


def _is_kept_at_head(repository: Repository, checkout: Path, path: str) -> bool:
    """The same of the commit that a submodule is at; one that was removed has nothing to keep."""
    if not (checkout / path / ".git").exists():
        return True
    return _is_kept(repository, checkout, path, repository.run_git("rev-parse", "HEAD", cwd=checkout / path).line)


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0  # a removed file adds nothing
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _without_lfs(repository: Repository, checkout: Path, paths: list[str]) -> list[str]:
    """Those that git would store as they are: what goes to a large file storage leaves a short pointer."""
    if not paths:
        return []
    asked = "".join(f"{path}\0" for path in paths)
    told = repository.run_git("check-attr", "-z", "--stdin", "filter", cwd=checkout, input=asked).fields
    stored = {path for path, value in zip(told[::3], told[2::3], strict=False) if value == "lfs"}
    return [path for path in paths if path not in stored]


def _large(paths: list[str], limits: Limits) -> Refusal:
    return Refusal(
        "too-large",
        f"too large for a commit (a file may have {limits.file_bytes:,} bytes, all together {limits.total_bytes:,}): "
        + ", ".join(paths[:10]),
        files=tuple(paths),
        next_action="remove what was built or downloaded, or have .gitignore name it",
    )


def _secret(diff: GitResult) -> Refusal | None:
    if diff.truncated:
        said = f"the changes are too large to look for secrets in ({SCANNED_BYTES:,} bytes)"
        return Refusal("too-large", said, next_action="divide them into several Tasks")
    found = list(islice(scan_diff(diff.out), _SHOWN))
    if not found:
        return None
    shown = "; ".join(str(secret) for secret in found)
    return Refusal(
        "secret",
        f"this looks like a secret: {shown}",
        files=tuple(dict.fromkeys(secret.path for secret in found)),
        next_action="take it out, also out of the commits that added it, and read it from the environment instead",
    )


def _embedded(paths: list[str]) -> Refusal:
    return Refusal(
        "embedded",
        "the work in a repository inside the worktree would be lost with it: " + ", ".join(paths[:10]),
        files=tuple(paths),
        next_action="remove that folder or have .gitignore name it; commit and push a submodule's changes there first",
    )
