"""The client's end of a runner's socket: one request, or events as they happen.

Blocking, for the command line; each wait has an end. Invariant: no runner is ever started here.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from engine.orchestrate.wire import LONGEST, Refused, decoded, request

__all__ = ["NoRunner", "ask", "follow"]

#: seconds for an answer; a cancellation is verified within two
PATIENCE: Final = 10.0


class NoRunner(Exception):
    """Nobody listens on the socket."""


def ask(path: Path, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result of a request. Raises `NoRunner`, and `Refused` with the runner's reason."""
    with _talk(path, method, params, PATIENCE) as (result, _):
        return result


def follow(path: Path, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of runs, as they happen, until these have ended. Raises `NoRunner` when the runner goes away."""
    with _talk(path, "follow", params, None) as (_, lines):
        while True:
            message = decoded(_read(lines))
            if "end" in message:
                return
            yield message


@contextmanager
def _talk(
    path: Path, method: str, params: Mapping[str, Any], patience: float | None
) -> Iterator[tuple[Mapping[str, Any], IO[bytes]]]:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(path))
            connection.sendall(request(method, params))
            with connection.makefile("rb") as lines:
                reply = decoded(_read(lines))
                if "error" in reply:
                    raise _refused(reply["error"])
                connection.settimeout(patience)
                yield reply["result"], lines
        except (FileNotFoundError, NotADirectoryError, ConnectionError) as error:
            raise NoRunner from error
        except TimeoutError:
            raise Refused("the runner does not answer", "see `penstock doctor`", "system") from None


def _read(lines: IO[bytes]) -> bytes:
    line = lines.readline(LONGEST)
    if not line:
        raise ConnectionResetError
    return line


def _refused(error: Mapping[str, str]) -> Refused:
    return Refused(error["message"], error["next_action"], error["class"])
