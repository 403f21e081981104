"""What agents notice and propose, on real git and real processes: observations, reflection, Intents in parts."""

from __future__ import annotations

from engine.orchestrate.store.history import read_history
from engine.orchestrate.store.observations import Observations
from tests.orchestrate.project import Project

TASK = {"tasks": [{"id": "t", "title": "T"}]}
NOTICED = {"content": "no tests", "evidence": [{"type": "file", "ref": "a.txt"}]}


def observations(project: Project) -> list[dict[str, object]]:
    return Observations(project.root / ".penstock" / "observations.yaml").all()


async def test_what_is_noticed_is_written_reflected_on_and_proposed_once(project: Project) -> None:
    project.agent(
        analyze=[("true", {**TASK, "observations": ["a thought"]})],
        implement=[("echo x > t.txt", {})],
        review=[("true", {"approved": True, "observations": [NOTICED]})],
        reflect=[("true", {"intents": [{"title": "Write tests", "body": "of a.txt", "type": "test", "risk": "low"}]})],
    )
    (project.root / ".penstock").mkdir()
    (project.root / ".penstock" / "observations.yaml").write_text("# ours\n- {content: by hand}\n", encoding="utf-8")
    project.intent("one", "title: One\n")
    await project.run()

    assert project.end["state"] == "succeeded" and project.status("one") == "done"
    assert [(entry["content"], entry.get("source"), entry["processed"]) for entry in observations(project)] == [
        ("by hand", None, "true"), ("a thought", "analyze", "true"), ("no tests", "review", "true"),
    ]  # fmt: skip
    (asked,) = [request for request in project.requests if request["role"] == "reflect"]
    for words in ("One", "- t: T (t.txt)", "- by hand", "- a thought", "- no tests (file a.txt)"):
        assert words in asked["prompt"]
    proposed = project.workspace.files.load("write-tests").intent
    assert proposed is not None
    assert (proposed.status, proposed.source, proposed.type, proposed.parent) == (
        "proposed", "reflection", "test", None,
    )  # fmt: skip
    (run,) = read_history(project.root / ".penstock" / "history" / "one.yaml")
    assert run["observations"] == [entry["id"] for entry in observations(project)[1:]]
    assert [step["step"] for step in run["steps"]][-3:] == ["integrate", "reflect", "propose"]


async def test_an_intent_in_parts_is_done_when_its_parts_are(project: Project) -> None:
    parts = [{"title": "First part", "body": "one: two"}, {"title": "Second 'part'"}]
    project.agent(
        analyze=[("true", {"child_intents": parts}), ("true", TASK), ("true", TASK)],
        implement=[("echo x > x.txt", {}), ("echo y > y.txt", {})],
        review=[("true", {"approved": True})] * 2,
    )
    project.intent("whole", "title: Whole\n")
    await project.run()
    children = [project.workspace.files.load(name).intent for name in ("first-part", "second-part")]
    assert [(child.parent, child.status, child.body) for child in children if child] == [
        ("whole", "proposed", "one: two"), ("whole", "proposed", ""),
    ]  # fmt: skip
    assert project.of("run.end") == [] and project.status("whole") == "approved"
    project.approve("first-part")
    project.approve("second-part")
    await project.run("first-part")
    await project.run("second-part")

    assert project.status("whole") == "done" and project.landed("y.txt") == "y"
    assert [request["role"] for request in project.requests].count("reflect") == 0


async def test_a_file_of_observations_that_is_broken_fails_no_work(project: Project) -> None:
    project.agent(
        analyze=[("true", {**TASK, "observations": ["a thought"]})],
        implement=[("echo x > t.txt", {})],
        review=[("true", {"approved": True})],
    )
    (project.root / ".penstock").mkdir()
    path = project.root / ".penstock" / "observations.yaml"
    path.write_text("- 'open\n", encoding="utf-8")
    project.intent("one", "title: One\n")
    await project.run()

    assert project.end["state"] == "succeeded" and path.read_text(encoding="utf-8") == "- 'open\n"
    evidence = {end["step"]: end["evidence"] for end in project.of("step.end")}
    assert "is broken" in evidence["analyze"]["observations_not_written"]
    assert "is broken" in evidence["integrate"]["observations_not_read"]


async def test_an_audit_writes_observations_and_a_summary_and_no_intents(project: Project) -> None:
    project.agent(audit=[("true", {"observations": [NOTICED]})])
    project.intent("look", "title: Look at src\ntype: audit\n")
    await project.run()

    assert project.end["state"] == "succeeded" and project.status("look") == "done" and project.end["commits"] == []
    (entry,) = observations(project)
    assert (entry["content"], entry["source"], entry["intent_id"], entry["processed"]) == (
        "no tests", "audit", "look", "false",
    )  # fmt: skip
    (report,) = (project.root / ".penstock" / "reports").iterdir()
    assert report.read_text(encoding="utf-8") == "# Look at src\n\n- no tests\n  - file: `a.txt`\n"
    (asked,) = project.requests
    assert asked["role"] == "audit" and "Look at src" in asked["prompt"]
    assert list(project.workspace.files.load_all().documents) == ["look"]
    (run,) = read_history(project.root / ".penstock" / "history" / "look.yaml")
    assert run["observations"] == [entry["id"]]


async def test_skills_are_drawn_from_the_history_and_land_on_a_branch(project: Project) -> None:
    skill = {"name": "../Use `uv`", "description": 'how "uv" is used', "instructions": "Run it.\n"}
    project.agent(observe=[("true", {"patterns": [{"name": "p"}]})], abstract=[("true", {"skills": [skill, skill]})])
    project.intent("learn", "title: Learn\ntype: skill_extraction\n")
    await project.run("learn")
    assert project.end["state"] == "succeeded" and project.end["commits"] == []
    assert [step for _, step, _ in project.steps()] == ["observe"]  # there is no history yet, and nobody is asked

    project.approve("learn", again=True)
    await project.run("learn")
    assert project.end["state"] == "succeeded" and project.end["branch"] == "penstock/landed"
    assert project.landed(".claude/skills/use-uv/SKILL.md") == (
        '---\nname: use-uv\ndescription: "how \\"uv\\" is used"\n---\n\nRun it.'
    )  # fmt: skip
    assert project.landed(".claude/skills/use-uv-2/SKILL.md").startswith("---\nname: use-uv-2")
    observed, abstracted = project.requests
    assert "Learn" in observed["prompt"] and '"outcome": "success"' in observed["prompt"]
    assert observed["worktree"] is None and '"name": "p"' in abstracted["prompt"]


async def test_skills_lead_nowhere_beyond_the_repository(project: Project) -> None:
    (project.root / ".claude").symlink_to(project.sandbox.folder)
    project.sandbox.git("add", ".claude")
    project.sandbox.git("commit", "-q", "-m", "link")
    project.agent(
        observe=[("true", {"patterns": [1]})],
        abstract=[("true", {"skills": [{"name": "s", "description": "d", "instructions": "i"}]})],
    )
    project.intent("learn", "title: Learn\ntype: skill_extraction\n")
    await project.run("learn")
    project.approve("learn", again=True)
    await project.run("learn")

    assert project.end["state"] == "failed" and "leads out of the repository" in project.end["reason"]
    assert not (project.sandbox.folder / "skills").exists()


async def test_an_answer_that_is_too_long_is_told_and_no_event_holds_it(project: Project) -> None:
    project.settings = {"run": {"max_retries_per_role": 0}}
    project.agent(audit=[("true", {"observations": [{"content": "x" * 250_000}]})])
    project.intent("look", "title: Look\ntype: audit\n")
    await project.run()

    assert project.end["state"] == "failed" and "200000 are taken" in project.end["reason"]
    assert max(len(event.to_json()) for event in project.events) < 20_000
