"""What must not get into a commit: secrets by the shape of well-known keys, and files that are too large.

A false alarm stops an agent's work, so shapes that examples and tests are full of pass. A finding never holds the
secret. The shapes are those of `redact.py`; looking for their fixed parts first makes it a hundred times as quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.orchestrate.redact import find_secrets

__all__ = ["FILE_BYTES", "SCANNED_BYTES", "TOTAL_BYTES", "Limits", "Secret", "scan_diff", "too_large"]

#: One file, and all files of a commit together; what lies beyond is hardly ever source.
FILE_BYTES: Final = 10_000_000
TOTAL_BYTES: Final = 50_000_000
#: Of a diff that is searched: what the limit of all files lets through, and the signs around it.
SCANNED_BYTES: Final = 64_000_000

#: Kinds that may be committed: `postgres://user:password@localhost` and made-up web tokens belong to every test suite.
_TOLERATED: Final = frozenset({"password-in-url", "json-web-token"})
#: Every secret of the other kinds has one of these in it; a test holds the two lists together.
_MARKS: Final = (
    "-----BEGIN ", "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "glptt-",
    "glcbt-", "glsoat-", "glft-", "AKIA", "ASIA", "AIza", "ya29.", "xox", "hooks.slack.com", "k_live_", "k_test_",
    "npm_", "pypi-", "hf_", "_v1_", "SG.",
)  # fmt: skip
#: Of a long line (a minified file, a binary one) only what is around a mark is looked at, so many characters.
_LONG_LINE: Final = 4_000
_AROUND: Final = 400
_HUNK = re.compile(r"@@ -\S+ \+(\d+)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a commit may hold, in bytes, and how long making it may take (hooks and signing included)."""

    file_bytes: int = FILE_BYTES
    total_bytes: int = TOTAL_BYTES
    commit_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Secret:
    """Where something that looks like a secret was added: path, 1-based line, and what it looks like."""

    path: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"


def scan_diff(diff: str) -> Iterator[Secret]:
    """The secrets in the added lines of a unified diff (`-U0` is best), in order; several on a line count once."""
    marks = [mark for mark in _MARKS if mark in diff]
    if not marks:
        return
    path, line = "", 0
    in_header = True
    for text in diff.split("\n"):
        if text.startswith("diff --git "):
            in_header = True
        elif in_header and text.startswith("+++ "):
            path = text[4:].rstrip("\t").removeprefix('"').removesuffix('"').removeprefix("b/")
        elif hunk := _HUNK.match(text):
            line, in_header = int(hunk[1]), False
        elif text.startswith("+") and not in_header:
            kind = _kind(text[1:], marks)
            if kind:
                yield Secret(path, line, kind)
            line += 1


def too_large(sizes: Iterable[tuple[str, int]], limits: Limits) -> list[str]:
    """The paths over the limit of one file; if all together are over theirs, the largest that make them so."""
    found = sorted(sizes, key=lambda entry: -entry[1])
    over = [path for path, size in found if size > limits.file_bytes]
    if over:
        return over
    total = sum(size for _, size in found)
    for path, size in found:
        if total <= limits.total_bytes:
            break
        over.append(path)
        total -= size
    return over


def _kind(text: str, marks: Sequence[str]) -> str | None:
    """What a line has in it that looks like a secret, if anything."""
    if not any(mark in text for mark in marks):
        return None
    pieces = [text] if len(text) <= _LONG_LINE else _neighbourhoods(text, marks)
    found = (secret.kind for piece in pieces for secret in find_secrets(piece))
    return next((kind for kind in found if kind not in _TOLERATED), None)


def _neighbourhoods(text: str, marks: Sequence[str]) -> Iterator[str]:
    for mark in marks:
        at = text.find(mark)
        while at >= 0:
            yield text[max(0, at - _AROUND) : at + _AROUND]
            at = text.find(mark, at + 1)
