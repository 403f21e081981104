"""Submodules in a worktree of ours: filled from what the user's clone already has, never from the network.

A worktree has submodule folders of its own; git would clone each from its remote again, which may ask for a password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.orchestrate.git.repository import Repository

__all__ = ["GITLINK", "fill_submodules", "submodule_paths"]

#: The file mode of a submodule's entry in a tree.
GITLINK: Final = "160000"


def submodule_paths(repository: Repository, checkout: Path) -> dict[str, str]:
    """The name of each submodule that `.gitmodules` of a checkout names, by its path; empty without that file."""
    if not (checkout / ".gitmodules").is_file():
        return {}
    asked = ["config", "--file", ".gitmodules", "--null", "--get-regexp", r"^submodule\..*\.path$"]
    found = repository.run_git(*asked, cwd=checkout, check=False).fields
    pairs = (entry.partition("\n")[::2] for entry in found)
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, path in pairs}


def fill_submodules(repository: Repository, checkout: Path) -> list[str]:
    """Check out the submodules that the user's clone has; a note for each that stays empty."""
    notes = []
    for path, name in submodule_paths(repository, checkout).items():
        source = repository.common_dir / "modules" / name
        if not (source / "HEAD").is_file():
            notes.append(f"the submodule {path} stays empty: git submodule update --init in the checkout fills it")
            continue
        options = ["-c", "protocol.file.allow=always", "-c", f"submodule.{name}.url={source}"]
        update = ["submodule", "--quiet", "update", "--init", "--", path]
        done = repository.run_git(*options, *update, cwd=checkout, check=False)
        if not done.ok:
            notes.append(f"the submodule {path} stays empty: {done.err.strip()[-500:]}")
    return notes
