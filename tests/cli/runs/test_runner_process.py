"""The runner as a process of its own: started on first use, shared, left, handed over, killed, stopped, idle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cli.runs.shell import Gate, Shell, rest, said_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner's commands are for Linux and macOS")


@pytest.fixture
def slow(shell: Shell, gate: Gate) -> subprocess.Popen[bytes]:
    """A client whose run is at work on a Task that waits at the gate; its events go to a file."""
    shell.intent("slow", f"title: Slow\nrun: ['{gate.once}; echo x > x.txt']\n")
    client = shell.start("run", "slow", "--events", "../events.jsonl")
    gate.wait()
    return client


def release(shell: Shell, version: str) -> None:
    """Commands that are typed from now on, and runners that they start, are of another release."""
    folder = shell.root.parent / f"release-{version}"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import engine\nengine.__version__ = {version!r}\n")
    shell.environment["PYTHONPATH"] = str(folder)


def test_it_is_detached_from_its_starter_and_ends_when_it_is_told(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    assert shell("runner", "status")[0] == 1
    code, said = shell("run")
    assert code == 0 and "landed on penstock/landed" in said, said
    pid = shell.runner()
    process = psutil.Process(pid)
    assert os.getsid(pid) == pid and process.terminal() is None
    if sys.platform == "linux":
        assert Path(f"/proc/{pid}/fd/0").readlink() == Path(os.devnull)
    for command in ("status", "doctor"):
        assert f"process {pid}, penstock " in shell(command)[1]
    assert shell("runner", "stop")[0] == 0
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert shell("runner", "stop")[0] == 1


def test_many_starters_get_one_runner(shell: Shell) -> None:
    names = ["a", "b", "c"]
    for name in names:
        shell.intent(name, f"title: {name}\nrun: ['echo {name} > {name}.txt']\n")
    clients = [shell.start("run", name) for name in names]
    said = [rest(each) for each in clients]
    assert [each.returncode for each in clients] == [0, 0, 0], said
    assert shell.git("ls-tree", "--name-only", "penstock/landed").split() == ["a.txt", "b.txt", "c.txt"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_client_that_is_ended_is_only_detached(
    shell: Shell, gate: Gate, slow: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    slow.send_signal(number)
    said = rest(slow)
    assert slow.returncode == (-number if number is signal.SIGKILL else 128 + number)
    assert number is signal.SIGKILL or "penstock logs -f slow-" in said
    follower = shell.start("logs", "-f", "slow")
    said_until(follower, "running implement")
    gate.open()
    assert "landed on penstock/landed" in rest(follower)


def test_ctrl_c_cancels_what_its_client_started_and_nothing_else(
    shell: Shell, gate: Gate, slow: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Gate(tmp_path / "other")
    shell.intent("other", f"title: Other\nrun: ['{other.line}']\n")
    everything = shell.start("run")
    other.wait()
    everything.send_signal(signal.SIGINT)
    said = rest(everything)
    assert everything.returncode == 130 and "interrupted by Ctrl-C" in said, said
    assert "goes on: penstock logs -f slow-" in said and "cancelled  other" in shell("status")[1], said
    gate.open()
    assert "landed on penstock/landed" in rest(slow) and slow.returncode == 0


def seen(shell: Shell) -> list[int]:
    """The sequences of the events that the client `slow` was told."""
    return [json.loads(line)["sequence"] for line in (shell.root.parent / "events.jsonl").read_text().splitlines()]


def logged(shell: Shell) -> list[int]:
    return [json.loads(line)["sequence"] for line in shell("logs", "slow", "--json")[1].splitlines()]


def test_when_it_is_killed_its_clients_go_on_with_another_one(
    shell: Shell, gate: Gate, slow: subprocess.Popen[bytes]
) -> None:
    shell.intent("late", "title: Late\ndepends_on: [slow]\nrun: ['cp x.txt y.txt']\n")
    late = shell.start("run", "late")
    said_until(late, "waits for slow")
    first = shell.runner()
    os.kill(first, signal.SIGKILL)
    said = rest(slow)
    assert slow.returncode == 0 and "the process that ran slow has gone; going on" in said, said
    assert "landed on penstock/landed" in rest(late) and late.returncode == 0
    assert shell.git("show", "penstock/landed:y.txt") == "x" and shell.runner() != first
    assert seen(shell) == logged(shell)


def test_a_newer_client_has_it_hand_over_when_the_steps_at_work_have_ended(
    shell: Shell, gate: Gate, slow: subprocess.Popen[bytes]
) -> None:
    release(shell, "99.0.0")
    shell.intent("new", "title: New\nrun: ['echo y > y.txt']\n")
    follower = shell.start("logs", "-f", "slow")
    said_until(follower, "running implement")
    newer = shell.start("run", "new")
    said = said_until(newer, "hands over")
    assert "when these have ended: implement of run-1" in said
    gate.open()
    said = rest(newer)
    assert newer.returncode == 0 and "landed on penstock/landed" in said, said
    said = rest(slow)
    assert slow.returncode == 0 and "handed over" in said and "landed on penstock/landed" in said, said
    assert seen(shell) == logged(shell)
    assert said.count("running implement") == 1  # what was at work was not done again
    assert rest(follower).count("landed on penstock/landed at") == 1
    assert "penstock 99.0.0" in shell("runner", "status")[1]


def test_who_does_not_want_to_wait_for_the_hand_over_need_not(
    shell: Shell, gate: Gate, slow: subprocess.Popen[bytes]
) -> None:
    release(shell, "99.0.0")
    newer = shell.start("run")
    said_until(newer, "hands over")
    newer.send_signal(signal.SIGINT)
    rest(newer)
    assert newer.returncode == 130
    gate.open()
    assert "landed on penstock/landed" in rest(slow) and slow.returncode == 0


def test_an_older_client_that_speaks_its_protocol_is_served(
    shell: Shell, gate: Gate, slow: subprocess.Popen[bytes]
) -> None:
    pid = shell.runner()
    release(shell, "0.0.1")
    shell.intent("old", "title: Old\nrun: ['echo y > y.txt']\n")
    code, said = shell("run", "old")
    assert code == 0 and "hands over" not in said and shell.runner() == pid
    gate.open()
    rest(slow)


def test_each_run_has_the_environment_of_its_client_and_no_file_has_it(shell: Shell, gate: Gate) -> None:
    table = f'command = "{sys.executable}"\nargs = ["{shell.root}/../agent.py"]\nenv_allow = ["MY_KEY"]\n'
    (shell.root / "penstock.toml").write_text(f"[agents.tell]\n{table}")
    (shell.root.parent / "agent.py").write_text(
        "import json, os, pathlib\n"
        "pathlib.Path(os.environ['CI'] + '.txt').write_text(str(len(os.environ['MY_KEY'])))\n"
        "print(json.dumps({'summary': 'told', 'approved': True, 'tasks': [{'id': 'a', 'title': 'A', 'plan': 'p'}]}))\n"
    )
    assert shell("trust")[0] == 0
    shell.environment |= {"CI": "first", "MY_KEY": "secret-of-the-first"}
    for name in ("first", "second"):
        line = f"{gate.line}; " if name == "first" else ""
        shell.intent(name, f"title: {name}\nagent: {{implement: tell}}\nrun: ['{line}echo $CI > {name}.txt']\n")
    first = shell.start("run", "first")
    gate.wait()
    pid = shell.runner()
    shell.environment |= {"CI": "second", "MY_KEY": "secret"}
    code, said = shell("run", "second")
    assert code == 0, said
    gate.open()
    rest(first)
    assert first.returncode == 0
    assert [shell.git("show", f"penstock/landed:{name}.txt") for name in ("first", "second")] == ["first", "second"]
    state = [path for path in (shell.root.parent / "state").rglob("*") if path.is_file()]
    assert state and not [path for path in state if b"secret-of-the-first" in path.read_bytes()]
    if sys.platform == "linux":
        assert b"secret-of-the-first" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_with_nothing_to_do_it_lets_go_of_what_is_past_keeping_and_ends_by_itself(shell: Shell) -> None:
    (shell.root / "penstock.toml").write_text("[run]\nidle_seconds = 0.1\n[records]\nmax_megabytes = 1\n")
    state = shell.root.parent / "state"
    fill = f"for d in {state}/*/logs/one-*; do head -c 2000000 /dev/zero > $d/big.log; done"
    shell.intent("one", f"title: One\nrun: ['echo x > x.txt; {fill}']\n")
    assert shell("run")[0] == 0
    import fcntl  # Linux and macOS

    with (shell.root / ".git" / "penstock.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # it has this lock until it ends
    assert shell("runner", "status") == (1, "none is running; penstock run starts one\n")
    assert list(state.glob("*/logs/one-*")) == []
    assert json.loads(shell("records", "show", "--json")[1].splitlines()[-1])["action"] == "prune"


def test_when_it_is_stopped_its_runs_wait_for_the_next_one(
    shell: Shell, slow: subprocess.Popen[bytes]
) -> None:
    code, said = shell("runner", "stop")
    assert code == 0 and "slow-" in said and "wait for penstock run" in said
    said = rest(slow)
    assert slow.returncode == 1 and "the runner was stopped" in said and "goes on with penstock run" in said
    assert "interrupted  slow" in shell("status")[1] and shell("runner", "status")[0] == 1
    assert shell("run")[0] == 0 and shell.git("show", "penstock/landed:x.txt") == "x"


def test_sigterm_stops_it_too(shell: Shell, slow: subprocess.Popen[bytes]) -> None:
    os.kill(shell.runner(), signal.SIGTERM)
    assert "the runner was stopped" in rest(slow) and slow.returncode == 1


def test_an_agent_does_not_stop_it(shell: Shell) -> None:
    state = shell.environment["PENSTOCK_STATE_DIR"]
    command = f"PENSTOCK_STATE_DIR={state} {sys.executable} -P -m engine.cli runner stop"
    shell.intent("sly", f"title: Sly\nrun: ['{command} > said.txt 2>&1; echo $? >> said.txt']\n")
    assert shell("run")[0] == 0
    said = shell.git("show", "penstock/landed:said.txt")
    assert "an agent may not end the runner" in said and said.endswith("\n2")
    assert "tried to end the runner" in shell("history")[1]


def test_an_agent_that_starts_a_run_has_no_say_in_its_settings(shell: Shell) -> None:
    (shell.root.parent / "mine.toml").write_text("[run]\nworktree_setup = ['exit 4']\n")
    state, config = shell.environment["PENSTOCK_STATE_DIR"], shell.root.parent / "mine.toml"
    command = f"PENSTOCK_STATE_DIR={state} {sys.executable} -P -m engine.cli run other --config {config}"
    shell.intent("other", "title: Other\nrun: ['echo y > y.txt']\n")
    shell.intent("sly", f"title: Sly\nrun: ['cd {shell.root}; {command}; cd -; echo $? > said.txt']\n")
    code, said = shell("run", "sly")
    assert code == 0 and shell.git("show", "penstock/landed:y.txt") == "y", said


def test_what_is_written_while_it_runs_is_heeded_by_the_next_run(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    assert shell("run")[0] == 0
    pid = shell.runner()
    (shell.root / "penstock.toml").write_text("[run]\nworktree_setup = ['exit 4']\nmax_retries_per_role = 0\n")
    shell.intent("two", "title: Two\nrun: ['echo y > y.txt']\n")
    code, said = shell("run", "--trust-workspace")
    assert code == 1 and "exit 4" in said and shell.runner() == pid, said


def test_another_checkout_of_the_repository_has_its_own_intents(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    assert shell("run")[0] == 0
    pid = shell.runner()
    first, shell.root = shell.root, shell.root.parent / "second"
    subprocess.run(["git", "worktree", "add", "-q", "-b", "second", str(shell.root)], cwd=first, check=True)
    shell.intent("two", "title: Two\nrun: ['echo y > y.txt']\n")
    code, said = shell("run", "two")
    assert code == 0 and shell.runner() == pid, said
    assert "status: done" in (shell.root / ".penstock/intents/two.yaml").read_text()
