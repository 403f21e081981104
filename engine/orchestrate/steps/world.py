"""What steps work with: the repository and its worktrees, agents, commands, and where their output goes.

Invariant: whatever a step starts runs through here: under its key, within limits, with its output in a log of the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

from engine.config_tables import Mode, RunTable
from engine.orchestrate.agents.choice import agent_for, agent_named
from engine.orchestrate.agents.command import run_line
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.agents.process import ProcessEnd
from engine.orchestrate.agents.protocol import Agent, AgentReply, Bounds, Context, Failure, Request, Role
from engine.orchestrate.confinement import added_paths, mode_of, scratch_of, writable
from engine.orchestrate.effects import Outcome, RunStep
from engine.orchestrate.git.integration import Integration
from engine.orchestrate.git.repository import Repository
from engine.orchestrate.git.worktrees import Worktrees
from engine.orchestrate.steps.outcomes import forbidden
from engine.orchestrate.store.observations import Observations
from engine.orchestrate.workspace import Workspace

__all__ = ["World"]


@dataclass(frozen=True)
class World:
    """A workspace, the environment of whoever started the runs, and where the guards of their commands come from."""

    workspace: Workspace
    environ: Mapping[str, str]
    guards: Guards = field(default_factory=Guards)

    @property
    def repository(self) -> Repository:
        """The repository."""
        return self.workspace.repository

    @property
    def settings(self) -> RunTable:
        """The settings of runs."""
        return self.workspace.settings.run

    @cached_property
    def worktrees(self) -> Worktrees:
        """The worktrees of the repository."""
        return Worktrees(self.repository, self.workspace.locations.worktrees)

    @cached_property
    def integration(self) -> Integration:
        """The landing of runs."""
        return Integration(self.repository, self.worktrees)

    @property
    def observations(self) -> Observations:
        """What was noticed in passing."""
        return Observations(self.workspace.files.folder / "observations.yaml")

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        """With somebody's identity, so that a command can commit, and a place for temporary files."""
        scratch = scratch_of(self.repository, self.environ, self._scratch)
        return {**self.environ, **self.repository.identity(), **scratch}

    @cached_property
    def _scratch(self) -> Path:
        folder = self.workspace.locations.state / "tmp"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def scratch(self) -> Path:
        """A folder for temporary files, which every role may write to."""
        return self._scratch

    def agent(self, step: RunStep) -> Agent | Failure:
        """The agent of a step's role, or why there is none."""
        name = agent_named(step.inputs["intent"], step.step, self.settings.agent)
        return agent_for(name, self.workspace.settings.agents, self._environment, self.repository.root, self.guards)

    async def ask(self, agent: Agent, request: Request, step: RunStep, cwd: Path, stop: asyncio.Event) -> AgentReply:
        """What an agent answers within its limits; what it started has ended then."""
        table = self.settings
        seconds = getattr(table, f"{step.step}_timeout_seconds", table.analyze_timeout_seconds)
        bounds = Bounds(seconds, table.stall_timeout_seconds)
        log = await asyncio.to_thread(self.log, step, "agent")
        writable = await asyncio.to_thread(self.writable, step, cwd)
        return await agent.run(
            request, cwd=cwd, key=step.key, bounds=bounds, log=log, stop=stop, writable=writable
        )  # fmt: skip

    def forbidden(self, step: RunStep, lines: Sequence[str]) -> Outcome | None:
        """How a step ends that may not run one of these lines, or must ask a person first; None where it may."""
        return forbidden(lines, self.workspace.settings.policy.commands, step.inputs.get("allowed") or ())

    def mode(self, step: RunStep) -> Mode:
        """What the policy lets the role of a step do."""
        return mode_of(self.workspace.settings.policy, step.step)

    def writable(self, step: RunStep, cwd: Path) -> list[Path] | None:
        """Where the role of a step may write that works in a worktree; None for anywhere."""
        added = added_paths(self.workspace.settings.policy, self.repository.root)
        return writable(self.mode(step), cwd, self.repository, self.environ, added, self._scratch)

    async def shell(
        self, step: RunStep, line: str, cwd: Path, stop: asyncio.Event, *, name: str, seconds: float,
        as_role: bool = False,
    ) -> ProcessEnd:  # fmt: skip
        """Runs one line in a worktree, until nothing of it is left; its log is called after `name`.

        `as_role`: in the place of an agent, and so by the policy of its role.
        """
        log = await asyncio.to_thread(self.log, step, name)
        bounds = Bounds(seconds)
        return await run_line(
            line, cwd=cwd, key=step.key, bounds=bounds, environ=self._environment, log=log, stop=stop,
            guards=self.guards, writable=await asyncio.to_thread(self.writable, step, cwd) if as_role else None,
        )  # fmt: skip

    async def set_up(self, step: RunStep, cwd: Path, stop: asyncio.Event) -> ProcessEnd | None:
        """Makes a new worktree ready; the end of the command that failed, if one did."""
        for number, line in enumerate(self.settings.worktree_setup, 1):
            seconds = self.settings.implement_timeout_seconds
            end = await self.shell(step, line, cwd, stop, name=f"setup-{number}", seconds=seconds)
            if not end.ok:
                return end
        return None

    def request(self, step: RunStep, prompt: str, cwd: Path | None, diff_path: str | None = None) -> Request:
        """What an agent is asked in a step; `cwd` is its checkout, if it has one."""
        inputs = step.inputs
        return Request(
            run_id=step.run_id,
            intent=inputs["intent"],
            role=cast("Role", step.step),
            task=inputs.get("task"),
            worktree=str(cwd) if cwd else None,
            prompt=prompt,
            context=Context(
                active_intents=inputs.get("active_intents", []),
                feedback=inputs.get("feedback"),
                answers=inputs.get("answers", []),
                diff_path=diff_path,
            ),
            session_id=inputs.get("session_id"),
        )

    def log(self, step: RunStep, name: str) -> Path:
        """The file for the output of one of a step's commands, in a folder that is there."""
        folder = self.workspace.locations.logs / step.run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = step.key.rpartition("/")[2]
        return folder / f"{step.task_id or 'run'}-{step.step}-{number}-{name}.log"
