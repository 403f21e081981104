"""Appending from a command: by itself where nobody runs, through the runner where one does, never beside it."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from engine.config import Settings
from engine.orchestrate import client
from engine.orchestrate.appending import append
from engine.orchestrate.events import Draft
from engine.orchestrate.host import open_host
from engine.orchestrate.state import State
from engine.orchestrate.store.event_log import EventLog, LockedLog
from engine.orchestrate.store.locations import KEYS_VARIABLE, STATE_VARIABLE
from engine.orchestrate.verdicts import Person, approve, refusal_event
from engine.orchestrate.wire import Refused
from engine.orchestrate.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner is for Linux and macOS")
ADA = Person("Ada", "cli")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    for command in (
        ["init", "-q"],
        ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    workspace = Workspace.open(root, Settings())
    workspace.files.create({"title": "One"})
    return workspace


def approval(workspace: Workspace) -> Draft:
    return approve(workspace.files.load("one"), State(), ADA, again=False)


def types(workspace: Workspace) -> list[str]:
    with EventLog.open(workspace.locations.database, write=False) as log:
        return [event.type for event in log.read()]


def test_where_nobody_runs_the_command_writes_the_log_and_the_file(workspace: Workspace) -> None:
    assert append(workspace, approval(workspace)) == []

    assert types(workspace) == ["approval"]
    assert "status: approved" in workspace.files.load("one").text


async def test_where_a_runner_runs_it_writes_both(workspace: Workspace) -> None:
    draft = approval(workspace)
    async with open_host(workspace) as host:
        assert await asyncio.to_thread(append, workspace, draft) == []
        assert host.runner.state.intents["one"].status == "approved"
        await asyncio.to_thread(append, workspace, refusal_event("approve", "one", "key"))

    assert types(workspace) == ["approval", "error"]
    assert "status: approved" in workspace.files.load("one").text


async def test_what_a_client_asks_for_twice_is_there_once(workspace: Workspace) -> None:
    params = {"draft": asdict(approval(workspace)), "event_id": "its id"}
    async with open_host(workspace):
        answers = [await asyncio.to_thread(client.ask, workspace.socket, "append", params) for _ in range(2)]

    assert answers[0] == answers[1]
    assert types(workspace) == ["approval"]


def test_what_a_runner_wrote_before_it_died_is_not_written_again(workspace: Workspace) -> None:
    draft = approval(workspace)
    workspace.locations.create()

    def die(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("r") as lines:
            params = json.loads(lines.readline())["params"]
            with workspace.open_log() as log:
                log.append(Draft(**params["draft"]), event_id=params["event_id"])

    with socket.socket(socket.AF_UNIX) as listening, ThreadPoolExecutor() as pool:
        listening.bind(str(workspace.socket))
        listening.listen()
        dead = pool.submit(die, listening)
        assert append(workspace, draft) == []
        dead.result()

    assert types(workspace) == ["approval"]
    assert "status: approved" in workspace.files.load("one").text


def test_a_file_that_cannot_be_changed_is_told_and_the_log_counts(workspace: Workspace) -> None:
    draft = approval(workspace)
    workspace.files.path("one").write_text("title: 'One\n", encoding="utf-8")

    (said,) = append(workspace, draft)

    assert said.startswith("one: the file is broken")
    assert types(workspace) == ["approval"]


def test_what_makes_no_sense_is_refused_and_recorded(workspace: Workspace) -> None:
    append(workspace, approval(workspace))
    payload = {"index": 0, "answer": "a", "by": "Ada"}

    with pytest.raises(Refused, match="no run of Intent `one` waits"):
        append(workspace, Draft(type="answer", payload=payload, intent_id="one"))
    assert types(workspace) == ["approval", "answer", "error"]


def test_another_command_that_is_writing_is_waited_for(workspace: Workspace) -> None:
    draft = approval(workspace)
    workspace.locations.create()
    other = workspace.open_log()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            other.close()

    assert append(workspace, draft, pause) == []
    assert len(pauses) == 3
    assert types(workspace) == ["approval"]


def test_a_user_with_another_state_folder_holds_the_same_lock(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "other"))
    other = Workspace.open(workspace.repository.root, Settings())

    with workspace.open_log(), pytest.raises(LockedLog):
        other.open_log()

    assert other.locations.database != workspace.locations.database
    other.open_log().close()


def test_who_writes_for_ever_is_not_waited_for(workspace: Workspace) -> None:
    draft = approval(workspace)
    pauses: list[float] = []
    workspace.locations.create()

    with workspace.open_log(), pytest.raises(Refused, match="does not answer"):
        append(workspace, draft, pauses.append)

    assert 0 < sum(pauses) < 10
    assert types(workspace) == []
