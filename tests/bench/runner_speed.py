"""The Runner's speed and memory: ``python -m tests.bench.runner_speed [--quick]``.

Real git in a temporary repository, real processes, the host in this process. One line a figure: medians, and beside
what takes long for other reasons (the disk, other people's work) the seconds of processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from compileall import compile_dir
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.agents.process import run_process
from engine.orchestrate.controller import fold
from engine.orchestrate.events import CAUSES, Draft, Event
from engine.orchestrate.git.repository import git_version
from engine.orchestrate.store.event_log import EventLog
from tests.bench.metering import Process, ended, metered, rss
from tests.bench.runner_process import delays, idle, runner_of
from tests.orchestrate.git.sandbox import Sandbox
from tests.orchestrate.project import Project, until_event
from tests.orchestrate.simulation import simulate

#: an agent that takes next to no time itself: it reads the request and makes a file that is called like its Task
AGENT = 'cat > /dev/null; echo work > "${PWD##*/}.txt"; echo "{}"'
#: an agent that ends for nothing but SIGKILL, and starts others like it
DEAF = "trap '' INT TERM HUP; (while :; do sleep 0.05; done) & while :; do sleep 0.05; done"


def show(what: str, figure: str) -> None:
    print(f"{what:<58} {figure}", flush=True)


@contextmanager
def a_project(**run: Any) -> Iterator[Project]:
    """A repository with the agent, and settings of the table `run`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        agent = {"command": "/bin/sh", "args": ["-c", AGENT]}
        settings = {"run": {"retry_base_seconds": 0.01, **run}, "agents": {"command": agent}}
        yield Project(Sandbox(Path(folder)).start(), settings)


def intent_of(lines: Sequence[str], *, chained: bool = False, verify: str = "true") -> str:
    """An Intent with a Task for each line of shell; one for the agent where the line is empty."""
    tasks = []
    for number, line in enumerate(lines):
        work = f'run: "{line}"' if line else "plan: do it"
        after = f", depends_on: [t{number - 1}]" if chained and number else ""
        tasks.append(f"  - {{id: t{number}, title: Task {number}, {work}{after}}}\n")
    return f"title: Many Tasks\ntasks:\n{''.join(tasks)}verify: ['{verify}']\n"


@dataclass
class Played:
    """A metered run: its events, the processes it took, its processor time, its MB of memory at each step."""

    events: list[Event]
    processes: list[Process]
    cpu: float
    cpu_of_others: float
    seconds: float
    rss: list[float] = field(default_factory=list)

    @property
    def transactions(self) -> int:
        """Those of the log: the events of one have one timestamp."""
        return len({event.timestamp for event in self.events})

    def counters(self) -> Counter[str]:
        """What it took, in numbers that are the same whenever it is done."""
        git = sum(process.is_git for process in self.processes)
        return Counter({
            "events": len(self.events),
            "transactions": self.transactions,
            "git commands": git,
            "commands": len(self.processes) - git,
        })  # fmt: skip

    def steps(self) -> list[tuple[float, str]]:
        """When each step ended, and its name."""
        return [(moment(event), event.payload["step"]) for event in self.events if event.type == "step.end"]


def moment(event: Event) -> float:
    """When an event was appended, in seconds since the epoch."""
    return datetime.fromisoformat(event.timestamp).timestamp()


def play(project: Project, text: str, name: str = "bench") -> Played:
    """Runs an Intent to its end."""
    project.intent(name, text)
    before = len(project.events)
    memory: list[float] = []

    async def run() -> None:
        async with project.open() as host:
            def look(event: Event) -> None:
                if event.type == "step.end" and event.task_id:
                    memory.append(rss())

            host.runner.watch(look)
            await host.start([name])
            await host.runner.until_still()
            assert not host.notes

    with metered() as processes:
        own, others, start = time.process_time(), _of_children(), time.perf_counter()
        asyncio.run(run())
        seconds, cpu, of_others = time.perf_counter() - start, time.process_time() - own, _of_children() - others
    events = project.events[before:]
    assert project.end["state"] == "succeeded", project.end
    return Played(events, processes, cpu, of_others, seconds, memory)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def each_task(tasks: int) -> dict[str, float]:
    """What one Task more takes, of Tasks one after the other."""
    with a_project() as project:
        few = play(project, intent_of([""] * tasks, chained=True)).counters()
    with a_project() as project:
        many = play(project, intent_of([""] * 2 * tasks, chained=True)).counters()
    return {name: (many[name] - few[name]) / tasks for name in many}


def shell_alone(rounds: int = 15) -> float:
    """Median seconds that a shell takes which does nothing."""
    return _median(rounds, lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True))


def _median(rounds: int, action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def between_steps(tasks: int) -> None:
    """What is neither git's nor the commands' time from one step's end to the next one's, one step at a time."""
    command = shell_alone()
    with a_project() as project:
        played = play(project, intent_of([""] * tasks, chained=True))
    found = ended(played.steps(), played.processes, command)
    everything = [seconds for of_step in found.values() for seconds in of_step]
    show("between two steps, beyond git and agents (20 ms)", f"p50 {statistics.median(everything) * 1e3:6.1f} ms")
    for name, seconds in found.items():
        show(f"  the step {name}", f"p50 {statistics.median(seconds) * 1e3:6.1f} ms")


def under_a_guard(rounds: int) -> float:
    """Shows what a command takes under its guard, and gives the processor time of that in seconds."""
    environment = {"PATH": "/usr/bin:/bin"}

    async def guarded() -> list[float]:
        with Guards() as guards:
            ends = [
                await run_process(
                    "true", cwd=Path("/"), env=environment, marker=f"bench/{number}", timeout=60, guards=guards
                )
                for number in range(rounds)
            ]
        return [end.duration for end in ends]

    before = _of_children()
    alone = shell_alone(rounds)
    between = _of_children()
    own = time.process_time()
    seconds = statistics.median(asyncio.run(guarded()))
    cpu = (_of_children() - between - (between - before) + time.process_time() - own) / rounds
    show("a command under its guard, more than alone", f"{(seconds - alone) * 1e3:8.1f} ms   CPU {cpu * 1e3:.1f} ms")
    return (_of_children() - between - (between - before)) / rounds


def many_tasks(tasks: int, guard: float) -> list[Event]:
    """A run of Tasks that do not depend on each other; its events."""
    with a_project(max_parallel_roles=4) as project:
        played = play(project, intent_of([""] * tasks))
        reading = state_of_log(project.workspace.locations.database)
    commands = played.counters()["commands"]
    ours = (played.cpu + commands * guard) / tasks
    show(f"{tasks} Tasks: CPU of runner and guards a Task (40 ms)", f"{ours * 1e3:8.1f} ms")
    show(f"{tasks} Tasks: the runner alone", f"{played.cpu / tasks * 1e3:8.1f} ms")
    show(f"{tasks} Tasks: CPU of git, agents and guards a Task", f"{played.cpu_of_others / tasks * 1e3:8.1f} ms")
    show(f"{tasks} Tasks: all in all", f"{played.seconds / tasks * 1e3:8.1f} ms a Task")
    first, last = played.rss[len(played.rss) // 5], played.rss[-1]
    show(f"{tasks} Tasks: memory after a fifth and all of the steps", f"{first:8.1f} MB   {last:.1f} MB")
    show(f"{tasks} Tasks: CPU of the log's state afterwards", f"{reading * 1e3:8.1f} ms")
    return played.events


def state_of_log(database: Path) -> float:
    """Seconds of processor time that the state of a log takes, as `status` asks for it."""
    with EventLog.open(database, write=False) as log:
        start = time.process_time()
        log.state()
        return time.process_time() - start


def eight_at_once() -> None:
    """From the first implementation's start to the last one's end, of eight that take a second."""
    with a_project(max_parallel_roles=8) as project:
        played = play(project, intent_of([f"sleep 1; echo x > {number}.txt" for number in range(8)]))
    of_step = [event for event in played.events if event.payload.get("step") == "implement"]
    start = min(moment(event) for event in of_step if event.type == "step.start")
    end = max(moment(event) for event in of_step if event.type == "step.end")
    show("8 Tasks of 1 s at once, first start to last end (1.6 s)", f"{end - start:8.2f} s")


def cancelling(rounds: int) -> None:
    """From the wish to cancel to its verified end, for a command that ignores signals."""
    seconds = []
    for _ in range(rounds):
        with a_project() as project:
            seconds.append(asyncio.run(_cancelled(project)))
    show("cancel, verified, of an agent that ignores signals (2 s)", f"{statistics.median(seconds):8.2f} s")


async def _cancelled(project: Project) -> float:
    project.intent("bench", intent_of([DEAF]))
    async with project.open() as host:
        running = asyncio.create_task(until_event(host, "step.start", step="implement"))
        await asyncio.sleep(0)
        started = await host.start(["bench"])
        await running
        await asyncio.sleep(1)                           # until it is deaf
        start = time.perf_counter()
        await host.runner.cancel(started.runs["bench"], "enough", "Ada")
        return time.perf_counter() - start


def process_of_its_own(tasks: int, seconds: float) -> None:
    """The runner's process: how soon a client has an event, and what it takes afterwards, with nothing to do."""
    with a_project() as project:
        project.intent("bench", intent_of([""] * tasks))
        with runner_of(project) as process:
            late = sorted(delays(project))
            found = idle(process, seconds)
    p50, p95 = statistics.median(late), late[int(len(late) * 0.95)]
    show("an event, to a client of the runner (p95 100 ms)", f"p50 {p50 * 1e3:6.1f} ms   p95 {p95 * 1e3:.1f} ms")
    show("the runner's process, idle (1 % CPU, 80 MB)",
         f"{found.cpu:8.2%}   {found.megabytes:.1f} MB, {found.threads} threads")  # fmt: skip


def simulated(worlds: int) -> None:
    """Worlds of chance, each with its Intents' runs, crashes and all."""
    start = time.process_time()
    runs = sum(simulate(number).runs for number in range(worlds))
    minutes = (time.process_time() - start) / 60
    show("simulation (10000 runs a minute)", f"{runs / minutes:8.0f} runs   {worlds / minutes:.0f} worlds a minute")


def standing(intents: int, rounds: int) -> None:
    """`penstock status` in a repository with many Intents."""
    with a_project() as project:
        folder = project.root / ".penstock" / "intents"
        folder.mkdir(parents=True)
        for number in range(intents):
            (folder / f"intent-{number}.yaml").write_text(
                f"title: Change number {number}\nstatus: proposed\nbody: |\n  Something is to be changed here.\n"
                f"run: ['echo {number} > file-{number}.txt']\nverify: ['test -s file-{number}.txt']\n",
                encoding="utf-8",
            )
        command = [sys.executable, "-P", "-m", "engine.cli", "status"]
        environment = {**project.environment, "PYTHONPATH": str(Path.cwd())}
        before = _of_children()
        wall = _median(rounds, lambda: subprocess.run(
            command, cwd=project.root, env=environment, check=True, stdout=subprocess.DEVNULL))  # fmt: skip
        cpu = (_of_children() - before) / rounds
    show(f"status with {intents} Intents (0.4 s)", f"{wall:8.2f} s   CPU {cpu:.2f} s")


def controller(events: Sequence[Event]) -> None:
    """The rules alone, on the events of a run."""
    causes = [event for event in events if event.type in CAUSES]
    start = time.process_time()
    fold(causes)
    seconds = time.process_time() - start
    show("controller", f"{len(causes) / seconds:8.0f} steps/s")


def appending(events: int) -> None:
    """Events into a log, each safe on disk."""
    with tempfile.TemporaryDirectory() as folder, EventLog.open(Path(folder, "log"), write=True) as log:
        draft = Draft(type="message", payload={"text": "x" * 200}, run_id="run", intent_id="intent")
        own, start = time.process_time(), time.perf_counter()
        for _ in range(events):
            log.append(draft)
        cpu, seconds = time.process_time() - own, time.perf_counter() - start
    show("log", f"{events / seconds:8.0f} appends/s   CPU {cpu / events * 1e6:.0f} us each")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="few Tasks, a minute")
    quick = parser.parse_args().quick
    compile_dir("engine", quiet=1)                       # as an installation does
    git = ".".join(map(str, git_version({"PATH": "/usr/bin:/bin:/usr/local/bin"})))
    print(f"Python {sys.version.split()[0]}, git {git}, SQLite {sqlite3.sqlite_version}, medians; in brackets: wanted")
    for what, number in each_task(2).items():
        show(f"a Task more: {what}", f"{number:8.1f}")
    between_steps(5 if quick else 20)
    guard = under_a_guard(10 if quick else 40)
    cancelling(1 if quick else 3)
    eight_at_once()
    standing(100 if quick else 1000, 3 if quick else 7)
    process_of_its_own(5 if quick else 40, 2 if quick else 20)
    simulated(100 if quick else 1000)
    appending(500 if quick else 5000)
    controller(many_tasks(20 if quick else 1000, guard))


if __name__ == "__main__":
    main()
