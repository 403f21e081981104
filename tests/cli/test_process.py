"""The command as a process: help, versions, what is imported when, and every way to end."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import engine
from engine.cli.process import BROKEN_PIPE, INTERNAL_FAILURE, INTERRUPTED, exit_code
from tests.cli.command import COMMAND, PATIENCE, environment, run, write
from tests.corpus import CHECKOUT

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and pipes are different on Windows")


def imported_by(*arguments: str, cwd: Path) -> set[str]:
    """The packages that a command has imported when it ends."""
    program = (
        "import atexit, sys\n"
        f"sys.argv = ['penstock', *{list(arguments)!r}]\n"
        "atexit.register(lambda: print(*{m.partition('.')[0] for m in sys.modules}, file=sys.stderr))\n"
        "from engine.cli import main\n"
        "main()"
    )
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, cwd=cwd, env=environment(cwd), capture_output=True, timeout=PATIENCE, check=False)
    return set(done.stderr.decode().split("\n")[-2].split())


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout.decode() == f"penstock {engine.__version__}\n"


@pytest.mark.checkout
def test_the_version_is_the_one_that_is_built() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == engine.__version__


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["check", "--help"], ["parse", "-h"], ["explain", "-h"]])
def test_help_is_for_everything(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 0
    assert b"Usage: penstock" in done.stdout


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)

    assert done.returncode == 2
    assert b"Commands:" in done.stderr + done.stdout


def test_an_unknown_command_is_2_with_the_nearest_name(tmp_path: Path) -> None:
    done = run("chekc", cwd=tmp_path)

    assert done.returncode == 2
    assert b"did you mean `check`?" in done.stderr


def test_common_options_are_taken_before_and_after_the_command(tmp_path: Path) -> None:
    for arguments in (["-q", "check"], ["check", "-q"], ["--quiet", "check", "--quiet"]):
        done = run(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), arguments


# ---------------------------------------------------------------------------------------- what each command imports
def test_a_check_into_a_pipe_imports_neither_server_nor_colours(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": "[1,]"})

    found = imported_by("check", cwd=tmp_path)

    assert "click" in found
    assert not found & {"rich", "pygls", "lsprotocol", "lsp_server"}


def test_help_imports_none_of_our_commands(tmp_path: Path) -> None:
    assert not imported_by("--help", cwd=tmp_path) & {"rich", "pydantic", "pygls", "lsprotocol"}


# -------------------------------------------------------------------------------------- commands of other packages
PLUGIN = """
import click

@click.command(short_help="Greets.")
def hello() -> int:
    click.echo("hello from a package")
    return 7
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with an installed package that adds commands: a good one, one that fails, one that is none."""
    commands = {"hello": "greeter:hello", "broken": "nowhere:x", "none": "greeter:PLAIN", "check": "greeter:hello"}
    points = ["[penstock.commands]", *(f"{name} = {value}" for name, value in commands.items())]
    points += ["[penstock.pages]", "greeter = greeter_pages", "broken = nowhere", ""]
    return write(
        tmp_path / "site",
        {
            "greeter.py": PLUGIN + "\nPLAIN = 3\n",
            "greeter-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n",
            "greeter-1.0.dist-info/entry_points.txt": "\n".join(points),
            "greeter_pages/__init__.py": "",
            "greeter_pages/docs/greeter.rude.md": "# greeter.rude\n\nIt says hello to nobody.\n",
            "greeter_pages/docs/io.unreadable.md": "# not ours\n",
        },
    )


def with_packages(packages: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    env = {**environment(packages), "PYTHONPATH": os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])}
    command = [*COMMAND, *arguments]
    return subprocess.run(command, cwd=packages, env=env, capture_output=True, timeout=PATIENCE, check=False)


def test_an_installed_package_can_add_a_command(packages: Path) -> None:
    done = with_packages(packages, "hello")

    assert (done.returncode, done.stdout) == (7, b"hello from a package\n")


def test_a_package_cannot_replace_a_command_of_ours(packages: Path) -> None:
    assert b"hello" not in with_packages(packages, "check", "--help").stdout


def test_an_installed_package_can_add_pages(packages: Path) -> None:
    assert b"hello to nobody" in with_packages(packages, "explain", "greeter.rude").stdout
    assert b"not ours" not in with_packages(packages, "explain", "io.unreadable").stdout


def test_a_command_that_cannot_be_loaded_breaks_nothing_else(packages: Path) -> None:
    shown = with_packages(packages, "--help")

    assert shown.returncode == 0
    assert b"Greets." in shown.stdout
    assert b"cannot be loaded" in shown.stdout
    for name in ("broken", "none"):
        done = with_packages(packages, name)
        assert (done.returncode, done.stdout) == (INTERNAL_FAILURE, b"")
        assert b"cannot be loaded" in done.stderr
        assert b"Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------------ how it ends
@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Checking has a bug."""

    def bug(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    write(tmp_path, {"a.json": ""})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("engine.check.check_file", bug)


@pytest.mark.usefixtures("broken")
def test_a_bug_is_3_and_says_so_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", "a.json"]) == INTERNAL_FAILURE

    out, err = capfd.readouterr()
    assert out == ""
    assert "internal failure: ZeroDivisionError: on purpose" in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("broken")
def test_a_bug_shows_its_traceback_to_who_asks(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_TRACEBACK", "1")

    assert exit_code(["check", "a.json"]) == INTERNAL_FAILURE
    assert "Traceback" in capfd.readouterr().err


@POSIX
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, {"a.jsonl": "oops\n" * 3000})
    process = subprocess.Popen(
        [*COMMAND, "check", "a.jsonl"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None

    process.stdout.readline()
    process.stdout.close()

    assert process.wait(PATIENCE) == BROKEN_PIPE
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_3_and_called_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": "[1,]"})
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "check", "a.json"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )

    assert done.returncode == INTERNAL_FAILURE
    assert done.stderr.decode() == f"penstock: input or output failed: {os.strerror(errno.ENOSPC)}\n"


@POSIX
@pytest.mark.parametrize(
    ("closed", "arguments"),
    [(">&-", ("check", "a.json")), ("<&-", ("check", "-", "--language", "json")), ("2>&-", ("check", "a.json"))],
)
def test_closed_standard_streams_are_like_the_null_device(
    tmp_path: Path, closed: str, arguments: tuple[str, ...]
) -> None:
    write(tmp_path, {"a.json": "[1,]"})
    line = f"{shlex.join([*COMMAND, *arguments])} {closed}"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"")


@POSIX
def test_ctrl_c_is_130_and_what_was_found_stays(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "check", "--stream", "--language", "jsonl", "--format", "json", "-"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"oops\n")
    process.stdin.flush()
    first = json.loads(process.stdout.readline())  # it is at work now, waiting for more

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)

    assert first["range"]["start"]["line"] == 1
    assert process.returncode == INTERRUPTED
    assert b"interrupted" in err
    assert b"Traceback" not in err


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read from /proc")
def test_the_memory_of_a_streaming_check_does_not_grow_with_the_file(tmp_path: Path) -> None:
    program = (
        "import atexit, re, sys\n"
        "sys.argv = ['penstock', 'check', '--stream', 'a.jsonl']\n"
        "status = lambda: open('/proc/self/status').read()\n"
        "atexit.register(lambda: print(re.search(r'VmHWM:\\s*(\\d+) kB', status())[1], file=sys.stderr))\n"
        "from engine.cli import main\n"
        "main()"
    )
    peaks = []
    for count in (20_000, 200_000):  # about 1 and 10 MB
        lines = (f'{{"id": {number}, "tags": ["a", "b"], "name": "user{number}"}}\n' for number in range(count))
        write(tmp_path, {"a.jsonl": "".join(lines)})
        command = [sys.executable, "-P", "-c", program]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=2 * PATIENCE, check=False
        )
        assert done.stdout.startswith(b"1 file checked: nothing found")
        peaks.append(int(done.stderr.split()[-1]))

    assert peaks[1] - peaks[0] < 16_000, peaks  # kB, where the file has grown by 9 MB
