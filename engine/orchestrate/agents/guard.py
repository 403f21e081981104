"""The guard of one command: starts it, and sees to it that nothing of it is left, whoever dies first.

    python -I guard.py SOCKET

A process of its own between the runner and the command. Starting Python takes ten times as long as a guard's own work,
so it is started once, from this file and two beside it, and forks a guard for each request that the runner
(`guards.py`) writes to the socket. It imports the standard library only (psutil without /proc).

On Linux the guard is the subreaper of the command's family (`family.py`): a process that leaves its session and loses
its parent is still the guard's. What a guard leaves that was killed, the process that forked it ends.
Invariant: the last line is written after the family was found empty, or with the names of those that would not die.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the enumerations of signal and the whole of typing would take longer to import than Python to start
    import signal
    import socket
    from typing import Final, NoReturn

    from engine.orchestrate.agents import family, landlock
else:
    import _signal as signal

    if __name__ == "__main__":  # started by its path alone: what is beside it is found for a moment only
        sys.path.append(os.path.dirname(__file__))  # noqa: PTH120
        import family
        import landlock

        sys.path.pop()
    else:
        from engine.orchestrate.agents import family, landlock

__all__ = ["HEADER", "LONGEST_KEY", "STOP_SECONDS", "UNNAMED"]

#: bytes of a key that a guard can carry itself; who descends from a guard that cannot is of the step `UNNAMED`
LONGEST_KEY: Final = 400
UNNAMED: Final = "a step"
#: bytes before a request that say how long it is
HEADER: Final = 8
#: at most so long the guard takes from being asked to end the command until its last line
STOP_SECONDS: Final = sum(family.PATIENCE)
_NAMES_TOLD: Final = 20
#: what comes with a request: the two pipes of a guard, the command's standard streams, and its folder
_DESCRIPTORS: Final = 6
_PR_SET_CHILD_SUBREAPER: Final = 36
#: where a process's state says where its variables begin
_ENVIRONMENT: Final = 47


class _Guard:
    """The command's end, and what the two pipes and the signals say.

    A byte on `control` asks to end the command, the end of that pipe means that the runner is dead. To `status` go
    lines: `guard N`, its own id; `pid N`; `confined` if the command can write where it may only; `exit CODE`
    when it has ended, negative for a signal; `swept PID NAME` for each process that it left behind, `left PID NAME` for
    each that could not be ended; `done`.
    """

    def __init__(self, control: int, status: int, signals: int, key: str) -> None:
        self._control = control
        self._status = status
        self._signals = signals
        self._mark = family.mark_of(key)
        self._child = 0
        self._swept: dict[int, str] = {}
        self.running, self.asked, self.orphaned = True, False, False

    def start(self, command: list[bytes], environment: dict[bytes, bytes], writable: list[bytes] | None) -> None:
        self.tell(f"guard {os.getpid()}")
        self._child = os.fork()
        if not self._child:
            if writable is not None and landlock.confine(writable):
                self.tell("confined")
            _become(command, environment)
        self.tell(f"pid {self._child}")
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):  # or the command's end of file would never be seen
            os.dup2(nothing, descriptor)

    def tell(self, *lines: str) -> None:
        try:
            os.write(self._status, "".join(f"{line}\n" for line in lines).encode())
        except OSError:
            self.orphaned = True

    def wait(self, seconds: float | None) -> None:
        """Waits until something has happened, and takes note of it."""
        watched = [self._signals] if self.orphaned else [self._signals, self._control]
        ready = select.select(watched, [], [], seconds)[0]
        if self._signals in ready and set(os.read(self._signals, 512)) - {signal.SIGCHLD}:
            self.asked = True
        if self._control in ready:
            if os.read(self._control, 1):
                self.asked = True
            else:
                self.orphaned = True
        self._reap()

    def _reap(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._child:
                    self.running = False
                    self.tell(f"exit {os.waitstatus_to_exitcode(ended[1])}")
        except ChildProcessError:
            return

    def sweep(self) -> None:
        """Ends the family, first politely, and says who is left."""
        ladder = list(zip((signal.SIGINT, signal.SIGTERM, signal.SIGKILL), family.PATIENCE, strict=True))
        cleared = False
        for number, seconds in ladder if self.asked else ladder[1:]:
            cleared = (not self.orphaned or number == signal.SIGKILL) and self._cleared(number, seconds)
            if cleared:
                break
        left = [] if cleared else family.names(family.family(self._mark, os.getpid()))
        self._reap()
        swept = list(self._swept.values())[:_NAMES_TOLD]
        self.tell(*(f"swept {name}" for name in swept), *(f"left {name}" for name in left), "done")

    def _cleared(self, number: int, seconds: float) -> bool:
        """Whether the family was empty in time after a signal to each; SIGKILL is sent as long as it takes."""
        deadline, pause = time.monotonic() + seconds, family.LOOK_AGAIN[0]
        told: set[int] = set()
        while found := family.family(self._mark, os.getpid()):
            for pid in set(found) - {self._child}:
                self._swept.setdefault(pid, family.names([pid])[0])
            family.send(number, [pid for pid in found if pid not in told])
            if number != signal.SIGKILL:
                told.update(found)
            left = deadline - time.monotonic()
            if left <= 0 or (self.orphaned and number != signal.SIGKILL):
                return False
            self.wait(min(pause, left))
            pause = min(2 * pause, family.LOOK_AGAIN[1])
        return True


def _become(command: list[bytes], environment: dict[bytes, bytes]) -> NoReturn:
    """In the child: a process group of its own, signals as they are at the start of any process, then the command."""
    os.setpgid(0, 0)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            continue
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        os._exit(127 if error.errno in {errno.ENOENT, errno.ENOTDIR} else 126)  # as shells have it


def _adopt_orphans() -> None:
    """Makes this process the parent of its descendants whose own parent ends, where the system can."""
    if sys.platform == "linux":
        import _ctypes  # what ctypes adds to it would take as long again

        prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        _ctypes.call_function(prctl, (_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def _signals() -> int:
    """The end of a pipe that a byte arrives at with every signal that means something."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reading


def _bear(key: str) -> None:
    """Makes this process itself carry the key, so that whoever descends from it is known to be of the step.

    The system shows the variables where they were when Python started, so the key goes there, over `UNNAMED`.
    """
    if sys.platform != "linux":
        return
    value, name = os.fsencode(key)[: LONGEST_KEY - 1], f"{family.MARKER}=".encode()
    try:
        begin = int(family.state("self")[_ENVIRONMENT])
        begin += family.read("/proc/self/environ").index(name) + len(name)
        memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(memory, value.ljust(LONGEST_KEY, b"\0"), begin)
        finally:
            os.close(memory)
    except (OSError, ValueError, IndexError):
        return  # a system that allows no such thing: the step stays unnamed, and is a step all the same


def _guard(request: bytes, descriptors: list[int]) -> None:
    """In a process that was forked for it: what a guard does, from its start to its end."""
    control, status, *streams, folder = descriptors
    count, folders, *words = request.split(b"\0")
    rest = words[int(count) :]
    writable = rest[: int(folders)] if folders else None
    environment = dict(variable.partition(b"=")[::2] for variable in rest[int(folders or 0) :])
    key = os.fsdecode(environment.get(family.MARKER.encode(), b""))
    os.setsid()
    os.fchdir(folder)
    os.close(folder)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    _bear(key)
    _adopt_orphans()
    guard = _Guard(control, status, _signals(), key)
    guard.start(words[: int(count)], environment, writable)
    while guard.running and not guard.asked and not guard.orphaned:
        guard.wait(None)
    guard.sweep()


def _main(number: int) -> None:
    """Forks guards until the runner is gone, who ends this process by closing its end of the socket."""
    import socket
    import warnings  # noqa: F401 - what follows is imported for all guards, who need it

    if sys.platform == "linux":
        import _ctypes  # noqa: F401
    else:
        import psutil  # noqa: F401
    os.set_inheritable(number, False)
    requests, signals, guards = socket.socket(fileno=number), _signals(), set[int]()
    _adopt_orphans()
    while True:
        ready = select.select([number, signals], [], [])[0]
        if signals in ready and set(os.read(signals, 512)) - {signal.SIGCHLD}:
            return
        _tidy_up(guards)
        if number not in ready:
            continue
        header, descriptors, _, _ = socket.recv_fds(requests, HEADER, _DESCRIPTORS)
        request = _received(requests, int.from_bytes(header, "big"))
        if not request:
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if _is_guard(guards):
            requests.close()
            try:
                _guard(request, descriptors)
            finally:
                os._exit(0)  # nothing is left to be tidied up
        for descriptor in descriptors:
            os.close(descriptor)


def _received(requests: socket.socket, size: int) -> bytes:
    """So many bytes, or none if the runner has gone."""
    request = b""
    while len(request) < size and (more := requests.recv(size - len(request))):
        request += more
    return request if len(request) == size else b""


def _is_guard(guards: set[int]) -> bool:
    """Forks; whether this is the new process. One that cannot be forked is told like one that died at once."""
    try:
        guards.add(pid := os.fork())
    except OSError:
        return False
    return pid == 0


def _tidy_up(guards: set[int]) -> None:
    """Reaps guards that have ended, and kills what those left that were killed: it has become this process's child."""
    killed = False
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            killed |= ended[1] != 0 or ended[0] not in guards
            guards.discard(ended[0])
    except ChildProcessError:
        return
    own = os.getpid()
    table = family.processes(b"", own) if killed else ()
    family.send(signal.SIGKILL, {pid for pid, parent, _ in table if parent == own} - guards)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
