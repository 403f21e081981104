"""A repository with much to do at once, and the person who approves, answers and commits meanwhile.

Two Intents change the same line, one fails at first, one asks and is rejected once by its reviewer, one has Tasks that
need each other, one asks whether it may change what steers the Runner, one waits for another, and one would never end
and is cancelled. What agents say follows
from what they are asked, so that a step which is done again says the same. Each line and agent notes the key of its
step, so that it is known how often a step was really done.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.orchestrate import client
from engine.orchestrate.overview import Request, open_questions
from tests.orchestrate.git.sandbox import Sandbox
from tests.orchestrate.project import Project

__all__ = ["ASKING", "CANCELLED", "COMMITS", "INTENTS", "Busy", "busy"]

_NOTE = 'echo "$PENSTOCK_STEP" >> "$HOME/journal"'
_FAIL_ONCE = "test -f $HOME/tried || { touch $HOME/tried; exit 3; }"
_ON_TOP = f"{_NOTE}; (echo {{0}}; cat a.txt) > a.new && mv a.new a.txt"

#: that the person cancels when it is at work
CANCELLED = "sleepy"
INTENTS = {
    "left": f"title: Left\nrun: ['{_ON_TOP.format('left')}']\nverify: ['grep -q left a.txt']\n",
    "right": f"title: Right\nrun: ['{_ON_TOP.format('right')}']\n",
    "moody": f"title: Moody\nrun: ['{_NOTE}; {_FAIL_ONCE}; echo x > moody.txt']\n",
    "asking": "title: Asking\nbody: Ask first\n",
    "sly": f"title: Sly\nrun: ['{_NOTE}; mkdir -p .penstock; echo \"# x\" > .penstock/notes; echo x > sly.txt']\n",
    "wide": f"""title: Wide
tasks:
  - {{id: a, run: '{_NOTE}; echo a > wide-a.txt'}}
  - {{id: b, run: '{_NOTE}; echo b > wide-b.txt'}}
  - {{id: c, run: '{_NOTE}; cat wide-a.txt wide-b.txt > wide-c.txt', depends_on: [a, b]}}
""",
    CANCELLED: f"title: Sleepy\nrun: ['{_NOTE}; sleep 600']\n",
    "late": f"title: Late\ndepends_on: [wide]\nrun: ['{_NOTE}; cp wide-c.txt late.txt']\n",
}
#: those that ask for sure; any Task may ask about what the person committed while it was at work
ASKING = ("asking", "sly")
#: that the person makes on the base branch meanwhile
COMMITS = 2

_AGENT = f"""#!/bin/sh
request=$(cat)
{_NOTE}
case $request in
*'"role": "analyze"'*)
    case $request in
    *'"answers": []'*) echo '{{"clarifications": ["Which one?"]}}' ;;
    *) echo '{{"tasks": [{{"id": "t", "title": "T", "plan": "write it"}}]}}' ;;
    esac ;;
*'"role": "implement"'*)
    case $request in *'"feedback": null'*) echo draft > asking.txt ;; *) echo final > asking.txt ;; esac
    echo '{{}}' ;;
*)
    if grep -q final asking.txt; then echo '{{"approved": true}}'
    else echo '{{"approved": false, "issues": [{{"message": "say final"}}]}}'; fi ;;
esac
"""


class Busy(Project):
    """The repository. `acknowledged`: the approvals and answers that the person was told have been taken."""

    def __init__(self, sandbox: Sandbox, lot: random.Random) -> None:
        agent = sandbox.folder / "agent.sh"
        agent.write_text(_AGENT)
        super().__init__(sandbox, {
            "run": {"retry_base_seconds": 0.01, "max_parallel_roles": 4},
            "agents": {"command": {"command": "/bin/sh", "args": [str(agent)]}},
        })  # fmt: skip
        self.lot = lot
        self.acknowledged: list[tuple[str, str]] = []
        for name, text in INTENTS.items():
            self.intent(name, text, approved=False)
        self._to_approve = [*lot.sample(sorted(set(INTENTS) - {"late"}), len(INTENTS) - 1), "late"]
        self._commits = COMMITS

    @property
    def undecided(self) -> bool:
        """Whether the person has still something to decide; what somebody asks is not counted."""
        return bool(self._to_approve or self._commits)

    def next_decision(self) -> str:
        """What the person is about to decide, as the name of its event; `commit` for a commit, nothing if not now."""
        if self._sleeps():
            return "cancel"
        may = {"answer": next(self._asked(), None), "approval": self._to_approve, "commit": self._commits}
        able = [what for what, something in may.items() if something]
        return self.lot.choice(able) if able else ""

    def decide(self, what: str) -> None:
        """Decides it, as a person does who tries once more when the runner has gone."""
        if what == "commit":
            self._commits -= 1
            self.sandbox.write({f"user-{self._commits}.txt": "by hand\n"})
            self.sandbox.git("add", f"user-{self._commits}.txt")
            self.sandbox.git("commit", "--quiet", "-m", "By hand")
        elif what == "cancel":
            wish = {"run_id": self._sleeps(), "reason": "enough", "by": "Ada"}
            client.ask(self.workspace.socket, "cancel", wish)
        elif what == "approval":
            self.approve(self._to_approve[0])
            self.acknowledged.append((what, self._to_approve.pop(0)))
        else:
            asked = next(self._asked())
            self.answer(asked.intent_id, "yes" if asked.policy else "the second")
            self.acknowledged.append((what, f"{asked.run_id} {asked.index}"))

    def calls(self, message: Mapping[str, Any]) -> bool:
        """Whether the person decides something because of an event: nothing else would happen for long."""
        return message["intent_id"] == CANCELLED and message["role"] == "implement" and message["type"] == "step.start"

    def _sleeps(self) -> str | None:
        """The run that would never end, once it is at work."""
        state = self.workspace.state()
        known = state.intents.get(CANCELLED)
        run = state.runs.get(known.run_id or "") if known else None
        if run is None or run.cancelling:
            return None
        return next((run.id for one in run.invocations if one.effect.step == "implement" and one.started_at), None)

    def _asked(self) -> Iterator[Request]:
        """The first question of each Intent that a run waits for."""
        workspace = self.workspace
        state = workspace.state()
        for name in INTENTS:
            for question in open_questions(workspace.files.load(name), state, name)[:1]:
                if question.run_id:
                    yield question

    @property
    def journal(self) -> list[str]:
        """The keys of the steps that commands and agents were really begun for."""
        path = self.sandbox.folder / "home" / "journal"
        return path.read_text(encoding="utf-8").split() if path.exists() else []


@contextmanager
def busy(lot: random.Random) -> Iterator[Busy]:
    """Such a repository, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="busy-", ignore_cleanup_errors=True) as folder:
        yield Busy(Sandbox(Path(folder).resolve()).start(), lot)
