"""Who takes part in the benchmark beside other parsers, and with which texts.

Knows nothing of how long anything takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from engine.languages import reml
from engine.languages.json import make_machine as make_json
from engine.parse.cursor import Cursor
from engine.parse.document import Document
from engine.parse.machine import Machine
from engine.parse.source import Position, Span, split_lines
from engine.parse.tree import build
from tests.bench.engine_speed import MB, streamed
from tests.bench.json_speed import text_of, validated
from tests.bench.other_parsers import OTHERS, Action, Contender, Read, place
from tests.bench.python_source import python_text
from tests.bench.reml_source import RemlSource

__all__ = ["FAULTS", "LANGUAGES", "TABLES", "EngineTyping", "broken", "fresh", "middle", "text_in"]

#: Colons taken out of a text, each on a line of its own, to see which of them are told of.
FAULTS = 20
#: Values of JSON begin so deep, that a text of 2 KB is no larger than that.
_DEPTH = 4


# -------------------------------------------------------------------------------------------------------- the texts
@dataclass(frozen=True)
class Language:
    """Texts of one kind: how they are made, where a letter may be typed, and which colon may be taken out."""

    text: Callable[[int], str]
    word: str
    colon: str


LANGUAGES = {
    "json": Language(lambda size: text_of(size / MB, 1, _DEPTH), r'"(?=[a-z])', r'(?<="): '),
    "reml": Language(lambda size: RemlSource(8).text(size), r"\bfn (?=[a-z])", r"(?<=\w): (?=[A-Z\[])"),
    "python": Language(python_text, r"\bdef (?=[a-z])", r"(?<=\w): (?=int)"),
}


@cache
def text_in(language: str, size: int) -> str:
    """A valid text of about that many characters, ASCII, the same in every run."""
    made = LANGUAGES[language].text(size)
    assert made.isascii()
    return made


def middle(language: str, text: str) -> int:
    """The beginning of a word in the middle of a text."""
    found = re.compile(LANGUAGES[language].word).search(text, len(text) // 2)
    assert found is not None, "no word behind the middle"
    return found.end()


def broken(language: str, text: str, faults: int = FAULTS) -> tuple[str, list[int]]:
    """The text without some of its colons, far apart from each other, and the lines they are missing on."""
    colon, lines = re.compile(LANGUAGES[language].colon), split_lines(text)
    places = [number for number, line in enumerate(lines) if colon.search(line)]
    step = max(1, len(places) // faults)
    chosen = places[step // 2::step][:faults]
    for number in chosen:
        lines[number] = colon.sub(" ", lines[number], count=1)
    return "".join(lines), chosen


# ------------------------------------------------------------------------------------------------------- the engine
@cache
def _compiled(language: str) -> Machine:
    return make_json("json") if language == "json" else reml.make_machine()


def fresh(language: str) -> Machine:
    """A machine that has seen no text."""
    machine = _compiled(language)
    return machine.again(machine.limits)


class EngineTyping:
    """A document; after each letter it is asked for all its diagnostics, or for the tree of the edited declaration."""

    def __init__(self, language: str, text: str, at: int) -> None:
        self.document, self.tree = Document(fresh(language), text), False
        self.line, self.column = place(text, at)

    def text(self) -> str:
        return self.document.text()

    def letter(self) -> Action:
        here, document, line = Position(self.line, self.column), self.document, self.line
        self.column += 1

        def typed() -> object:
            document.edit(Span(here, here), "q")
            return document.tree(line, line) if self.tree else document.diagnostics()
        return typed


def _verdict(language: str) -> Read:
    machine = fresh(language)
    if language == "json":
        return partial(validated, machine)
    return lambda text: Cursor.begin(machine, collect=False).finish(text).state


def _tree(language: str) -> Read:
    machine = fresh(language)
    return lambda text: build(machine, split_lines(text), at_end=True)


def _told(language: str, text: str) -> set[int]:
    return {found.span.start.line for found in Document(fresh(language), text).diagnostics()}


def _chunks(language: str, text: str, size: int) -> Action:
    data, machine = text.encode(), fresh(language)
    return partial(streamed, machine, [data[at:at + size] for at in range(0, len(data), size)])


def _engine(language: str) -> Contender:
    return Contender(
        "engine", language, "engine", "all errors; tree if asked", partial(_verdict, language),
        partial(_told, language), partial(EngineTyping, language), partial(_tree, language),
        partial(_chunks, language))


TABLES = {
    "JSON": (_engine("json"), *(other for other in OTHERS if other.language == "json")),
    "Reml (engine) and Python (the others)": (
        _engine("reml"), *(other for other in OTHERS if other.language == "python")),
}
"""By title: who stands in a table, in the order of the columns."""
