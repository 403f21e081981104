"""Which agent works in a role: what the Intent names, else the settings, made ready to be asked.

Invariant: a command with a relative path is the repository's own, not what an agent put in its place in a worktree.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config_tables import AgentTable
from engine.orchestrate.agents.command import CommandAgent
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.agents.protocol import Agent, Failure

__all__ = ["agent_for", "agent_named"]


def agent_named(intent: Mapping[str, Any], role: str, default: str) -> str:
    """The name of the agent that an Intent wants in a role."""
    wanted = intent.get("agent")
    if isinstance(wanted, Mapping):
        wanted = wanted.get(role)
    return wanted or default


def agent_for(
    name: str, tables: Mapping[str, AgentTable], environ: Mapping[str, str], root: Path, guards: Guards
) -> Agent | Failure:
    """The agent of a name, or why there is none. `root`: the folder that a relative command is looked for in."""
    table = tables.get(name)
    if table is not None and table.command:
        command = str(root / table.command) if "/" in table.command else table.command
        return CommandAgent(
            command, table.args, environ, table.env_allow, guards, model=table.model, price=table.price
        )
    if name == "command":
        message = "the Intent gives neither `run` nor `tasks`, and no command is set for the agent `command`"
        return Failure("refused", "user", message, "add `run:` to the Intent, or set command in [agents.command]")
    return Failure("refused", "user", f"there is no agent `{name}`", f"set command in the table [agents.{name}]")
