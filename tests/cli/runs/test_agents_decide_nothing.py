"""An agent can never approve, answer, trust, change the policy or stop the runner: not by a command, not by the socket.

A real Task's command tries it all, in a real runner; each attempt is refused and audited.
"""

from __future__ import annotations

import json
import sys

import pytest

from tests.cli.runs.shell import Shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner's commands are for Linux and macOS")

ATTEMPTS = """
import json, pathlib, subprocess, sys
from engine.orchestrate import client
from engine.orchestrate.wire import Refused

socket, root = pathlib.Path(sys.argv[1]), sys.argv[2]
said = {}

def command(name, *arguments):
    line = [sys.executable, "-P", "-m", "engine.cli", *arguments]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True)
    said[name] = [done.returncode, done.stdout + done.stderr]

def request(name, method, **params):
    try:
        said[name] = [0, client.ask(socket, method, params)]
    except Refused as refused:
        said[name] = [refused.kind, str(refused)]

def event(name, type_, payload, **about):
    request(name, "append", draft={"type": type_, "payload": payload, **about})

command("approve", "approve", "other")
command("reject", "reject", "other")
command("answer", "answer", "other", "yes")
command("trust", "trust")
command("revoke", "trust", "--revoke")
command("trusting run", "run", "other", "--trust-workspace")
command("land", "land", "sly")
command("stop", "runner", "stop")
event("approve event", "approval", {"action": "approve", "hash": "h", "by": "Ada", "mode": "cli"}, intent_id="other")
event("answer event", "answer", {"index": 0, "answer": "yes", "by": "Ada", "mode": "cli"}, intent_id="other")
event("trust event", "trust", {"action": "trust", "hash": "h", "by": "Ada", "mode": "cli", "reason": "r"})
event("policy event", "policy", {"policy": {"mode.review": "full-access"}, "reason": "r"})
event("step event", "step.end", {"key": "k", "result": "ok"})
request("stop request", "stop")
request("hand over request", "hand_over")
wish = {"folder": root, "settings": {"policy": {"mode": {"review": "full-access"}}}, "environ": {}}
request("policy of a run", "start", wish=wish, intents=["other"])
print(json.dumps(said))
"""


def test_whatever_an_agent_tries_is_refused_and_audited(shell: Shell) -> None:
    assert shell.places is not None
    (shell.root / "penstock.toml").write_text("[policy.mode]\nreview = 'full-access'\n", encoding="utf-8")
    config = shell.root.parent / "empty.toml"
    config.write_text("")
    script = shell.root.parent / "attempts.py"
    script.write_text(ATTEMPTS, encoding="utf-8")
    names = ("PENSTOCK_STATE_DIR", "PENSTOCK_KEYS_DIR")
    variables = " ".join(f"{name}={shell.environment[name]}" for name in names)
    line = f"{variables} {sys.executable} -P {script} {shell.places.socket} {shell.root} > said.json"
    shell.intent("sly", f"title: Sly\nrun: ['{line}']\n")
    other = shell.root / ".penstock" / "intents" / "other.yaml"
    other.write_text("title: Other\nrun: ['true']\nclarifications: [{question: 'Sure?'}]\n", encoding="utf-8")
    code, said = shell("run", "sly", "--config", str(config))
    assert code == 0, said
    results = json.loads(shell.git("show", "penstock/landed:said.json"))

    by_command = ["approve", "reject", "answer", "trust", "revoke", "trusting run", "land", "stop"]
    assert {name: results[name][0] for name in by_command} == dict.fromkeys(by_command, 2), results
    by_socket = [name for name in results if name.endswith(("event", "request"))]
    assert {name: results[name][0] for name in by_socket} == dict.fromkeys(by_socket, "policy"), results
    waits = results["policy of a run"][1]["waits"]
    assert "is not approved" in waits["other"]

    records = [json.loads(line) for line in shell("records", "show", "--json")[1].splitlines()]
    refused = [record["reason"] for record in records if record["actor"].startswith("agent:sly-")
               and record["policy_result"] == "refused"]  # fmt: skip
    tried = ["approve", "reject", "answer", "trust", "trust", "trust", "land", "end the runner", "approval", "answer",
             "trust", "policy", "step.end", "end the runner", "end the runner", "change the policy"]  # fmt: skip
    assert refused == [f"an agent's process tried to {what}; that is for people" for what in tried]
    assert [record for record in records if record["action"] in {"trust", "revoke", "answer"}] == []
    assert shell("records", "verify")[0] == 0
    assert "other" not in [each.split()[1] for each in shell("status")[1].splitlines() if each.startswith("approved")]


def test_settings_of_a_repository_wait_until_a_person_trusts_them(shell: Shell) -> None:
    settings = shell.root / "penstock.toml"
    settings.write_text("[run]\nmax_cycle_count = 4\nworktree_setup = ['echo s > s.txt']\n", encoding="utf-8")
    shell.intent("one", "title: One\nrun: ['cat s.txt > t.txt']\n")
    code, said = shell("run")
    assert code == 2 and "set run.worktree_setup, which you have not trusted" in said
    assert shell("trust", "--show") == (1, 'run.worktree_setup = ["echo s > s.txt"]\nnot trusted yet: penstock trust\n')
    assert "not trusted yet" in shell("status")[1]

    assert shell("trust")[0] == 0 and shell("trust", "--show")[0] == 0
    assert shell("run")[0] == 0 and shell.git("show", "penstock/landed:t.txt") == "s"
    settings.write_text("[run]\nworktree_setup = ['echo other > s.txt']\n", encoding="utf-8")
    assert shell("resume", "one")[0] == 2 and shell("run")[0] == 2
    assert shell("trust", "--revoke")[0] == 0
    settings.write_text("[run]\nworktree_setup = ['echo s > s.txt']\n", encoding="utf-8")
    assert shell("run")[0] == 2
    settings.write_text("[run]\nmax_cycle_count = 5\n", encoding="utf-8")
    assert shell("run")[0] == 0 and shell("trust")[1] == "this repository's settings set nothing that needs trust\n"
    actions = [json.loads(line)["action"] for line in shell("records", "show", "--json")[1].splitlines()]
    assert [action for action in actions if action in {"trust", "revoke", "policy"}] == ["trust", "policy", "revoke"]
