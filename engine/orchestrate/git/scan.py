"""What must not get into a commit: secrets by the shape of well-known keys, and files that are too large.

Only shapes that hardly anything else has, since a false alarm stops an agent's work. A finding never holds the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["FILE_BYTES", "SCANNED_BYTES", "TOTAL_BYTES", "Limits", "Secret", "scan_diff", "too_large"]

#: One file, and all files of a commit together; what lies beyond is hardly ever source.
FILE_BYTES: Final = 10_000_000
TOTAL_BYTES: Final = 50_000_000
#: Of a diff that is searched; more than fits into the files that the limits let through.
SCANNED_BYTES: Final = 200_000_000

_SHAPES: Final = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "model provider's key": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}",
    "Google API key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
}
_ANY = re.compile("|".join(f"({shape})" for shape in _SHAPES.values()))
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
            kind = _kind(text[1:])
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


def _kind(text: str) -> str | None:
    found = _ANY.search(text)
    return list(_SHAPES)[found.lastindex - 1] if found and found.lastindex else None
