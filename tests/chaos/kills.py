"""``python -m tests.chaos.kills``: `kill -9` of a busy runner, in every step, again and again; then all must be well.

The step is drawn first, from a deck that has each of them once, then a moment within it: a call of a function, or a
point in time.  The next runner goes on where the last one died.  When everything has ended, nothing may be lost, done
twice or left behind.  A seed draws the same steps again; what happens at the same time differs.
"""
from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.orchestrate import client
from engine.orchestrate.origins import wish
from engine.orchestrate.wire import Refused
from tests.chaos.busy import Busy, busy
from tests.chaos.doomed import BEGIN, DECISIONS, STEPS, Death, Doom
from tests.chaos.process import Hangs, Runner
from tests.chaos.whole import wrong

__all__ = ["KINDS", "Campaign"]

KINDS = (BEGIN, *STEPS, *DECISIONS)
#: lives of one repository, kills or not, after which it hangs
LIVES = 150


@dataclass
class Extent:
    """How far a step reaches, as far as known: calls of functions, and seconds."""

    calls: int = 4_000
    seconds: float = 0.2

    def learn(self, death: Death) -> None:
        """One that came after the end of a step tells where that is."""
        if death.ended and death.calls:                  # without calls counted nothing slows it down
            self.calls = death.calls
        elif death.ended:
            self.seconds = death.seconds


@dataclass
class Campaign:
    """Kills of runners. `deaths`: where they died."""

    seed: int
    deaths: list[Death] = field(default_factory=list)
    repositories: int = 0

    def __post_init__(self) -> None:
        self._lot = random.Random(f"kills {self.seed}")
        self._deck: list[str] = []
        self._extents = {kind: Extent() for kind in KINDS}

    def one_repository(self, kills: int) -> list[str]:
        """Kills the runners of one more repository, that many times at most; what is wrong with it in the end."""
        until = len(self.deaths) + kills
        self.repositories += 1
        with busy(self._lot) as project:
            try:
                for _ in range(LIVES):
                    if self._one_life(project, self._doom() if len(self.deaths) < until else None):
                        return list(wrong(project))
                return ["it does not come to its end"]
            except Hangs as hangs:
                return [str(hangs), *self._told(project)]

    def _told(self, project: Busy) -> Iterator[str]:
        for event in project.events[-30:]:
            yield f"{event.sequence} {event.type} {event.run_id} {event.task_id} {event.payload.get('key', '')}"

    def _doom(self) -> Doom:
        if not self._deck:
            self._deck = self._lot.sample(KINDS, len(KINDS))
        kind = self._deck[-1]
        extent, place = self._extents[kind], 1.1 * self._lot.random()
        if self._lot.random() < 0.5:
            return Doom(kind, calls=1 + int(place * extent.calls))
        return Doom(kind, seconds=place * extent.seconds)

    def _one_life(self, project: Busy, doom: Doom | None) -> bool:
        """From one runner's start to its end; whether everything was done in it."""
        runner, over = Runner(project, doom), False
        try:
            while runner.began and not over:
                over = self._on_and_on(project, runner)
            if over:
                with client.ending(project.workspace.socket, "stop") as (_, wait):
                    wait()
        except client.NoRunner:
            over = False
        except (Refused, AssertionError) as error:
            runner.kill()
            raise Hangs(f"{type(error).__name__}: {error}") from error
        death = runner.ended()
        if death is not None:
            self.deaths.append(death)
            self._deck.pop()
            self._extents[death.step].learn(death)
        return over

    def _on_and_on(self, project: Busy, runner: Runner) -> bool:
        """Decides something, sees to it that all goes on, and watches for a while; whether nothing is left to do."""
        seen = len(project.events)
        decision = project.next_decision()
        if decision:
            if isinstance(runner.fate, Doom) and runner.fate.step == decision:
                runner.signal()
            project.decide(decision)
        workspace = project.workspace
        params = {"intents": [], "wish": wish(workspace, project.environment), "go_on": True, "mine": []}
        runs = client.ask(workspace.socket, "start", params)["runs"]
        for event in client.follow(workspace.socket, {"runs": list(runs.values()), "after": seen}):
            if project.calls(event) or (project.undecided and self._lot.random() < 0.03):
                return False
        return not runs and not project.next_decision()


def histogram(deaths: Sequence[Death]) -> str:
    """Kills by step, and how: before its end, by calls or by time, and at its end."""
    lines = []
    for kind in KINDS:
        own = [death for death in deaths if death.step == kind]
        calls, ends = sum(death.calls > 0 and not death.ended for death in own), sum(death.ended for death in own)
        share = len(own) / max(len(deaths), 1)
        lines.append(f"{kind:<10} {len(own):4} {share:6.1%}  {'#' * round(40 * share):<10} "
                     f"{calls} at a call, {len(own) - calls - ends} at a moment, {ends} at its end")
    modules = Counter(death.place.partition(".")[0] for death in deaths if death.calls and not death.ended)
    return "\n".join([*lines, "calls in " + ", ".join(f"{name} {times}" for name, times in modules.most_common(12))])


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill as often as asked; the exit code."""
    parser = argparse.ArgumentParser("python -m tests.chaos.kills", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--kills", type=int, default=500, metavar="N", help="kills (default: 500)")
    parser.add_argument("--seed", type=int, metavar="K", help="where the choices start (default: anywhere)")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}: {options.kills} kills", flush=True)
    campaign, began, faults = Campaign(seed), time.monotonic(), 0
    while len(campaign.deaths) < options.kills:
        before = len(campaign.deaths)
        found = campaign.one_repository(options.kills - before)
        faults += len(found)
        told = [f"WRONG: {fault}" for fault in found] + [str(death) for death in campaign.deaths[before:] if found]
        so_far = f"repository {campaign.repositories}: {len(campaign.deaths)} kills"
        print("\n    ".join([f"{time.monotonic() - began:6.0f} s  {so_far}", *told]), flush=True)
    print(histogram(campaign.deaths))
    print(f"seed {seed}: {len(campaign.deaths)} kills in {campaign.repositories} repositories, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
