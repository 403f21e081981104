"""The arithmetic of the audit chain: each record's value is a keyed hash over it and over the value before.

Who has no key can neither change, remove, insert nor move a record without breaking the chain from there on; that the
end was cut off shows by the head, which is kept elsewhere (`Anchor`).
Knows no database and nothing of what records say.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["BEGINNING", "Anchor", "Head", "canonical", "key_name", "link"]

#: the value before the first record
BEGINNING: Final = "0" * 64


def canonical(record: Mapping[str, Any]) -> str:
    """A record as the one JSON text it has, in ASCII. Raises ValueError for what is no JSON."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)


def link(key: bytes, previous: str, body: str) -> str:
    """The value of a record's canonical text, after the value `previous`; 64 hex digits."""
    return hmac.digest(key, f"{previous}\n{body}".encode("utf-8", "surrogatepass"), "sha256").hex()


def key_name(key: bytes) -> str:
    """What tells keys apart without giving one away; 12 hex digits."""
    return hmac.digest(key, b"name of a key of records", "sha256").hex()[:12]


@dataclass(frozen=True, slots=True)
class Head:
    """The last record: its number from 1, and its value."""

    seq: int
    value: str


class Anchor:
    """The file that holds a head. It is overwritten in place, by one short write, so that each record can do so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def read(self) -> Head | None:
        """The head that was written last; None where there is no file, or nothing in it that could be one."""
        try:
            seq, value = self.path.read_text(encoding="ascii").split()
            return Head(int(seq), value)
        except (OSError, ValueError):
            return None

    def write(self, head: Head) -> None:
        """Keeps a head. Raises `OSError`."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._descriptor, f"{head.seq:020} {head.value}\n".encode(), 0)

    def close(self) -> None:
        """Lets go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
