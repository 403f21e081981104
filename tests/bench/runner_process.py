"""The runner as a process of its own: what it takes while nothing goes on, and how soon its clients know of events."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from engine.orchestrate import client
from engine.orchestrate.origins import wish
from engine.orchestrate.spawning import spawn
from tests.orchestrate.project import Project

__all__ = ["Idle", "delays", "idle", "runner_of"]


@dataclass(frozen=True)
class Idle:
    """A process that nobody needs: the share of a processor's time that it takes, its MB of memory, its threads."""

    cpu: float
    megabytes: float
    threads: int


@contextmanager
def runner_of(project: Project) -> Iterator[psutil.Process]:
    """The runner's process, as a command starts it."""
    environment = {**project.environment, "PYTHONPATH": os.pathsep.join([str(Path.cwd())])}
    process = psutil.Process(spawn(project.workspace, environment))
    try:
        yield process
    finally:
        with client.ending(project.workspace.socket, "stop") as (_, wait):
            wait()


def delays(project: Project) -> list[float]:
    """Runs what is approved; for each event the seconds from its moment to a client's having it, in order."""
    socket = project.workspace.socket
    params = {"intents": [], "wish": wish(project.workspace, project.environment), "go_on": False, "mine": []}
    runs = client.ask(socket, "start", params)["runs"]
    found = []
    for message in client.follow(socket, {"runs": list(runs.values()), "after": 0}):
        now = time.time()
        if "timestamp" in message:
            found.append(now - datetime.fromisoformat(message["timestamp"]).timestamp())
    return found


def idle(process: psutil.Process, seconds: float) -> Idle:
    """What it takes during so many seconds in which nobody wants anything."""
    before = process.cpu_times()
    time.sleep(seconds)  # what is measured is what happens while nothing is to happen
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return Idle(max(used, 0.0) / seconds, process.memory_info().rss / 1e6, process.num_threads())
