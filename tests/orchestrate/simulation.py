"""A world of chance around the controller: everything that may happen happens, from one seed, in no time.

Steps begin and end in any order and any way, events come twice, people cancel and answer, the Runner dies and folds its
log again. After each event the invariants are looked at. `simulate(seed)` plays one world to its end; the same seed
gives the same log, byte for byte.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.orchestrate.budget import Amounts
from engine.orchestrate.controller import fold, outstanding, step
from engine.orchestrate.effects import Announce, CancelStep, Effect, RunStep
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.flow import AGENT_STEPS, FLOWS
from engine.orchestrate.state import RunState, State
from tests.orchestrate.books import Books, budget

__all__ = ["World", "simulate"]

TERMINAL: Final = frozenset({"succeeded", "failed", "cancelled"})
ROLES: Final = frozenset(AGENT_STEPS)
DELEGATED: Final = frozenset({"parent_task_id", "child_task_id", "role", "prompt_digest", "started_at"})
_BAD_ENDS: Final = ("failed", "timeout", "stalled", "refused", "question", "conflict", "rejected", "cancelled")
_GITS_BAD_ENDS: Final = ("failed", "refused", "question", "conflict", "conflict", "rejected", "cancelled")


class World:
    """A log, an executor and people, all of them by lot. `trouble`: how likely a step does not end well, 0 to 1.

    In each world only some things go wrong, so that rare ones are seen together.
    """

    def __init__(self, seed: int, trouble: float | None = None) -> None:
        self.lot = random.Random(seed)
        self.trouble = self.lot.choice([0.0, 0.1, 0.2, 0.4]) if trouble is None else trouble
        self.bad_ends = self.lot.sample(_BAD_ENDS, self.lot.randrange(1, 4))
        self.gits_bad_ends = self.lot.sample(_GITS_BAD_ENDS, self.lot.randrange(1, 4))
        self.state = State()
        self.log: list[Event] = []
        self.books = Books(self.log, ROLES)
        self.seconds = 0.0
        self.thrift = self.lot.choice([0.0, 0.0, 0.5])
        self.at_once = self.lot.choice([1, 2, 4])
        self.waiting: dict[str, RunStep] = {}
        self.running: dict[str, RunStep] = {}
        self.to_cancel: set[str] = set()
        self.started: set[str] = set()
        self.runs = 0
        self.crashes = 0
        self._told: dict[tuple[str, str], str] = {}
        self._ends: dict[str, Mapping[str, Any]] = {}
        self._landed: set[str] = set()
        self._answered: set[str] = set()
        self._parents: set[str] = set()
        self._stopped: set[tuple[str, str | None]] = set()

    # -- the log

    def append(self, draft: Draft) -> None:
        """What the Runner does with an event, and then a look at whether all is well."""
        self.seconds += self.lot.choice([0.0, 0.01, 0.5])
        cause = self._sealed(draft)
        before = self.state
        self.state, effects = step(before, cause)
        announced = [self._sealed(effect.draft) for effect in effects if isinstance(effect, Announce)]
        for effect in effects:
            self._carry_out(effect)
        if cause.type == "step.end":
            key = cause.payload["key"]
            self.running.pop(key, None)
            self.waiting.pop(key, None)
            self.to_cancel.discard(key)
        for event in announced:
            self._check_announcement(event)
        self._check()

    def _sealed(self, draft: Draft) -> Event:
        number, (minutes, seconds) = len(self.log) + 1, divmod(self.seconds, 60)
        event = Event(
            type=draft.type, payload=draft.payload, run_id=draft.run_id, intent_id=draft.intent_id,
            task_id=draft.task_id, parent_id=draft.parent_id, role=draft.role, event_id=f"e{number}", sequence=number,
            timestamp=f"2026-01-{1 + int(minutes) // 1440:02}T{int(minutes) // 60 % 24:02}:{int(minutes) % 60:02}:"
            f"{seconds:09.6f}Z",
        )  # fmt: skip
        self.log.append(event)
        return event

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, RunStep):
            self.books.check_room(effect, self.state, self.started)
            assert effect.key not in self.started, f"{effect.key} was asked for twice"
            assert (effect.run_id, effect.task_id) not in self._stopped, f"{effect.key} goes on past a stop"
            self.started.add(effect.key)
            self.waiting[effect.key] = effect
        elif isinstance(effect, CancelStep):
            assert effect.key in self.waiting or effect.key in self.running
            self.to_cancel.add(effect.key)

    # -- what may happen

    def start_intent(self) -> None:
        name = f"i{self.runs}"
        self.runs += 1
        self.append(Draft(type="approval", payload={"action": "approve", "hash": "h", "by": "p"}, intent_id=name))
        if self.runs % 4 == 0:
            self.append(Draft(type="hold", payload={"reason": "conflict", "next_action": "merge"}, intent_id=name))
        others = [f"i{number}" for number in range(self.runs + 1)]
        payload = {
            "intent": {"id": name, "title": name, "clarifications": []},
            "flow": ["analyze", "implement", "review"][: self.lot.choice([3, 3, 2])],
            "limits": self._limits(),
            "base": {"branch": "main", "commit": "base", "mode": "branch"},
            "integrate": "branch",
            "waits_for": self.lot.sample(others, 1) if self.lot.random() < 0.15 else [],
            "budget": budget(self.lot, self.thrift),
        }
        self.append(Draft(type="run.start", payload=payload, run_id=f"{name}-r", intent_id=name))

    def start_prompt(self) -> None:
        """A Flow on a prompt, which has no Intent."""
        name = f"p{self.runs}-r"
        self.runs += 1
        intent = {"id": None, "title": name, "body": name}
        flow = FLOWS[self.lot.choice(["roles", "roles", "audit", "skill_extraction"])]
        limits, allowed = self._limits(), budget(self.lot, self.thrift)
        payload = {"intent": intent, "flow": flow, "limits": limits, "budget": allowed, "base": {}}
        self.append(Draft(type="run.start", payload=payload, run_id=name))

    def _limits(self) -> dict[str, Any]:
        return {"max_retries_per_role": self.lot.randrange(3), "max_review_retries": self.lot.randrange(3),
                "max_cycle_count": self.lot.randrange(1, 5), "retry_base_seconds": 0.1}  # fmt: skip

    def begin_step(self) -> bool:
        roles = sum(effect.step in ROLES for effect in self.running.values())
        able = [
            key
            for key, effect in self.waiting.items()
            if effect.not_before <= self._epoch() and (effect.step not in ROLES or roles < self.at_once)
        ]
        if not able:
            return False
        effect = self.waiting.pop(self.lot.choice(able))
        self.running[effect.key] = effect
        self.books.begun.add(effect.key)
        self._check_beginning(effect)
        payload = {"key": effect.key, "step": effect.step, "attempt": effect.attempt}
        self.append(Draft(type="step.start", payload=payload, run_id=effect.run_id, task_id=effect.task_id))
        return True

    def end_step(self) -> bool:
        pool = list(self.running) or sorted(self.to_cancel)
        if not pool:
            return False
        key = self.lot.choice(pool)
        effect = self.running.get(key) or self.waiting[key]
        result = "ok"
        if key in self.to_cancel and self.lot.random() < 0.8:
            result = "cancelled"
        elif self.lot.random() < self.trouble * (1 if effect.step in ROLES else 2):
            result = self.lot.choice(self.bad_ends if effect.step in ROLES else self.gits_bad_ends)
        output = {**self._output(effect, result), "usage": {"output_tokens": self.lot.randrange(200)},
                  "cost_usd": self.lot.randrange(100) / 1000}  # fmt: skip
        if effect.step not in ROLES:
            output = {name: output[name] for name in output if name not in {"usage", "cost_usd"}}
        payload = {"key": key, "step": effect.step, "result": result, "output": output,
                   "duration_ms": self.lot.randrange(15_000)}  # fmt: skip
        self.append(Draft(type="step.end", payload=payload, run_id=effect.run_id, task_id=effect.task_id))
        return True

    def _output(self, effect: RunStep, result: str) -> dict[str, Any]:
        lot = self.lot
        if result == "question":
            kind = lot.choice(["policy", "clarification"])
            return {
                "kind": kind,
                "question": f"q{lot.randrange(2)}?",
                "start_commit": "base",
                "commit": f"c {effect.key}",
            }
        if result == "conflict":
            return {
                "files": ["f"],
                "onto": f"tip {len(self.log)}",
                "task_id": lot.choice(list(self._tasks(effect)) or ["t0"]),
            }
        if result != "ok":
            return {"feedback": {"text": f"no {lot.randrange(3)}"}}
        commit = f"c {effect.key}"
        outputs: dict[str, Callable[[], dict[str, Any]]] = {
            "analyze": self._analysis,
            "implement": lambda: {"start_commit": "base", "commit": commit, "files": [f"f{lot.randrange(4)}"]},
            "rebase": lambda: {"start_commit": "base", "commit": commit},
            "review": lambda: {"approved": lot.random() >= self.trouble / 2},
            "integrate": lambda: {"branch": "penstock/landed", "commits": [commit], "unprocessed": lot.randrange(2)},
            "reflect": lambda: {"intents": [{"title": "x"}] * lot.randrange(2), "processed": ["o"] * lot.randrange(2)},
            "propose": lambda: {"intents": [f"i{lot.randrange(self.runs + 1)}"]},
            "coordinator": self._delegations,
            "audit": lambda: {"observations": [{}]},
            "report": lambda: {"observed": ["o"], "path": "r.md", "text": "report"},
            "observe": lambda: {"patterns": [1] * lot.randrange(3)},
            "abstract": lambda: {"skills": [1] * lot.randrange(3)},
            "record": lambda: {"start_commit": "base", "commit": commit, "files": ["s"]},
            **{role: lambda: {"text": commit} for role in ("developer", "reviewer", "documenter")},
        }
        return outputs[effect.step]()

    def _tasks(self, effect: RunStep) -> Mapping[str, object]:
        run = self.state.runs.get(effect.run_id)
        return run.tasks if run else {}

    def _analysis(self) -> dict[str, Any]:
        lot = self.lot
        count = lot.randrange(1, 4)
        tasks = [{"id": f"t{n}", "depends_on": [f"t{m}" for m in range(n) if lot.random() < 0.3]} for n in range(count)]
        lot.shuffle(tasks)
        if lot.random() < self.trouble / 4:
            tasks.append({"id": "t0", "depends_on": []})
        if lot.random() < self.trouble / 4:
            return {"child_intents": [{"title": "a part"}]}
        needs = [f"i{lot.randrange(self.runs + 1)}"] if lot.random() < self.trouble / 4 else []
        return {"tasks": tasks, "depends_on_intents": needs}

    def _delegations(self) -> dict[str, Any]:
        lot = self.lot
        roles = ["developer", "reviewer", *["stranger"] * (lot.random() < self.trouble / 4)]
        delegations = [{"role": lot.choice(roles), "prompt": f"p{lot.randrange(3)}"} for _ in range(lot.randrange(5))]
        return {"delegations": delegations, "text": lot.choice(["", "I know"])}

    def answer(self) -> bool:
        asking = [(run.id, one) for run in self.state.runs.values() for one in run.open_questions]
        if not asking:
            return False
        run_id, question = self.lot.choice(asking)
        text = self.lot.choice(["yes", "yes", "no", "maybe"])
        if question.kind == "budget":
            text = self.lot.choice(["raise", "raise", "raise 2", "stop", "maybe"])
        self.append(Draft(type="answer", payload={"index": question.index, "answer": text, "by": "p"}, run_id=run_id))
        return True

    def cancel(self) -> bool:
        if not self.state.runs:
            return False
        run = self.lot.choice(list(self.state.runs.values()))
        task_id = self.lot.choice([None, *run.tasks])
        self.append(Draft(type="cancel", payload={"by": "p"}, run_id=run.id, task_id=task_id))
        return True

    def repeat(self) -> bool:
        """An event that happened comes once more."""
        happened = [event for event in self.log[-60:] if event.parent_id is None and event.type != "cancel"]
        if not happened:
            return False
        event, before = self.lot.choice(happened), self.state
        self.append(Draft(type=event.type, payload=event.payload, run_id=event.run_id, intent_id=event.intent_id,
                          task_id=event.task_id))  # fmt: skip
        if event.type in {"step.end", "run.start"}:
            assert self.log[-1].type == "error"
            assert self.state.runs == before.runs and self.state.queue == before.queue
        return True

    def crash(self) -> bool:
        """The Runner dies; another one folds the log and takes up what is outstanding."""
        self.crashes += 1
        state = fold(self.log)
        assert state == self.state
        self.state = state
        self.waiting, self.running, self.to_cancel = {}, {}, set()
        for effect in outstanding(state):
            if isinstance(effect, RunStep):
                self.waiting[effect.key] = effect
            elif isinstance(effect, CancelStep):
                self.to_cancel.add(effect.key)
        return True

    def wait(self) -> bool:
        self.seconds += self.lot.choice([0.1, 1.0, 120.0])
        return True

    def _epoch(self) -> float:
        return 1767225600.0 + self.seconds

    # -- what must hold

    def _check_beginning(self, effect: RunStep) -> None:
        run = self.state.runs[effect.run_id]
        roles = sum(one.step in ROLES for one in self.running.values())
        assert roles <= self.at_once
        assert sum(one.step == "integrate" for one in self.running.values()) <= 1
        if effect.step == "implement" and effect.task_id:
            for name in run.tasks[effect.task_id].depends_on:
                assert run.tasks[name].commit is not None, f"{effect.key} begins before {name}"
        if effect.step == "integrate":
            assert run.reviewed == len(run.tasks) and not run.failed

    def _check_announcement(self, event: Event) -> None:
        payload, run_id = event.payload, event.run_id or ""
        assert run_id not in self._ends or event.type == "error", f"{event.type} after the end of {run_id}"
        if event.type == "task_status_update":
            key = (run_id, str(payload["taskId"]))
            assert self._told.get(key) not in TERMINAL, f"{key} was {self._told.get(key)} for good"
            self._told[key] = payload["status"]
            assert 0 <= payload["counts"]["done"] <= payload["counts"]["total"]
        elif event.type == "run.end":
            self._ends[run_id] = payload
            spent = Amounts.sum(map(Amounts.read, payload["budget"]["spent"].values()))
            assert spent == self.books.spent(run_id), f"{run_id}: what is settled is not what was used"
            done = self._landed | (self._parents if event.intent_id else self._answered)
            done |= {run_id} if payload["reason"].startswith("no ") else set()
            succeeded = payload["state"] == "succeeded"
            assert run_id in done if succeeded else run_id not in self._landed, f"{run_id}: {payload}"
        elif event.type == "land":
            assert run_id not in self._landed, f"{run_id} landed twice"
            self._landed.add(run_id)
        elif event.type == "result" and payload["taskId"] == run_id and event.role in {"documenter", "report"}:
            self._answered.add(run_id)
        elif event.type == "role_delegation":
            assert set(payload) - {"ended_at", "result"} == DELEGATED and all(payload[name] for name in DELEGATED)
        elif event.type == "stop":
            if payload["trigger"].startswith("budget."):  # a pause: a person may raise it
                assert payload["value"] >= payload["threshold"] and payload["reason"]
                return
            assert payload["value"] > payload["threshold"] and payload["reason"]
            self._stopped.add((run_id, event.task_id))

    def _check(self) -> None:
        state = self.state
        open_steps = {one.effect.key: one for run in state.runs.values() for one in run.invocations}
        assert set(open_steps) == {*self.waiting, *self.running}
        assert {key for key, one in open_steps.items() if one.cancelling} == self.to_cancel
        assert not state.runs.keys() & state.ended.keys()
        assert len(set(state.queue)) == len(state.queue) and set(state.queue) <= set(state.runs)
        for run in state.runs.values():
            self._check_run(run)
            self._parents |= {run.id} if run.children else set()
        for end in state.ended.values():
            assert end.state in TERMINAL

    def _check_run(self, run: RunState) -> None:
        tasks = run.tasks.values()
        assert run.reviewed == sum(task.stage == "reviewed" or task.status == "succeeded" for task in tasks)
        assert run.failed == sum(task.status == "failed" for task in tasks)
        assert run.cancelled == sum(task.status == "cancelled" for task in tasks)
        integrating = run.phase in {"integrate", "queue"}
        assert run.id in self.state.queue or not integrating or run.open_questions or run.failed or run.cancelled
        for task in tasks:
            assert (task.stage == "ended") == (task.status in TERMINAL)
            assert task.stage != "ended" or (task.work.current is None and task.ended_at and task.reason)
            assert task.rounds <= run.limits.max_review_retries
            assert all(count <= run.limits.max_retries_per_role for count in task.work.retries.values())
            assert all(count <= run.limits.max_cycle_count for count in task.work.repeats.values())
        self.books.check_run(run)
        idle = not run.invocations and not run.open_questions and run.phase != "waiting"
        assert not idle or run.id in self.state.queue, f"{run.id} is stuck in {run.phase}"


_ACTIONS: Final = (World.begin_step, World.end_step, World.answer, World.wait, World.repeat, World.cancel, World.crash)


def simulate(seed: int, intents: int = 3, disturbed: int = 60) -> World:
    """Play a world: some Intents, disturbed so many times, then calmly until nothing is left to happen."""
    world = World(seed)
    lot = world.lot
    weights = [8, 8, 2, 2, lot.choice([0, 1]), lot.choice([0, 0, 0.3, 1]), lot.choice([0, 1])]  # a world's own weather
    for _ in range(disturbed):
        if world.runs < intents and (lot.random() < 0.2 or not world.state.runs):
            (world.start_prompt if lot.random() < 0.2 else world.start_intent)()
        else:
            lot.choices(_ACTIONS, weights)[0](world)
    while world.begin_step() or world.end_step() or world.answer() or (world.waiting and world.wait()):
        pass
    assert fold(world.log) == world.state
    for run in world.state.runs.values():
        assert run.phase == "waiting", f"{run.id} never ends"
    return world
