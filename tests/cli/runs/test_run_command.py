"""`penstock run` and what looks after runs, as a person types them: real processes, exit codes, signals, crashes."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from engine.cli.process import BROKEN_PIPE
from tests.cli.command import PATIENCE
from tests.cli.runs.shell import Gate, Shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner's commands are for Linux and macOS")


def test_from_an_intent_to_the_base_branch_and_back(shell: Shell) -> None:
    code, said = shell("new", "Write it", "--run", "echo x > x.txt", "--verify", "test -s x.txt")
    assert code == 0, said
    assert shell("run", "write-it")[0] == 1  # not approved
    assert shell("approve", "write-it")[0] == 0
    code, said = shell("run", "--events", "events.jsonl")
    assert code == 0 and "succeeded: 1 of 1 Tasks landed on penstock/landed" in said
    types = [json.loads(line)["type"] for line in (shell.root / "events.jsonl").read_text().splitlines()]
    assert types[0] == "run.start" and types[-1] == "run.end" and types.count("step.end") == 5
    code, said = shell("diff", "write-it")
    assert code == 0 and "+x" in said
    code, said = shell("land", "write-it")
    assert code == 1 and "--yes" in said and not (shell.root / "x.txt").exists()
    assert shell("land", "write-it", "--yes")[0] == 0 and (shell.root / "x.txt").read_text() == "x\n"
    assert shell("revert", "write-it", "--yes")[0] == 0 and not (shell.root / "x.txt").exists()
    code, said = shell("clean")
    assert code == 0 and shell.git("branch", "--list", "penstock/write-it-*") == ""
    assert shell("doctor")[0] == 0


def test_what_cannot_be_landed_says_how_it_is_done_by_hand(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo theirs > x.txt']\n")
    assert shell("run")[0] == 0
    (shell.root / "x.txt").write_text("ours\n")
    shell.git("add", "x.txt")
    shell.git("commit", "-q", "-m", "ours")
    code, said = shell("land", "one", "--yes")
    span = f"{shell.git('rev-parse', 'main~')[:12]}..{shell.git('rev-parse', 'penstock/landed')[:12]}"
    assert code == 1 and f"git cherry-pick {span}" in said
    shell.intent("two", "title: Two\nrun: ['echo y > y.txt']\n")
    code, said = shell("run", "two")
    assert code == 1 and "x.txt" in said and "git merge main" in said


def test_a_run_that_stands_on_another_says_which_to_land_first(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo 1 > x.txt']\n")
    shell.intent("two", "title: Two\nrun: ['echo 2 >> x.txt']\ndepends_on: [one]\n")
    assert shell("run")[0] == 0
    code, said = shell("land", "two", "--yes")
    assert code == 1 and "penstock land one-" in said and "git cherry-pick" in said, said
    assert shell("land", "one", "--yes")[0] == 0
    (shell.root / "x.txt").write_text("ours\n")
    shell.git("commit", "-q", "-a", "-m", "ours")
    code, said = shell("land", "two", "--yes")
    assert code == 1 and "penstock land" not in said and "git cherry-pick" in said, said
    shell.git("reset", "-q", "--hard", "HEAD~")
    assert shell("land", "two", "--yes")[0] == 0 and (shell.root / "x.txt").read_text() == "1\n2\n"


def test_an_intent_whose_base_conflicts_with_what_landed_is_told_until_they_are_merged(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo theirs > x.txt']\n")
    assert shell("run")[0] == 0
    (shell.root / "x.txt").write_text("ours\n")
    shell.git("add", "x.txt")
    shell.git("commit", "-q", "-m", "ours")
    shell.intent("two", "title: Two\nrun: ['echo y > y.txt']\n")
    for _ in range(2):
        assert shell("run", "two")[0] == 1
    for command in ("status", "inbox", "doctor", "history"):
        code, said = shell(command)
        assert code == (command == "doctor") and "x.txt" in said and "git merge main" in said, said
    assert shell("history", "two")[1].count("cannot start") == 1
    shell.git("switch", "-q", "penstock/landed")
    shell.git("merge", "-q", "-X", "ours", "main")
    shell.git("switch", "-q", "main")
    assert shell("run", "two")[0] == 0
    assert shell("inbox")[1] == "nothing waits for you\n" and shell("doctor")[0] == 0


def test_a_failed_run_exits_with_1_and_its_log_says_why(shell: Shell) -> None:
    shell.intent("bad", "title: Bad\nrun: ['no-such-command-anywhere']\n")
    code, said = shell("run")
    assert code == 1 and "no such command" in said
    code, said = shell("logs", "bad", "--output")
    assert code == 0 and "no-such-command-anywhere" in said
    events = [json.loads(line) for line in shell("logs", "bad", "--json")[1].splitlines()]
    assert [event["type"] for event in events][-1] == "run.end"


def test_a_file_that_cannot_be_brought_up_to_date_is_told(shell: Shell) -> None:
    path = shell.root / ".penstock" / "intents" / "one.yaml"
    shell.intent("one", f"title: One\nrun: ['echo x > x.txt; rm {path}']\n")
    code, said = shell("run")
    assert code == 0 and "the file stays as it is: one" in said, said
    shell.intent("two", "title: Two\nrun: ['echo y > y.txt']\n")
    code, said = shell("run")
    assert code == 0 and "the file stays" not in said, said


def test_a_dry_run_shows_the_plan_and_starts_nothing(shell: Shell) -> None:
    tasks = "[{id: a, run: 'echo a > a'}, {id: b, run: 'echo b > b', depends_on: [a]}]"
    shell.intent("two", f"title: Two\ntasks: {tasks}\n")
    code, said = shell("run", "--dry-run")
    assert code == 0 and "b: echo b > b, after a" in said
    assert shell("history")[1].count("started") == 0 and shell.git("branch", "--list", "penstock/*") == ""


def test_a_dry_run_asks_no_agent(shell: Shell, tmp_path: Path) -> None:
    called = f"[agents.command]\ncommand = 'touch'\nargs = ['{tmp_path}/called']\n"
    (shell.root / "penstock.toml").write_text(called)
    shell.intent("one", "title: One\n")
    code, said = shell("run", "--dry-run")
    assert code == 0 and "one: One (its Tasks are up to the agent)" in said and not (tmp_path / "called").exists()


def test_nothing_to_run_is_no_failure_and_says_where_to_look(shell: Shell) -> None:
    code, said = shell("run")
    assert code == 0 and "penstock inbox" in said
    assert "there are no Intents yet: penstock new" in shell("status")[1]


@pytest.mark.parametrize("name", ["run", "logs", "cancel", "diff", "land", "revert", "resume"])
def test_a_name_that_nobody_has_is_wrong_usage(shell: Shell, name: str) -> None:
    code, said = shell(name, "nobody")
    assert code == 2 and "nobody" in said and "Traceback" not in said


@pytest.mark.parametrize("name", ["run", "cancel", "land", "doctor", "clean"])
def test_outside_of_a_repository_it_says_what_to_do(shell: Shell, tmp_path: Path, name: str) -> None:
    shell.root = tmp_path
    code, said = shell(name, *(["x"] if name in {"cancel", "land"} else []))
    assert code == 2 and "not a git repository" in said


@pytest.mark.parametrize("arguments", [["approve", "a"], ["run"], ["land", "a"], ["clean"]])
def test_a_state_folder_that_cannot_be_made_is_told_with_what_to_do(shell: Shell, arguments: list[str]) -> None:
    shell.intent("a", "title: A\nrun: ['echo a > a.txt']\n")
    (shell.root.parent / "file").write_text("no folder")
    shell.environment["PENSTOCK_STATE_DIR"] = str(shell.root.parent / "file")
    code, said = shell(*arguments)
    assert code == 2 and "set PENSTOCK_STATE_DIR to a folder that can" in said and "bug" not in said, said
    assert shell("doctor")[0] == 1


def test_a_damaged_log_is_told_with_what_to_do(shell: Shell) -> None:
    shell.intent("a", "title: A\nrun: ['echo a > a.txt']\n")
    (log,) = (shell.root.parent / "state").glob("*/events.sqlite")
    log.write_bytes(b"this is no database" * 1000)
    for arguments in (["run"], ["run", "--dry-run"], ["logs", "a"], ["diff", "a"], ["cancel", "a"], ["clean"]):
        code, said = shell(*arguments)
        assert code == 3 and "is damaged" in said and "move it away" in said and "bug" not in said, said


def test_ctrl_c_cancels_and_leaves_nothing(shell: Shell, gate: Gate) -> None:
    shell.intent("slow", f"title: Slow\nrun: ['{gate.line}']\n")
    runner = shell.start("run")
    gate.wait()
    runner.send_signal(signal.SIGINT)
    said = runner.communicate(timeout=PATIENCE)[0].decode()
    assert runner.returncode == 130 and "cancelled" in said
    assert "status: cancelled" in (shell.root / ".penstock/intents/slow.yaml").read_text()


def test_a_reader_that_leaves_ends_the_command_and_the_run_goes_on(
    shell: Shell, gate: Gate, tmp_path: Path
) -> None:
    once = f"test -f {tmp_path}/seen || {{ touch {tmp_path}/seen; {gate.line}; }}"
    shell.intent("slow", f"title: Slow\nrun: ['{once}; echo x > x.txt']\n")
    runner = shell.start("run")
    gate.wait()
    assert runner.stdout is not None
    runner.stdout.close()
    gate.open()
    assert runner.wait(PATIENCE) == BROKEN_PIPE
    code, said = shell("logs", "-f", "slow")
    assert code == 0 and "landed on penstock/landed" in said, said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_events_that_find_no_room_end_the_command(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    code, said = shell("run", "--events", "/dev/full")
    assert code == 3 and "No space left" in said, said
    assert shell("run")[0] == 0


def test_after_a_crash_run_goes_on_and_does_nothing_twice(shell: Shell, gate: Gate, tmp_path: Path) -> None:
    count = tmp_path / "count"
    shell.intent("two", f"""
title: Two
tasks:
  - {{id: a, run: "echo a >> {count}; echo a > a.txt"}}
  - {{id: b, run: "test -f {count}.b || {{ touch {count}.b; {gate.line}; }}; echo b > b.txt", depends_on: [a]}}
""")  # fmt: skip
    runner = shell.start("run", "--headless")
    gate.wait()
    runner.kill()
    runner.communicate(timeout=PATIENCE)
    code, said = shell("run", "--headless")
    assert code == 0, said
    assert count.read_text() == "a\n"
    assert shell.git("ls-tree", "--name-only", "penstock/landed").split() == ["a.txt", "b.txt"]
    assert len(shell.git("log", "--format=%h", "main..penstock/landed").split()) == 2
