"""Several terminals with one runner: who starts, cancels, closes, goes away, and whose runs go on.

Here the runner is a process in the foreground where it matters whose it is; see `test_runner_process.py` for its own.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import PATIENCE
from tests.cli.runs.shell import Gate, Shell, rest, said_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner's commands are for Linux and macOS")


@pytest.fixture
def other(tmp_path: Path) -> Gate:
    """Another gate."""
    (tmp_path / "other").mkdir()
    return Gate(tmp_path / "other")


def test_another_terminal_can_cancel(shell: Shell, gate: Gate) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.line}']\n")
    runner = shell.start("run")
    gate.wait()
    code, said = shell("cancel", "slow", "--reason", "too slow")
    assert code == 0 and "cancelled" in said
    assert "too slow" in runner.communicate(timeout=PATIENCE)[0].decode() and runner.returncode == 1
    assert shell("cancel", "slow")[0] == 1


def test_a_task_is_cancelled_by_its_name_and_no_other(shell: Shell, gate: Gate) -> None:
    quick, slow = "{id: quick, run: 'echo x > x.txt'}", f"{{id: slow, depends_on: [quick], run: '{gate.line}'}}"
    shell.intent("two", f"title: Two\ntasks: [{quick}, {slow}]\n")
    runner = shell.start("run")
    gate.wait()
    code, said = shell("cancel", "two", "--task", "slwo")
    assert code == 2 and "slwo" in said and "cancelled" not in said, said
    code, said = shell("cancel", "two", "--task", "slow")
    assert code == 0 and "slow: cancelled" in said, said
    assert runner.wait(PATIENCE) == 1 and "slow" in rest(runner)
    code, said = shell("cancel", "two", "--task", "slow")
    assert code == 1 and "ended before" in said


def test_a_second_run_is_a_client_of_the_first(shell: Shell, gate: Gate) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.line}; echo x > x.txt']\n")
    runner = shell.start("run")
    gate.wait()
    shell.intent("other", "title: Other\nrun: ['echo y > y.txt']\n")
    code, said = shell("run", "other")
    assert code == 0 and "landed on penstock/landed" in said, said
    code, said = shell("run", "nobody")
    assert code == 2 and "there is no Intent `nobody`" in said, said
    gate.open()
    assert runner.wait(PATIENCE) == 0
    assert shell.git("ls-tree", "--name-only", "penstock/landed").split() == ["x.txt", "y.txt"]


@pytest.mark.parametrize("named", [[], ["slow"]])
def test_what_goes_on_elsewhere_goes_on_undisturbed_when_it_is_asked_for_again(
    shell: Shell, gate: Gate, named: list[str]
) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['echo begun >> x.txt; {gate.line}']\n")
    shell.intent("other", "title: Other\ndepends_on: [slow]\nrun: ['echo y > y.txt']\n")
    runner = shell.start("run", "slow")
    gate.wait()
    client = shell.start("run", *named)
    said_until(client, "slow-")
    said_until(client, "running implement")
    gate.open()
    assert "landed on penstock/landed" in rest(client) and client.returncode == 0
    assert "again" not in rest(runner) and runner.returncode == 0
    ends = [json.loads(line) for line in shell("logs", "slow", "--json")[1].splitlines() if '"step.end"' in line]
    assert [end["payload"]["result"] for end in ends if end["role"] == "implement"] == ["ok"]


def test_a_command_that_is_cancelled_from_elsewhere_is_asked_to_end_first(
    shell: Shell, gate: Gate, tmp_path: Path
) -> None:
    polite = f'trap "echo asked > {tmp_path}/asked; exit 1" INT; {gate.line}'
    shell.intent("slow", f"title: Slow\nrun: ['{polite}']\n")
    runner = shell.start("run", "slow")
    gate.wait()
    assert shell("cancel", "slow")[0] == 0
    assert (tmp_path / "asked").read_text() == "asked\n"
    rest(runner)


def test_a_runner_whose_own_run_has_ended_stays_for_its_clients(shell: Shell, gate: Gate, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    last = Gate(tmp_path / "other")
    shell.intent("first", f"title: First\nrun: ['{gate.line}; echo x > x.txt']\n")
    shell.intent("last", f"title: Last\nrun: ['{last.line}; echo y > y.txt']\n")
    runner = shell.start("run", "--headless", "first")
    gate.wait()
    client = shell.start("run", "last")
    last.wait()
    gate.open()
    last.open()
    said = client.communicate(timeout=PATIENCE)[0].decode()
    assert client.returncode == 0 and "landed on penstock/landed" in said, said
    assert runner.wait(PATIENCE) == 0


def two_terminals(shell: Shell, gate: Gate, other: Gate) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """The runner in the foreground, at work on `mine`, and its client, whose run `theirs` is at work too."""
    shell.intent("mine", f"title: Mine\nrun: ['{gate.line}; echo x > x.txt']\n")
    shell.intent("theirs", f"title: Theirs\nrun: ['{other.once}; echo y > y.txt']\n")
    runner = shell.start("run", "--headless", "mine")
    gate.wait()
    client = shell.start("run", "theirs")
    other.wait()
    return runner, client


def test_ctrl_c_cancels_the_runs_of_its_terminal_and_the_others_go_on(shell: Shell, gate: Gate, other: Gate) -> None:
    runner, client = two_terminals(shell, gate, other)
    runner.send_signal(signal.SIGINT)
    said = said_until(runner, "Ctrl-C again")
    assert "theirs-" in said.splitlines()[-1] and "cancelled" in said
    other.open()
    assert client.wait(PATIENCE) == 0 and "landed on penstock/landed" in rest(client)
    assert runner.wait(PATIENCE) == 130
    statuses = shell("status")[1]
    assert "cancelled  mine" in statuses and "done       theirs" in statuses
    rest(runner)


@pytest.mark.parametrize("ends", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], [signal.SIGKILL]])
def test_who_is_left_without_a_runner_starts_one(
    shell: Shell, gate: Gate, other: Gate, ends: list[signal.Signals], tmp_path: Path
) -> None:
    runner, client = two_terminals(shell, gate, other)
    runner.send_signal(ends[0])
    if len(ends) > 1:
        said_until(runner, "Ctrl-C again")
        runner.send_signal(ends[1])
    rest(runner)
    assert runner.returncode == (-signal.SIGKILL if ends[0] is signal.SIGKILL else 128 + ends[0])
    said = rest(client)
    assert client.returncode == 0 and "the process that ran theirs has gone" in said, said
    assert said.count("started: Theirs") == 1 and "landed on penstock/landed" in said
    assert shell.git("show", "penstock/landed:y.txt") == "y"
    mine = next(line for line in shell("status")[1].splitlines() if "  mine  " in line)
    assert mine.startswith("cancelled") == (ends[0] is signal.SIGINT), mine
    going = shell("runner", "status")[1]
    assert ("mine-" in going) == (ends[0] is signal.SIGKILL), going  # what nobody gave up goes on


def test_who_follows_a_runner_that_is_killed_is_told_everything_once(shell: Shell, gate: Gate) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.once}; echo x > x.txt']\n")
    runner = shell.start("run", "--headless")
    gate.wait()
    follower = shell.start("logs", "-f", "slow")
    said = said_until(follower, "running implement")
    runner.kill()
    said += rest(follower)
    assert said.count("started: Slow") == 1 and said.count("running implement") == 1, said
    assert follower.returncode == 0 and "it goes on with penstock run" in said.splitlines()[-1], said
    rest(runner)
    assert shell("run")[0] == 0


def test_two_clients_without_a_runner_share_the_next_one(shell: Shell, gate: Gate, other: Gate) -> None:
    runner, client = two_terminals(shell, gate, other)
    shell.intent("third", "title: Third\ndepends_on: [theirs]\nrun: ['echo z > z.txt']\n")
    third = shell.start("run", "third")
    said_until(third, "waits for theirs")
    runner.kill()
    rest(runner)
    said = rest(third), rest(client)
    assert client.returncode == 0 and "landed on penstock/landed" in said[1], said
    assert third.returncode in {0, 1} and "Traceback" not in said[0], said
    lines = shell("status")[1].splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["running", "mine"], ["done", "theirs"], ["done", "third"]]


def test_a_run_that_waits_for_another_terminals_is_waited_for(shell: Shell, gate: Gate) -> None:
    shell.intent("early", f"title: Early\nrun: ['{gate.line}; echo x > x.txt']\n")
    shell.intent("late", "title: Late\ndepends_on: [early]\nrun: ['cp x.txt y.txt']\n")
    runner = shell.start("run", "early")
    gate.wait()
    late = shell.start("run", "late")
    said_until(late, "waits for early")
    gate.open()
    assert "landed on penstock/landed" in rest(late) and late.returncode == 0
    assert runner.wait(PATIENCE) == 0
    rest(runner)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_foreground_that_is_ended_leaves_its_runs_to_the_next_one(
    shell: Shell, gate: Gate, number: signal.Signals
) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.once}; echo x > x.txt']\n")
    runner = shell.start("run", "--headless")
    gate.wait()
    runner.send_signal(number)
    assert "goes on with penstock run" in rest(runner) and runner.returncode == 128 + number
    assert shell("run", "--headless")[0] == 0 and shell.git("show", "penstock/landed:x.txt") == "x"


@pytest.mark.parametrize("more", [[], ["--headless"]])
def test_under_nohup_a_closed_terminal_ends_nothing(shell: Shell, gate: Gate, more: list[str]) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.line}; echo x > x.txt']\n")
    runner = shell.start("run", *more, before=["nohup"])
    gate.wait()
    runner.send_signal(signal.SIGHUP)
    gate.open()
    assert "landed on penstock/landed" in rest(runner) and runner.returncode == 0


def test_settings_that_a_client_has_hold_for_its_run_or_are_said_not_to(
    shell: Shell, gate: Gate, tmp_path: Path
) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.line}; echo x > x.txt']\n")
    runner = shell.start("run", "slow")
    gate.wait()
    settings = tmp_path / "penstock.toml"
    settings.write_text("[run]\nmax_retries_per_role = 0\nworktree_setup = ['echo z > z.txt']\n")
    shell.intent("bad", "title: Bad\nrun: ['cat z.txt; exit 3']\n")
    code, said = shell("run", "bad", "--max-parallel-roles", "1", "--config", str(settings))
    assert code == 1 and "keeps max_parallel_roles = 4 (not 1)" in said
    stop = next(json.loads(line) for line in shell("logs", "bad", "--json")[1].splitlines() if '"stop"' in line)
    assert (stop["payload"]["trigger"], stop["payload"]["threshold"]) == ("max_retries_per_role", 0)
    assert "\nz\n" in shell("logs", "bad", "--output")[1]
    gate.open()
    assert runner.wait(PATIENCE) == 0
    rest(runner)


def test_of_two_answers_one_counts_and_the_other_is_refused(shell: Shell) -> None:
    shell.intent("sly", "title: Sly\nrun: ['mkdir -p .penstock; echo x > .penstock/notes']\n")
    assert shell("run")[0] == 1
    given = [shell.start("answer", "sly", "yes") for _ in range(2)]  # behind a "no" it would be asked again, and soon
    said = [rest(each) for each in given]
    codes = [each.returncode for each in given]
    assert sorted(codes) == [0, 1], said
    refused = said[codes.index(1)]
    assert refused.startswith("Error: ") and ("penstock inbox" in refused or "penstock status" in refused), refused
    assert "Traceback" not in refused and "bug" not in refused
    assert shell("history", "sly")[1].count("answered by") == 1


def test_quiet_says_only_what_matters(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    code, said = shell("run", "--quiet")
    assert code == 0 and len(said.splitlines()) == 1 and said.startswith("penstock diff one-")
    shell.intent("bad", "title: Bad\nrun: ['no-such-command-anywhere']\n")
    code, said = shell("--quiet", "run", "bad")
    assert code == 1 and len(said.splitlines()) == 1 and "failed: penstock inbox" in said, said
