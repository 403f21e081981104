"""Work on the log is done here or in the runner, whichever can be had; moments in between are waited out."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.orchestrate.client import NoRunner
from engine.orchestrate.reaching import reached
from engine.orchestrate.store.writer_lock import LockedLog
from engine.orchestrate.wire import Refused


def locked() -> str:
    raise LockedLog(Path("events.sqlite.lock"), 1, "today")


def nobody() -> str:
    raise NoRunner


def refusing() -> str:
    raise Refused("no", "ask again")


def test_a_moment_in_which_nobody_can_be_reached_is_waited_out() -> None:
    answers = iter([locked, locked, lambda: "here"])
    pauses: list[float] = []

    def here() -> str:
        return next(answers)()

    assert reached(here, nobody, pauses.append) == "here"
    assert len(pauses) == 2


def test_waiting_for_who_never_answers_has_an_end() -> None:
    pauses: list[float] = []
    with pytest.raises(Refused, match="process 1, since today"):
        reached(locked, nobody, pauses.append)
    assert len(pauses) == 100


def test_a_refusal_is_told_as_it_is() -> None:
    with pytest.raises(Refused, match="no; ask again"):
        reached(locked, refusing)
