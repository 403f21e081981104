"""Runs from an approved Intent to where they end, on real git and real processes."""

import asyncio
import json
import os
import sys

import pytest

from engine.orchestrate.store.history import read_history
from tests.orchestrate.project import until_event


def look(project):
    """Everything about the person's checkout that a run must not touch."""
    git = project.sandbox.git
    files = {p.name: p.read_bytes() for p in project.root.iterdir() if p.is_file()}
    return (git("rev-parse", "HEAD"), git("symbolic-ref", "HEAD"), git("diff"), git("diff", "--cached"),
            git("stash", "list"), git("status", "--porcelain", "--", ":!.penstock"), files)  # fmt: skip


async def test_dependent_and_independent_tasks_land_in_order_and_touch_nothing_else(project):
    project.sandbox.write({"a.txt": "not committed\n", "untracked.txt": "mine\n"})
    project.sandbox.write({"b.txt": "staged\n"})
    project.sandbox.git("add", "b.txt")
    before = look(project)
    project.intent("greet", """
        title: Greet
        tasks:
          - {id: say, run: "echo hello > greeting.txt"}
          - {id: twice, run: "cat greeting.txt greeting.txt > twice.txt", depends_on: [say]}
          - {id: other, run: "echo x > other.txt"}
        verify: ["test -s a.txt"]
        """)  # fmt: skip
    await project.run()
    assert project.end["state"] == "succeeded" and project.end["branch"] == "penstock/landed"
    assert project.landed("twice.txt") == "hello\nhello" and project.landed("other.txt") == "x"
    assert project.landed("a.txt") == "one\ntwo\nthree"
    assert project.status("greet") == "done"
    assert look(project) == before
    subjects = project.sandbox.git("log", "--format=%s", "main..penstock/landed").splitlines()
    assert sorted(subjects) == sorted(["echo hello > greeting.txt", "echo x > other.txt",
                                       "cat greeting.txt greeting.txt > twice.txt"])  # fmt: skip


async def test_a_failed_task_fails_its_dependants_and_the_run_lands_nothing(project):
    project.intent("half", """
        title: Half of it
        tasks:
          - {id: good, run: "echo x > x.txt"}
          - {id: bad, run: "echo y > y.txt; exit 3"}
          - {id: after, run: "true", depends_on: [bad]}
        """)  # fmt: skip
    await project.run()
    assert project.end["state"] == "failed" and project.end["outcome"] == "failed"
    assert project.status("half") == "blocked"
    told = {row["taskId"]: row["message"] for row in project.of("task_status_update") if row["status"] == "failed"}
    assert "exit code 3" in told["bad"] and told["after"] == "dependency failed: bad"
    assert project.sandbox.git("branch", "--list", "penstock/landed") == ""
    stop = project.of("stop")[0]
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_retries_per_role", 2, 3)
    assert len(stop["recent_history"]) == 3 and stop["reason"]


@pytest.mark.parametrize(
    "line, words",
    [("true", "nothing changed"), ("no-such-command-anywhere", "no such command"), ("exit 127", "no such command")],
)
async def test_what_trying_again_cannot_mend_is_not_tried_again(project, line, words):
    project.intent("one", f"title: One\nrun: ['{line}']\n")
    await project.run()
    assert project.steps() == [(None, "analyze", "ok"), ("run-1", "implement", "refused")]
    assert words in project.of("error")[-1]["message"]
    assert project.status("one") == "error"


async def test_a_review_that_rejects_sends_the_same_session_back_with_its_feedback(project):
    project.agent(
        analyze=[("true", {"tasks": [{"id": "t", "title": "T", "plan": "do it"}]})],
        implement=[("echo draft > t.txt", {}), ("echo final > t.txt", {})],
        review=[
            ("true", {"approved": False, "issues": [{"path": "t.txt", "line": 1, "message": "say final"}]}),
            ("true", {"approved": True}),
        ],
    )
    project.intent("one", "title: One\nverify: ['test -s t.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("t.txt") == "final"
    first, second = (request for request in project.requests if request["role"] == "implement")
    assert first["session_id"] is None and second["session_id"] == "implement-session"
    assert second["context"]["feedback"]["issues"][0]["message"] == "say final"
    assert "say final" in second["prompt"]


async def test_an_agent_finds_its_work_again_when_a_hook_complains(project):
    project.sandbox.hook("pre-commit", "test -f formatted.txt || { echo format it first; exit 1; }")
    project.agent(
        analyze=[("true", {"tasks": [{"id": "t", "title": "T"}]})],
        implement=[("echo work > t.txt", {}), ("test -f t.txt && echo x > formatted.txt", {})],
        review=[("true", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("t.txt") == "work"
    second = [request for request in project.requests if request["role"] == "implement"][1]
    assert "format it first" in second["context"]["feedback"]["text"]
    assert second["session_id"] == "implement-session"


async def test_an_agent_finds_its_task_in_a_file_that_is_no_change(project):
    project.agent(
        analyze=[("true", {"tasks": [{"id": "t", "title": "The task", "plan": "copy it"}]})],
        implement=[("cp .penstock/task/task.json seen.json", {})],
        review=[("true", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    seen = json.loads(project.landed("seen.json"))
    assert (seen["intent"]["title"], seen["task"]["title"], seen["task"]["plan"]) == ("One", "The task", "copy it")
    assert project.of("land")[0]["files"] == ["seen.json"]


@pytest.mark.parametrize(
    "key, intent, step",
    [
        ("implement_timeout_seconds", "run: ['sleep 60']", "implement"),
        ("verify_timeout_seconds", "run: ['echo x > x.txt']\nverify: ['sleep 60']", "review"),
    ],
)
async def test_a_step_that_takes_too_long_is_ended_and_the_stop_says_so(project, key, intent, step):
    project.settings = {"run": {key: 0.2, "max_retries_per_role": 1, "retry_base_seconds": 0.01}}
    project.intent("one", f"title: One\n{intent}\n")
    await project.run()
    assert [result for _, name, result in project.steps() if name == step] == ["timeout", "timeout"]
    stop = project.of("stop")[0]
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_retries_per_role", 1, 2)
    assert len(project.of("retry")) == 1


async def test_after_too_many_rejections_the_run_stops_and_says_why(project):
    project.agent(
        analyze=[("true", {"tasks": [{"id": "t", "title": "T"}]})],
        implement=[(f"echo {n} > t.txt", {}) for n in range(3)],
        review=[("true", {"approved": False, "issues": [{"message": f"no {n}"}]}) for n in range(3)],
    )
    project.intent("one", "title: One\n")
    await project.run()
    stop = project.of("stop")[-1]
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("max_review_retries", 2, 3)
    assert project.status("one") == "error"


async def test_a_question_waits_for_its_answer_and_only_that_goes_to_the_session(project):
    project.agent(
        analyze=[
            ("true", {"clarifications": ["Which one?"]}),
            ("true", {"tasks": [{"id": "t", "title": "T"}]}),
        ],
        implement=[("echo x > t.txt", {})],
        review=[("true", {"approved": True})],
    )
    project.intent("one", "title: One\nbody: The long story\n")
    await project.run()
    assert project.of("run.end") == [] and project.of("question")[0]["question"] == "Which one?"
    assert project.workspace.files.load("one").intent.clarifications[0].question == "Which one?"
    project.answer("one", "the second")
    await project.run()
    assert project.end["state"] == "succeeded"
    again = [request for request in project.requests if request["role"] == "analyze"][1]
    assert again["session_id"] == "analyze-session" and "the second" in again["prompt"]
    assert "The long story" not in again["prompt"]


async def test_two_runs_that_change_the_same_line_the_later_one_is_done_again_on_the_earlier(project):
    for name in ("first", "second"):
        line = f"(echo {name}; cat a.txt) > a.new && mv a.new a.txt"
        project.intent(name, f"title: {name}\nrun: ['{line}']\n")
    await project.run()
    assert {end["state"] for end in project.of("run.end")} == {"succeeded"}
    lines = project.landed("a.txt").splitlines()
    assert sorted(lines[:2]) == ["first", "second"] and lines[2:] == ["one", "two", "three"]
    implemented = [step for step in project.steps() if step[1:] == ("implement", "ok")]
    assert len(implemented) == 3 and len(project.of("land")) == 2


async def test_an_intent_starts_on_the_work_of_the_one_it_depends_on(project):
    project.intent("late", "title: Late\ndepends_on: [early]\nrun: ['cat early.txt > late.txt']\n", approved=False)
    project.intent("early", "title: Early\nrun: ['echo e > early.txt']\n")
    project.approve("late")
    await project.run()
    assert [end["state"] for end in project.of("run.end")] == ["succeeded", "succeeded"]
    assert project.landed("late.txt") == "e"


async def test_a_task_that_changes_the_runners_own_files_asks_a_person(project):
    project.intent("sly", "title: Sly\nrun: ['mkdir -p .penstock; echo \"# x\" >> .penstock/notes; echo x > x.txt']\n")
    await project.run()
    (question,) = project.of("question")
    assert question["kind"] == "policy" and ".penstock/notes" in question["question"]
    project.answer("sly", "no")
    await project.run()
    assert project.end["state"] == "failed"


async def test_the_base_branch_that_is_checked_out_moves_only_when_a_person_agrees(project):
    project.intent("one", "title: One\nintegrate: base\nrun: ['echo x > x.txt']\n")
    await project.run()
    assert "checked out" in project.of("question")[0]["question"] and not (project.root / "x.txt").exists()
    project.answer("one", "yes")
    await project.run()
    assert project.end["state"] == "succeeded" and (project.root / "x.txt").read_text() == "x\n"


async def test_a_pull_request_is_pushed_and_nothing_here_moves(project):
    remote = project.sandbox.folder / "remote.git"
    project.sandbox.git("init", "-q", "--bare", str(remote))
    project.sandbox.git("remote", "add", "origin", str(remote))
    project.sandbox.git("push", "-q", "origin", "main")
    project.intent("one", "title: One\nintegrate: pr\nrun: ['echo x > x.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded"
    assert project.sandbox.git("show", f"{project.end['branch']}:x.txt", cwd=remote) == "x"
    assert project.sandbox.git("rev-parse", "main") == project.sandbox.git("rev-parse", "HEAD")


async def test_a_cancelled_run_has_ended_with_everything_that_ran(project):
    come = project.sandbox.folder / "come"
    os.mkfifo(come)
    line = f'trap "" INT TERM; sleep 60 & setsid sleep 60 & echo > {come}; wait'
    project.intent("slow", f"title: Slow\nrun: ['{line}']\n")
    async with project.open() as host:
        await host.start()
        await asyncio.to_thread(come.read_text)
        (run_id,) = host.runner.state.runs
        await asyncio.wait_for(host.runner.cancel(run_id, "enough", "Ada"), 20)
    assert project.end["state"] == "cancelled" and "enough" in project.end["reason"]
    (ended,) = (payload for payload in project.of("step.end") if payload["step"] == "implement")
    assert ended["result"] == "cancelled" and ended["evidence"]["run"]["left"] == []
    assert project.status("slow") == "cancelled"


async def test_what_was_interrupted_is_done_again_and_what_was_done_is_not(project):
    project.intent("two", """
        title: Two
        tasks:
          - {id: a, run: "echo a >> $HOME/count; echo a > a2.txt"}
          - {id: b, run: "echo b >> $HOME/count; test -f $HOME/go || sleep 60; echo b > b2.txt", depends_on: [a]}
        """)  # fmt: skip
    async with project.open() as host:
        await host.start()
        while (await until_event(host, "step.start", step="implement")).task_id != "b":
            pass
    home = project.sandbox.folder / "home"
    (home / "go").touch()
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("b2.txt") == "b"
    assert (home / "count").read_text().split()[0] == "a" and (home / "count").read_text().count("a") == 1
    assert project.of("retry") == [] and project.of("stop") == []


async def test_an_unapproved_intent_that_is_named_waits_and_says_how_to_approve(project):
    project.intent("one", "title: One\nstatus: approved\nrun: ['echo x > x.txt']\n", approved=False)
    started = await project.run("one")
    assert started.runs == {} and "penstock approve one" in started.waits["one"]


async def test_a_change_after_the_approval_voids_it(project):
    project.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    path = project.workspace.files.path("one")
    path.write_text(path.read_text().replace("x.txt", "y.txt"))
    started = await project.run("one")
    assert started.runs == {} and "changed after its approval" in started.waits["one"]


async def test_worktrees_are_set_up_before_commands_and_checks(project):
    project.settings = {"run": {"worktree_setup": ["echo ready > .ready"]}}
    project.sandbox.commit("ignore", {".gitignore": ".ready\n"})
    project.intent("one", "title: One\nrun: ['cp .ready x.txt']\nverify: ['test -f .ready']\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("x.txt") == "ready"


async def test_a_verification_that_fails_for_all_tasks_together_lands_nothing(project):
    project.intent("two", """
        title: Two
        tasks: [{id: a, run: "echo 1 > one.txt"}, {id: b, run: "echo 2 > two.txt"}]
        verify: ["! test -f one.txt || ! test -f two.txt"]
        """)  # fmt: skip
    await project.run()
    assert project.end["state"] == "failed" and "together" in project.end["reason"]
    assert project.sandbox.git("branch", "--list", "penstock/landed") == ""


@pytest.mark.parametrize("key", ["run", "verify"])
async def test_a_dangerous_command_is_refused_before_it_runs(project, key):
    lines = {"run": ["echo x > x.txt"], key: ["touch ../ran; rm -rf /"]}
    project.intent("one", f"title: One\nrun: {lines['run']}\nverify: {lines.get('verify', [])}\n")
    await project.run()
    error = project.of("error")[-1]
    assert error["class"] == "policy" and "rm -rf /" in error["message"] and error["next_action"]
    assert list(project.sandbox.folder.rglob("ran")) == []


async def test_roles_that_may_work_at_once_are_limited(project):
    project.settings = {"run": {"max_parallel_roles": 2}}
    tasks = "".join(f"  - {{id: t{n}, run: 'echo {n} > {n}.txt'}}\n" for n in range(6))
    project.intent("many", f"title: Many\ntasks:\n{tasks}")
    await project.run()
    working = most = 0
    for event in project.events:
        if event.role and event.type in {"step.start", "step.end"}:
            working += 1 if event.type == "step.start" else -1
            most = max(most, working)
    assert most == 2 and project.end["state"] == "succeeded"


async def test_a_relative_agent_is_the_repositorys_own_wherever_it_works(project):
    project.agent(
        analyze=[("true", {"tasks": [{"id": "t", "title": "T"}]})],
        implement=[("printf '#!/bin/sh\\nexit 9\\n' > tools/agent", {})],
        review=[("test $(wc -l < tools/agent) = 2", {"approved": True})],
    )
    script = f"#!/bin/sh\nexec {sys.executable} {project.sandbox.folder}/agent/agent.py\n# the true one\n"
    project.sandbox.write({"tools/agent": script})
    (project.root / "tools/agent").chmod(0o755)
    project.sandbox.git("add", "tools")
    project.sandbox.git("commit", "-q", "-m", "tools")
    project.settings = {**project.settings, "agents": {"command": {"command": "tools/agent"}}}
    project.intent("one", "title: One\n")
    await project.run()
    assert project.end["state"] == "succeeded" and "exit 9" in project.landed("tools/agent")
    assert [request["role"] for request in project.requests] == ["analyze", "implement", "review"]


@pytest.mark.parametrize(
    ("turn", "kind", "words"),
    [
        (("true", {"tasks": "none"}), "tool", "the result is not one of analyze"),
        (("echo the API said 529 >&2; exit 1", {}), "tool", "exit code 1: the API said 529"),
        (None, "user", "no command is set for the agent"),
        ("agent: nobody", "user", "there is no agent `nobody`"),
    ],
)
async def test_a_failure_before_any_task_has_a_history_and_is_told_apart(project, turn, kind, words):
    project.settings = {"run": {"max_retries_per_role": 0}}
    if isinstance(turn, tuple):
        project.agent(analyze=[turn])
    project.intent("one", "title: One\ntype: fix\n" + (turn if isinstance(turn, str) else ""))
    await project.run()
    (told,) = read_history(project.workspace.files.folder / "history" / "one.yaml")
    assert (told["title"], told["type"], told["outcome"], told["state"]) == ("One", "fix", "failed", "failed")
    assert words in told["reason"] and [step["step"] for step in told["steps"]] == ["analyze"]
    assert told["steps"][0]["duration_ms"] >= 0
    assert {error["class"] for error in project.of("error")} == {kind}
