"""The client's end of a runner's socket: one request, events as they happen, or the end of the runner.

Blocking, for the command line; each wait has an end, or is ended by Ctrl-C. Invariant: no runner is ever started here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from engine.orchestrate.wire import Refused, decoded, request

__all__ = ["Greeting", "NoRunner", "RunnerEnds", "ask", "ending", "follow", "greet"]

#: seconds for an answer; a cancellation is verified within two
PATIENCE: Final = 10.0


class NoRunner(Exception):
    """Nobody listens on the socket."""


class RunnerEnds(NoRunner):
    """The runner said that it ends, and why: `stopped` by a person, `handed over`, or `left` by who had it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a runner says of itself: its process, versions, since when, and the runs that go on in it.

    `background`: it is a process of its own, which hands over to a newer version.
    """

    pid: int
    version: str
    protocol: int
    since: str
    runs: tuple[str, ...]
    background: bool


def greet(path: Path, patience: float = PATIENCE) -> Greeting:
    """What the runner says of itself. Raises `NoRunner`, and `Refused` when it does not answer in so many seconds."""
    with _talk(path, "hello", {}, patience) as (told, _):
        runs = tuple(str(each) for each in told["runs"])
        return Greeting(
            int(told["pid"]), str(told["version"]), int(told["protocol"]), str(told["since"]), runs,
            bool(told["background"]),
        )  # fmt: skip


def ask(path: Path, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result of a request. Raises `NoRunner`, and `Refused` with the runner's reason."""
    with _talk(path, method, params, PATIENCE) as (result, _):
        return result


def follow(path: Path, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of runs, as they happen, and notes (`{"note"}`), until these have ended.

    Raises `RunnerEnds` when the runner ends before, and `NoRunner` when it goes away without a word.
    """
    with _talk(path, "follow", params, None) as (_, lines):
        while "end" not in (message := decoded(_read(lines))):
            yield message
    if message["end"] != "over":
        raise RunnerEnds(str(message["end"]))


@contextmanager
def ending(path: Path, method: str) -> Iterator[tuple[Mapping[str, Any], Callable[[], None]]]:
    """Asks the runner to end, by one of `FAREWELLS`: its answer, and what waits until its process has ended.

    Raises `NoRunner`, and `Refused` with the runner's reason.
    """

    def wait() -> None:
        try:
            lines.read()
        except ConnectionError:
            return

    with _talk(path, method, {}, None) as (result, lines):
        yield result, wait


@contextmanager
def _talk(
    path: Path, method: str, params: Mapping[str, Any], patience: float | None
) -> Iterator[tuple[Mapping[str, Any], IO[bytes]]]:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(patience or PATIENCE)
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
    line = lines.readline()
    if not line:
        raise ConnectionResetError
    return line


def _refused(error: Mapping[str, str]) -> Refused:
    return Refused(error["message"], error["next_action"], error["class"])
