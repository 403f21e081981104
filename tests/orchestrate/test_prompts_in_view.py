"""Runs of prompts in the views of people: they have no Intent, and go by their own ids."""

from __future__ import annotations

import pytest

from engine.orchestrate.overview import requests, standings
from engine.orchestrate.verdicts import Person, answer, asked
from engine.orchestrate.wire import Refused
from tests.orchestrate.story import RUN, Story

ADA = Person("Ada", "cli")


def asking() -> Story:
    """A prompt of which a role asks whether something is agreed to."""
    story = Story()
    story.prompt("Write a poem")
    story.begin("coordinator")
    story.end("coordinator", "question", kind="policy", question="a.txt changed: do you agree?", text="so be it")
    return story


def test_an_open_run_of_a_prompt_is_listed() -> None:
    story = Story()
    story.prompt("Write a poem")
    (shown,) = standings({}, story.state)
    assert (shown.intent_id, shown.run_id, shown.title, shown.status) == (RUN, RUN, "Write a poem", "running")
    assert standings({}, story.state, alive=False)[0].status == "interrupted"


def test_what_it_asks_waits_in_the_inbox_and_is_answered_by_its_id() -> None:
    story = asking()
    (request,) = requests({}, story.state)
    assert request.commands == (f"penstock answer {RUN} yes", f"penstock answer {RUN} no")
    draft = answer(asked(RUN, story.state), "yes", ADA)
    assert draft is not None and (draft.run_id, draft.intent_id) == (RUN, None)
    story.happens(draft.type, draft.payload, run_id=draft.run_id)
    assert list(requests({}, story.state)) == [] and story.open() == ["documenter"]


def test_nobody_asks_about_a_run_that_does_not() -> None:
    with pytest.raises(Refused, match="nobody asks"):
        asked("other-00000001", asking().state)


def test_what_is_refused_ends_it() -> None:
    story = asking()
    story.answer(0, "no")
    assert story.ended().state == "failed"
