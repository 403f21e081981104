"""Secrets in text: finding them, and putting marks in their place before anything is stored.

Two sources: shapes of well-known tokens, and the values of environment variables whose names say that they are secret.
`find_secrets` knows the shapes only, so that it gives the same answer on every machine. A mark says what stood there,
never a part of it. Knows no files and no processes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["LineRedactor", "Redactor", "Secret", "find_secrets"]

#: shapes by kind; each is as narrow as its issuer documents, since a false find stops a commit
_SHAPES: Final = {
    "private-key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\S]{0,20000}?-----END [A-Z0-9 ]+-----)?",
    "anthropic-key": r"\bsk-ant-[A-Za-z0-9_-]{20,}",
    "openai-key": r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    "gitlab-token": r"\bgl(?:pat|dt|rt|ptt|cbt|soat|ft)-[A-Za-z0-9_-]{20,}",
    "aws-access-key": r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    "google-api-key": r"\bAIza[A-Za-z0-9_-]{35}",
    "google-oauth": r"\bya29\.[A-Za-z0-9_-]{30,}",
    "slack-token": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "slack-webhook": r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}",
    "stripe-key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}",
    "npm-token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "pypi-token": r"\bpypi-AgE[A-Za-z0-9_-]{40,}",
    "hugging-face-token": r"\bhf_[A-Za-z0-9]{30,}",
    "digitalocean-token": r"\bdo[opr]_v1_[a-f0-9]{64}\b",
    "sendgrid-key": r"\bSG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}",
    "json-web-token": r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    "password-in-url": r"(?<=://)[^\s:/@\"'<>{}$]{1,64}:[^\s:/@\"'<>{}$]{3,256}(?=@[A-Za-z0-9])",
}
#: what is hidden from a log but stops no commit, for documentation is full of it
_HEADERS: Final = {
    "authorization": r"(?i:(?<=authorization: bearer )|(?<=authorization: basic ))[A-Za-z0-9._~+/=-]{8,}"
}
_SECRET_NAME: Final = re.compile(
    r"(?i)(?:secret|token|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|signing_?key|credentials?)"
    r"(?!.*(?:_file|_path|_dir|_url|_sock)$)"
)
#: a shorter value is too likely to be a word of the text
_SHORTEST_VALUE: Final = 8
_KEY_BEGINS: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY")
_KEY_ENDS: Final = re.compile(r"-----END [A-Z0-9 ]+-----")
_LONGEST_KEY: Final = 200  # lines


def _alternatives(shapes: Mapping[str, str]) -> str:
    return "|".join(f"(?P<{kind.replace('-', '_')}>{shape})" for kind, shape in shapes.items())


_FOUND: Final = re.compile(_alternatives(_SHAPES))
_HIDDEN: Final = re.compile(_alternatives({**_SHAPES, **_HEADERS}))


@dataclass(frozen=True, slots=True)
class Secret:
    """A stretch of a text, in code points, end exclusive, that has the shape of a token of some `kind`."""

    kind: str
    start: int
    end: int


def find_secrets(text: str) -> list[Secret]:
    """Where a text has what looks like a key, a token or a password, in order. Takes linear time."""
    return [Secret(_kind(found), found.start(), found.end()) for found in _FOUND.finditer(text)]


def _kind(found: re.Match[str]) -> str:
    return (found.lastgroup or "secret").replace("_", "-")


class Redactor:
    """Puts marks in the place of secrets: those of known shapes, and the values of secret variables in `environs`."""

    def __init__(self, *environs: Mapping[str, str]) -> None:
        names = {
            form: name
            for environ in environs
            for name, value in environ.items()
            if len(value.strip()) >= _SHORTEST_VALUE and _SECRET_NAME.search(name)
            for form in (value.strip(), json.dumps(value.strip())[1:-1])
        }
        self._names = names
        longest_first = sorted(names, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if names else None

    def text(self, text: str) -> str:
        """The text with a mark, such as `[redacted github-token]`, for each secret. Stays as it is without any."""
        if self._values is not None:
            text = self._values.sub(lambda found: f"[redacted {self._names[found[0]]}]", text)
        return _HIDDEN.sub(lambda found: f"[redacted {_kind(found)}]", text)

    def values(self, value: Any) -> Any:
        """A JSON value with its strings redacted, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.values(item) for key, item in value.items()}
        if isinstance(value, Iterable) and not isinstance(value, bytes):
            return [self.values(item) for item in value]
        return value


class LineRedactor:
    """A text that arrives line by line; a private key is hidden from its first line to its last."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._key_lines = 0

    def line(self, line: str) -> str:
        """The line, redacted; empty for the inner lines of a key."""
        if self._key_lines:
            self._key_lines = 0 if _KEY_ENDS.search(line) else self._key_lines - 1
            return ""
        begins = _KEY_BEGINS.search(line)
        if begins and not _KEY_ENDS.search(line, begins.end()):
            self._key_lines = _LONGEST_KEY
        return self._redactor.text(line)
