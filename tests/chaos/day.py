"""``python -m tests.chaos.day``: a day of typing in many open files, and what the parser's memory does meanwhile.

Characters are typed one after the other as a person does, with typing errors taken back, lines begun in the middle and
others deleted; diagnostics are asked for after each, as a server does.  What is stored is counted, not weighed: it must
stay within its bounds, and be flat once the bounds have been reached.  Exits with 1 if it is not.
"""
from __future__ import annotations

import argparse
import gc
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from engine.languages.analysis import Analysis
from engine.languages.json import JSON
from engine.languages.language import Language
from engine.languages.reml import REML
from engine.parse.machine import Limits
from engine.parse.states import State
from tests.bench.reml_source import RemlSource
from tests.chaos.subjects import fresh
from tests.chaos.typist import Edit, Model

__all__ = ["Day", "Stored", "faults"]

#: Characters of a file; what is written beyond is balanced by lines deleted.
SIZE = 5_000
#: Of this many files one is JSON.
JSON_EVERY = 5
#: How often what is stored is counted.
COUNTS = 20
#: What does not grow once every file has been worked on; the rest is bounded.
FLAT = ("cells", "states", "lines")
#: What one keystroke with its diagnostics may add beyond a bound, before the next one looks at it.
SLACK = 20_000


@dataclass(frozen=True)
class Stored:
    """What the parser keeps, in numbers."""

    cells: int
    """Continuations made since the graph was begun, of all machines."""
    states: int
    """States of continuations there really are."""
    entries: int
    """Memoised transitions, repairs and recipes, and texts of tokens."""
    piece_bytes: int
    """Characters of memoised pieces."""
    lines: int
    """Pieces in all documents, with their states."""
    said: int
    """Lines whose diagnostics are kept in words."""
    units: int
    """Units whose facts are remembered by their text."""


class _Writer:
    """A file that somebody works on."""

    def __init__(self, language: Language, text: str, source: Iterator[str], ends: str, r: random.Random) -> None:
        self.analysis, self.model, self.source, self.r = Analysis(language, text), Model(text), source, r
        self.ends = re.compile(ends)                     # where paragraphs end
        self.wanted, self.at, self.edits = "", 0, 0

    def keystroke(self) -> None:
        """The next character of what is being written; now and then something else."""
        k = self.r.random()
        if not self.wanted:
            self._next_place()
        if k < .9:
            self._edit(Edit(self.at, self.at, self.wanted[0]))
            self.wanted = self.wanted[1:]
        elif k < .97:                                    # a typing error, to be taken back
            self._edit(Edit(self.at, self.at, self.r.choice("(){}[]\"'/*,.;=abc 1")))
            self._edit(Edit(self.at - 1, self.at, ""))
        else:                                            # and some characters are written again
            start = max(0, self.at - self.r.randint(1, 9))
            self.wanted = self.model.text[start:self.at] + self.wanted
            self._edit(Edit(start, self.at, ""))

    def _next_place(self) -> None:
        """Something new is begun between two paragraphs; where the file has grown, some of them are deleted first."""
        places = [match.end() for match in self.ends.finditer(self.model.text)]
        place = self.r.randrange(len(places) - 1)
        self.at, self.wanted = places[place], next(self.source)
        if len(self.model.text) > SIZE:
            last = min(place + self.r.randint(1, 3), len(places) - 1)
            self._edit(Edit(self.at, places[last], ""))

    def _edit(self, edit: Edit) -> None:
        edit = self.model.placed(edit)
        self.analysis.edit(self.model.span(edit), edit.text)
        self.model = self.model.after(edit)
        self.at, self.edits = edit.start + len(edit.text), self.edits + 1
        self.analysis.diagnostics(100)


def _json(r: random.Random) -> Iterator[str]:
    while True:
        key = r.randrange(1000)
        value = r.choice(['[1, 2, {"b": null}]', '"text"', '[\n    [1], {"a": [2, 3]}\n  ]', '{\n    "p": {}\n  }'])
        yield f'  "key{key}": {value},\n'


class Day:
    """Files that are open at the same time, and somebody who types in them by turns."""

    def __init__(self, seed: int, files: int, limits: Limits | None = None) -> None:
        self.r = r = random.Random(f"day {seed}")
        self.limits = limits or Limits()
        self.machines = [fresh(language.machine(), self.limits) for language in (REML, JSON)]
        reml, json = replace(REML, machine=lambda: self.machines[0]), replace(JSON, machine=lambda: self.machines[1])
        self.writers: list[_Writer] = []
        for number in range(files):
            if number % JSON_EVERY == JSON_EVERY - 1:
                members = "".join(f'  "key{i}": [{i}, {{"a": "b", "c": [true, null]}}],\n' for i in range(SIZE // 50))
                self.writers.append(_Writer(json, f'{{\n{members}  "end": 1\n}}\n', _json(r), r"\n(?=  \S)", r))
            else:
                source = RemlSource(r.randrange(1 << 30), f"_{number}")
                self.writers.append(_Writer(reml, source.text(SIZE), source.declarations(), "\n\n", r))

    @property
    def edits(self) -> int:
        """Edits done so far."""
        return sum(writer.edits for writer in self.writers)

    def work(self, edits: int) -> None:
        """At least so many more edits, some hundred in one file before the next."""
        until = self.edits + edits
        while self.edits < until:
            writer = self.r.choice(self.writers)
            for _ in range(min(self.r.randint(20, 300), until - self.edits)):
                writer.keystroke()

    def stored(self) -> Stored:
        """What is stored now, without what is garbage."""
        gc.collect()
        documents = [writer.analysis.document for writer in self.writers]
        graphs = {graph for machine in self.machines for graph in (machine, machine.aside)}
        return Stored(
            cells=sum(graph.cells.made for graph in graphs),
            states=sum(isinstance(thing, State) and thing.machine in graphs for thing in gc.get_objects()),
            entries=sum(graph.entries for graph in graphs) + sum(len(machine.lexer) for machine in self.machines),
            piece_bytes=sum(machine.piece_bytes for machine in self.machines),
            lines=sum(len(block.states) for document in documents for block in document.blocks.blocks),
            said=sum(len(document.wording) for document in documents),
            units=sum(checks.kept for checks in {writer.analysis.checks for writer in self.writers}))

    @property
    def renewals(self) -> int:
        """How often a graph was begun anew."""
        return sum(machine.renewals for machine in self.machines)


def faults(counted: Sequence[Stored], limits: Limits, files: int) -> list[str]:
    """What is wrong with a series of counts: a bound exceeded, or more in the last third than in the one before.

    What is dropped at its bound only may grow until it has come near it.
    """
    cells = 2 * (limits.cells + limits.searched + SLACK)
    bounds = {"cells": cells, "states": cells, "entries": 2 * (limits.entries + 10 * limits.searched + SLACK),
              "piece_bytes": 2 * (limits.piece_bytes + SLACK), "lines": files * SIZE // 10, "said": 100 * files,
              "units": 2 * 20_000}
    found = [f"{name} exceeded its bound: {getattr(stored, name)} > {bound}" for name, bound in bounds.items()
             for stored in counted if getattr(stored, name) > bound]
    third = len(counted) // 3
    for name, bound in bounds.items():
        before, after = (max(getattr(stored, name) for stored in part)
                         for part in (counted[third:2 * third], counted[2 * third:]))
        if after > 1.25 * before + 100 and (name in FLAT or after > bound / 4):
            found.append(f"{name} still grows: {before}, then {after}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Type for a day; the exit code."""
    parser = argparse.ArgumentParser("python -m tests.chaos.day", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--edits", type=int, default=100_000, metavar="N", help="edits to make (default: 100000)")
    parser.add_argument("--files", type=int, default=50, metavar="N", help="files that are open (default: 50)")
    parser.add_argument("--seed", type=int, default=1, metavar="K", help="where the random choices start (default: 1)")
    parser.add_argument("--cells", type=int, default=Limits().cells, metavar="N",
                        help=f"continuations kept by a machine (default: {Limits().cells})")
    options = parser.parse_args(arguments)
    limits = replace(Limits(), cells=options.cells)
    print(f"seed {options.seed}: {options.edits} edits in {options.files} files", flush=True)
    day, counted, began = Day(options.seed, options.files, limits), [], time.monotonic()
    for _ in range(COUNTS):
        day.work(options.edits // COUNTS)
        counted.append(day.stored())
        numbers = ", ".join(f"{name} {number}" for name, number in asdict(counted[-1]).items())
        print(f"{time.monotonic() - began:6.0f} s  {day.edits} edits: {numbers}, graphs {day.renewals}, "
              f"{_resident() // 1000} MB", flush=True)
    found = faults(counted, limits, options.files)
    print("\n".join(found) or "within the bounds, and flat")
    return 1 if found else 0


def _resident() -> int:
    """Kilobytes of memory the process takes now; 0 where that cannot be told."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
