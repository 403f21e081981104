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
