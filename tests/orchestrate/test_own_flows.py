"""Flows that a project sets up itself: which steps go together, and what goes by their names."""

from __future__ import annotations

import pytest

from engine.config import Settings, decode
from engine.config_tables import BudgetsTable
from engine.flow_steps import STEPS, mistake_in
from engine.languages.intent.document import parse
from engine.orchestrate.flow import DUTIES, FLOWS
from engine.orchestrate.prompting import Prompt, prompt_start
from engine.orchestrate.rules.beginning import is_possible
from engine.orchestrate.starting import choose, run_start, steps_of
from engine.orchestrate.state import Approval, IntentState, State
from engine.orchestrate.trust import claims_of
from engine.orchestrate.wire import Refused

OWN = {"quick": ("implement",)}


@pytest.mark.parametrize(
    "steps",
    [*FLOWS.values(), ("implement",), ("analyze", "implement"), ("coordinator", "reviewer", "documenter")],
)
def test_steps_that_are_a_flow_have_a_rule(steps: tuple[str, ...]) -> None:
    assert mistake_in(steps) is None and is_possible(steps)


@pytest.mark.parametrize(
    "steps, mistake",
    [
        ((), "at least one"),
        (("implement", "implement"), "`implement` stands there twice"),
        (("review", "implement"), "the order must be implement, review"),
        (("audit", "implement"), "`audit` and `implement` do not go together; with `audit` go `report`"),
        (("audit",), "`report` is missing"),
        (("analyze", "review"), "`implement` is missing"),
        (("coordinator", "documenter"), "somebody to delegate to"),
    ],
)
def test_steps_that_are_none_say_why(steps: tuple[str, ...], mistake: str) -> None:
    assert mistake in (mistake_in(steps) or "")
    (fault,) = decode({"flows": {"mine": {"steps": list(steps)}}})[1]
    assert fault.path == ("flows", "mine", "steps") and mistake in fault.message


def test_every_step_has_a_duty_and_every_flow_is_made_of_steps() -> None:
    assert {*STEPS, "reflect"} == set(DUTIES)
    assert {name for flow in FLOWS.values() for name in flow} <= set(STEPS)


def test_an_unknown_step_is_told_with_its_place_and_the_nearest_name() -> None:
    _, (fault,) = decode({"flows": {"quick": {"steps": ["implemnt", "review"]}}})
    assert fault.path == ("flows", "quick", "steps", 0) and fault.suggestion == "implement"
    assert "did you mean `implement`?" in fault.message


def test_an_intent_goes_through_the_flow_of_its_type() -> None:
    document = parse("one", "title: One\ntype: quick\n")
    draft = run_start(
        document, "one-1", limits={}, budgets=BudgetsTable(), policy={}, base={"mode": "branch"}, waits_for=(), own=OWN
    )  # fmt: skip
    assert draft.payload["flow"] == ["implement"]


def test_a_flow_of_a_repository_needs_trust_since_it_may_leave_out_the_review() -> None:
    assert claims_of({"flows": {"fix": {"steps": ["implement"]}}, "lsp": {}}) == {
        "flows": {"fix": {"steps": ["implement"]}}
    }


def test_a_flow_of_ones_own_goes_before_one_of_ours() -> None:
    assert steps_of("fix", {"fix": ("implement",)}) == ("implement",)
    assert steps_of("fix", OWN) == FLOWS["fix"]


@pytest.mark.parametrize("named", [["one"], []])
def test_an_intent_whose_type_is_no_flow_waits_and_says_so(named: list[str]) -> None:
    document = parse("one", "title: One\ntype: quik\n")
    approval = Approval(document.approval_hash or "", "Ada", "now")
    state = State(intents={"one": IntentState(approval=approval, status="approved")})

    choice = choose(state, {"one": document}, named, OWN)
    assert choice.start == []
    assert choice.waits == {"one": "its type is no Flow: there is no Flow `quik`; did you mean `quick`?"}


def test_a_prompt_becomes_the_run_of_an_intent_that_is_nobodys() -> None:
    draft = prompt_start(Prompt("quick-1", "quick", "\n Do it\nnow\n"), OWN["quick"], Settings(), {"mode": "pr"})
    intent = draft.payload["intent"]
    assert (draft.run_id, draft.intent_id, draft.payload["flow"]) == ("quick-1", None, ["implement"])
    assert (intent["id"], intent["title"], intent["type"]) == (None, "Do it", "quick")
    with pytest.raises(Refused, match="empty"):
        prompt_start(Prompt("quick-1", "quick", " \n"), OWN["quick"], Settings(), {})
