"""What changes beyond a step's worktree while it is at work: asked about, recorded, or nobody's business."""

import asyncio
import os

import pytest

from engine.orchestrate.git.integration import Prepared
from engine.orchestrate.git.landing import Landed
from engine.orchestrate.steps.world import World
from tests.orchestrate.project import LIMIT


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("echo evil > {root}/mine.txt", "mine.txt"),
        ("cd {root}; git commit -q --allow-empty -m sly", "the HEAD of"),
        ("git config core.hooksPath /tmp", "git's config"),
        ("echo y > y; git add y; git stash -q", "git's stash"),
    ],
)
async def test_what_a_task_changes_beyond_its_worktree_waits_for_a_person(project, line, named):
    project.intent("sly", f"title: Sly\nrun: ['({line.format(root=project.root)}); echo x > x.txt']\n")
    await project.run()
    (question,) = project.of("question")
    assert question["kind"] == "policy" and named in question["question"], question
    assert project.of("land") == []
    project.answer("sly", "yes")
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("x.txt") == "x"


async def test_a_landed_branch_that_an_agent_threw_away_waits_for_a_person(project):
    project.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    await project.run()
    project.intent("sly", "title: Sly\nrun: ['git update-ref -d refs/heads/penstock/landed; echo y > y.txt']\n")
    await project.run()
    assert "penstock/landed changed" in project.of("question")[-1]["question"]


async def test_a_task_that_fails_says_what_it_changed_beyond_its_worktree(project):
    project.intent("sly", f"title: Sly\nrun: ['echo evil > {project.root}/mine.txt']\n")
    await project.run()
    assert project.end["state"] == "failed" and "mine.txt changed" in project.end["reason"]


async def test_a_run_that_a_person_lands_meanwhile_is_no_question(project):
    project.intent("one", "title: One\nrun: ['echo x > x.txt']\n")
    await project.run()
    run_id = project.events[-1].run_id
    folder = project.sandbox.folder
    project.intent("two", f"title: Two\nrun: ['echo > {folder}/come; cat {folder}/go; echo y > y.txt']\n")
    for name in ("come", "go"):
        os.mkfifo(folder / name)
    async with project.open() as host:
        await host.start(["two"])
        await asyncio.to_thread((folder / "come").read_bytes)
        integration = World(project.workspace, project.environment).integration
        prepared = integration.prepare_land(run_id, integration.repository.base())
        assert isinstance(prepared, Prepared) and isinstance(integration.publish(prepared, agreed=True), Landed)
        await asyncio.to_thread((folder / "go").write_bytes, b"")
        await asyncio.wait_for(host.runner.until_still(), LIMIT)
    assert (project.root / "x.txt").read_text() == "x\n" and project.of("question") == []
    assert project.end["state"] == "succeeded"


def evidence(project, step):
    return next(payload["evidence"] for payload in project.of("step.end") if payload["step"] == step)


async def test_what_git_ignores_is_nobodys_business(project):
    project.sandbox.commit("ignore", {".gitignore": "*.log\nbuild/\n"})
    line = f"cd {project.root}; mkdir build; echo 1 > build/x; echo 2 > new.log"
    project.intent("one", f"title: One\nrun: ['({line}); echo x > x.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.of("question") == []
    assert "beyond" not in evidence(project, "implement")


async def test_a_file_that_comes_to_be_ignored_has_not_changed(project):
    project.sandbox.write({"mine.log": "mine\n"})
    line = f"echo mine.log >> {project.root}/.gitignore; echo x > x.txt"
    project.intent("one", f"title: One\nrun: ['{line}']\n")
    await project.run()
    assert project.of("question")[0]["question"] == "While Task run-1 was at work, .gitignore changed: do you agree?"


@pytest.mark.parametrize(
    ("line", "named"), [("git commit -q --allow-empty -m sly", "the HEAD of"), ("git rm -q --cached a.txt", "a.txt")]
)
async def test_what_git_tracks_counts_whatever_it_ignores(project, line, named):
    project.sandbox.commit("ignore", {".gitignore": "*\n!.gitignore\n"})
    project.intent("sly", f"title: Sly\nallow_empty: true\nrun: ['cd {project.root}; {line}']\n")
    await project.run()
    assert named in project.of("question")[0]["question"]


@pytest.mark.parametrize("line", ["echo x > {0}/mine.txt", "cd {0}; git commit -q --allow-empty -m mine"])
async def test_changes_in_the_checkout_are_only_recorded_where_the_settings_say_so(project, line):
    project.settings = {**project.settings, "policy": {"checkout_changes": "record"}}
    project.intent("one", f"title: One\nrun: ['({line.format(project.root)}); echo x > x.txt']\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.of("question") == []
    (changed,) = evidence(project, "implement")["beyond"]
    assert "mine.txt" in changed or "HEAD" in changed


@pytest.mark.parametrize(
    ("line", "named"),
    [("git config core.hooksPath /tmp", "git's config"), ("git update-ref -d refs/heads/penstock/landed", "landed")],
)
async def test_what_all_worktrees_share_is_asked_about_in_any_case(project, line, named):
    project.settings = {**project.settings, "policy": {"checkout_changes": "record"}}
    project.sandbox.git("branch", "penstock/landed")
    project.intent("sly", f"title: Sly\nrun: ['echo x > {project.root}/mine.txt; {line}; echo x > x.txt']\n")
    await project.run()
    (question,) = project.of("question")
    assert named in question["question"] and "mine.txt" not in question["question"]
    assert "mine.txt" in evidence(project, "implement")["beyond"]


TASK = {"tasks": [{"id": "t", "title": "T"}]}


@pytest.mark.parametrize("role", ["analyze", "review"])
@pytest.mark.parametrize("word", ["yes", "no"])
async def test_a_role_that_only_reads_and_writes_into_the_checkout_waits_for_a_person(project, role, word):
    evil = f"echo evil > {project.root}/mine.txt"
    project.agent(
        analyze=[(evil if role == "analyze" else "true", TASK)],
        implement=[("echo x > x.txt", {})],
        review=[(evil if role == "review" else "true", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    (question,) = project.of("question")
    assert question["kind"] == "policy" and f"the agent for {role}" in question["question"]
    assert "mine.txt changed" in question["question"] and project.of("land") == []
    project.answer("one", word)
    await project.run()
    assert project.end["state"] == ("succeeded" if word == "yes" else "failed")
    assert sum(request["role"] == role for request in project.requests) == 1


async def test_a_rejection_that_a_person_agrees_to_is_one_still(project):
    evil = f"echo evil > {project.root}/mine.txt"
    no = {"approved": False, "issues": [{"message": "say final"}]}
    project.agent(
        analyze=[("true", TASK)],
        implement=[("echo draft > x.txt", {}), ("echo final > x.txt", {})],
        review=[(evil, no), ("true", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    project.answer("one", "yes")
    await project.run()
    assert project.end["state"] == "succeeded" and project.landed("x.txt") == "final"


async def test_an_analysis_that_asks_and_writes_into_the_checkout_has_two_kinds_of_questions(project):
    project.agent(
        analyze=[(f"echo evil > {project.root}/mine.txt", {"clarifications": ["Which?"]}), ("true", TASK)],
        implement=[("echo x > x.txt", {})],
        review=[("true", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    project.answer("one", "yes")
    await project.run()
    assert [question["kind"] for question in project.of("question")] == ["policy", "clarification"]
    project.answer("one", "this one")
    await project.run()
    assert project.end["state"] == "succeeded"
    second = [request for request in project.requests if request["role"] == "analyze"][1]
    assert second["context"]["answers"] == [{"question": "Which?", "answer": "this one"}]


async def test_a_reader_that_fails_says_what_changed_meanwhile(project):
    project.settings = {"run": {"max_retries_per_role": 0}}
    project.agent(analyze=[(f"echo evil > {project.root}/mine.txt; exit 1", {})])
    project.intent("one", "title: One\n")
    await project.run()
    assert project.end["state"] == "failed" and "mine.txt changed" in project.end["reason"]


async def test_a_reviewer_that_changes_what_it_reviews_has_approved_nothing(project):
    project.settings = {"run": {"max_retries_per_role": 0}}
    project.agent(
        analyze=[("true", TASK)],
        implement=[("echo x > x.txt", {})],
        review=[("echo y >> x.txt", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    error = project.of("error")[-1]
    assert project.end["state"] == "failed" and error["class"] == "policy" and error["next_action"]
    assert "the reviewer changed what it was to review: x.txt" in error["message"]


async def test_what_an_analysis_writes_into_its_checkout_is_gone(project):
    project.agent(
        analyze=[("echo y > y.txt; git add y.txt; git commit -q -m sly", TASK)],
        implement=[("test ! -e y.txt && echo x > x.txt", {})],
        review=[("true", {"approved": True})],
    )
    project.intent("one", "title: One\n")
    await project.run()
    assert project.end["state"] == "succeeded" and project.of("land")[0]["files"] == ["x.txt"]
