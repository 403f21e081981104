"""What steps work with: the repository and its worktrees, agents, commands; and how their ends become outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.orchestrate.agents.environment import allowed_environment
from engine.orchestrate.agents.process import NO_SUCH_COMMAND, NOT_EXECUTABLE, ProcessEnd, run_process
from engine.orchestrate.effects import Outcome, RunStep, StepResult
from engine.orchestrate.git.worktrees import Worktrees
from engine.orchestrate.redact import Redactor
from engine.orchestrate.workspace import Workspace

__all__ = ["World", "evidence_of", "failure", "outcome_of"]


@dataclass(frozen=True, slots=True)
class World:
    """A workspace with its worktrees, and the environment of whoever started the runs."""

    workspace: Workspace
    worktrees: Worktrees
    environ: Mapping[str, str]

    @classmethod
    def of(cls, workspace: Workspace, environ: Mapping[str, str]) -> World:
        """The world of a workspace."""
        return cls(workspace, Worktrees(workspace.repository, workspace.locations.worktrees), environ)

    async def shell(
        self, step: RunStep, line: str, cwd: Path, stop: asyncio.Event, *, name: str, seconds: float
    ) -> ProcessEnd:
        """Runs one line in a worktree, until nothing of it is left; its log is called after `name`."""
        environment = {**allowed_environment(self.environ), **self.workspace.repository.identity()}
        return await run_process(
            line,
            cwd=cwd,
            env=environment,
            marker=step.key,
            timeout=seconds,
            log=self.log(step, name),
            redactor=Redactor(self.environ),
            stop=stop,
        )

    def log(self, step: RunStep, name: str) -> Path:
        """The file for the output of a command or agent of a step."""
        folder = self.workspace.locations.logs / step.run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = step.key.rpartition("/")[2]
        return folder / f"{step.task_id or 'run'}-{step.step}-{number}-{name}.log"


def failure(kind: str, message: str, next_action: str = "", *, result: StepResult = "failed", **more: Any) -> Outcome:
    """An outcome without success: its class, what happened, what to do."""
    return Outcome(result, error={"class": kind, "message": message, "next_action": next_action}, **more)


def evidence_of(end: ProcessEnd) -> dict[str, Any]:
    """What a command's end shows, for the record."""
    return {
        "command": end.command,
        "exit_code": end.exit_code,
        "signal": end.signal,
        "ended_by": end.ended_by,
        "duration_ms": round(end.duration * 1000),
        "swept": list(end.swept),
        "left": list(end.left),
    }


def outcome_of(end: ProcessEnd, what: str, evidence: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a command that did not end well, None for one that did."""
    if end.ended_by == "cancelled":
        return Outcome("cancelled", evidence=evidence)
    if end.ended_by == "timeout":
        message = f"{what} took longer than {end.duration:.0f} s"
        return failure("tool", message, "raise its timeout in the table [run]", result="timeout", evidence=evidence)
    if end.ended_by == "stalled":
        return failure("tool", f"{what} was silent for too long", result="stalled", evidence=evidence)
    if end.exit_code in {NO_SUCH_COMMAND, NOT_EXECUTABLE}:
        said = end.output.strip()[-300:]
        message = f"{what} cannot be run: {said or end.command}"
        return failure("user", message, "see that the command exists", result="refused", evidence=evidence)
    if not end.ok:
        how = f"signal {end.signal}" if end.signal else f"exit code {end.exit_code}"
        said = end.output.strip()[-2000:]
        return failure("tool", f"{what} ended with {how}" + (f": {said}" if said else ""), evidence=evidence)
    return None
