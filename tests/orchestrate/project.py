"""A repository with Intents that are really run: real git, real processes, the host in this process."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

from engine.config import Settings, decode
from engine.orchestrate import verdicts
from engine.orchestrate.appending import append
from engine.orchestrate.events import Event
from engine.orchestrate.host import Host, open_host
from engine.orchestrate.starting import Started
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.locations import KEYS_VARIABLE, STATE_VARIABLE
from engine.orchestrate.verdicts import Person
from engine.orchestrate.workspace import Workspace
from tests.orchestrate.git.sandbox import Sandbox

ADA = Person("Ada <ada@example.org>", "cli")
#: a run of a test that takes longer hangs
LIMIT = 60

#: an agent that does what a file beside it says: for each role a list of turns, each a line of shell and a result
_AGENT = """
import json, pathlib, subprocess, sys
here = pathlib.Path(__file__).parent
request = json.load(sys.stdin)
turns = json.loads((here / "turns.json").read_text())
with (here / "requests.jsonl").open("a") as file:
    file.write(json.dumps(request) + "\\n")
count = sum(json.loads(line)["role"] == request["role"] for line in (here / "requests.jsonl").open())
shell, result = turns[request["role"]][count - 1]
done = subprocess.run(shell, shell=True)
print("some words of the agent before its result")
print(json.dumps({"session_id": f"{request['role']}-session", **result}))
sys.exit(done.returncode)
"""


class Project:
    """A sandbox with Intents."""

    def __init__(self, sandbox: Sandbox, settings: Mapping[str, Any] | None = None) -> None:
        self.sandbox = sandbox
        self.root = sandbox.root
        folders = {STATE_VARIABLE: str(sandbox.folder / "state"), KEYS_VARIABLE: str(sandbox.folder / "keys")}
        self.environment = {**sandbox.environment, **folders}
        self.settings: Mapping[str, Any] = {"run": {"retry_base_seconds": 0.01}, **(settings or {})}
        self.may_write: list[str] = [str(sandbox.folder)]
        """Where agents and commands may write besides: agents of tests leave word of what they were asked."""

    @property
    def events(self) -> list[Event]:
        """Everything in the log."""
        with EventLog.open(self.workspace.locations.database, write=False) as log:
            return list(log.read())

    @property
    def workspace(self) -> Workspace:
        settings, faults = decode({"policy": {"paths": self.may_write}}, self.settings)
        assert not faults and isinstance(settings, Settings)
        return Workspace.open(self.root, settings, self.environment)

    def intent(self, name: str, text: str, *, approved: bool = True) -> None:
        """Writes an Intent, and approves it."""
        workspace = self.workspace
        workspace.files.make_folders()
        workspace.files.path(name).write_text(textwrap.dedent(text), encoding="utf-8")
        if approved:
            self.approve(name)

    def approve(self, name: str, *, again: bool = False) -> None:
        workspace = self.workspace
        document = workspace.files.load(name)
        assert not document.problems, document.problems
        assert append(workspace, verdicts.approve(document, workspace.state(), ADA, again=again)) == []

    def answer(self, name: str, text: str) -> None:
        """Answers the first open question of an Intent, as the command does."""
        workspace = self.workspace
        question = verdicts.asked(workspace.files.load(name), workspace.state(), 1)
        draft = verdicts.answer(question, text, ADA)
        assert draft is not None
        append(workspace, draft)

    def agent(self, **turns: list[tuple[str, Mapping[str, Any]]]) -> None:
        """Sets the command of the agent `command`: what it does and says, by role, turn by turn."""
        folder = self.sandbox.folder / "agent"
        folder.mkdir(exist_ok=True)
        (folder / "agent.py").write_text(_AGENT, encoding="utf-8")
        (folder / "turns.json").write_text(json.dumps(turns), encoding="utf-8")
        self.settings = {
            **self.settings,
            "agents": {"command": {"command": sys.executable, "args": [str(folder / "agent.py")]}},
        }

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What the agent was asked."""
        path = self.sandbox.folder / "agent" / "requests.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    async def run(self, *names: str) -> Started:
        """Runs Intents until nothing goes on by itself."""
        async with open_host(self.workspace, self.environment) as host:
            started = await host.start(names)
            await asyncio.wait_for(host.runner.until_still(), LIMIT)
            assert not host.notes
        return started

    def open(self) -> Any:
        """A host to be used with `async with`."""
        return open_host(self.workspace, self.environment)

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The payloads of the events of a type."""
        return [event.payload for event in self.events if event.type == kind]

    @property
    def end(self) -> Mapping[str, Any]:
        """How the last run ended."""
        return self.of("run.end")[-1]

    def status(self, name: str) -> str:
        """The status in an Intent's file."""
        intent = self.workspace.files.load(name).intent
        assert intent is not None
        return intent.status

    def landed(self, name: str, branch: str = "penstock/landed") -> str:
        """The content of a file where runs land."""
        return self.sandbox.git("show", f"{branch}:{name}")

    def steps(self) -> list[tuple[str | None, str, str]]:
        """The steps that ended: Task, step, result."""
        return [(e.task_id, e.payload["step"], e.payload["result"]) for e in self.events if e.type == "step.end"]


async def until_event(host: Host, kind: str, **payload: Any) -> Event:
    """The next event of a type with these entries in its payload."""
    found: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

    def look(event: Event) -> None:
        if event.type == kind and payload.items() <= dict(event.payload).items() and not found.done():
            found.set_result(event)

    unwatch = host.runner.watch(look)
    try:
        return await asyncio.wait_for(found, LIMIT)
    finally:
        unwatch()
