"""Handing a run's result to the remote: push a branch there, and say how a request for it is opened.

The remote's branch is never overwritten: if somebody else moved it, the push is refused. Opens nothing by itself.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import replace
from urllib.parse import quote

from engine.orchestrate.git.errors import GitTimedOut
from engine.orchestrate.git.landing import Landed, Passage, describe, record
from engine.orchestrate.git.outcomes import Refusal
from engine.orchestrate.git.repository import NETWORK_SECONDS, Repository

__all__ = ["push_request", "pushed", "request_command", "request_url"]

_SCP = re.compile(r"(?:[^@/]+@)?([^/:@]+):(?!//)(.+)")
_URL = re.compile(r"(?:https?|ssh|git)://(?:[^@/]*@)?([^/:]+)(?::\d+)?/(.+)")


def pushed(repository: Repository, passage: Passage, remote: str, base: str) -> Landed | None:
    """The passage, if its branch on `remote` is just that; None if not, or if the remote cannot be asked."""
    asked = ["ls-remote", "--heads", remote, f"refs/heads/{passage.branch}"]
    try:
        found = repository.run_git(*asked, check=False, timeout=NETWORK_SECONDS)
    except GitTimedOut:
        return None
    if found.out.partition("\t")[0] != passage.after:
        return None
    return _described(repository, passage, remote, base, already=True)


def push_request(repository: Repository, passage: Passage, remote: str, base: str) -> Landed | Refusal:
    """Push the passage to its branch on `remote`; the same one twice is no harm. Refused with `push` if the remote
    cannot be reached, wants a password, or has other commits there.
    """
    record(repository, passage)
    refspec = f"{passage.after}:refs/heads/{passage.branch}"
    asked = ["push", "--quiet", "--porcelain", remote, refspec]
    try:
        done = repository.run_git(*asked, check=False, timeout=NETWORK_SECONDS)
    except GitTimedOut as problem:
        return Refusal("push", problem.message, next_action=problem.next_action)
    if not done.ok:
        said = (done.err + done.out).strip()[-2000:]
        advice = "see whether `git push` works by hand, then land the run again"
        return Refusal("push", f"{remote} did not take the branch {passage.branch}", output=said, next_action=advice)
    return _described(repository, passage, remote, base)


def request_command(base: str, branch: str, path: str | None = None) -> str | None:
    """The command line that opens a request with `gh`, if that is installed (on `path`, as in the variable PATH)."""
    if not shutil.which("gh", path=path):
        return None
    return shlex.join(["gh", "pr", "create", "--fill", "--base", base, "--head", branch])


def request_url(address: str, branch: str) -> str | None:
    """The page on which a request for `branch` is opened, for the hosting services known by name; else None."""
    found = _URL.fullmatch(address) or _SCP.fullmatch(address)
    if not found:
        return None
    host, path = found[1], found[2].removesuffix("/").removesuffix(".git")
    name = quote(branch, safe="")
    if "github" in host:
        return f"https://{host}/{path}/pull/new/{quote(branch)}"
    if "gitlab" in host:
        return f"https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={name}"
    if "bitbucket" in host:
        return f"https://{host}/{path}/pull-requests/new?source={name}"
    return None


def _described(
    repository: Repository, passage: Passage, remote: str, base: str, *, already: bool = False
) -> Landed:
    """The passage with the page and the command that open a request for it to be merged into `base`."""
    address = repository.run_git("remote", "get-url", remote).line
    return replace(
        describe(repository, passage, already=already),
        url=request_url(address, passage.branch),
        command=request_command(base, passage.branch, repository.environment.get("PATH")),
    )
