"""The history of runs that really were: every field that is promised, from git and from what agents said."""

from __future__ import annotations

from datetime import datetime

from engine.orchestrate.store.history import read_history

PLAN = {"tasks": [{"id": "t", "title": "T", "plan": "do it"}]}


def told(project, name="one"):
    return read_history(project.workspace.files.folder / "history" / f"{name}.yaml")


def cost(tokens_in, tokens_out, usd):
    return {"usage": {"input_tokens": tokens_in, "output_tokens": tokens_out}, "cost_usd": usd}


async def test_every_field_of_a_run_that_landed(project):
    project.agent(
        analyze=[("true", {**PLAN, **cost(100, 10, 0.25)})],
        implement=[
            ("printf '1\\n2\\n3\\n' > t.txt", {"summary": "draft", **cost(200, 20, 0.5)}),
            ("printf 'uno\\n' > a.txt", {"summary": "final", **cost(300, 30, 0.75)}),
        ],
        review=[
            ("true", {"approved": False, "issues": [{"message": "more"}], **cost(40, 4, 0.1)}),
            ("true", {"approved": True, **cost(50, 5, 0.2)}),
        ],
    )
    project.intent("one", "title: One\ntype: feature\nsource: human\nrisk: high\n")
    await project.run()
    (run,) = told(project)

    assert (run["intent_id"], run["title"], run["type"]) == ("one", "One", "feature")
    assert (run["source"], run["risk"], run["classified"]) == ("human", "high", None)
    assert run["flow"] == ["analyze", "implement", "review"]
    assert run["adjustments"] == ["t: review ended in rejected"]
    assert [(step["step"], step["result"]) for step in run["steps"]] == [
        ("analyze", "ok"), ("implement", "ok"), ("rebase", "ok"), ("review", "rejected"),
        ("implement", "ok"), ("rebase", "ok"), ("review", "ok"), ("integrate", "ok"),
    ]  # fmt: skip
    by_agents = [step for step in run["steps"] if step["step"] in {"analyze", "implement", "review"}]
    assert [(s["session_id"], s["input_tokens"], s["output_tokens"], s["cost_usd"]) for s in by_agents] == [
        ("analyze-session", 100, 10, 0.25), ("implement-session", 200, 20, 0.5), ("review-session", 40, 4, 0.1),
        ("implement-session", 300, 30, 0.75), ("review-session", 50, 5, 0.2),
    ]  # fmt: skip
    assert all(step["duration_ms"] >= 0 for step in run["steps"])
    assert (run["outcome"], run["state"]) == ("success", "succeeded")
    assert run["reason"] == "1 of 1 Tasks landed on penstock/landed" and run["branch"] == "penstock/landed"
    numbers = project.sandbox.git("diff", "--numstat", "main", "penstock/landed").splitlines()
    added, removed = (sum(int(line.split()[at]) for line in numbers) for at in (0, 1))
    assert run["lines"] == {"added": added, "removed": removed}
    assert run["commits"] == project.sandbox.git("rev-list", "--reverse", "main..penstock/landed").split()
    assert run["observations"] == []
    times = [run["started_at"], *(step["ended_at"] for step in run["steps"]), run["ended_at"]]
    assert sorted(times, key=datetime.fromisoformat) == times


async def test_a_type_that_was_guessed_says_by_which_rule(project):
    project.intent("one", "title: Fix the crash\nrun: [echo 1 > t.txt]\n")
    await project.run()
    (run,) = told(project)

    assert run["type"] == "fix" and run["classified"]["by_rule"]


async def test_what_could_not_be_written_when_a_run_ended_is_written_by_the_next_runner(project):
    project.intent("one", "title: One\nrun: [echo 1 > t.txt]\n")
    in_the_way = project.workspace.files.folder / "history"
    in_the_way.write_text("a file, and no folder\n")
    async with project.open() as host:
        await host.start()
        await host.runner.until_still()
        (note,) = host.notes
    assert "waits for the next runner" in note

    in_the_way.unlink()
    await project.run()
    (run,) = told(project)
    assert run["state"] == "succeeded"
    (in_the_way / "one.yaml").unlink()  # as people may, for whom it is
    await project.run()
    assert told(project) == []
