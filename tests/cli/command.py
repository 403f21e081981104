"""Running the real command: as a process of its own, or in this one where many cases make that too slow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from engine.cli.app import penstock

COMMAND = [sys.executable, "-P", "-m", "engine.cli"]
PATIENCE = 60


def environment(home: Path) -> dict[str, str]:
    """The environment of a user whose home is empty, so that no settings of this machine count."""
    ours = {"XDG_CONFIG_HOME", "PENSTOCK_TRACEBACK", "NO_COLOR", "PYTHONUNBUFFERED"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "HOME": str(home), "APPDATA": str(home), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}


def run(*arguments: str | Path, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The finished process of `penstock` with arguments, started in a folder."""
    home = cwd / ".home"
    home.mkdir(exist_ok=True)
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment(home),
        timeout=PATIENCE,
        check=False,
    )


def invoke(*arguments: str | Path, stdin: bytes = b"") -> Result:
    """The result of a command in this process; `exit_code` is what the process would end with."""
    result = CliRunner().invoke(penstock, [*map(str, arguments)], input=stdin, standalone_mode=False)
    if isinstance(result.exception, Exception) and not hasattr(result.exception, "exit_code"):
        raise result.exception
    result.exit_code = getattr(result.exception, "exit_code", result.return_value or 0)
    return result


def lines(output: str | bytes) -> list[dict[str, Any]]:
    """The objects of JSON Lines; what is no ASCII or no object per line fails."""
    text = output.decode("ascii") if isinstance(output, bytes) else output
    assert text.isascii()
    assert text.endswith("\n")
    objects = [json.loads(line) for line in text.split("\n")[:-1]]
    assert all(isinstance(each, dict) for each in objects)
    return objects


def diagnostics(output: str | bytes) -> list[dict[str, Any]]:
    """The diagnostics among the objects of JSON Lines."""
    return [each for each in lines(output) if each["kind"] == "diagnostic"]


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder, with the files in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
