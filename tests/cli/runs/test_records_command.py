"""`penstock records`: what it shows, and its exit codes."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.cli.runs.shell import Shell


def log_of(shell: Shell) -> sqlite3.Connection:
    (path,) = (shell.root.parent / "state").glob("*/events.sqlite")
    return sqlite3.connect(path, isolation_level=None)


def test_records_tell_who_agreed_and_a_change_is_found(shell: Shell) -> None:
    assert shell("records", "verify")[0] == shell("records", "show")[0] == 2
    shell.git("config", "user.name", "Ada")
    shell.git("config", "user.email", "ada@example.org")
    shell.intent("one", "title: One\nrun: [echo 1 > one.txt]\n")
    assert shell("run")[0] == 0

    code, said = shell("records", "verify")
    assert code == 0 and "as they were written" in said
    code, said = shell("records", "show", "--json")
    told = [json.loads(line) for line in said.splitlines()]
    assert code == 0 and [record["seq"] for record in told] == [*range(1, len(told) + 1)]
    assert {record["action"] for record in told} >= {"approve", "run.start", "commit", "land", "run.end"}
    assert all(record["approval"]["by"] == "Ada <ada@example.org>" for record in told if record["action"] != "policy")
    shown = shell("records", "show")[1].splitlines()
    assert len(shown) == len(told) and "Ada <ada@example.org>  approve  one  allowed" in shown[0]

    with log_of(shell) as connection:
        connection.execute("UPDATE records SET body = replace(body, 'Ada', 'Eve') WHERE seq = 1")
    code, said = shell("records", "verify")
    assert code == 1 and said.startswith("record 1: it was changed") and "put back a copy" in said


@pytest.mark.parametrize("words", ["approve two", "reject two", "answer two yes", "land two", "revert two", "clean"])
def test_an_agent_that_tries_to_decide_is_refused_and_recorded(shell: Shell, words: str) -> None:
    shell.intent("two", "title: Two\nrun: ['true']\n")
    shell.environment["PENSTOCK_STEP"] = "run/a/implement/1"
    assert shell(*words.split())[0] == 2
    del shell.environment["PENSTOCK_STEP"]

    last = json.loads(shell("records", "show", "--json")[1].splitlines()[-1])
    assert (last["actor"], last["policy_result"]) == ("agent:run/a/implement/1", "refused")
    assert f"tried to {words.split(maxsplit=1)[0]};" in last["reason"]
    assert shell("records", "verify")[0] == 0


def test_what_is_past_keeping_goes_when_told_and_the_records_stay(shell: Shell) -> None:
    assert shell("clean", "--records") == (0, "there is nothing yet\n")
    shell.intent("one", "title: One\nrun: [echo 1 > one.txt]\n")
    assert shell("run")[0] == 0
    before = shell("records", "show", "--json")[1].splitlines()
    assert "nothing is past what is kept" in shell("clean", "--records")[1]

    (shell.root / "penstock.toml").write_text("[records]\nmax_megabytes = 1\n", encoding="utf-8")
    output = next((shell.root.parent / "state").glob("*/logs/one-*")) / "big.log"
    output.write_bytes(b"x" * 2_000_000)
    code, said = shell("clean", "--records", "--dry-run")
    assert code == 0 and said.startswith("would go: 0 events, the output of 1 runs") and output.exists()
    assert shell("clean", "--dry-run")[0] == 2

    code, said = shell("clean", "--records")
    assert code == 1 and "penstock runner stop" in said and output.exists()
    assert shell("runner", "stop")[0] == 0
    code, said = shell("clean", "--records")
    assert code == 0 and said.startswith("removed: 0 events, the output of 1 runs") and not output.exists()
    after = shell("records", "show", "--json")[1].splitlines()
    assert after[:-1] == before and json.loads(after[-1])["action"] == "prune"
    assert shell("records", "verify")[0] == 0


def test_a_runner_lets_go_of_what_is_past_keeping_when_it_starts(shell: Shell) -> None:
    shell.intent("one", "title: One\nrun: [echo 1 > one.txt]\n")
    assert shell("run")[0] == 0
    output = next((shell.root.parent / "state").glob("*/logs/one-*")) / "big.log"
    output.write_bytes(b"x" * 2_000_000)
    (shell.root / "penstock.toml").write_text("[records]\nmax_megabytes = 1\n", encoding="utf-8")
    shell.intent("two", "title: Two\nrun: [echo 2 > two.txt]\n")
    assert shell("runner", "stop")[0] == 0
    assert shell("run", "two")[0] == 0

    assert not output.exists()
    code, said = shell("history", "one")
    assert code == 0 and "succeeded" in said
    assert shell("records", "verify")[0] == 0
    assert shell("diff", "one")[0] == shell("logs", "one")[0] == 0
