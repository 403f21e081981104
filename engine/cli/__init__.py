"""The command line. `main` is the `penstock` script's entry point.

Importing this package is cheap: the commands and what they need are imported when one is run.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Runs the command that the process was started with, and ends the process with its exit code."""
    from engine.cli.process import run

    run()
