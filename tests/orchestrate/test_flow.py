"""Flows and the rule that chooses one."""

from __future__ import annotations

import pytest

from engine.orchestrate.flow import DEFAULT, FLOWS, Classified, classify, flow_of


@pytest.mark.parametrize("kind", ["feature", "fix", "refactor", "test"])
def test_the_type_of_ordinary_work_changes_no_flow(kind: str) -> None:
    assert flow_of(kind) == DEFAULT == ("analyze", "implement", "review")


def test_audits_and_skills_have_flows_of_their_own() -> None:
    assert flow_of("audit") == ("audit", "report")
    assert flow_of("skill_extraction") == ("observe", "abstract", "record")
    assert flow_of("nothing") is None
    assert flow_of("fix", {"fix": ("implement",)}) == ("implement",)


@pytest.mark.parametrize(
    "title, body, kind, rule",
    [
        ("Fix the login", "", "fix", "the word `fix` in its title"),
        ("Add tests for the parser", "", "feature", "the word `add` in its title"),
        ("Tests for the parser", "", "test", "the word `tests` in its title"),
        ("Upgrade to the new logging call", "", "refactor", "the word `upgrade` in its title"),
        ("Login", "It crashes with two users", "fix", "the word `crashes` in its body"),
        ("Audit the settings", "", "feature", "no telling word in its title or body"),
        ("Login page", "blue", "feature", "no telling word in its title or body"),
        ("Prefix all names", "", "feature", "no telling word in its title or body"),
        ("", "", "feature", "no telling word in its title or body"),
    ],
)
def test_a_missing_type_is_chosen_by_rule_and_the_rule_is_shown(title: str, body: str, kind: str, rule: str) -> None:
    assert classify(title, body) == Classified(kind, rule)


def test_every_type_has_a_flow() -> None:
    assert set(FLOWS) == {"feature", "fix", "refactor", "test", "audit", "skill_extraction", "roles"}
