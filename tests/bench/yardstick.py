"""How fast this machine is, in a unit that anyone can measure: figures of two machines are compared by its ratio.

What is measured is code that is not ours on a text that never changes: the standard library's `tokenize` (in Python up
to 3.11, in C since 3.12: compare within one version), and parso, which is pure Python in all of them, where installed.
"""

from __future__ import annotations

import importlib.util
import io
import platform
import statistics
import time
import tokenize
from collections.abc import Callable, Iterator

from tests.bench.python_source import python_text

__all__ = ["machine_speed"]


def machine_speed(characters: int = 100_000, rounds: int = 3) -> str:
    """A line: processor MB/s of each yardstick over that much generated Python, medians."""
    text = python_text(characters)
    speeds = [f"{name} {len(text) / _seconds(read, text, rounds) / 1e6:.2f} MB/s" for name, read in _yardsticks()]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"this machine: {', '.join(speeds)} of {len(text) / 1000:.0f} KB of generated Python ({python})"


def _yardsticks() -> Iterator[tuple[str, Callable[[str], object]]]:
    yield "tokenize", lambda text: sum(1 for _ in tokenize.generate_tokens(io.StringIO(text).readline))
    if importlib.util.find_spec("parso"):
        from parso.grammar import load_grammar

        yield "parso", load_grammar().parse


def _seconds(read: Callable[[str], object], text: str, rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        read(text)
        spent.append(time.process_time() - began)
    return statistics.median(spent)
