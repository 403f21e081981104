"""Bad files and agents that misbehave, each in a whole run: it ends clearly, says what to do, and harms nothing."""

import sys

import pytest

from engine.orchestrate import verdicts
from engine.orchestrate.overview import requests
from engine.orchestrate.wire import Refused
from tests.orchestrate.agents.conftest import BAD_AGENT
from tests.orchestrate.project import ADA
from tests.orchestrate.test_runs import look

NOT_TWICE = {"max_retries_per_role": 0, "implement_timeout_seconds": 20.0}
BROKEN = {
    "half": "title: Half\nrun: ['echo x > x.txt'\n",
    "open": 'title: "Open\n',
    "tabs": "title: a\n\tbody: b\n",
    "twice": "title: a\ntitle: b\n",
    "unknown": "title: a\nverfy: [a]\n",
    "types": "title: a\nrun: echo\n",
    "wild": "title: a\ndepends_on: ['../x']\n",
    "task": "title: a\ntasks: [{id: a/b}]\n",
    "circle": "title: a\ntasks: [{id: a, depends_on: [b]}, {id: b, depends_on: [a]}]\n",
    "self": "title: a\ndepends_on: [self]\n",
}


async def test_a_broken_file_is_told_with_its_place_and_stops_no_other(project):
    for name, text in BROKEN.items():
        project.intent(name, text, approved=False)
    project.intent("good", "title: Good\nrun: ['echo x > x.txt']\n")
    started = await project.run()
    assert list(started.runs) == ["good"] and project.end["state"] == "succeeded"
    loaded = project.workspace.files.load_all()
    told = {problem.path.stem: problem.diagnostic for problem in loaded.problems}
    assert told.keys() == BROKEN.keys()
    assert all(one.message and 0 <= one.span.start.line <= 2 for one in told.values())
    for name in BROKEN:
        with pytest.raises(Refused, match=r"correct the file|has mistakes"):
            verdicts.approve(loaded.documents[name], project.workspace.state(), ADA, again=False)


async def test_a_broken_intent_that_is_named_says_where_its_mistakes_are_shown(project):
    project.intent("half", BROKEN["half"], approved=False)
    started = await project.run("half")
    assert started.runs == {} and "penstock status shows them" in started.waits["half"]


def bad_end(project, words):
    """Asserts that a run failed for a reason that holds some words, with what to do, and that nothing was harmed."""
    assert project.end["state"] == "failed" and project.of("land") == []
    errors = project.of("error")
    assert any(words in error["message"] for error in errors), errors
    assert all(error["next_action"] for error in errors), errors
    workspace = project.workspace
    (request,) = requests(workspace.files.load_all().documents, workspace.state())
    assert request.kind == "look" and words in request.text and all(request.commands)
    assert project.status("bad") == "error"


def left(project):
    """What was left of commands after their steps had ended."""
    evidence = [payload["evidence"] for payload in project.of("step.end")]
    return [one["left"] for each in evidence for one in each.values() if isinstance(one, dict) and "left" in one]


BRANCH = "git checkout -q -b other; echo y > a.txt; git commit -qam y; git switch -q -"
COMMIT = "echo x > x.txt; git add x.txt; git commit -q -m x"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("true", "nothing changed"),
        (f"git switch -q -c elsewhere; {COMMIT}", "the commits belong on"),
        (f"git checkout -q --detach; {COMMIT}", "HEAD is detached"),
        ("git commit -q --amend --allow-empty -m other", "no longer contains"),
        ('cd /; rm -rf "$OLDPWD"', "worktree"),
        ("rm .git; git init -q; git commit -q --allow-empty -m x", "worktree"),
        ("git init -q inner; cd inner; " + COMMIT, "a repository inside the worktree"),
        (f"{BRANCH}; echo z > a.txt; git commit -qam z; git merge -q other", "merge"),
        ("head -c 50000000 /dev/zero > big.bin", "too large"),
        ("printf garbage; exit 3", "exit code 3: garbage"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("exit 126", "cannot be executed"),
    ],
)  # fmt: skip
async def test_a_command_that_misbehaves_ends_its_run_with_what_to_do(project, line, words):
    project.settings = {"run": NOT_TWICE}
    before = look(project)
    project.intent("bad", f"title: Bad\nrun:\n- |-\n  {line}\n")
    await project.run()
    bad_end(project, words)
    assert not any(left(project)) and look(project) == before


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("garbage", "no JSON object"),
        ("silent", "standard output is empty"),
        ("crashes", "SIGSEGV"),
        ("kills_its_guard", "killed together with its guard"),
        ("flood", "the result is not one of analyze"),
        ("stubborn", "not done after"),
        ("stubborn_daemon", "not done after"),
    ],
)
async def test_an_agent_that_misbehaves_ends_its_run_with_what_to_do(project, way, words):
    patience = 1.0 if words == "not done after" else 60.0
    agent = {"command": sys.executable, "args": [str(BAD_AGENT), way]}
    project.settings = {"run": {**NOT_TWICE, "analyze_timeout_seconds": patience}, "agents": {"command": agent}}
    project.intent("bad", "title: Bad\n")
    await project.run()
    bad_end(project, words)
    assert not any(left(project))


async def test_a_hundred_megabytes_are_no_failure_and_their_log_is_bounded(project):
    project.intent("loud", "title: Loud\nrun: ['yes 0123456789 | head -c 100000000; echo x > x.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("x.txt") == "x"
    (run,) = (end["evidence"]["run"] for end in project.of("step.end") if end["step"] == "implement")
    assert run["output_bytes"] == 100_000_000
    logs = list(project.workspace.locations.logs.rglob("*-run.log"))
    assert len(logs) == 1 and logs[0].stat().st_size < 20_000_000


async def test_daemons_end_with_the_step_that_started_them(project):
    project.intent("one", "title: One\nrun: ['setsid sh -c \"sleep 1000 & sleep 1000\" & echo x > x.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded"
    (run,) = (end["evidence"]["run"] for end in project.of("step.end") if end["step"] == "implement")
    assert run["left"] == [] and run["swept"]
