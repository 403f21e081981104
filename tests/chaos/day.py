"""``python -m tests.chaos.day``: a day of typing in many open files, and what the parser's memory does meanwhile.

Characters are typed one after the other as a person does, with mistakes taken back, lines begun, deleted and moved, and
diagnostics asked for after each, as a server does.  What is stored is counted, not weighed: it must be flat once every
file has been worked on.
"""
from __future__ import annotations

import argparse
import gc
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.languages.analysis import Analysis
from engine.languages.json import JSON
from engine.languages.language import Language
from engine.languages.reml import REML
from engine.parse.machine import Machine
from tests.bench.reml_source import RemlSource
from tests.chaos.typist import Edit, Model


class Writer:
    """A file that somebody works on."""

    def __init__(self, language: Language, text: str, source: Iterator[str], r: random.Random) -> None:
        self.analysis, self.model, self.source, self.r = Analysis(language, text), Model(text), source, r
        self.wanted = ""
        self.at = 0

    def keystroke(self) -> None:
        """The next character of what is being written; now and then something else."""
        k = self.r.random()
        if not self.wanted:
            self._next_place()
        if k < .9:
            self._edit(Edit(self.at, self.at, self.wanted[0]))
            self.wanted = self.wanted[1:]
        elif k < .97 and self.at:                        # a typing error, to be taken back
            self._edit(Edit(self.at, self.at, self.r.choice("(){}[]\"'/*,.;=abc 1")))
            self._edit(Edit(self.at - 1, self.at, ""))
        else:
            self._edit(Edit(max(0, self.at - 3), self.at, ""))

    def _next_place(self) -> None:
        """Something new is begun somewhere else, at a line's start; as much is deleted as was written."""
        lines = self.model.lines
        line = self.r.randrange(len(lines))
        self.at = lines[line]
        if len(lines) > 40 and len(self.model.text) > 6000:
            last = min(line + self.r.randint(2, 12), len(lines) - 1)
            self._edit(Edit(self.at, lines[last], ""))
        self.wanted = next(self.source)

    def _edit(self, edit: Edit) -> None:
        edit = self.model.placed(edit)
        self.analysis.edit(self.model.span(edit), edit.text)
        self.model = self.model.after(edit)
        self.at = edit.start + len(edit.text)
        self.analysis.diagnostics(100)
