"""What a runner and its clients say to each other: one JSON object a line, over a private socket.

A client sends one request, `{"protocol", "version", "method", "params"}`, and gets one reply, `{"result"}` or
`{"error"}`; after the reply to `follow` come events and notes, one a line, until a line `{"end": REASON}`. Then the
connection is over; only after one of `FAREWELLS` it stays open until the runner's process has ended.
Knows no socket. Invariant: a line that is no such message is an `error` with the class `user`, never an exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from engine import __version__

__all__ = [
    "ANY_PROTOCOL", "FAREWELLS", "LONGEST", "PROTOCOL", "Refused", "decoded", "demand_protocol", "encoded", "is_newer",
    "refusal", "request",
]  # fmt: skip

#: raised when the meaning of a message changes; a client of another version is told so
PROTOCOL: Final = 1
#: requests after which the runner's process ends: now, or when the steps at work have ended
FAREWELLS: Final = frozenset({"stop", "hand_over"})
#: requests that mean the same in every protocol, so that versions can talk about each other
ANY_PROTOCOL: Final = FAREWELLS | {"hello"}
#: bytes of a request at most; an answer or a prompt fits in easily. What a runner says is as long as what it was told
LONGEST: Final = 1 << 20


class Refused(Exception):
    """A request that was not carried out: what is wrong and what to do about it, for a person."""

    def __init__(self, message: str, next_action: str = "", kind: str = "user") -> None:
        super().__init__(message)
        self.message = message
        self.next_action = next_action
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.message}; {self.next_action}" if self.next_action else self.message


def request(method: str, params: Mapping[str, Any]) -> bytes:
    """A request as it travels."""
    return encoded({"protocol": PROTOCOL, "version": __version__, "method": method, "params": dict(params)})


def demand_protocol(client: object) -> None:
    """Raises `Refused` for a client that speaks another protocol than this runner, with what mends it."""
    if client == PROTOCOL:
        return
    older = not isinstance(client, int) or client < PROTOCOL
    raise Refused(
        f"the runner speaks version {PROTOCOL} of its protocol, this client {client}",
        "update this client's penstock" if older else "penstock run has the older runner hand over",
    )


def is_newer(version: str, than: str) -> bool:
    """Whether a version of the package is a later release than another."""
    return _release(version) > _release(than)


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def encoded(message: Mapping[str, Any]) -> bytes:
    """A message as it travels, with its line end."""
    return json.dumps(message).encode() + b"\n"


def decoded(line: bytes) -> dict[str, Any]:
    """The message of a line. Raises `Refused` for a line that is none."""
    try:
        message = json.loads(line)
    except ValueError:
        raise Refused("a message that is no JSON") from None
    if not isinstance(message, dict):
        raise Refused("a message that is no JSON object")
    return message


def refusal(error: Refused) -> bytes:
    """The reply to a request that is not carried out."""
    told = {"class": error.kind, "message": error.message, "next_action": error.next_action}
    return encoded({"error": told})
