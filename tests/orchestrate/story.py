"""A story: what happens to a controller, told event by event, with a clock of its own and no world around it.

`Story` keeps the log as the Runner would and remembers what was asked for. Steps are named `a/implement` (of Task `a`)
or `analyze` (of the run itself); they end as the story says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.orchestrate.controller import fold, outstanding, step
from engine.orchestrate.effects import Announce, CancelStep, Effect, RunStep, UpdateIntent
from engine.orchestrate.events import Draft, Event
from engine.orchestrate.flow import FLOWS
from engine.orchestrate.state import RunEnd, RunState, State
from engine.orchestrate.task import TaskState

RUN = "one-00000001"


class Story:
    """A log with its state; `effects` are those of the last event, announcements left out."""

    def __init__(self) -> None:
        self.state = State()
        self.log: list[Event] = []
        self.effects: list[Effect] = []
        self.asked: dict[str, RunStep] = {}
        self.seconds = 0

    def happens(self, kind: str, payload: Mapping[str, Any] | None = None, **names: str | None) -> list[Event]:
        """Append an event; what was announced because of it."""
        cause = self._sealed(Draft(type=kind, payload=payload or {}, **names))
        self.seconds += 1
        self.state, effects = step(self.state, cause)
        told = [self._sealed(effect.draft) for effect in effects if isinstance(effect, Announce)]
        self.effects = [effect for effect in effects if not isinstance(effect, Announce)]
        self.asked.update({effect.key: effect for effect in self.effects if isinstance(effect, RunStep)})
        return told

    def _sealed(self, draft: Draft) -> Event:
        number = len(self.log) + 1
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        event = Event(
            type=draft.type, payload=draft.payload, run_id=draft.run_id, intent_id=draft.intent_id,
            task_id=draft.task_id, parent_id=draft.parent_id, role=draft.role, event_id=f"event-{number}",
            sequence=number, timestamp=f"2026-01-01T{hours:02}:{minutes:02}:{seconds:02}Z",
        )  # fmt: skip
        self.log.append(event)
        return event

    # -- what people and the Runner do

    def approve(self, intent_id: str = "one", again: bool = False) -> list[Event]:
        payload = {"action": "approve", "hash": f"hash of {intent_id}", "by": "Ada", "mode": "cli", "again": again}
        return self.happens("approval", payload, intent_id=intent_id)

    def start(self, intent_id: str | None = "one", run_id: str = RUN, **payload: Any) -> list[Event]:
        """Start a run of an Intent, approved before if it was not."""
        if intent_id is not None and self.state.intents.get(intent_id) is None:
            self.approve(intent_id)
        intent = {
            "id": intent_id,
            "title": f"title of {intent_id}",
            "body": "",
            "verify": ["true"],
            "clarifications": [],
        }
        given = {
            "intent": {**intent, **payload.pop("intent", {})},
            "flow": ["analyze", "implement", "review"],
            "base": {"branch": "main", "commit": "base"},
            "integrate": "branch",
            **payload,
        }
        return self.happens("run.start", given, run_id=run_id, intent_id=intent_id)

    def prompt(self, text: str = "Write a poem", flow: Sequence[str] = FLOWS["roles"], **payload: Any) -> list[Event]:
        """Start a Flow on a prompt."""
        intent = {"id": None, "title": text, "body": text}
        return self.start(None, intent=intent, flow=list(flow), base={}, integrate=None, **payload)

    def begin(self, name: str, run_id: str = RUN) -> list[Event]:
        effect = self.current(name, run_id)
        payload = {"key": effect.key, "step": effect.step, "attempt": effect.attempt}
        return self.happens("step.start", payload, run_id=run_id, task_id=effect.task_id, role=effect.step)

    def end(
        self, name: str, result: str = "ok", *, run_id: str = RUN, error: Mapping[str, str] | None = None, **output: Any
    ) -> list[Event]:
        """End a step; one that ends well has the output that it usually has, with what is given."""
        effect = self.current(name, run_id)
        usual = self._usual(effect) if result == "ok" else {}
        duration = {"duration_ms": output.pop("duration_ms")} if "duration_ms" in output else {}
        payload = {
            "key": effect.key,
            "step": effect.step,
            "result": result,
            "output": {**usual, **output},
            "error": error,
            **duration,
        }
        return self.happens("step.end", payload, run_id=run_id, task_id=effect.task_id, role=effect.step)

    def do(self, *names: str, run_id: str = RUN) -> list[Event]:
        """Begin and end steps well; what the last one made known."""
        told: list[Event] = []
        for name in names:
            self.begin(name, run_id)
            told = self.end(name, run_id=run_id)
        return told

    def plan(self, *tasks: str, run_id: str = RUN, **output: Any) -> list[Event]:
        """End the analysis with Tasks, each an id or `id: dependency dependency`."""
        specs = []
        for text in tasks:
            name, _, needs = text.partition(":")
            specs.append({"id": name, "title": name, "plan": f"plan of {name}", "depends_on": needs.split()})
        self.begin("analyze", run_id)
        return self.end("analyze", run_id=run_id, tasks=specs, **output)

    def answer(self, index: int, text: str, run_id: str | None = RUN, intent_id: str | None = None) -> list[Event]:
        return self.happens("answer", {"index": index, "answer": text, "by": "Ada"}, run_id=run_id, intent_id=intent_id)

    def cancel(self, task_id: str | None = None, run_id: str = RUN) -> list[Event]:
        return self.happens("cancel", {"reason": "", "by": "Ada"}, run_id=run_id, task_id=task_id)

    def _usual(self, effect: RunStep) -> dict[str, Any]:
        commit = f"commit of {effect.key}"
        match effect.step:
            case "analyze":
                return {"tasks": [], "session_id": f"session of {effect.key}"}
            case "implement":
                start = effect.inputs["onto"] or effect.inputs["base_commit"]
                branch, session = f"penstock/{effect.run_id}/{effect.task_id}", f"session of {effect.key}"
                return {"start_commit": start, "commit": commit, "commits": [commit], "branch": branch, "added": 2,
                        "removed": 1, "files": [f"{effect.task_id}.txt"], "session_id": session}  # fmt: skip
            case "rebase":
                return {"start_commit": "new base", "commit": effect.inputs["commit"], "moved": True}
            case "coordinator":
                return {"delegations": [{"role": role, "prompt": f"{role}, help"} for role in effect.inputs["roles"]]}
            case "developer" | "reviewer" | "documenter":
                return {"text": f"text of {effect.key}"}
            case "reflect":
                return {"intents": [], "processed": []}
            case "propose":
                return {"intents": [f"child-{number + 1}" for number in range(len(effect.inputs["proposals"]))]}
            case "review":
                return {"approved": True, "issues": [], "suggestions": []}
            case "integrate":
                return {
                    "branch": "penstock/landed",
                    "before": "x",
                    "after": commit,
                    "commits": [commit],
                    "files": ["f"],
                }
        return {}

    # -- what is to be seen

    def current(self, name: str, run_id: str = RUN) -> RunStep:
        """The step of that name that was asked for and has not ended."""
        task_id, _, kind = name.rpartition("/")
        for effect in self.open_steps(run_id):
            if effect.task_id == (task_id or None) and effect.step == kind:
                return effect
        raise AssertionError(f"{name} is not outstanding in {run_id}: {self.open(run_id)}")

    def open_steps(self, run_id: str = RUN) -> list[RunStep]:
        run = self.state.runs.get(run_id)
        return [one.effect for one in run.invocations] if run else []

    def open(self, run_id: str = RUN) -> list[str]:
        """Names of the outstanding steps."""
        return [f"{one.task_id}/{one.step}" if one.task_id else one.step for one in self.open_steps(run_id)]

    def run(self, run_id: str = RUN) -> RunState:
        return self.state.runs[run_id]

    def ended(self, run_id: str = RUN) -> RunEnd:
        return self.state.ended[run_id]

    def task(self, task_id: str, run_id: str = RUN) -> TaskState:
        return self.run(run_id).tasks[task_id]

    def told(self, kind: str, events: Sequence[Event] | None = None, **wanted: Any) -> list[Mapping[str, Any]]:
        """Payloads of a type of event with these values."""
        found = [event.payload for event in (self.log if events is None else events) if event.type == kind]
        return [payload for payload in found if all(payload.get(name) == value for name, value in wanted.items())]

    def statuses(self, task_id: str) -> list[str]:
        """The statuses of a Task in order, repeats left out."""
        found: list[str] = []
        for payload in self.told("task_status_update", taskId=task_id):
            if not found or found[-1] != payload["status"]:
                found.append(str(payload["status"]))
        return found

    @property
    def updates(self) -> list[UpdateIntent]:
        return [effect for effect in self.effects if isinstance(effect, UpdateIntent)]

    @property
    def cancels(self) -> list[str]:
        return [effect.key for effect in self.effects if isinstance(effect, CancelStep)]

    def errors(self, events: Sequence[Event]) -> list[str]:
        return [str(payload["message"]) for payload in self.told("error", events)]

    def is_whole(self) -> bool:
        """Whether folding the log gives the state, and what is outstanding is what was asked for and has not ended."""
        steps = [effect.key for effect in outstanding(self.state) if isinstance(effect, RunStep)]
        return fold(self.log) == self.state and all(self.asked[key].key == key for key in steps)
