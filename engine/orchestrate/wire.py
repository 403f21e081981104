"""What a runner and its clients say to each other: one JSON object a line, over a private socket.

A client sends one request, `{"protocol", "method", "params"}`, and gets one reply, `{"result"}` or `{"error"}`; after
the reply to `follow` come events, one a line, until a line `{"end"}`. Then the connection is over.
Knows no socket. Invariant: a line that is no such message is an `error` with the class `user`, never an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["LONGEST", "PROTOCOL", "Refused", "decoded", "encoded", "refusal", "request"]

#: raised when the meaning of a message changes; a client of another version is told so
PROTOCOL: Final = 1
#: bytes of a message at most; an answer or a prompt fits in easily
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
    return encoded({"protocol": PROTOCOL, "method": method, "params": dict(params)})


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
