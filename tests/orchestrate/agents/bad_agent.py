"""Agents that misbehave, each in its own way: `python bad_agent.py WAY [FIFO]`.

With a FIFO each process of the agent opens it and says `ready`, and nothing closes it but that process's end: whoever
reads the FIFO sees its end when all of them are gone.
"""

import os
import signal
import subprocess
import sys

RESULT = b'{"summary": "done"}\n'
MEGABYTE = b"x" * 79 + b"\n"
MEGABYTE *= 1024 * 1024 // len(MEGABYTE) + 1


def write(output, descriptor=1):
    while output:
        output = output[os.write(descriptor, output) :]


def report():
    """Holds the FIFO open until this process ends."""
    if len(sys.argv) > 2:
        fifo = os.open(sys.argv[2], os.O_WRONLY)
        os.set_inheritable(fifo, True)
        write(b"ready\n", fifo)


def live():
    while True:
        signal.pause()


def garbage():
    write(bytes(range(256)) * 64)


def silent():
    return


def invalid_utf8():
    write(b'caf\xe9 \xff\xfe\n{"summary": "caf\xe9"}\n')


def flood():
    for _ in range(100):
        write(MEGABYTE)
    write(RESULT)


def stubborn():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    report()
    write(b"ready\n")
    live()


def daemon():
    """A grandchild in a session of its own, with nothing open, no marker and no parent; then success."""
    reading, writing = os.pipe()
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        report()
        os.close(writing)
        os.closerange(0, 3)
        os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"], {})
    os.close(writing)
    os.read(reading, 1)
    write(RESULT)


def daemon_of_a_living_agent():
    daemon()
    report()
    write(b"ready\n")
    live()


def stubborn_daemon():
    if not os.fork():
        os.setsid()
        stubborn()
    live()


def holds_stdout():
    if not os.fork():
        live()
    write(RESULT)


def talks_first():
    for _ in range(5):
        write(MEGABYTE)
    size = 0
    while more := os.read(0, 1 << 16):
        size += len(more)
    write(b'{"summary": "%d"}\n' % size)


def does_not_listen():
    os.close(0)
    write(RESULT)


def closes_stdout():
    report()
    write(b"ready\n")
    os.close(1)
    os.close(2)
    live()


def chatters():
    """Writes something again and again until it is ended."""
    while True:
        write(b"still here\n")
        signal.sigtimedwait([signal.SIGUSR1], 0.02)


def kills_its_guard():
    if not os.fork():
        os.setsid()
        report()
        live()
    report()
    os.kill(os.getppid(), signal.SIGKILL)
    live()


def kills_its_guard_and_hides():
    """What is left has a session of its own and no marker; nobody has it for a child but who forks the guards."""
    if not os.fork():
        os.setsid()
        lifeline = os.open(sys.argv[2], os.O_WRONLY)
        os.set_inheritable(lifeline, True)
        os.write(lifeline, b"ready\n")
        os.execve("/bin/sh", ["sh", "-c", "sleep 1000 & sleep 1000 & wait"], {"PATH": os.environ["PATH"]})
    report()
    os.kill(os.getppid(), signal.SIGKILL)
    live()


def stops_its_guard():
    os.kill(os.getppid(), signal.SIGSTOP)
    report()
    write(b"ready\n")
    live()


def crashes():
    write(b"about to crash\n", 2)
    os.kill(os.getpid(), signal.SIGSEGV)


def in_the_background():
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    write(RESULT)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
