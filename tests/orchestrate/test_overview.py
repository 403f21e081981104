"""How Intents stand: what the log decides, what a file may say, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.languages.intent.document import IntentDocument, parse
from engine.orchestrate.overview import Request, requests, standing, standings
from engine.orchestrate.state import State
from engine.orchestrate.verdicts import Person, answer, approve, asked, reject
from engine.orchestrate.wire import Refused
from tests.orchestrate.story import RUN, Story

ADA = Person("Ada <ada@example.org>", "cli")


def document(text: str = "title: One\n", intent_id: str = "one") -> IntentDocument:
    return parse(intent_id, text)


def approved(text: str = "title: One\n") -> Story:
    story = Story()
    draft = approve(document(text), story.state, ADA, again=False)
    story.happens(draft.type, draft.payload, intent_id=draft.intent_id)
    return story


def waiting(story: Story, documents: Mapping[str, IntentDocument] | None = None) -> list[Request]:
    return list(requests(documents or {"one": document()}, story.state))


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("title: One\n", "proposed", ""),
        ("title: One\nstatus: approved\n", "proposed", "its file says approved, but nobody has approved it here"),
        ("title: One\nstatus: done\n", "done", ""),
        ("title: One\nstatus: nope\n", "broken", None),
    ],
)
def test_without_a_log_the_file_decides_all_but_an_approval(text: str, status: str, note: str | None) -> None:
    found = standing(document(text), State())

    assert found.status == status
    assert note is None or found.note == note


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("title: One\n", "approved"),
        ("# a comment\ntitle: One\nstatus: approved\nrisk: high\n", "approved"),
        ("title: One\nstatus: done\n", "approved"),
        ("title: Another\n", "proposed"),
        ("title: One\nrun: [rm x]\n", "proposed"),
    ],
)
def test_an_approval_is_for_what_was_looked_at(text: str, status: str) -> None:
    assert standing(document(text), approved().state).status == status


def test_a_run_is_shown_as_far_as_it_is() -> None:
    story = approved()
    story.start()
    before = standing(document(), story.state)
    story.plan("a", "b: a")
    story.do("a/implement", "a/rebase", "a/review")

    after = standing(document(), story.state)

    assert (before.status, before.run_id, before.note) == ("running", RUN, "analyze")
    assert (after.status, after.note) == ("running", "1 of 2 Tasks")


def test_a_run_that_nobody_goes_on_with_is_interrupted() -> None:
    story = approved()
    story.start()
    running = standing(document(), story.state, alive=False)
    story.begin("analyze")
    story.end("analyze", "question", clarifications=["Which?"])

    assert (running.status, running.run_id) == ("interrupted", RUN)
    assert "penstock run goes on with it" in running.note
    assert standing(document(), story.state, alive=False).status == "waiting_approval"


def test_a_run_that_the_runner_has_not_taken_up_is_interrupted() -> None:
    story = approved()
    story.start()

    def seen(*going: str) -> str:
        return standings({"one": document()}, story.state, going=going)[0].status

    assert (seen(), seen(RUN)) == ("interrupted", "running")


def test_a_run_stays_in_sight_while_its_file_is_broken() -> None:
    story = approved()
    story.start()

    found = standing(document("title: 'One\n"), story.state)

    assert (found.status, found.run_id, found.title) == ("running", RUN, "title of one")


def test_an_end_stands_with_its_reason_whatever_the_file_says() -> None:
    story = approved()
    story.start()
    story.cancel()
    story.end("analyze", "cancelled")

    found = standing(document("title: One\nstatus: proposed\n"), story.state)

    assert found.status == "cancelled"
    assert found.note == story.ended().reason


def test_what_needs_a_person_comes_first() -> None:
    story = approved()
    texts = {"one": "title: One\n", "b": "title: 'B\n", "c": "title: C\n", "d": "title: D\nstatus: done\n"}
    documents = {name: document(text, name) for name, text in texts.items()}

    assert [each.intent_id for each in standings(documents, story.state)] == ["one", "c", "b", "d"]
    assert [each.status for each in standings(documents, story.state)] == ["approved", "proposed", "broken", "done"]


def test_the_inbox_has_the_questions_of_a_run() -> None:
    story = approved()
    story.start()
    story.begin("analyze")
    story.end("analyze", "question", clarifications=["Which?", "When?"])

    assert standing(document(), story.state).status == "waiting_approval"
    found = waiting(story)
    assert [(each.kind, each.text, each.index, each.run_id) for each in found] == [
        ("question", "Which?", 0, RUN),
        ("question", "When?", 1, RUN),
    ]
    assert {each.command for each in found} == {"penstock answer one TEXT"}


def test_an_answer_is_for_one_question() -> None:
    story = approved()
    story.start()
    story.begin("analyze")
    story.end("analyze", "question", clarifications=["Which?", "When?"])

    with pytest.raises(Refused, match="2 questions"):
        asked(document(), story.state)
    with pytest.raises(Refused, match="2 open questions"):
        asked(document(), story.state, 3)
    draft = answer(asked(document(), story.state, 2), " now ", ADA)
    assert draft is not None
    assert (draft.run_id, dict(draft.payload)) == (RUN, {"index": 1, "answer": "now", "by": ADA.by, "mode": "cli"})
    story.happens(draft.type, draft.payload, run_id=draft.run_id, intent_id=draft.intent_id)
    assert [each.text for each in waiting(story)] == ["Which?"]
    with pytest.raises(Refused, match="some text"):
        answer(asked(document(), story.state), "  ", ADA)


def test_a_question_of_policy_is_answered_by_yes_or_no() -> None:
    story = approved()
    story.start()
    story.plan("a")
    story.begin("a/implement")
    story.end("a/implement", "question", question="It changes penstock.toml. Agree?", kind="policy")

    (found,) = waiting(story)

    assert found.policy
    assert found.command == "penstock answer one yes"
    with pytest.raises(Refused, match="yes or no"):
        answer(found, "maybe", ADA)


def test_a_question_in_a_file_that_no_run_waits_for_has_no_event() -> None:
    text = "title: One\nclarifications: [{question: Which?, answer: null}, {question: Old?, answer: no}]\n"

    question = asked(document(text), State())

    assert (question.text, question.run_id) == ("Which?", None)
    assert answer(question, "this", ADA) is None
    with pytest.raises(Refused, match="nobody asks"):
        asked(document(), State())


def test_an_escalated_run_waits_for_a_look_until_something_is_done() -> None:
    story = approved()
    story.start()
    story.plan("a")
    for _ in range(2):
        story.do("a/implement")
        story.begin("a/rebase")
        story.end("a/rebase", "conflict", files=["f"], onto="tip")

    (found,) = waiting(story)

    assert (found.kind, found.run_id, found.text) == ("look", RUN, story.ended().reason)
    assert found.commands == (f"penstock logs {RUN}", "penstock approve one --again")
    story.approve(again=True)
    assert [each.kind for each in waiting(story)] == ["proposed"]  # the story's hash is of another text


def test_a_run_that_failed_waits_for_a_look_until_something_is_done() -> None:
    story = approved()
    story.start()
    story.begin("analyze")
    error = {"class": "user", "message": "no such agent", "next_action": "set it in the settings"}
    story.end("analyze", "refused", error=error)

    (found,) = waiting(story)

    assert (found.kind, found.text) == ("look", "no such agent; set it in the settings")
    assert standing(document(), story.state).note == "no such agent; set it in the settings"
    reject_it = reject(document(), story.state, ADA)
    story.happens(reject_it.type, reject_it.payload, intent_id="one")
    assert waiting(story) == []


def test_an_intent_that_lost_its_dependency_says_how_both_run_again() -> None:
    story = approved()
    story.start("early", "early-1")
    story.start("one", waits_for=["early"])
    story.cancel(run_id="early-1")
    told = story.end("analyze", "cancelled", run_id="early-1")

    (found,) = waiting(story)

    command = "penstock approve early one --again"
    assert (found.kind, found.text) == ("look", "dependency `early` ended cancelled")
    assert found.commands == (command, "penstock reject one")
    assert standing(document(), story.state).note == f"dependency `early` ended cancelled; {command}"
    assert [end["next_action"] for end in story.told("run.end", told)] == ["", command]
    story.approve("early", again=True)
    story.approve("one", again=True)
    assert [each.kind for each in waiting(story)] == ["proposed"]


HOLD = {"reason": "main conflicts with what landed before, in a.txt", "next_action": "merge them by hand"}


def test_an_intent_that_cannot_start_says_what_to_do_first_until_it_starts() -> None:
    story = approved()
    told = story.happens("hold", HOLD, intent_id="one")

    (found,) = waiting(story)

    assert [(event.type, event.payload["message"]) for event in told] == [("error", HOLD["reason"])]
    assert (found.kind, found.text) == ("look", HOLD["reason"])
    assert found.commands == ("merge them by hand", "penstock run one")
    shown = standing(document(), story.state)
    assert (shown.status, shown.note) == ("approved", f"{HOLD['reason']}; merge them by hand")
    assert story.is_whole()
    story.start()
    assert waiting(story) == []
    assert story.is_whole()


@pytest.mark.parametrize("decided", ["approve", "reject"])
def test_a_decision_about_an_intent_ends_its_hold(decided: str) -> None:
    story = approved()
    story.happens("hold", HOLD, intent_id="one")

    draft = approve(document(), story.state, ADA, again=False) if decided == "approve" else None
    draft = draft or reject(document(), story.state, ADA)
    story.happens(draft.type, draft.payload, intent_id="one")

    assert waiting(story) == []


def test_what_was_not_about_to_start_is_not_held() -> None:
    story = Story()
    for _ in range(2):
        told = story.happens("hold", HOLD, intent_id="one")
        assert "was not about to start" in story.errors(told)[0]
        story.start()
    assert "has no `next_action`" in story.errors(approved().happens("hold", {"reason": "x"}, intent_id="one"))[0]


@pytest.mark.parametrize(
    ("text", "again", "words"),
    [
        ("title: 'One\n", False, "has mistakes"),
        ("title: One\nstatus: done\n", False, "has ended (done); to run it once more: penstock approve one --again"),
        ("title: One\nstatus: blocked\n", False, "--again"),
    ],
)
def test_what_cannot_be_approved_is_refused_with_the_way_out(text: str, again: bool, words: str) -> None:
    with pytest.raises(Refused) as refused:
        approve(document(text), State(), ADA, again=again)
    assert words in str(refused.value)


def test_an_ended_intent_is_approved_again() -> None:
    draft = approve(document("title: One\nstatus: done\n"), State(), ADA, again=True)

    assert draft.payload["again"] is True
    assert draft.payload["hash"] == document().approval_hash


def test_what_runs_is_neither_approved_nor_rejected() -> None:
    story = approved()
    story.start()

    for decide in (
        lambda: approve(document(), story.state, ADA, again=True),
        lambda: reject(document(), story.state, ADA),
    ):
        with pytest.raises(Refused, match=f"penstock cancel {RUN}"):
            decide()


def test_a_broken_intent_may_be_rejected() -> None:
    draft = reject(document("title: 'One\n"), State(), ADA)

    assert (draft.payload["action"], draft.intent_id) == ("reject", "one")
