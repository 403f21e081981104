"""Budgets of runs that really are: what agents say is settled, a limit asks, and any client's answer lets it go on."""

from __future__ import annotations

from tests.orchestrate.project import until_event

PLAN = {"tasks": [{"id": "t", "title": "T", "plan": "do it"}], "usage": {"input_tokens": 100_000}}


async def test_a_budget_pauses_is_raised_after_the_runner_has_gone_and_the_run_lands(project):
    project.agent(
        analyze=[("true", PLAN)],
        implement=[("echo 1 > t.txt", {"usage": {"output_tokens": 10_000}})],
        review=[("true", {"approved": True})],
    )
    agents = project.settings["agents"]["command"]
    project.settings = {
        **project.settings,
        "run": {**project.settings["run"], "budget": {"run": {"usd": 1.0}, "intent": {"tokens": 10**6}}},
        "agents": {"command": {**agents, "model": "small", "price": {"input": 3.0, "output": 75.0}}},
    }
    project.intent("one", "title: One\nbudget: {usd: 5, turns: 9}\n")
    started = await project.run("one")
    (run_id,) = started.runs.values()
    (stop,) = project.of("stop")
    assert (stop["trigger"], stop["threshold"], stop["value"]) == ("budget.run.usd", 1.0, 1.05)
    assert stop["reason"] == "the budget of this run is reached: 1.05 USD of 1 USD" and stop["recent_history"]
    assert project.of("run.start")[0]["budget"]["intent"] == {"usd": 5.0, "tokens": 10**6, "turns": 9}
    assert project.of("run.end") == []

    project.answer("one", "raise 1")  # nobody is there but the log
    async with project.open() as host:
        ended = until_event(host, "run.end")
        await host.resume(run_id)
        assert (await ended).payload["state"] == "succeeded"
    assert project.end["cost_usd"] == 1.05 and project.end["tokens"] == 110_000
    assert [request["role"] for request in project.requests] == ["analyze", "implement", "review"]
    assert {request["model"] for request in project.requests} == {"small"}
