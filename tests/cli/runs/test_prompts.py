"""A Flow on a prompt, typed: the acceptance of roles, and what answers and exit codes go by."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.orchestrate.agents.family import MARKER
from tests.cli.command import COMMAND, PATIENCE
from tests.cli.runs.shell import Gate, Shell, rest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner's commands are for Linux and macOS")

_AGENT = """
import json, sys
request = json.load(sys.stdin)
role, prompt = request["role"], request["prompt"]
assert request["worktree"] is None
if role == "coordinator":
    print(json.dumps({"delegations": DELEGATIONS}))
elif role == "documenter":
    print(json.dumps({"text": "the answer" if all(f"{r} did {r}" in prompt for r in ("write", "judge")) else prompt}))
elif prompt.startswith("break"):
    sys.exit("it broke")
else:
    print(json.dumps({"text": f"{prompt.split()[0]} did {prompt.split()[0]}"}))
"""
BOTH = [{"role": "developer", "prompt": "write"}, {"role": "reviewer", "prompt": "judge"}]


def agent(shell: Shell, delegations: list[dict[str, str]]) -> None:
    """Sets an agent whose coordinator delegates this."""
    path = shell.root.parent / "agent.py"
    path.write_text(_AGENT.replace("DELEGATIONS", repr(delegations)), encoding="utf-8")
    configured(shell, path)


def configured(shell: Shell, path: Path) -> None:
    """Sets the agent `command`, in the user's own settings."""
    shell.defaults(
        f"[run]\nretry_base_seconds = 0.01\n[agents.command]\ncommand = {sys.executable!r}\nargs = ['{path}']\n"
        f"[policy]\npaths = ['{path.parent}']\n"
    )


def prompted(shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The Flow of roles on a prompt; its events go to a file."""
    return subprocess.run(
        [*COMMAND, "run", "--flow", "roles", "--prompt", "a poem", "--events", "../events.jsonl", *arguments],
        cwd=shell.root, env=shell.environment, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        text=True, check=False,
    )  # fmt: skip


def events(shell: Shell, kind: str) -> list[dict[str, Any]]:
    lines = (shell.root.parent / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def kinds(shell: Shell, run_id: str) -> Counter[str]:
    """How often each type of event is in a run."""
    lines = (shell.root.parent / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return Counter(event["type"] for event in map(json.loads, lines) if event["run_id"] == run_id)


def test_f_101_roles_and_their_duties_are_shown_and_the_roles_that_worked_are_logged(shell: Shell) -> None:
    agent(shell, BOTH)
    shown = prompted(shell, "--dry-run")
    assert shown.returncode == 0
    assert [line.partition(":")[0] for line in shown.stdout.splitlines()] == [
        "coordinator", "developer", "reviewer", "documenter",
    ]  # fmt: skip
    assert all(line.partition(": ")[2] for line in shown.stdout.splitlines())
    assert prompted(shell, "--headless").returncode == 0
    assert events(shell, "run.start")[0]["payload"]["flow"] == ["coordinator", "developer", "reviewer", "documenter"]
    assert {event["payload"]["role"] for event in events(shell, "role_delegation")} == {
        "coordinator", "developer", "reviewer", "documenter",
    }  # fmt: skip


def test_f_102_and_f_103_shares_are_delegated_traceable_and_answered_by_one_text(shell: Shell) -> None:
    agent(shell, BOTH)
    done = prompted(shell)

    assert (done.returncode, done.stdout) == (0, "the answer\n"), done.stderr
    for word in ("developer-1", "reviewer-1", "developer says: write did write", "reviewer says: judge did judge"):
        assert word in done.stderr
    (run_id,) = {event["run_id"] for event in events(shell, "run.start")}
    told = [event["payload"] for event in events(shell, "role_delegation") if "result" in event["payload"]]
    assert sorted((each["child_task_id"], each["parent_task_id"], each["role"], each["result"]) for each in told) == [
        ("developer-1", run_id, "developer", "ok"),
        ("reviewer-1", run_id, "reviewer", "ok"),
        (f"{run_id}/-/coordinator/1", run_id, "coordinator", "ok"),
        (f"{run_id}/-/documenter/1", run_id, "documenter", "ok"),
    ]
    assert all(each["started_at"] <= each["ended_at"] for each in told)
    code, said = shell("logs", run_id)
    assert code == 0 and "reviewer says: judge did judge" in said
    assert shell.git("status", "--porcelain") == ""

    assert shell("runner", "stop")[0] == 0
    serial = prompted(shell, "--headless", "--max-parallel-roles", "1")
    last = events(shell, "run.start")[-1]["run_id"]
    assert serial.stdout == done.stdout
    assert kinds(shell, last) == kinds(shell, run_id)


def test_f_105_a_role_that_fails_again_and_again_stops_it_all_and_the_reason_is_shown_and_recorded(
    shell: Shell,
) -> None:
    agent(shell, [{"role": "developer", "prompt": "break"}])
    done = prompted(shell, "--headless")

    assert (done.returncode, done.stdout) == (1, "")
    assert "stopped" in done.stderr and "max_retries_per_role: 3 of 2" in done.stderr and "it broke" in done.stderr
    (stop,) = [event["payload"] for event in events(shell, "stop")]
    (told,) = [e["payload"]["stop"] for e in events(shell, "task_status_update") if "stop" in e["payload"]]
    code, lines = shell("records", "show", "--json")
    (record,) = [record for record in map(json.loads, lines.splitlines()) if record["action"] == "stop"]
    assert code == 0
    for name in ("trigger", "threshold", "value", "reason"):
        assert stop[name] == told[name] == record[name]
    assert stop["recent_history"] == told["recentHistory"] == record["recent_history"] != []


def test_f_105_delegating_the_same_over_and_over_is_a_loop(shell: Shell) -> None:
    agent(shell, [{"role": "developer", "prompt": "write"}] * 4)
    done = prompted(shell, "--headless", "--max-parallel-roles", "1")

    assert done.returncode == 1 and "max_cycle_count: 4 of 3" in done.stderr
    assert {event["payload"]["step"] for event in events(shell, "step.start")} == {"coordinator"}


def test_what_cannot_be_prompted_is_wrong_usage(shell: Shell) -> None:
    for arguments, word in (
        (("--flow", "roless", "--prompt", "x"), "did you mean `roles`?"),
        (("--flow", "roles"), "go together"),
        (("--flow", "roles", "--prompt", " "), "empty"),
        (("--flow", "roles", "--prompt", "x" * 100_001), "100000 are taken"),
        (("one", "--flow", "roles", "--prompt", "x"), "without an Intent"),
    ):
        code, said = shell("run", *arguments)
        assert code == 2 and word in said, said


def test_a_prompt_without_an_agent_fails_with_what_to_do(shell: Shell) -> None:
    done = prompted(shell, "--headless")
    assert done.returncode == 1 and "set command in [agents.command]" in done.stderr
    assert shell("resume", events(shell, "run.start")[0]["run_id"])[0] == 2


def test_a_prompt_goes_on_where_its_runner_was_killed(shell: Shell, gate: Gate) -> None:
    agent(shell, BOTH)
    path = shell.root.parent / "agent.py"
    waits = f"if role == 'developer': import os; os.system({gate.once!r})\n"
    path.write_text(path.read_text().replace("assert request", f"{waits}assert request"), encoding="utf-8")
    client = shell.start("run", "--flow", "roles", "--prompt", "a poem", "--events", "../events.jsonl")
    gate.wait()
    os.kill(shell.runner(), signal.SIGKILL)
    said = rest(client)

    assert client.returncode == 0 and said.endswith("the answer\n"), said
    assert len(events(shell, "run.start")) == 1
    assert [event["payload"]["key"].split("/")[2] for event in events(shell, "step.end")].count("coordinator") == 1


@pytest.mark.checkout
def test_the_readme_says_what_roles_are_limited_to() -> None:
    text = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    section = text[text.index("--flow roles") : text.index("## In your editor")]
    for word in ("not supported", "max_retries_per_role", "max_cycle_count", "penstock logs RUN", "records show"):
        assert word in section


def test_an_audit_prints_what_it_finds(shell: Shell) -> None:
    path = shell.root.parent / "agent.py"
    path.write_text(
        'import json, sys\nprompt = json.load(sys.stdin)["prompt"].splitlines()[0]\n'
        'print(json.dumps({"observations": [{"content": prompt, "evidence": [{"type": "file", "ref": "a.py"}]}]}))\n',
        encoding="utf-8",
    )
    configured(shell, path)
    done = subprocess.run(
        [*COMMAND, "audit", "src", "--headless"], cwd=shell.root, env=shell.environment, capture_output=True,
        timeout=PATIENCE, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "# Audit src\n\n- # Audit src (audit)\n  - file: `a.py`\n"
    assert "observation" in done.stderr


def test_an_agent_starts_no_flow_that_makes_commits(shell: Shell) -> None:
    agent(shell, BOTH)
    shell.environment[MARKER] = "run/task/implement/1"
    code, said = shell("run", "--flow", "fix", "--prompt", "x")
    assert code == 2 and "an agent may start no Flow that makes commits" in said
    assert "an agent's process tried to run the Flow fix" in shell("records", "show")[1]
    assert prompted(shell, "--headless").stdout == "the answer\n"


def test_a_mistake_in_a_flow_of_ones_own_is_shown_with_line_and_column(shell: Shell) -> None:
    (shell.root / "penstock.toml").write_text('# mine\n[flows.quick]\nsteps = ["analyze", "implemnt"]\n')
    code, said = shell("run")
    assert code == 2 and "penstock.toml:3:21" in said and "did you mean `implement`?" in said
