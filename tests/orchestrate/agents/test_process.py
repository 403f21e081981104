"""One command: how it is started, what it is given, what is kept of what it writes, how its end is told."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from engine.orchestrate.agents import process
from engine.orchestrate.agents.guard import STOP_SECONDS
from engine.orchestrate.redact import Redactor
from tests.orchestrate.agents.conftest import bad_agent


async def test_a_line_of_shell_runs_in_the_folder(run, tmp_path):
    end = await run("pwd; echo oops >&2; exit 3")

    assert end.stdout.decode() == f"{tmp_path.resolve()}\n" and end.stderr == "oops\n"
    assert (end.exit_code, end.signal, end.ended_by, end.ok) == (3, None, "exit", False)
    assert end.swept == end.left == ()


async def test_arguments_are_not_read_by_a_shell(run):
    end = await run([sys.executable, "-c", "import sys; print(sys.argv[1:])", "$HOME; ls", "ä"])

    assert end.stdout.decode() == "['$HOME; ls', 'ä']\n" and end.ok


@pytest.mark.parametrize("command, code", [
    (["no-such-command-anywhere"], 127),
    (["/no/such/folder/command"], 127),
    ("no-such-command-anywhere", 127),
    ([os.devnull], 126),
])  # fmt: skip
async def test_a_command_that_cannot_be_started_ends_like_in_a_shell(run, command, code):
    end = await run(command)

    assert (end.exit_code, end.ended_by) == (code, "exit")


async def test_a_folder_that_does_not_exist_is_an_error(run, tmp_path):
    with pytest.raises(FileNotFoundError):
        await run("true", cwd=tmp_path / "nowhere")


async def test_a_signal_is_told_by_its_name(run):
    end = await run(bad_agent("crashes"))

    assert (end.exit_code, end.signal, end.stderr) == (None, "SIGSEGV", "about to crash\n")


async def test_the_environment_is_what_was_given_and_the_marker(run):
    given = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GIVEN": "1"}
    end = await run(["env"], env=given, marker="run/task/implement/1")

    found = dict(line.split("=", 1) for line in end.stdout.decode().splitlines())
    assert found == {**given, "PENSTOCK_STEP": "run/task/implement/1"}


async def test_signals_are_as_any_process_finds_them(run):
    shown = "import signal; print([signal.getsignal(s) == signal.SIG_IGN for s in (2, 15, 1)])"

    assert (await run([sys.executable, "-c", shown])).output == "[False, False, False]\n"
    assert (await run("yes | head -n 1")).output == "y\n"  # `yes` complains where a broken pipe does not end it


async def test_nothing_of_ours_is_open_in_the_command(run):
    end = await run([sys.executable, "-I", "-c", "import os; print(sorted(os.listdir('/dev/fd')))"])

    assert end.output in {"['0', '1', '2', '3']\n", "['0', '1', '2']\n"}  # 3 is the folder itself


async def test_a_terminal_cannot_be_asked(run):
    end = await run("(: < /dev/tty) 2>/dev/null && echo asked || echo nobody")

    assert end.output == "nobody\n"


async def test_standard_input_is_written_while_output_is_read(run):
    end = await run(bad_agent("talks_first"), stdin=b"y" * 5_000_000)

    assert end.stdout.endswith(b'{"summary": "5000000"}\n') and end.ok


async def test_a_command_that_does_not_listen_is_no_failure(run):
    end = await run(bad_agent("does_not_listen"), stdin=b"y" * 5_000_000)

    assert end.ok and end.stdout == b'{"summary": "done"}\n'


async def test_a_hundred_megabytes_are_drained_and_the_end_is_kept(run, tmp_path):
    seen = []
    end = await run(bad_agent("flood"), log=tmp_path / "log", on_output=lambda _, chunk: seen.append(len(chunk)))

    assert end.ok and end.stdout_size == sum(seen) > 100_000_000
    assert len(end.stdout) == process.STDOUT_KEPT and end.stdout.endswith(b'{"summary": "done"}\n')
    assert len(end.output) == process.SHOWN
    assert (tmp_path / "log").stat().st_size < 1_100_000


async def test_bytes_that_are_no_text_stay_readable(run, tmp_path):
    end = await run(bad_agent("invalid_utf8"), log=tmp_path / "log")

    shown = 'caf\\xe9 \\xff\\xfe\n{"summary": "caf\\xe9"}\n'
    assert end.output == shown == (tmp_path / "log").read_text(encoding="utf-8")


async def test_secrets_reach_neither_log_nor_record(run, tmp_path):
    redactor = Redactor({"MY_TOKEN": "abracadabra"})
    end = await run("echo abracadabra; echo abracadabra >&2", log=tmp_path / "log", redactor=redactor)

    assert "abracadabra" not in end.output + end.stderr + end.command + (tmp_path / "log").read_text()
    assert "[redacted MY_TOKEN]" in end.output


async def test_a_log_is_for_its_owner(run, tmp_path):
    await run("true", log=tmp_path / "log")

    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
async def test_a_log_on_a_full_disk_is_an_error_after_the_command_has_ended(run, tmp_path):
    with pytest.raises(OSError, match="No space left"):
        await run("echo started; touch ended", log=Path("/dev/full"))
    assert (tmp_path / "ended").exists()


async def test_output_is_told_as_it_arrives_and_by_stream(run):
    seen, stop = [], asyncio.Event()

    def take(stream, chunk):
        seen.append((stream, chunk))
        stop.set()

    end = await run("echo first >&2; exec sleep 1000", on_output=take, stop=stop)

    assert seen == [("stderr", b"first\n")] and end.ended_by == "cancelled"


async def test_a_time_limit_ends_the_command(run):
    end = await run("sleep 1000", timeout=0.05)

    assert (end.ended_by, end.ok, end.left) == ("timeout", False, ())


async def test_a_command_that_is_silent_for_too_long_has_stalled(run):
    end = await run("exec sleep 1000", stall_timeout=0.1)

    assert (end.ended_by, end.ok, end.left) == ("stalled", False, ())


async def test_a_command_that_writes_has_not_stalled(run):
    stop, heard = asyncio.Event(), []

    def take(_, chunk):
        heard.append(chunk)
        if len(heard) == 100:  # each after 20 ms, so that all of them take longer than the silence that is allowed
            stop.set()

    assert (await run(bad_agent("chatters"), stall_timeout=1.5, on_output=take, stop=stop)).ended_by == "cancelled"


async def test_a_stop_that_was_set_before_ends_the_command_at_once(run):
    stop = asyncio.Event()
    stop.set()
    end = await run("exec sleep 1000", stop=stop)

    assert (end.ended_by, end.left) == ("cancelled", ())


def test_a_stop_takes_two_seconds_at_most():
    assert STOP_SECONDS + process._GUARD_IS_LATE + 2 * process._LAST_OUTPUT <= 2.0
