"""Python text made up from a seed: functions and classes with the small faults that linters look for, of any size."""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["python_text"]

WORDS = ("parse", "token", "value", "config", "stream", "audit", "state", "result", "error", "node", "items", "path")


def python_text(size: int, seed: int = 1) -> str:
    """Valid Python of at least that many characters."""
    r = random.Random(seed)
    parts, length = ["import json\nimport os\nimport sys\n\n\n"], 0
    for part in _definitions(r):
        parts.append(part)
        length += len(part)
        if length >= size:
            return "".join(parts)
    raise AssertionError("definitions never end")


def _definitions(r: random.Random) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield _class(r, number) if r.random() < 0.25 else _function(r, number)


def _function(r: random.Random, number: int, indent: str = "", first: str = "") -> str:
    a, b, c = r.sample(WORDS, 3)
    lines = [
        f"def {a}_{b}{number}({first}{b}: int, {c}: str = 'x') -> dict:",
        f'    """Work out the {a} of a {b}."""',
        f"    {a} = [{c} for _ in range({b}) if {b} > {r.randint(0, 99)}]",
        f"    if {b} % {r.randint(2, 9)} == 0 and not {a}:",
        f"        return {{'{c}': {b} * {r.randint(2, 99)}, '{a}': json.dumps({a})}}",
        f"    unused{number} = os.path.join({c}, '{a}')" if r.random() < 0.02 else f"    {a}.append({c}.upper())",
        f"    for index, {c} in enumerate({a}):",
        f"        {b} += index + len({c}) - {r.randint(0, 9)}",
        f"    return dict(zip({a}, range({b})))",
    ]
    return "".join(f"{indent}{line}\n" for line in lines) + ("\n" if indent else "\n\n")


def _class(r: random.Random, number: int) -> str:
    methods = "".join(_function(r, number * 10 + n, "    ", "self, ") for n in range(3)).rstrip("\n")
    return f"class {r.choice(WORDS).title()}{number}:\n{methods}\n\n\n"
