"""One command with everything it starts, from its start until nothing of it is left.

Each command runs under a guard (`guard.py`) that ends its whole family when the command ends, when it is asked to, and
when this process dies. Standard input is written while the output is read; output is drained without limit and kept
within bounds. Knows no agents and no roles.
Invariant: `run_process` returns after the family was found empty, or names who is left, and takes at most
two seconds to do so from any reason to stop. A process that keeps the output open delays nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from engine.orchestrate.agents import family
from engine.orchestrate.agents.family import MARKER
from engine.orchestrate.agents.guard import STOP_SECONDS
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.agents.output import OutputLog, Tail, readable
from engine.orchestrate.redact import Redactor

__all__ = ["NOT_EXECUTABLE", "NO_SUCH_COMMAND", "EndedBy", "OnOutput", "ProcessEnd", "run_process"]

EndedBy = Literal["exit", "timeout", "stalled", "cancelled"]
#: told of output as it arrives, unredacted: "stdout" or "stderr", and some bytes
OnOutput = Callable[[str, bytes], None]

#: exit codes of a command that could not be started, as shells have them
NO_SUCH_COMMAND: Final = 127
NOT_EXECUTABLE: Final = 126
#: bytes kept of standard output, in which an agent's result must lie
STDOUT_KEPT: Final = 8 * 1024 * 1024
#: bytes kept of what is shown to people and agents
SHOWN: Final = 8 * 1024
#: seconds beyond `STOP_SECONDS` after which a guard is taken for dead
_GUARD_IS_LATE: Final = 0.1
#: seconds for what is left in the pipes when nobody writes any more, as far as known; the longer one after success
_LAST_OUTPUT: Final = 0.1
_WHOLE_OUTPUT: Final = 1.0


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a command ended.

    `exit_code`: None if a signal ended it, whose name is in `signal`; both None if nobody saw its end. `stdout`: the
    last `STDOUT_KEPT` of `stdout_size` bytes, as they came, not to be stored. `output` and `stderr`: the end of both
    streams together and of standard error, redacted. `swept`: processes that it had left behind and that were ended;
    `left`: those that could not be. `duration`: seconds. `confined`: it could not write but where it might.
    """

    command: str
    exit_code: int | None
    signal: str | None
    ended_by: EndedBy
    stdout: bytes
    stdout_size: int
    stderr: str
    output: str
    swept: tuple[str, ...]
    left: tuple[str, ...]
    duration: float
    confined: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and with exit code 0."""
        return self.ended_by == "exit" and self.exit_code == 0


async def run_process(
    command: Sequence[str] | str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    marker: str,
    timeout: float,  # noqa: ASYNC109 - its end is verified, which a cancelled task's is not
    stdin: bytes = b"",
    stall_timeout: float | None = None,
    log: Path | None = None,
    redactor: Redactor | None = None,
    on_output: OnOutput | None = None,
    stop: asyncio.Event | None = None,
    guards: Guards | None = None,
    writable: Sequence[Path] | None = None,
) -> ProcessEnd:
    """Runs a command, given as arguments or as a line for `/bin/sh -c`, and ends its whole family with it.

    `env`: all of its variables (see `environment.py`) but the marker. `marker`: the step's key; one command at a time
    per key, since the sweep at the end ends whatever carries it. `timeout`, `stall_timeout`: seconds it may take, and
    may write nothing. `stop`: ends it when set. `guards`: where its guard comes from; without them, one is started for
    it alone, which takes long. `writable`: see `Guards.start`. A command that does not exist ends with exit code 127.
    Raises OSError if `cwd` or `log` is no such place, or the log cannot take the output. When the awaiting task is
    cancelled, the family is killed.
    """
    arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    redactor = redactor or Redactor(env)
    with nullcontext(guards) if guards else Guards() as where:
        run = _Run(arguments, cwd, {**env, MARKER: marker}, redactor, on_output, where, writable)
        run.log = OutputLog(log, redactor) if log else None
        began = time.monotonic()
        try:
            await run.start(stdin)
            ended_by = await run.until_reason(timeout, stall_timeout, stop or asyncio.Event())
            left = await run.end(ask=ended_by != "exit")
        finally:
            await run.close()
    shown = command if isinstance(command, str) else " ".join(command)
    return run.result(redactor.text(shown), ended_by, left, time.monotonic() - began)


class _Pipe(asyncio.Protocol):
    """Our end of a pipe: each chunk that is read is handed on, and `closed` is done when the pipe is."""

    def __init__(self, on_chunk: Callable[[bytes], None] | None = None) -> None:
        self._on_chunk = on_chunk or (lambda _: None)
        self.closed = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._on_chunk(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self.closed.done():
            self.closed.set_result(None)


class _Run:
    """A command while it runs."""

    def __init__(
        self,
        arguments: list[str],
        cwd: Path,
        env: dict[str, str],
        redactor: Redactor,
        on_output: OnOutput | None,
        guards: Guards,
        writable: Sequence[Path] | None,
    ) -> None:
        self._guards = guards
        self._writable = writable
        self._arguments = arguments
        self._cwd = cwd
        self._env = env
        self._redactor = redactor
        self._on_output = on_output
        self.log: OutputLog | None = None
        self._unwritten: OSError | None = None
        self._stdout, self._stderr, self._both = Tail(STDOUT_KEPT), Tail(SHOWN), Tail(SHOWN)
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._said = _Said(self._loop)
        self._control = -1
        self._begun = False
        self._finished: _Pipe | None = None
        self._outputs: list[_Pipe] = []
        self._pipes: list[tuple[asyncio.ReadTransport | asyncio.WriteTransport, _Pipe]] = []

    async def start(self, stdin: bytes) -> None:
        pipes = self._guards.start(self._arguments, self._cwd, self._env, self._writable)
        self._control = pipes.control
        self._begun = True
        self._finished = await self._read(pipes.status, self._said.add)
        self._outputs.append(await self._read(pipes.stdout, lambda chunk: self._take("stdout", chunk)))
        self._outputs.append(await self._read(pipes.stderr, lambda chunk: self._take("stderr", chunk)))
        writing, pipe = await self._loop.connect_write_pipe(_Pipe, pipes.stdin)
        self._pipes.append((writing, pipe))
        writing.write(stdin)
        writing.write_eof()

    async def _read(self, pipe: IO[bytes], on_chunk: Callable[[bytes], None]) -> _Pipe:
        transport, reader = await self._loop.connect_read_pipe(lambda: _Pipe(on_chunk), pipe)
        self._pipes.append((transport, reader))
        return reader

    def _take(self, stream: str, chunk: bytes) -> None:
        self._heard = self._loop.time()
        (self._stdout if stream == "stdout" else self._stderr).add(chunk)
        self._both.add(chunk)
        self._write_down(stream, chunk)
        if self._on_output is not None:
            self._on_output(stream, chunk)

    def _write_down(self, stream: str, chunk: bytes) -> None:
        if self.log is not None and self._unwritten is None:
            try:
                self.log.add(stream, chunk)
            except OSError as error:  # a full disk stops neither the command nor the reading of what it says
                self._unwritten = error

    async def until_reason(self, timeout: float, stall_timeout: float | None, stop: asyncio.Event) -> EndedBy:  # noqa: ASYNC109
        """Waits until the command has ended, or must end."""
        assert self._finished
        gone, deadline = self._finished.closed, self._loop.time() + timeout
        stopped = asyncio.create_task(stop.wait())
        try:
            while True:
                silent_at = self._heard + stall_timeout if stall_timeout else deadline
                left = min(deadline, silent_at) - self._loop.time()
                ends: set[asyncio.Future[Any]] = {stopped, self._said.ended, gone}
                await asyncio.wait(ends, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
                if self._said.ended.done() or gone.done():
                    return "exit"
                if stop.is_set():
                    return "cancelled"
                if self._loop.time() >= deadline:
                    return "timeout"
                if stall_timeout and self._loop.time() >= self._heard + stall_timeout:
                    return "stalled"
        finally:
            stopped.cancel()

    async def end(self, *, ask: bool) -> tuple[str, ...]:
        """Has the guard end the family, or ends it from here if the guard cannot; who is left."""
        if ask:
            self._ask()
        await self._until_gone(STOP_SECONDS + _GUARD_IS_LATE)
        left: list[str] = []
        if self._said.left != []:
            left = await self._swept()
        patience = _LAST_OUTPUT if ask or left else _WHOLE_OUTPUT
        await asyncio.wait({reader.closed for reader in self._outputs}, timeout=patience)
        return tuple(left)

    async def _until_gone(self, seconds: float) -> bool:
        """Waits for the guard's end; whether it came."""
        if self._finished is not None:
            await asyncio.wait({self._finished.closed}, timeout=seconds)
        return self._gone

    @property
    def _gone(self) -> bool:
        return self._finished is not None and self._finished.closed.done()

    async def _swept(self) -> list[str]:
        """Does the guard's work, for one that was killed, does not answer, or did not succeed; who is left."""
        if not self._said.guard:
            self._guards.close()  # where it was to come from does not answer either
        elif not self._gone:
            _kill(self._said.guard)
        if self._said.pid:
            _kill(-self._said.pid)
        return await asyncio.to_thread(family.sweep, self._env[MARKER], _LAST_OUTPUT)

    def _ask(self) -> None:
        try:
            os.write(self._control, b"s")
        except OSError:
            return  # it is gone, which the end of its status says

    async def close(self) -> None:
        """Frees everything; a guard that still runs kills its family now. Raises what the log could not take."""
        if self._control >= 0:
            os.close(self._control)
            self._control = -1
        try:
            if self._begun and not (self._gone and self._said.left is not None):
                await asyncio.shield(self._end_guard())
        finally:
            for transport, pipe in self._pipes:
                if not pipe.closed.done():
                    transport.abort() if isinstance(transport, asyncio.WriteTransport) else transport.close()
            if self.log is not None:
                self.log.close()
        if self._unwritten is not None:
            raise self._unwritten

    async def _end_guard(self) -> None:
        if not await self._until_gone(STOP_SECONDS) or self._said.left is None:
            await self._swept()

    def result(self, command: str, ended_by: EndedBy, left: tuple[str, ...], duration: float) -> ProcessEnd:
        said = self._said
        return ProcessEnd(
            command=command,
            exit_code=said.exit_code if said.exit_code is not None and said.exit_code >= 0 else None,
            signal=_name_of(said.exit_code),
            ended_by=ended_by,
            stdout=self._stdout.bytes(),
            stdout_size=self._stdout.size,
            stderr=self._redactor.text(readable(self._stderr.bytes())),
            output=self._redactor.text(readable(self._both.bytes())),
            swept=tuple(said.swept),
            left=left,
            duration=duration,
            confined=said.confined,
        )


class _Said:
    """What the guard has said so far. `ended`: done when the command has ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ended: asyncio.Future[None] = loop.create_future()
        self.guard = 0
        self.pid = 0
        self.confined = False
        self.exit_code: int | None = None
        self.swept: list[str] = []
        self.left: list[str] | None = None
        self._left: list[str] = []
        self._open = b""

    def add(self, chunk: bytes) -> None:
        *lines, self._open = (self._open + chunk).split(b"\n")
        for line in lines:
            word, _, rest = line.decode(errors="replace").partition(" ")
            self._hear(word, rest)

    def _hear(self, word: str, rest: str) -> None:
        if word == "guard":
            self.guard = int(rest)
        elif word == "pid":
            self.pid = int(rest)
        elif word == "confined":
            self.confined = True
        elif word == "exit":
            self.exit_code = int(rest)
            self.ended.set_result(None)
        elif word == "swept":
            self.swept.append(rest)
        elif word == "left":
            self._left.append(rest)
        elif word == "done":
            self.left = self._left


def _kill(pid: int) -> None:
    """Kills a process, or, if negative, the group of that leader."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def _name_of(exit_code: int | None) -> str | None:
    if exit_code is None or exit_code >= 0:
        return None
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
