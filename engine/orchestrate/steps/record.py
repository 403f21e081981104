"""Recording skills: files in a Task's worktree, which are committed and landed like any other change.

Invariant: a name leads nowhere but below `.claude/skills` of the worktree, and what is there is never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.languages.intent.slug import slug, unique
from engine.languages.intent.writing import quoted
from engine.orchestrate.effects import Outcome
from engine.orchestrate.steps.outcomes import failure

__all__ = ["record"]


def record(tree: Path, skills: Iterable[Mapping[str, Any]]) -> Outcome:
    """Writes each skill into a folder of its own; nothing is committed here."""
    folder = tree / ".claude" / "skills"
    if not folder.resolve().is_relative_to(tree.resolve()):
        message = "`.claude/skills` leads out of the repository"
        return failure("policy", message, "make it a folder of the repository", result="refused")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = {each.name for each in folder.iterdir()}
        for skill in skills:
            name = unique(slug(str(skill["name"])), taken)
            taken.add(name)
            (folder / name).mkdir()
            (folder / name / "SKILL.md").write_text(_text(name, skill), encoding="utf-8")
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        return failure("system", message, "see what stands in the way there", result="refused")
    return Outcome("ok", {"summary": f"{len(taken)} skills"})


def _text(name: str, skill: Mapping[str, Any]) -> str:
    description = " ".join(str(skill["description"]).split())
    return f"---\nname: {name}\ndescription: {quoted(description)}\n---\n\n{str(skill['instructions']).strip()}\n"
