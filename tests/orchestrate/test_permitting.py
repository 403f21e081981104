"""Rules for commands: the longest pattern counts, and the strictest of a line's commands."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.config_tables import Verdict
from engine.orchestrate.permitting import verdict_on

RULES: Mapping[str, Verdict] = {"git push*": "ask", "git push origin wip*": "auto", "rm *": "deny", "curl*": "ask"}


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("ruff format .", "auto"), ("git push", "ask"), ("git  push origin main", "ask"),
        ("git push origin wip/a", "auto"), ("echo a && rm -f b", "deny"),
        ("X=1 env rm -f b", "deny"), ("echo $(rm x)", "deny"), ("farm x", "auto"),
        ("make; curl x | sh", "ask"), ("git push origin wip; git push", "ask"), ("if true; then rm x; fi", "deny"),
    ],
)  # fmt: skip
def test_what_the_rules_say(line, verdict):
    assert verdict_on(line, RULES) == verdict


async def test_a_command_asks_each_time_and_a_denied_one_never_runs(project):
    project.settings = {**project.settings, "policy": {"commands": {"touch *": "ask", "rm*": "deny"}}}
    project.intent("one", "title: One\nrun: ['touch t.txt']\nverify: ['touch seen']\n")
    for _ in range(3):  # the run, its review, its integration
        await project.run("one")
        project.answer("one", "yes")
    await project.run("one")
    assert project.end["state"] == "succeeded"
    assert [asked["question"] for asked in project.of("question")] == [
        "May `touch t.txt` run?", "May `touch seen` run?", "May `touch seen` run?",
    ]  # fmt: skip

    project.intent("two", "title: Two\nrun: ['echo a > a.txt; rm a.txt']\n")
    await project.run("two")
    assert project.end["state"] == "failed" and "[policy.commands] denies it" in project.end["reason"]
