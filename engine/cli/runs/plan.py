"""`penstock run --dry-run`: what would run, in which order, as far as it is known without asking an agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.languages.intent.model import Intent
    from engine.orchestrate.workspace import Workspace

__all__ = ["show_plan"]


def show_plan(workspace: Workspace, named: Sequence[str]) -> int:
    """Prints the plan; 1 if a named Intent may not start. Starts nothing and writes nothing."""
    from engine.orchestrate.starting import choose
    from engine.orchestrate.steps.analyze import tasks_given

    intents = workspace.files.load_all()
    for name in named:
        intents.of(name)
    choice = choose(workspace.state(), intents.documents, named, workspace.settings.own_flows)
    for run_id in choice.go_on:
        click.echo(f"{run_id}: goes on")
    for document in choice.start:
        intent = document.intent
        assert intent is not None
        tasks = tasks_given(intent.model_dump(mode="json"))
        click.echo(f"{document.id}: {intent.title}" + ("" if tasks else f" (its Tasks are up to {_agent(intent)})"))
        for task in tasks:
            after = f", after {', '.join(task['depends_on'])}" if task["depends_on"] else ""
            click.echo(f"  {task['id']}: {task['title']}{after}")
        for command in intent.verify:
            click.echo(f"  verified by: {command}")
    for name, reason in choice.waits.items():
        click.echo(f"{name} waits: {reason}")
    if not (choice.start or choice.go_on or choice.waits):
        click.echo("nothing would run: no Intent is approved")
    return int(bool(choice.waits))


def _agent(intent: Intent) -> str:
    agent = intent.agent
    return agent.get("analyze", "the agent") if isinstance(agent, dict) else agent or "the agent"
